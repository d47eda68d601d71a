"""Compiled loops of the surrogates: each row of random numbers in [0, 1) becomes the spike times of one surrogate."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import njit

__all__ = ["chain", "count_lags", "dithered", "kept_apart", "patterned", "permuted", "rotated", "within"]


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(times: Floats, first: int, last: int) -> None:
    """Sort what is nearly sorted by insertion, and what turns out not to be by Shell's method."""
    moves, most, gap = 0, 16 * (last - first), 1
    while gap > 0:
        for i in range(first + gap, last):
            time = times[i]
            k = i
            while k >= first + gap and times[k - gap] > time:
                times[k] = times[k - gap]
                k -= gap
            times[k] = time
            moves += (i - k) // gap
            if moves > most:
                break
        if moves > most:
            moves, most = 0, (last - first) ** 2 + 1
            while 9 * gap < last - first:
                gap = 3 * gap + 1
        else:
            gap //= 3


@njit(cache=True, nogil=True, error_model="numpy")
def within(random: Floats, offsets: Integers, low: Floats, high: Floats, out: Floats) -> None:
    """Place every spike anywhere in ``low <= t < high`` of its own, and sort each train."""
    for row in range(len(out)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            for i in range(first, last):
                time = low[i] + random[row, i] * (high[i] - low[i])
                # Rounding may bring a time up to the border, which belongs to the next window.
                out[row, i] = time if time < high[i] else np.nextafter(high[i], low[i])
            _sort(out[row], first, last)


@njit(cache=True, nogil=True, error_model="numpy")
def dithered(
    random: Floats, times: Floats, offsets: Integers, begin: Floats, end: Floats, dither: float, out: Floats
) -> None:
    """Move every spike by up to `dither` either way, reflect it at the ends of what was observed, and sort."""
    for row in range(len(out)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            left, right = begin[train], end[train]
            for i in range(first, last):
                time = times[i] + (2.0 * random[row, i] - 1.0) * dither
                while time < left or time > right:
                    time = 2.0 * left - time if time < left else 2.0 * right - time
                out[row, i] = time if time < right else np.nextafter(right, left)
            _sort(out[row], first, last)


@njit(cache=True, nogil=True, error_model="numpy")
def kept_apart(
    random: Floats, times: Floats, offsets: Integers, begin: Floats, end: Floats, dither: float, apart: float,
    out: Floats,
) -> None:  # fmt: skip
    """Move every spike once, in random order, between its neighbours, from which it keeps its distance.

    The first half of a row of `random` draws the order, the second the places.
    """
    n = len(times)
    order = np.empty(n, np.int64)
    for row in range(len(out)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            for i in range(first, last):
                order[i], out[row, i] = i, times[i]
            for i in range(last - 1, first, -1):
                k = first + int(random[row, i] * (i - first + 1))
                order[i], order[k] = order[k], order[i]
            for j in range(first, last):
                i = order[j]
                low, high = max(times[i] - dither, begin[train]), min(times[i] + dither, end[train])
                # Spikes that are closer than that already come no closer.
                if i > first:
                    low = max(low, out[row, i - 1] + min(apart, times[i] - times[i - 1]))
                if i < last - 1:
                    high = min(high, out[row, i + 1] - min(apart, times[i + 1] - times[i]))
                if low < high:
                    time = low + random[row, n + i] * (high - low)
                    out[row, i] = time if time < end[train] else np.nextafter(end[train], begin[train])


@njit(cache=True, nogil=True, error_model="numpy")
def rotated(
    random: Floats, times: Floats, offsets: Integers, begin: Floats, end: Floats, shift: float, out: Floats
) -> None:
    """Move every train as a whole by up to `shift` either way, round what was observed; one random number a train."""
    for row in range(len(out)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            left, right = begin[train], end[train]
            length = right - left
            by = (2.0 * random[row, train] - 1.0) * shift
            by -= np.floor(by / length) * length
            # Spikes from here on leave at the end and come in at the begin.
            leaving = first
            while leaving < last and times[leaving] + by < right:
                leaving += 1
            place = first
            for i in range(leaving, last):
                out[row, place] = max(times[i] + by - length, left)
                place += 1
            for i in range(first, leaving):
                out[row, place] = times[i] + by
                place += 1


@njit(cache=True, nogil=True, error_model="numpy")
def permuted(random: Floats, times: Floats, offsets: Integers, out: Floats) -> None:
    """Put the intervals of every train into a random order; its first and its last spike stay."""
    intervals = np.empty(len(times))
    for row in range(len(out)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            for i in range(first, last - 1):
                intervals[i] = times[i + 1] - times[i]
            for i in range(last - 2, first, -1):
                k = first + int(random[row, i] * (i - first + 1))
                intervals[i], intervals[k] = intervals[k], intervals[i]
            if last > first:
                out[row, first], out[row, last - 1] = times[first], times[last - 1]
            for i in range(first, last - 2):
                # Sums in another order end elsewhere by rounding, but never beyond the last spike.
                out[row, i + 1] = min(out[row, i] + intervals[i], times[last - 1])


@njit(cache=True, error_model="numpy")
def chain(lowest: Integers, highest: Integers, least: Integers, place: Integers) -> Floats:
    """Count the ways to place a pattern and all after it, added up from its last place down.

    Pattern p may move by ``lowest[p]`` to ``highest[p]`` steps, at least ``least[p]`` further than the one before it
    (the first of a train is free). Entry ``place[p] + j - lowest[p]`` of the result is in proportion to the number of
    ways for places j and later.
    """
    ways = np.empty(place[-1])
    for p in range(len(lowest) - 1, -1, -1):
        free = p == len(lowest) - 1 or least[p + 1] <= lowest[p + 1] - highest[p]
        total = 0.0
        for j in range(highest[p], lowest[p] - 1, -1):
            if free:
                total += 1.0
            else:
                following = max(j + least[p + 1], lowest[p + 1])
                if following <= highest[p + 1]:
                    total += ways[place[p + 1] + following - lowest[p + 1]]
            ways[place[p] + j - lowest[p]] = total
        # Only proportions matter, and numbers of ways grow without limit.
        for k in range(place[p], place[p + 1]):
            ways[k] /= total
    return ways


@njit(cache=True, nogil=True, error_model="numpy")
def patterned(
    random: Floats, times: Floats, pattern: Integers, lowest: Integers, highest: Integers, least: Integers,
    place: Integers, ways: Floats, resolution: float, out: Floats,
) -> None:  # fmt: skip
    """Draw places of the patterns from all that are allowed, each with the same chance; see `chain`."""
    steps = np.empty(len(lowest), np.int64)
    for row in range(len(out)):
        for p in range(len(lowest)):
            bottom = lowest[p]
            if p > 0:
                bottom = max(bottom, steps[p - 1] + least[p])
            base = place[p] - lowest[p]
            # The last place at which as many ways are left as drawn.
            left = random[row, p] * ways[base + bottom]
            low, high = bottom, highest[p]
            while low < high:
                middle = (low + high + 1) // 2
                if ways[base + middle] > left:
                    low = middle
                else:
                    high = middle - 1
            steps[p] = low
        for i in range(len(times)):
            step = steps[pattern[i]]
            out[row, i] = times[i] + step * resolution if step else times[i]


@njit(cache=True, nogil=True, error_model="numpy")
def count_lags(
    one: Floats, one_offsets: Integers, other: Floats, offsets: Integers, width: float, half: int, slack: float,
    counts: Integers,
) -> None:  # fmt: skip
    """Add every row of `other` to the histograms of its lags after `one`, train by train, bins as in `bin_indices`."""
    start, n_bins = -(half + 0.5) * width, 2 * half + 1
    reach = (half + 1.5) * width
    border = 8.0 * 2.220446049250313e-16 * -start + slack
    for row in range(len(other)):
        for train in range(len(offsets) - 1):
            first, last = offsets[train], offsets[train + 1]
            for i in range(one_offsets[train], one_offsets[train + 1]):
                while first < last and other[row, first] < one[i] - reach:
                    first += 1
                k = first
                while k < last and other[row, k] <= one[i] + reach:
                    lag = other[row, k] - one[i]
                    rounding = max(border, 8.0 * 2.220446049250313e-16 * abs(lag) + slack)
                    bin_ = np.floor(((lag - start) + rounding) / width)
                    if 0 <= bin_ < n_bins:
                        counts[row, int(bin_)] += 1
                    k += 1
