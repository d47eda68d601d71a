"""Derivatives of spike times by parameters, weights, delays and initial states, and what stands on them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
