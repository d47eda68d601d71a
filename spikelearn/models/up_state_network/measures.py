"""Numbers of trials: rates in a window, the paradoxical effect, and when learning has reached the set points."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.up_state_network.grid import DT
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["Interval", "first_within", "mean_interval", "paradoxical_change", "rate_change", "window_rates"]

# Seconds after the current's onset that are left out, and length of the window before it.
_SETTLING, _BEFORE = 0.2, 1.0


class Interval(NamedTuple):
    """A mean over trials with its 95 % interval by Student's t."""

    mean: float
    low: float
    high: float


def window_rates(model: UpStateNetwork, trains: SpikeTrains, start: float, stop: float) -> tuple[Floats, Floats]:
    """Give the rates of the E and of the I units in ``start <= t < stop`` (s), one number a trial each (Hz).

    Raises
    ------
    ValueError
        The window is empty or not within that of the trains.
    """
    if not trains.t_start <= start < stop <= trains.t_stop:
        raise ValueError(
            f"window_rates: start and stop must lie in {trains.t_start:g}..{trains.t_stop:g} s in this order, "
            f"got {start:g} and {stop:g}"
        )
    # Spikes lie on the grid: half a step earlier, rounding cannot move one across the edge.
    half = 0.5e-3 * DT
    inside = (trains.times >= start - half) & (trains.times < stop - half)
    below = np.concatenate(([0], np.cumsum(inside)))
    counts = np.diff(below[trains.offsets]).reshape(trains.n_trials, trains.n_units)
    E, I = counts[:, : model.n_E], counts[:, model.n_E :]  # noqa: E741
    return E.mean(axis=1) / (stop - start), I.mean(axis=1) / (stop - start)


def paradoxical_change(model: UpStateNetwork, recording: Recording) -> tuple[Floats, Floats]:
    """Give how a current into the I units changes the rates.

    Rates from 0.2 s after its onset to its end are compared with those in the second before it.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    recording : Recording
        Trials of `UpStateNetwork.trials` with a current.

    Returns
    -------
    ndarray, ndarray, shape (trials,)
        Changes of E and of I in Hz.

    Raises
    ------
    ValueError
        There is no current, or not a second of trial before it.
    """
    steps = recording.provenance.get("inject_steps", [0, 0])
    start, stop = (step * DT / 1e3 for step in steps)
    if not recording.provenance.get("injected") or start < _BEFORE or stop - start <= _SETTLING:
        raise ValueError(
            "paradoxical_change must be given trials with a current into I that begins after 1 s and lasts longer than "
            f"0.2 s, got {recording.provenance.get('injected')} pA from {start:g} to {stop:g} s"
        )
    return rate_change(model, recording.spike_trains(), start, stop)


def rate_change(model: UpStateNetwork, trains: SpikeTrains, start: float, stop: float) -> tuple[Floats, Floats]:
    """Give the rates of E and I in ``start + 0.2 s <= t < stop`` minus those in the second before `start`, in Hz."""
    before = window_rates(model, trains, start - _BEFORE, start)
    during = window_rates(model, trains, start + _SETTLING, stop)
    return during[0] - before[0], during[1] - before[1]


def mean_interval(values: Floats) -> Interval:
    """Give the mean of independent numbers and its 95 % interval by Student's t.

    Examples
    --------
    >>> [round(part, 3) for part in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.484, 4.484]
    """
    from scipy.stats import t

    values = np.asarray(values, dtype=np.float64)
    if values.size < 2:
        raise ValueError(f"mean_interval must be given at least two numbers, got {values.size}")
    mean = float(values.mean())
    reach = float(t.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return Interval(mean, mean - reach, mean + reach)


def first_within(model: UpStateNetwork, run: xr.Dataset, share: float = 0.1, average: int = 10) -> int:
    """Give the first trial at which E and I are at both set points, up to a share of them; 0 where there is none.

    Both are averaged over `average` trials up to that one.
    """
    there = np.ones(run.sizes["trial"], dtype=bool)
    for name, point in (("E_trial", float(model.E_set)), ("I_trial", float(model.I_set))):
        total = np.cumsum(np.concatenate(([0.0], run[name].values)))
        means = np.full(len(there), np.inf)
        means[average - 1 :] = (total[average:] - total[:-average]) / average
        there &= np.abs(means - point) <= share * point
    return int(there.argmax() + 1) if there.any() else 0
