"""Surrogates for tests: spikes redrawn within fixed windows, one by one or in patterns; intervals in another order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikelearn.analyses.resampling import Plan, Surrogates, borders, drawn, per_spike, positive_time
from spikelearn.arrays import Floats, Integers
from spikelearn.spikes.binning import bin_indices
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["jitter_plan", "jitter_spikes", "pattern_jitter", "pattern_plan", "shuffle_isis", "shuffle_plan"]

# How far from a whole number of steps rounding may bring a time.
_ROUNDING = 1e-6
_FREE = -(1 << 40)


def jitter_spikes(trains: SpikeTrains, bin_size: Any, n_surrogates: int = 1, *, seed: int | None = None) -> Surrogates:
    """Redraw every spike uniformly within the window of width `bin_size` in which it lies (interval jitter).

    The windows are fixed, ``t_start + k*bin_size``, whatever the spikes; those at the ends of what was observed are cut
    there. The number of spikes in every window is kept, and with it all that is slower than a window; within a window
    the surrogate is a Poisson process.

    Parameters
    ----------
    trains : SpikeTrains
        Any numbers of trials and units.
    bin_size : float or Quantity
        Width of the windows in seconds; it need not divide what was observed.
    n_surrogates, seed
        As for `dither_spikes`.

    Returns
    -------
    Surrogates
        A sequence of SpikeTrains.

    Raises
    ------
    ValueError
        The width is not positive, or the number of surrogates is not.

    Notes
    -----
    A test with these surrogates is exact where spikes are, given their numbers in the windows, independent and uniform:
    any rate that does not change within a window. Refractoriness and bursts of the jittered cell are not part of that:
    regular bursts make the test find too much. `pattern_jitter` keeps them.

    References
    ----------
    Amarasingham, Harrison, Hatsopoulos and Geman (2012), J. Neurophysiol. 107, 517-531.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.11, 0.12, 0.68]], t_stop=1.0)
    >>> jitter_spikes(trains, 0.1, seed=1)[0].binned(0.1)
    array([[[0, 2, 0, 0, 0, 0, 1, 0, 0, 0]]])
    """
    return drawn(jitter_plan(trains, bin_size=bin_size), n_surrogates, seed)


def pattern_jitter(
    trains: SpikeTrains,
    window: Any,
    history: Any,
    n_surrogates: int = 1,
    *,
    resolution: Any = None,
    seed: int | None = None,
) -> Surrogates:
    """Redraw where patterns of spikes stand within fixed windows; spikes within `history` of each other keep together.

    Spikes that follow each other within `history` are a pattern, such as a burst, and move as one. Of all ways to place
    the patterns of a train such that the first spike of each stays in its window and any two patterns stay more than
    `history` apart, each is drawn with the same chance. So intervals up to `history` are kept exactly, no new one
    appears, and the number of patterns that begin in a window is kept.

    Parameters
    ----------
    trains : SpikeTrains
        Any numbers of trials and units.
    window : float or Quantity
        Width of the windows in seconds, which are ``t_start + k*window``, cut at the ends of what was observed.
    history : float or Quantity
        How long a spike matters for the next ones of its train, in seconds; 0 leaves every spike on its own.
    n_surrogates, seed
        As for `dither_spikes`.
    resolution : float or Quantity, optional
        Patterns move by whole multiples of it, in seconds; a hundredth of the window if not given. For spikes on a grid
        of times, the step of the grid.

    Returns
    -------
    Surrogates
        A sequence of SpikeTrains.

    Raises
    ------
    ValueError
        A time is not positive, the resolution is coarser than the window, or the number of surrogates is not positive.

    Notes
    -----
    A test with these surrogates is exact where, beyond `history`, a spike has no influence on when the next one comes,
    and the rate does not change within a window: cells with a refractory period, and bursting ones. Firing that is
    regular over longer times is not part of that. The surrogates are drawn from all possible ones by dynamic
    programming, in one pass back and one forth; the pass back takes ``8*window/resolution`` bytes a pattern.

    References
    ----------
    Harrison and Geman (2009), Neural Comput. 21, 1244-1258.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.105, 0.108, 0.16]], t_stop=1.0)
    >>> pattern_jitter(trains, 0.02, 0.01, seed=1)[0].train().round(4)
    array([0.1096, 0.1126, 0.1608])
    """
    plan = pattern_plan(trains, window=window, history=history, resolution=resolution)
    return drawn(plan, n_surrogates, seed)


def shuffle_isis(trains: SpikeTrains, n_surrogates: int = 1, *, seed: int | None = None) -> Surrogates:
    """Put the intervals of every train into a random order.

    The first and the last spike stay where they are, and the distribution of intervals is kept exactly; their order,
    and with it every change of the rate, is lost.

    Parameters
    ----------
    trains : SpikeTrains
        Any numbers of trials and units.
    n_surrogates, seed
        As for `dither_spikes`.

    Returns
    -------
    Surrogates
        A sequence of SpikeTrains.

    Raises
    ------
    ValueError
        The number of surrogates is not positive.

    References
    ----------
    Louis, Gerstein, Gruen and Diesmann (2010), Front. Comput. Neurosci. 4, 127, who shuffle the time before the first
    spike, too, which is no interval.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.2, 0.5, 0.9]], t_stop=1.0)
    >>> shuffle_isis(trains, seed=0)[0].train()
    array([0.1, 0.4, 0.8, 0.9])
    """
    return drawn(shuffle_plan(trains), n_surrogates, seed)


def jitter_plan(trains: SpikeTrains, *, bin_size: Any) -> Plan:
    """Say how `jitter_spikes` makes its surrogates."""
    from spikelearn.analyses.resampling_kernels import within

    width = positive_time(bin_size, "jitter_spikes: bin_size", trains)
    low, high = _windows(trains, width)
    offsets = trains.offsets

    def redraw(random: Floats, out: Floats) -> None:
        within(random, offsets, low, high, out)

    return Plan(trains, "jitter_spikes", {"bin_size": width}, trains.n_spikes, redraw)


def pattern_plan(trains: SpikeTrains, *, window: Any, history: Any, resolution: Any = None) -> Plan:
    """Say how `pattern_jitter` makes its surrogates."""
    from spikelearn.analyses.resampling_kernels import chain, patterned

    width = positive_time(window, "pattern_jitter: window", trains)
    memory = positive_time(history, "pattern_jitter: history", trains, zero=True)
    step = width / 100
    if resolution is not None:
        step = positive_time(resolution, "pattern_jitter: resolution", trains)
    if step > width:
        raise ValueError(f"pattern_jitter: resolution must not be coarser than the window, got {step} s of {width} s")
    patterns = _patterns(trains, width, memory, step)
    ways = chain(patterns.lowest, patterns.highest, patterns.least, patterns.place)
    times = trains.times
    begin, end = (per_spike(border, trains) for border in borders(trains))
    latest = np.nextafter(end, begin)

    def place(random: Floats, out: Floats) -> None:
        patterned(random, times, *patterns, ways, step, out)
        # A whole number of steps may end beyond the border by rounding.
        np.clip(out, begin, latest, out=out)

    options: dict[str, float | None] = {"window": width, "history": memory, "resolution": step}
    return Plan(trains, "pattern_jitter", options, len(patterns.lowest), place)


def shuffle_plan(trains: SpikeTrains) -> Plan:
    """Say how `shuffle_isis` makes its surrogates."""
    from spikelearn.analyses.resampling_kernels import permuted
    from spikelearn.spikes.construction import check_trains

    check_trains(trains, "shuffle_isis")
    times, offsets = trains.times, trains.offsets

    def permute(random: Floats, out: Floats) -> None:
        permuted(random, times, offsets, out)

    return Plan(trains, "shuffle_isis", {}, trains.n_spikes, permute)


class _Patterns(NamedTuple):
    """Which pattern a spike belongs to, and by how many steps each pattern may move; see `chain`."""

    pattern: Integers
    lowest: Integers
    highest: Integers
    least: Integers
    place: Integers


def _windows(trains: SpikeTrains, width: float) -> tuple[Floats, Floats]:
    """Give begin and end of the window of every spike, cut at the ends of what was observed."""
    number = int(np.ceil(trains.duration / width)) + 1
    window = bin_indices(trains.times, trains.t_start, width, number, slack=trains.slack)
    begin, end = (per_spike(border, trains) for border in borders(trains))
    low, high = trains.t_start + window * width, trains.t_start + (window + 1) * width
    return np.maximum(low, begin), np.minimum(high, end)


def _patterns(trains: SpikeTrains, width: float, history: float, step: float) -> _Patterns:
    times, train = trains.times, train_of(trains.offsets)
    low, high = _windows(trains, width)
    new_train, gap = np.ones(len(times), dtype=np.bool_), np.full(len(times), np.inf)
    new_train[1:] = train[1:] != train[:-1]
    gap[1:] = np.where(new_train[1:], np.inf, np.diff(times))
    first = new_train | (gap > history + _ROUNDING * step)
    pattern = np.cumsum(first) - 1
    begins = np.flatnonzero(first)
    # The last spike of a pattern is the one before the next pattern.
    ends = np.append(begins[1:], len(times)) - 1 if len(times) else begins
    end = per_spike(borders(trains)[1], trains)[ends]

    def whole(steps: Floats) -> Integers:
        return np.asarray(np.ceil(steps - _ROUNDING), dtype=np.int64)

    lowest = np.minimum(whole((low - times)[begins] / step), 0)
    up = np.minimum(whole((high - times)[begins] / step), whole((end - times[ends]) / step)) - 1
    highest = np.maximum(up, 0)
    least = np.full(len(begins), _FREE, dtype=np.int64)
    inner = ~new_train[begins]
    least[inner] = np.floor((history - gap[begins][inner]) / step + _ROUNDING).astype(np.int64) + 1
    place = np.concatenate([[0], np.cumsum(highest - lowest + 1)]).astype(np.int64)
    return _Patterns(pattern.astype(np.int64), lowest, highest, least, place)
