"""Time and memory of the JPSTH beside the plain loop over trials.

Run as ``python tests/benchmarks/bench_jpsth.py``. Targets on two cores: 1000 trials x 500 x 500 bins with the shuffle
predictor under 0.1 s, all 190 pairs of 20 units under 3 s. The loop is what one writes first: an outer product of
counts for every trial, and the shuffle predictor by every ordered pair of different trials, of which it is timed for a
few trials and scaled up.
"""

from __future__ import annotations

import resource
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import aims
import numpy as np

from spikelearn.analyses import jpsth, jpsth_pairs
from spikelearn.sources import GainModulatedPoisson

N_TRIALS, N_BINS, BIN = 1000, 500, 0.002


def best_of(n: int, function: Callable[[], Any]) -> tuple[float, Any]:
    """Give the shortest of `n` timings in seconds, and the result."""
    times, result = [], None
    for _ in range(n):
        begin = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - begin)
    return min(times), result


def peak_of(function: Callable[[], Any]) -> float:
    """Give the peak of the memory that NumPy allocates within one call, in MB."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def raw_loop(counts: np.ndarray) -> np.ndarray:
    """Average the outer products of the counts, trial by trial."""
    total = np.zeros((counts.shape[2], counts.shape[2]))
    for first, second in counts[:, :2]:
        total += np.outer(first, second)
    return total / len(counts)


def shuffle_loop_seconds(counts: np.ndarray, n: int = 12) -> float:
    """Time the shuffle predictor as a loop over the ordered pairs of `n` trials, scaled to all of them."""
    begin = time.perf_counter()
    total = np.zeros((counts.shape[2], counts.shape[2]))
    for j in range(n):
        for k in range(n):
            if j != k:
                total += np.outer(counts[j, 0], counts[k, 1])
    return (time.perf_counter() - begin) / (n * (n - 1)) * len(counts) * (len(counts) - 1)


def main() -> None:
    """Print the timings, their ratios and the peak memory."""
    trains = GainModulatedPoisson(rate="20 Hz", gamma=0.5).sample(N_TRIALS, 0.0, N_BINS * BIN, seed=1, n_units=20)
    pair = trains.select_units([0, 1])
    jpsth(pair, bin_size=BIN)  # loads xarray

    seconds, result = best_of(5, lambda: jpsth(pair, bin_size=BIN, predictor="shuffle"))
    counts = pair.binned(BIN).astype(float)
    loop, raw = best_of(1, lambda: raw_loop(counts))
    shuffle = shuffle_loop_seconds(counts)
    np.testing.assert_allclose(result.raw, raw, rtol=1e-12)
    peak = peak_of(lambda: jpsth(pair, bin_size=BIN, predictor="shuffle"))
    print(f"one pair, {N_TRIALS} trials x {N_BINS} x {N_BINS} bins, shuffle predictor: {seconds:.4f} s")
    aims.aim("one pair with the shuffle predictor (s)", seconds, at_most=0.1)
    print(f"  plain loop, raw histogram alone: {loop:.2f} s, {loop / seconds:.0f} times as long")
    print(f"  plain loop with its shuffle predictor: {loop + shuffle:.0f} s, {(loop + shuffle) / seconds:.0f} times")
    print(f"  peak memory beyond the spikes: {peak:.0f} MB")

    seconds, result = best_of(2, lambda: jpsth_pairs(trains, bin_size=BIN, predictor="shuffle"))
    kept = sum(result[name].nbytes for name in ("corrected", "normalized")) / 1e6
    del result
    peak = peak_of(lambda: jpsth_pairs(trains, bin_size=BIN, predictor="shuffle"))
    lean = peak_of(lambda: jpsth_pairs(trains, bin_size=BIN, predictor="shuffle", keep=()))
    print(f"190 pairs of 20 units: {seconds:.2f} s, {190 * loop / seconds:.0f} times the raw loop's speed")
    aims.aim("190 pairs (s)", seconds, at_most=3)
    print(f"  peak memory beyond the spikes: {peak:.0f} MB, of which {kept:.0f} MB are the two matrices kept")
    print(f"  the same with keep=(): {lean:.0f} MB")
    print(f"largest resident size of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    aims.run(main)
