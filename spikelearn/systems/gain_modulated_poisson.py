"""Poisson cells that share a gain from trial to trial, in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.sources.entry import modulated_rate, source_system
from spikelearn.sources.gain import GainModulatedPoisson

__all__ = ["SYSTEM"]


def _build(given: Mapping[str, Any]) -> GainModulatedPoisson:
    rate, rest = modulated_rate(given)
    return GainModulatedPoisson(rate=rate, **rest)


SYSTEM = source_system(
    "GainModulatedPoisson",
    "Poisson cells whose rates share one random gain a trial",
    {"rate": "20 Hz", "depth": "0", "frequency": "4 Hz", "gamma": "0.5", "distribution": "gamma"},
    _build,
)
