"""E and I populations of many units in trials, their matrices of weights changed by a rule after every trial."""

from pathlib import Path

import lazy_loader

from spikelearn.compiled import drop_stale

drop_stale(Path(__file__).parent)
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
