"""What is measured in a run of escape-noise neurons, and which case a formula holds for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise import theory
from spikelearn.models.escape_noise.binning import bin_spikes
from spikelearn.models.escape_noise.model import EscapeNoise
from spikelearn.simulation.recording import Recording

__all__ = ["EscapeCase", "adapting_rate", "driven_rate", "last_rate", "log_likelihood", "settled_rates"]


@dataclass(frozen=True, eq=False)
class EscapeCase:
    """A network of escape-noise neurons in bins of fixed width, which belong to the model.

    Parameters
    ----------
    cell : EscapeNoise
        Every neuron.
    W : ndarray, shape (units, units)
        Weights W[i, j] from unit j to unit i.
    dt : float
        Bin width in seconds.
    """

    cell: EscapeNoise
    W: Floats
    dt: float


def settled_rates(case: EscapeCase, recording: Recording) -> Floats:
    """Rate of each unit over all trials, without the first ten time constants of each."""
    trains = recording.spike_trains()
    start = trains.t_start + 10 * max(float(case.cell.tau), float(case.cell.tau_adapt))
    if trains.t_stop - start < 0.5 * case.dt:
        raise ValueError(
            f"[run] duration must exceed ten time constants, {start - trains.t_start:.6g} s, for a rate to have "
            f"settled, got {trains.duration:.6g} s"
        )
    found = np.zeros(trains.n_units)
    for trial in range(trains.n_trials):
        for unit in range(trains.n_units):
            found[unit] += np.count_nonzero(trains.train(unit=unit, trial=trial) >= start)
    return np.asarray(found / (trains.n_trials * (trains.t_stop - start)))


def log_likelihood(case: EscapeCase, recording: Recording) -> float:
    """Nats a bin of the recorded spikes under the model that made them."""
    X = bin_spikes(recording.spike_trains(), case.dt)
    return float(case.cell.log_likelihood(X, case.W, case.dt)) / float(X.shape[0] * X.shape[1])


def adapting_rate(case: EscapeCase) -> float:
    """Give the stationary rate of neurons without connections (Hz)."""
    if case.W.any():
        raise ValueError("adapting_rate holds for neurons without connections: EscapeNoise.W must be zero")
    return theory.adapting_rate(case.cell, case.dt)


def driven_rate(case: EscapeCase) -> float:
    """Give the stationary rate of the second of two units, driven by the first (Hz)."""
    weights = case.W.copy()
    if weights.shape != (2, 2):
        raise ValueError(f"driven_rate holds for two units: EscapeNoise.W must be 2 x 2, got shape {weights.shape}")
    weights[1, 0] = 0.0
    if weights.any():
        raise ValueError("driven_rate holds for one connection: EscapeNoise.W must be zero but for W[1, 0]")
    return theory.driven_rate(case.cell, float(case.W[1, 0]), case.dt)


def last_rate(case: EscapeCase, recording: Recording) -> float:
    """Give the settled rate of the last unit (Hz)."""
    return float(settled_rates(case, recording)[-1])
