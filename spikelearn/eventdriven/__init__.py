"""The exact engine: membrane flow between events, threshold crossings and event-driven drivers."""
