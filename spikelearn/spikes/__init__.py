"""Spike trains: what they hold, how they are read, checked, cut and joined."""
