"""Sweeps: a function, a model file or a model over a grid of points, killed and resumed as one likes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
