"""Poisson cells under the common drive of a hidden cell, in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.sources.common_drive import CommonDrive
from spikelearn.sources.entry import source_system

__all__ = ["SYSTEM"]


def _build(given: Mapping[str, Any]) -> CommonDrive:
    return CommonDrive(**given)


SYSTEM = source_system(
    "CommonDrive",
    "Poisson cells that share the filtered spikes of a hidden cell",
    {"rate": "20 Hz", "drive_rate": "40 Hz", "alpha": "0.5", "tau": "10 ms"},
    _build,
)
