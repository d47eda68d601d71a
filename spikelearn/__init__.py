"""Event-driven spiking networks, learning rules and spike-train analyses, each beside the formula it should equal."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
