"""The exact engine of networks."""
