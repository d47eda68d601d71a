"""What is measured in a run of the width study, and what the theory says beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.slopes import Slope
from spikelearn.models.tangent_kernel.width import WidthStudy, slopes
from spikelearn.simulation.recording import Recording
from spikelearn.storage.provenance import provenance_of

__all__ = ["fitted", "hidden_exponent", "hidden_slope", "one_exponent", "one_slope", "outside", "run_study"]


def run_study(study: WidthStudy, progress: bool = False) -> Recording:
    """Run a width study into a `Recording`: its table in ``traces``, over width and draw."""
    return Recording(None, study.run(progress=progress), provenance_of(study, engine="array"))


def fitted(recording: Recording) -> dict[str, Slope]:
    """Fit all exponents, with bands of 99.9 %."""
    return slopes(recording.traces)


def one_slope(name: str) -> Callable[[Any, Recording], float]:
    """Make the measurement of one exponent."""

    def measure(_study: Any, recording: Recording) -> float:
        found = fitted(recording)
        if name not in found:
            raise ValueError(f"WidthStudy: {name} must be measured at two widths or more; raise descent_up_to")
        return found[name].value

    return measure


def one_exponent(name: str) -> Callable[[WidthStudy], float]:
    """Make the formula of one exponent."""
    return lambda study: study.exponents[name]


def hidden_slope(study: WidthStudy, recording: Recording) -> Floats:
    """Give the exponents of Delta w^1 ... Delta w^L."""
    found = fitted(recording)
    return np.array([found[f"delta_w_{k}"].value for k in range(1, study.depth + 1)])


def hidden_exponent(study: WidthStudy) -> Floats:
    """Give -3/2 for each layer."""
    return np.array([study.exponents[f"delta_w_{k}"] for k in range(1, study.depth + 1)])


def outside(study: WidthStudy, recording: Recording) -> float:
    """Count the exponents that lie outside their bands of 99.9 %."""
    expected = study.exponents
    return float(sum(not slope.holds(expected[name]) for name, slope in fitted(recording).items()))
