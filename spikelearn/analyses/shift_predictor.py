"""The shift predictor of a correlogram: pairs of spikes across consecutive trials, also of unequal length."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.spikes.binning import bin_indices, rounding
from spikelearn.spikes.selection import ranges, train_of

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["LagBins", "shift_with_gaps", "sorting_key"]


class LagBins(NamedTuple):
    """Bins of the lag: `half` on either side of the one around 0, each `width` seconds wide."""

    width: float
    half: int

    @property
    def centers(self) -> Floats:
        """Centres in seconds."""
        return np.asarray(np.arange(-self.half, self.half + 1) * self.width, dtype=np.float64)


def sorting_key(train: Integers, times: Floats) -> np.ndarray:
    """Make numbers that sort by train first and by time second, as complex numbers do."""
    key = np.empty(np.broadcast_shapes(train.shape, times.shape), dtype=np.complex128)
    key.real, key.imag = train, times
    return key


def shift_with_gaps(one: SpikeTrains, other: SpikeTrains, bins: LagBins) -> tuple[Floats, Floats]:
    """Predict the pairs of spikes at every lag from consecutive trials, where trials were observed for unequal times.

    A pair of times (t, t + lag) is predicted from the trials that observed both: consecutive ones among those are
    paired, in both orders, and the sum is scaled from their pairs to their number n, by n/(2 (n - 1)). Pairs of times
    that only one trial observed cannot be predicted; the prediction of the others at that lag stands for them.

    Parameters
    ----------
    one, other : SpikeTrains
        One unit each, of the same trials.
    bins : LagBins
        The bins of the lag.

    Returns
    -------
    shift : ndarray, shape (2*half + 1,)
        Expected pairs of spikes; NaN where no two trials observed the same times.
    covered : ndarray, shape (2*half + 1,)
        Share of the observed pairs of times at the lag that two trials or more observed.
    """
    forward = _consecutive(one, other, bins, backward=False)
    total = forward + _consecutive(one, other, bins, backward=True)
    alone, every = _exposure(one.observed, bins.centers)
    covered = np.divide(every - alone, every, out=np.zeros_like(every), where=every > 0)
    return np.divide(total, covered, out=np.full_like(total, np.nan), where=covered > 0), covered


def _consecutive(one: SpikeTrains, other: SpikeTrains, bins: LagBins, *, backward: bool) -> Floats:
    """Sum n/(2 (n - 1)) over pairs of spikes of consecutive trials, the second trial being the later (or earlier) one.

    For every reference spike the trials after its own are gone through; each serves the lags at which it is the first
    that observed both times, until all lags within reach are served.
    """
    n_trials, observed = one.n_trials, one.observed
    trial, times = train_of(one.offsets), one.times
    reach = (bins.half + 1.5) * bins.width
    # Lags below `low` and from `high` on are left; before the first trial that saw the reference there are no others.
    bottom, top = np.maximum(observed[trial, 0] - times, -reach), np.minimum(observed[trial, 1] - times, reach)
    low, high = np.full(len(times), np.nan), np.full(len(times), np.nan)
    key = sorting_key(train_of(other.offsets), other.times)
    count = np.zeros(2 * bins.half + 1)
    active = np.arange(len(times))
    for step in range(1, n_trials):
        partner = trial[active] + (-step if backward else step)
        inside = (partner >= 0) & (partner < n_trials)
        active, partner = active[inside], partner[inside]
        begin, end = observed[partner, 0], observed[partner, 1]
        saw = (begin <= times[active]) & (times[active] < end)
        who, partner = active[saw], partner[saw]
        first = np.maximum(observed[partner, 0] - times[who], bottom[who])
        last = np.minimum(observed[partner, 1] - times[who], top[who])
        fresh = np.isnan(low[who])
        left_end = np.where(fresh, last, np.minimum(low[who], last))
        right_begin = np.where(fresh, last, np.maximum(high[who], first))
        for start, stop in ((first, left_end), (right_begin, last)):
            use = stop > start
            count += _weighted_pairs(one, other, who[use], partner[use], start[use], stop[use], key, bins)
        low[who] = np.where(fresh, first, np.minimum(low[who], first))
        high[who] = np.where(fresh, last, np.maximum(high[who], last))
        done = (low[active] <= bottom[active]) & (high[active] >= top[active])
        active = active[~done]
        if not len(active):
            break
    return count


def _weighted_pairs(
    one: SpikeTrains,
    other: SpikeTrains,
    who: Integers,
    partner: Integers,
    start: Floats,
    stop: Floats,
    key: np.ndarray,
    bins: LagBins,
) -> Floats:
    """Histogram of lags of the references `who` to spikes of their partners, ``start <= lag < stop``, weighted."""
    times = one.times[who]
    first = np.searchsorted(key, sorting_key(partner, times + start))
    number = np.maximum(np.searchsorted(key, sorting_key(partner, times + stop)) - first, 0)
    reference, partners = np.repeat(times, number), other.times[ranges(first, number)]
    n_bins = 2 * bins.half + 1
    slack = one.slack + float(rounding(one.t_start, one.t_stop))
    lag = partners - reference
    place = bin_indices(lag, -(bins.half + 0.5) * bins.width, bins.width, n_bins, slack=slack)
    inside = (place >= 0) & (place < n_bins)
    n = _observers(one.observed, np.minimum(reference, partners)[inside], np.maximum(reference, partners)[inside])
    return np.asarray(np.bincount(place[inside], weights=n / (2 * (n - 1)), minlength=n_bins), dtype=np.float64)


def _observers(observed: Floats, early: Floats, late: Floats) -> Floats:
    """Count the trials that observed both of two times, ``early <= late``."""
    begin, end = observed[observed[:, 1] > observed[:, 0]].T
    started = np.searchsorted(np.sort(begin), early, side="right")
    ended = np.searchsorted(np.sort(end), late, side="right")
    # Trials that began after the one and ended before the other were taken off twice.
    longest = float((late - early).max(initial=0.0))
    for first, last in zip(begin, end, strict=True):
        if last - first <= longest:
            ended = ended - ((first > early) & (last <= late))
    return np.asarray(started - ended, dtype=np.float64)


def _exposure(observed: Floats, lags: Floats) -> tuple[Floats, Floats]:
    """Give for every lag the time over which exactly one trial observed t and t + lag, and the sum over all trials."""
    alone, every = np.zeros(len(lags)), np.zeros(len(lags))
    for k, lag in enumerate(lags):
        begin, end = observed[:, 0] + max(-lag, 0.0), observed[:, 1] - max(lag, 0.0)
        seen = end > begin
        begin, end = begin[seen], end[seen]
        every[k] = (end - begin).sum()
        edges = np.concatenate([begin, end])
        order = np.argsort(edges, kind="stable")
        level = np.cumsum(np.concatenate([np.ones(len(begin)), -np.ones(len(end))])[order])
        alone[k] = np.diff(edges[order])[level[:-1] == 1].sum() if len(edges) else 0.0
    return alone, every
