"""Networks with connectivity of low rank: overlaps, fixed points, cycles, fluctuations (Gatsby 2021, question 2)."""

from pathlib import Path

import lazy_loader

from spikelearn.compiled import drop_stale

drop_stale(Path(__file__).parent)
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
