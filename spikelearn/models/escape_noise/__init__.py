"""Escape-noise neurons, their likelihood, and variational learning with hidden units (document 001)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
