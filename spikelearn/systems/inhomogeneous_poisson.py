"""Independent Poisson cells in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.sources.entry import modulated_rate, source_system
from spikelearn.sources.poisson import InhomogeneousPoisson

__all__ = ["SYSTEM"]


def _build(given: Mapping[str, Any]) -> InhomogeneousPoisson:
    rate, _ = modulated_rate(given)
    return InhomogeneousPoisson(rate=rate)


SYSTEM = source_system(
    "InhomogeneousPoisson",
    "independent Poisson cells, constant or sinusoidal rate",
    {"rate": "20 Hz", "depth": "0", "frequency": "4 Hz"},
    _build,
)
