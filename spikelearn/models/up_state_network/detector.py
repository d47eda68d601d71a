"""Up states in the spikes of a trial, and the rates that the sensors of the units see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.up_state_network.grid import DT
from spikelearn.models.up_state_network.trial import TrialSpikes
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["BIN", "bin_counts", "find_ups", "sensor_rates"]

# Steps of a bin of 10 ms; an Up state is longer than 10 bins, and holes of up to 10 bins do not end it.
BIN = 100
_LONGEST_HOLE = 10
_LONGER_THAN = 10
# Rate in Hz, over all I units, from which a bin is active.
_ACTIVE = 0.2


def bin_counts(spikes: TrialSpikes, first: int, last: int) -> NDArray[np.int64]:
    """Count the spikes of units ``first <= i < last`` in bins of 10 ms; the last bin may be cut short."""
    mine = (spikes.units >= first) & (spikes.units < last)
    return np.bincount(spikes.steps[mine] // BIN, minlength=-(-spikes.n_steps // BIN))


def find_ups(counts: NDArray[np.int64], n_I: int) -> NDArray[np.int64]:
    """Find the Up states of a trial.

    Active bins have a rate of the I units of at least 0.2 Hz. Holes of at most 100 ms between them are bridged; what is
    then longer than 100 ms is an Up state.

    Parameters
    ----------
    counts : ndarray, shape (bins,)
        Spikes of all I units in bins of 10 ms.
    n_I : int
        How many I units there are.

    Returns
    -------
    ndarray, shape (ups, 2)
        First bin, and the bin after the last.

    Examples
    --------
    >>> counts = np.zeros(60, dtype=int)
    >>> counts[[5, 12, 20]] = 1  # a run of 16 bins with holes of 6 and 7
    >>> counts[40:50] = 9  # 100 ms are not longer than 100 ms
    >>> find_ups(counts, 400).tolist()
    [[5, 21]]
    """
    n_I = whole_number("find_ups: n_I", n_I, at_least=1)
    active = np.flatnonzero(np.asarray(counts) >= _ACTIVE * n_I * BIN * DT / 1e3)
    if not active.size:
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(active) > _LONGEST_HOLE + 1)
    starts = active[np.concatenate(([0], breaks + 1))]
    stops = active[np.concatenate((breaks, [active.size - 1]))] + 1
    found = np.stack([starts, stops], axis=1)
    return np.asarray(found[stops - starts > _LONGER_THAN], dtype=np.int64)


def sensor_rates(model: UpStateNetwork, spikes: TrialSpikes) -> tuple[Floats, NDArray[np.int64]]:
    """Give what the sensors of the units see in a trial.

    In trials with Up states: a unit's spikes within an Up state by the length of it, averaged over Up states. In
    others: its spikes by the time of the bins that are not empty, counted for E and for I units, the larger of the two;
    the kicked units then show the mean of the other E units.

    Returns
    -------
    ndarray, shape (n,)
        Rates in Hz.
    ndarray, shape (ups, 2)
        The Up states, see `find_ups`.
    """
    inhibitory = bin_counts(spikes, model.n_E, model.n)
    ups = find_ups(inhibitory, model.n_I)
    width = BIN * DT / 1e3
    if len(ups):
        bins = spikes.steps // BIN
        rates = np.zeros(model.n)
        for start, stop in ups:
            inside = (bins >= start) & (bins < stop)
            rates += np.bincount(spikes.units[inside], minlength=model.n) / ((stop - start) * width)
        return rates / len(ups), ups
    busy = max(np.count_nonzero(bin_counts(spikes, 0, model.n_E)), np.count_nonzero(inhibitory))
    counts = np.bincount(spikes.units, minlength=model.n)
    rates = counts / (width * busy) if busy else np.zeros(model.n)
    others = rates[model.n_kicked : model.n_E]
    rates[: model.n_kicked] = others.mean() if others.size else 0.0
    return rates, ups
