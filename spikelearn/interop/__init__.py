"""Spike trains to and from other formats; every extra package is imported only where it is used."""
