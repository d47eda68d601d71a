"""Spike sources with known moments."""
