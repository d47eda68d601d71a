"""Surrogates and the correlogram test beside Elephant's, and all pairs of a JPSTH beside a busy neighbour.

Run as ``python tests/benchmarks/bench_surrogates.py``; Elephant comes with the extra ``test``. Both sides are timed in
turn, in processor time of one thread. Elephant's correlogram test is what one writes with it: surrogates of one
train, and the cross-correlation histogram of each with the other, from binned trains. Targets: the test at least 100
times as fast; 190 pairs of 20 units, 1000 trials x 500 bins, within 3 s while another process keeps a processor busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import aims  # noqa: E402
import elephant.spike_train_surrogates as theirs  # noqa: E402
import neo  # noqa: E402
import numpy as np  # noqa: E402
import quantities as pq  # noqa: E402
from elephant.conversion import BinnedSpikeTrain  # noqa: E402
from elephant.spike_train_correlation import cross_correlation_histogram  # noqa: E402

from spikelearn import SpikeTrains, analyses  # noqa: E402
from spikelearn.sources import GainModulatedPoisson  # noqa: E402

LENGTH, RATE, BIN, REACH = 60.0, 20.0, 0.001, 0.05
OURS, THEIRS = 1000, 20


def processor_time(function: Callable[[], Any], repeats: int = 3) -> float:
    """Give the least processor time of some calls, in seconds."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return min(times)


def elephants_test(first: Any, other: Any, make: Callable[[Any, int], list[Any]], n: int) -> None:
    """Count the correlogram of the first train with each surrogate of the other."""
    binned = BinnedSpikeTrain(first, bin_size=BIN * pq.s)
    reach = round(REACH / BIN)
    for surrogate in make(other, n):
        cross_correlation_histogram(binned, BinnedSpikeTrain(surrogate, bin_size=BIN * pq.s), window=[-reach, reach])


def main() -> None:
    """Time all and print the ratios."""
    rng = np.random.default_rng(1)
    arrays = [np.sort(rng.uniform(0, LENGTH, int(RATE * LENGTH))) for _ in range(2)]
    # A dead time, so that Elephant's refractory dither has something to keep.
    arrays = [own[np.append(True, np.diff(own) > 0.002)] for own in arrays]
    trains = SpikeTrains.from_arrays(arrays, t_stop=LENGTH)
    one = trains.select_units([1])
    first, other = (neo.SpikeTrain(own * pq.s, t_stop=LENGTH * pq.s) for own in arrays)
    ms = pq.ms
    rows: list[tuple[str, Callable[[int], Any], Callable[[int], Any], Callable[[int], Any], Callable[[int], Any]]] = [
        (
            "dither_spikes",
            lambda n: analyses.dither_spikes(one, 0.01, n, seed=1),
            lambda n: theirs.dither_spikes(other, dither=10 * ms, n_surrogates=n),
            lambda n: test_of(trains, n, method="dither_spikes", dither=0.01),
            lambda n: elephants_test(first, other, lambda t, k: theirs.dither_spikes(t, 10 * ms, k), n),
        ),
        (
            "dither, refractory",
            lambda n: analyses.dither_spikes(one, 0.01, n, refractory_period=0.002, seed=1),
            lambda n: theirs.dither_spikes(other, dither=10 * ms, n_surrogates=n, refractory_period=2 * ms),
            lambda n: test_of(trains, n, method="dither_spikes", dither=0.01, refractory_period=0.002),
            lambda n: elephants_test(
                first, other, lambda t, k: theirs.dither_spikes(t, 10 * ms, k, refractory_period=2 * ms), n
            ),
        ),
        (
            "jitter_spikes",
            lambda n: analyses.jitter_spikes(one, 0.02, n, seed=1),
            lambda n: theirs.jitter_spikes(other, bin_size=20 * ms, n_surrogates=n),
            lambda n: test_of(trains, n, method="jitter_spikes", jitter=0.02),
            lambda n: elephants_test(first, other, lambda t, k: theirs.jitter_spikes(t, 20 * ms, k), n),
        ),
        (
            "shuffle_isis",
            lambda n: analyses.shuffle_isis(one, n, seed=1),
            lambda n: theirs.shuffle_isis(other, n_surrogates=n),
            lambda n: test_of(trains, n, method="shuffle_isis"),
            lambda n: elephants_test(first, other, theirs.shuffle_isis, n),
        ),
        (
            "pattern_jitter / joint ISI",
            lambda n: analyses.pattern_jitter(one, 0.02, 0.01, n, seed=1),
            lambda n: theirs.JointISI(other, dither=10 * ms).dithering(n),
            lambda n: test_of(trains, n, window=0.02, history=0.01),
            lambda n: elephants_test(first, other, lambda t, k: theirs.JointISI(t, dither=10 * ms).dithering(k), n),
        ),
    ]
    print(f"{len(arrays[1])} spikes in {LENGTH:g} s; microseconds of processor time a surrogate")
    print(f"{'method':28s}{'surrogates':>12s}{'Elephant':>12s}{'times':>8s}{'test':>10s}{'Elephant':>12s}{'times':>8s}")
    for name, make, make_theirs, test, test_theirs in rows:
        make(2), test(39)
        cells = []
        for ours, slow in ((make, make_theirs), (test, test_theirs)):
            fast = processor_time(lambda ours=ours: ours(OURS)) / OURS
            cells += [fast * 1e6, processor_time(lambda slow=slow: slow(THEIRS), 2) / THEIRS * 1e6]
            cells.append(cells[-1] / cells[-2])
        print(
            f"{name:28s}{cells[0]:12.1f}{cells[1]:12.0f}{cells[2]:8.0f}{cells[3]:10.1f}{cells[4]:12.0f}{cells[5]:8.0f}"
        )
        aims.aim(f"test by {name}: Elephant / ours", cells[5], at_least=100)
    all_pairs()


def test_of(trains: SpikeTrains, n: int, **arguments: Any) -> Any:
    """Run the correlogram test of this package."""
    return analyses.correlogram_significance(trains, (0, 1), BIN, REACH, n_surrogates=n, seed=1, **arguments)


def all_pairs() -> None:
    """Time the JPSTH of 190 pairs while another process computes."""
    trains = GainModulatedPoisson(rate="20 Hz", gamma=0.3).sample(1000, t_stop=1.0, seed=0, n_units=20)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        wall, processor = [], []
        for _ in range(3):
            begin, used = time.perf_counter(), time.process_time()
            analyses.jpsth_pairs(trains, bin_size=0.002, predictor="shuffle")
            wall.append(time.perf_counter() - begin)
            processor.append(time.process_time() - used)
    finally:
        busy.kill()
        busy.wait()
    print(
        f"JPSTH of 190 pairs, one thread, beside a busy process: {min(wall):.2f} s, of which {min(processor):.2f} s of "
        "processor time"
    )
    aims.aim("190 pairs beside a busy process (s)", min(wall), at_most=3)


if __name__ == "__main__":
    aims.run(main)
