"""Is the peak of a correlogram synchrony, or do two cells burst? Surrogates that keep the bursts can tell.

Two cells with regular bursts, unrelated on the left and with one burst in four in common on the right. Spikes that are
jittered one by one (Amarasingham et al. 2012) make the band of the upper row: it is too narrow, since two bursts that
meet give many pairs at once. Patterns that are jittered as a whole (Harrison and Geman 2009) make that of the lower
row, and 200 pairs of unrelated cells show how often each of them is wrong; the left is the first pair in which only
the upper one is.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.plotting import new_figure, save_figure

LENGTH = 30.0


def bursts(rng, starts):
    """Bursts of 2 to 8 spikes, 3 ms apart but for 0.2 ms."""
    trains = [start + np.cumsum(rng.normal(0.003, 0.0002, rng.integers(2, 9))) for start in starts]
    return np.concatenate([train for train in trains if train[-1] < LENGTH])


def starts(rng, rate):
    """Begins of bursts, 40 ms apart at least."""
    times = np.cumsum(0.04 + rng.exponential(1 / rate - 0.04, int(2 * rate * LENGTH)))
    return times[times < LENGTH]


def pair(rng, common):
    """Two cells; a share of the second's bursts begins 2 ms after one of the first's."""
    first, second = starts(rng, 4.0), starts(rng, 4.0)
    led = first[rng.random(len(first)) < common] + rng.normal(0.002, 0.0005, 1)
    second = second[[np.abs(led - time).min(initial=1.0) > 0.04 for time in second]]
    cells = [np.sort(bursts(rng, first)), np.sort(bursts(rng, np.sort(np.concatenate([second, led]))))]
    return sl.SpikeTrains.from_arrays(cells, t_stop=LENGTH)


def compared(trains, method, n=999):
    """Test one pair, lags up to 20 ms."""
    return sl.analyses.correlogram_significance(trains, max_lag=0.02, method=method, n_surrogates=n, seed=1)


methods = {"jitter_spikes": "spikes jittered one by one", "pattern_jitter": "bursts jittered as a whole"}
unrelated = [pair(np.random.default_rng([7, k]), 0.0) for k in range(200)]
wrong = {name: [float(compared(trains, name, 99).p) <= 0.05 for trains in unrelated] for name in methods}
only = [upper and not lower for upper, lower in zip(*wrong.values(), strict=True)]
shown = {
    "unrelated": unrelated[only.index(True)],
    "one burst in four shared": pair(np.random.default_rng(4), 0.25),
}
figure = new_figure(9.0, 6.0)
panels = figure.subplots(2, 2, sharex=True)
for place, (method, how) in enumerate(methods.items()):
    print(f"{how}: {sum(wrong[method])} of 200 pairs of unrelated cells called correlated at 5 %")
    for axes, (which, trains) in zip(panels[place], shown.items(), strict=True):
        result = compared(trains, method)
        sl.analyses.plot_correlogram_test(axes, result, legend=axes is panels[0, 0])
        axes.set_title(f"{which}, {how}: p = {float(result.p):.3f}", fontsize="small")
        axes.set_xlabel("" if place == 0 else "lag of the second cell (ms)")
        print(f"  {which}: p = {float(result.p):.3f}")
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "surrogates.png")
print(f"figure in {output / 'surrogates.png'}")
