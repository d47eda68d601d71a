"""What is measured in a run of the E/I rate model, and what its stability theory says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.models.ei_rate.share import stable_share
from spikelearn.models.ei_rate.stability import stability
from spikelearn.rules.linearise import linearise
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording

__all__ = ["GRID", "Case", "growth", "jacobian_real_parts", "share", "verdict"]

GRID = 200


@dataclass(frozen=True, eq=False)
class Case:
    """A model at one state: a set point under a rule, or four fixed weights without one.

    The trajectory is run with all rates times `slowdown`, so that the quasi-steady state holds; the figures' rates
    matter by their ratios only.
    """

    model: EIRates
    rule: Rule | None
    weights: Weights
    slowdown: float = 1e-3


def share(case: Case, method: Any = None) -> float:
    """Give the share of the valid set points that are stable, by one verdict."""
    if case.rule is None:
        raise ValueError("this number needs a rule")
    return stable_share(case.model, case.rule, method=method)


def growth(_case: Case, recording: Recording) -> float:
    """Mean growth of the leading mode's amplitude over the second half of the run."""
    amplitude, time = recording.traces["amplitude"].values, recording.traces["time"].values * 1e3
    half = len(time) // 2
    return float(np.log(amplitude[-1] / amplitude[half]) / (time[-1] - time[half]))


def verdict(case: Case, method: Any) -> NDArray[np.float64]:
    """Give the real parts of the two nonzero eigenvalues at the point of the case."""
    if case.rule is None:
        raise ValueError("this number needs a rule")
    verdict = stability(case.model, case.rule, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE, method=method)
    return np.asarray(verdict.eigenvalues[:2].real)


def jacobian_real_parts(case: Case, _recording: Recording) -> NDArray[np.float64]:
    """Two eigenvalues of largest size of the whole 4 x 4 Jacobian, by LAPACK."""
    if case.rule is None:
        raise ValueError("this number needs a rule")
    values = np.linalg.eigvals(linearise(case.model, case.rule, case.weights).qss)
    pair = values[np.argsort(-np.abs(values))[:2]]
    return np.sort(pair.real)[::-1]
