"""What is measured in a run of a low-rank network, and the formula that each should equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from spikelearn.models.low_rank.limit_cycle import LimitCycle
    from spikelearn.models.low_rank.model import LowRank

__all__ = [
    "amplitude",
    "cycle",
    "last_overlaps",
    "period",
    "radius_max",
    "radius_min",
    "relaxation_rate",
    "top_branch_amplitude",
    "top_branch_overlaps",
    "top_branch_rate",
]


def _overlaps(recording: Recording) -> tuple[Floats, Floats]:
    """Give times and overlaps (k, p)."""
    if "m" not in recording.traces:
        raise ValueError("this quantity needs the overlaps: record m")
    return np.asarray(recording.traces["time"].values), np.asarray(recording.traces["m"].values)


def last_overlaps(_model: LowRank, recording: Recording) -> Floats:
    """Overlaps at the end of the run."""
    return np.asarray(_overlaps(recording)[1][-1])


def amplitude(_model: LowRank, recording: Recording) -> float:
    """|m| at the end of the run."""
    return float(np.linalg.norm(_overlaps(recording)[1][-1]))


def _last_half(recording: Recording) -> tuple[Floats, Floats]:
    t, m = _overlaps(recording)
    return t[len(t) // 2 :], m[len(t) // 2 :]


def radius_min(_model: LowRank, recording: Recording) -> float:
    """Smallest |m| in the second half of the run."""
    return float(np.linalg.norm(_last_half(recording)[1], axis=1).min())


def radius_max(_model: LowRank, recording: Recording) -> float:
    """Largest |m| in the second half of the run."""
    return float(np.linalg.norm(_last_half(recording)[1], axis=1).max())


def period(_model: LowRank, recording: Recording) -> float:
    """Mean time between upward crossings of zero by the first overlap, in the second half of the run.

    Crossings are interpolated linearly: with some hundred samples a turn that errs by 1e-5 of it.

    Raises
    ------
    ValueError
        There are fewer than two.
    """
    t, m = _last_half(recording)
    first = m[:, 0]
    k = np.flatnonzero((first[:-1] < 0) & (first[1:] >= 0))
    if len(k) < 2:
        raise ValueError(f"the second half of the run must hold two upward crossings of zero by m[0], got {len(k)}")
    crossings = t[k] - first[k] * (t[k + 1] - t[k]) / (first[k + 1] - first[k])
    return float((crossings[-1] - crossings[0]) / (len(k) - 1))


def relaxation_rate(_model: LowRank, recording: Recording) -> float:
    """Rate at which the overlaps near their last value, fitted while they are 1e-3 to 1e-5 of the way from it.

    Raises
    ------
    ValueError
        The run does not settle so far.
    """
    t, m = _overlaps(recording)
    distance = np.linalg.norm(m - m[-1], axis=1)
    inside = (distance < 1e-3 * distance.max()) & (distance > 1e-5 * distance.max())
    if inside.sum() < 5 or distance[-2] > 1e-7 * distance.max():
        raise ValueError("the overlaps must settle to 1e-7 of their way by the end of the run; take it longer")
    return float(-np.polyfit(t[inside], np.log(distance[inside]), 1)[0])


def top_branch_amplitude(model: LowRank) -> float:
    """Amplitude of the largest fixed point, f(a) lambda = 1."""
    return model.fixed_points()[0].amplitude


def top_branch_overlaps(model: LowRank) -> Floats:
    """Overlaps of the largest fixed point, the sign such that the largest of them is positive."""
    return model.fixed_points()[0].overlaps


def top_branch_rate(model: LowRank) -> float:
    """Slowest rate of return to the largest fixed point."""
    return float(-model.fixed_points()[0].eigenvalues[0].real)


def cycle(model: LowRank) -> LimitCycle:
    """Limit cycle of the model.

    Raises
    ------
    ValueError
        It has none.
    """
    found = model.limit_cycle()
    if found is None:
        raise ValueError("this formula needs a limit cycle: a complex leading pair r +- i w of C with r phi'(0) > 1")
    return found
