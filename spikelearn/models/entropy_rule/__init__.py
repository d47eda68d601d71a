"""Learning by relative entropy: the rule of Galtier & Wainrib, its batch minimiser, its exact solutions and replay."""

from pathlib import Path

import lazy_loader

from spikelearn.compiled import drop_stale

drop_stale(Path(__file__).parent)
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
