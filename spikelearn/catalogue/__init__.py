"""The catalogue: model files that are listed, run, and checked against literals and formulas."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
