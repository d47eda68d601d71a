"""simulate(): the one entry point from a model to a recording."""
