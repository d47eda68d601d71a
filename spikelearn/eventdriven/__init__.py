"""The exact engine: membrane flow between events, threshold crossings and event-driven drivers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
