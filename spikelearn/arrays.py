"""The kinds of arrays that the package's signatures name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bins", "Floats", "Integers", "Places", "Shorts"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bins = NDArray[np.uint8]
Places = NDArray[np.uint32]
Shorts = NDArray[np.int32]
