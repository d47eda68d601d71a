"""What is measured in a run of LN cells: rates, pairs, and what triggering on them finds along the filters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.recording import Recording
from spikelearn.sources.linear_nonlinear import LinearNonlinear
from spikelearn.sources.triggering import Expectation, expectation_of

__all__ = ["TriggeredCase", "coefficients", "measured", "unit_rates", "variances", "weight"]


@dataclass(frozen=True, eq=False)
class TriggeredCase:
    """LN cells with the largest distance of the spikes that count as a pair.

    Parameters
    ----------
    cells : LinearNonlinear
        The cells.
    max_lag : int
        Frames between the spikes of a pair.
    """

    cells: LinearNonlinear = field(default_factory=LinearNonlinear)
    max_lag: int = 0

    def __post_init__(self) -> None:
        whole_number("LinearNonlinear.max_lag", self.max_lag)

    @property
    def window(self) -> int:
        """Frames of the stimulus vector: filter and lag."""
        return self.cells.n_lags + self.max_lag

    def expected(self, weights: str) -> Expectation:
        """Give the expected moments; joint weights have the lag."""
        lag = self.max_lag if weights == "joint" else 0
        return expectation_of(self.cells, weights, 0, lag, self.window)


def measured(case: TriggeredCase, recording: Recording, weights: str) -> tuple[Floats, Floats, float]:
    """Average whole windows of the recorded stimulus, weighted.

    Returns
    -------
    average : ndarray, shape (size,)
        Flattened, lag first.
    covariance : ndarray, shape (size, size)
        About the average.
    total : float
        Weight in a frame.

    Raises
    ------
    ValueError
        The stimulus was not recorded, or nothing has weight.
    """
    from spikelearn.analyses.triggered_weights import frame_counts, joint_weights

    if "stimulus" not in recording.traces:
        raise ValueError("this quantity needs the stimulus; run with record='stimulus'")
    trains, dt = recording.spike_trains(), case.cells.frame
    counts = frame_counts(trains, dt)
    if weights == "joint":
        w = np.asarray(joint_weights(trains, bin_size=dt, max_lag=case.max_lag * dt), dtype=np.float64)
    else:
        w = (counts.sum(axis=1) if weights == "summed" else counts[:, 0]).astype(np.float64)
    shown = np.asarray(recording.traces["stimulus"], dtype=np.float64)
    shown = np.broadcast_to(shown, (trains.n_trials, *shown.shape[-2:]))
    views = np.lib.stride_tricks.sliding_window_view(shown, case.window, axis=1)
    w = w[:, case.window - 1 :]
    used = w > 0
    if not used.any():
        raise ValueError(f"{weights} weights must have an event whose window lies within a trial, got none")
    rows = np.swapaxes(views[used], 1, 2).reshape(int(used.sum()), -1)
    mass = w[used] / w.sum()
    average: Floats = mass @ rows
    centered = rows - average
    return average, (centered * mass[:, None]).T @ centered, float(w.mean())


def coefficients(case: TriggeredCase, average: Floats) -> Floats:
    """Give ``S^-1 (average - mean)`` as a sum of filters, by least squares: shape (filters,)."""
    expected = case.expected("single")
    direction = expected.white.solve(average - expected.prior_mean)
    return np.asarray(np.linalg.lstsq(_columns(case), direction, rcond=None)[0], dtype=np.float64)


def variances(case: TriggeredCase, covariance: Floats) -> Floats:
    """Give the triggered over the prior variance along each filter: shape (filters,)."""
    columns, prior = _columns(case), case.expected("single").prior
    result: Floats = np.einsum("im,ij,jm->m", columns, covariance, columns) / np.einsum(
        "im,ij,jm->m", columns, prior, columns
    )
    return result


def weight(case: TriggeredCase, recording: Recording) -> float:
    """Give the pairs of a frame."""
    return measured(case, recording, "joint")[2]


def unit_rates(case: TriggeredCase, recording: Recording) -> Any:
    """Give the rate of each cell in Hz, in frames that have a whole window."""
    trains, begin = recording.spike_trains(), (case.cells.n_lags - 1) * case.cells.frame
    late = trains.restrict(begin, trains.t_stop) if begin > 0 else trains
    return late.counts().mean(axis=0) / late.duration


def _columns(case: TriggeredCase) -> Floats:
    m, n, p = case.cells.filters.shape
    padded = np.zeros((m, case.window, p))
    padded[:, case.window - n :] = case.cells.filters
    return padded.reshape(m, -1).T
