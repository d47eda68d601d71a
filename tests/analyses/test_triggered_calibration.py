"""The nested test of spike-triggered covariance finds a false axis with probability alpha, and no more.

Each case: n = 400 data sets, statistic the number in which one axis too many is accepted at alpha = 0.05, which is
binomial (400, 0.05) under a valid test: 20 +- 4.4. The bounds leave 0.05 % on either side, so each case raises a false
alarm once in a thousand seeds.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from spikelearn import SpikeTrains
from spikelearn.analyses import joint_weights, spike_triggered_covariance

N_SETS, ALPHA, FRAMES, SIZE = 400, 0.05, 2000, 8
LOW, HIGH = binom.ppf([0.0005, 0.9995], N_SETS, ALPHA)
DOCS = (Path(__file__).parents[2] / "docs" / "triggered.md").read_text(encoding="utf-8")
WINDOW = (-SIZE * 0.001, 0.0)
FILTER = np.array([0.1, 0.3, 0.7, 0.9, 0.2, -0.5, -0.6, -0.2])


def bursts(rng, frames, n_cells=1, mean=0.12):
    """Spike counts whose rate, common to the cells, changes every 20 frames: autocorrelated, blind to the stimulus."""
    rate = np.repeat(rng.gamma(0.5, 2.0, size=frames // 20 + 1), 20)[:frames]
    return rng.poisson(mean * rate, size=(n_cells, frames))


def coloured(rng):
    S = 0.6 ** np.abs(np.subtract.outer(np.arange(SIZE), np.arange(SIZE)))
    return rng.standard_normal((FRAMES, SIZE)) @ np.linalg.cholesky(S).T


def filtered(rng):
    """A white stimulus of one dimension, and its projection on the filter at every spike time."""
    stimulus = rng.standard_normal(FRAMES)
    drive = np.zeros(FRAMES)
    drive[SIZE:] = np.lib.stride_tricks.sliding_window_view(stimulus, SIZE)[:-1] @ (FILTER / np.linalg.norm(FILTER))
    return stimulus, drive


def null_frames(rng):
    return coloured(rng), bursts(rng, FRAMES)[0], None


def null_lags(rng):
    # Many spikes within one window: surrogates that lose the bursts, permuted frames for instance, are too narrow.
    return rng.standard_normal(FRAMES), bursts(rng, FRAMES, mean=1.0)[0], WINDOW


def null_joint(rng):
    counts = bursts(rng, FRAMES, 2)
    times = (np.arange(FRAMES) + 0.5) * 0.001
    trains = SpikeTrains.from_arrays([np.repeat(times, one) for one in counts], t_stop=FRAMES * 0.001)
    return rng.standard_normal(FRAMES), joint_weights(trains, bin_size=0.001, max_lag=0.002), WINDOW


def raised_frames(rng):
    x = coloured(rng)
    return x, rng.poisson(0.15 * x[:, 3] ** 2), None


def lowered_frames(rng):
    x = coloured(rng)
    return x, rng.poisson(0.3 * np.exp(-(x[:, 3] ** 2))), None


def raised_lags(rng):
    stimulus, drive = filtered(rng)
    return stimulus, rng.poisson(0.15 * drive**2), WINDOW


def lowered_lags(rng):
    stimulus, drive = filtered(rng)
    return stimulus, rng.poisson(0.3 * np.exp(-(drive**2))), WINDOW


def raised_lags_of_a_bursting_cell(rng):
    stimulus, drive = filtered(rng)
    rate = np.repeat(rng.gamma(1.0, 1.0, size=FRAMES // 20), 20)
    return stimulus, rng.poisson(0.5 * rate * drive**2), WINDOW


def dense_lags(rng):
    stimulus, drive = filtered(rng)
    return stimulus, rng.poisson(drive**2), WINDOW


def exponential(rng):
    # Variance along k exactly 1, and an average of length 1: H = 1 - 1 = 0.
    x = rng.standard_normal((FRAMES, SIZE))
    return x, rng.poisson(0.12 * np.exp(x[:, 0])), None


def steep_exponential(rng):
    x = rng.standard_normal((2500, 12))
    return x, rng.poisson(0.1 * np.exp(1.4 * x[:, 0])), None


def exponential_lags(rng):
    stimulus, drive = filtered(rng)
    return stimulus, rng.poisson(0.2 * np.exp(drive)), WINDOW


def dense_exponential_lags(rng):
    stimulus, drive = filtered(rng)
    return stimulus, rng.poisson(np.exp(0.7 * drive)), WINDOW


def raised_beside_an_exponential(rng):
    x = rng.standard_normal((FRAMES, SIZE))
    return x, rng.poisson(0.12 * x[:, 1] ** 2 * np.exp(x[:, 0])), None


def lowered_along_the_average(rng):
    # The square of what is above zero: average 1.6, variance 3 - 8/pi = 0.45, on one axis.
    x = coloured(rng)
    return x, rng.poisson(0.3 * np.maximum(x[:, 3], 0) ** 2), None


def stated(case):
    """What docs/triggered.md says was found; a borderline set may fall otherwise on another machine."""
    row = next(line for line in DOCS.splitlines() if f"`{case.__name__}`" in line)
    return int(row.split("|")[-2])


def false_axes(case, n_true):
    found, reached = 0, 0
    for k in range(N_SETS):
        rng = np.random.default_rng([k, n_true, len(case.__name__)])
        stimulus, weights, window = case(rng)
        result = spike_triggered_covariance(
            stimulus, 0.001, None, window, weights=weights, seed=k, alpha=ALPHA, max_axes=n_true + 1, n_surrogates=79
        )
        accepted = int(result["significant"].sum())
        reached += accepted >= n_true
        found += accepted > n_true
    return found, reached


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [null_frames, null_lags, null_joint, exponential, steep_exponential, exponential_lags, dense_exponential_lags],
)
def test_false_axes_without_a_true_one(case):
    found, _ = false_axes(case, 0)
    print(case.__name__, found, "of", N_SETS)
    assert LOW <= found <= HIGH
    assert abs(found - stated(case)) <= 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        raised_frames,
        lowered_frames,
        raised_lags,
        lowered_lags,
        raised_lags_of_a_bursting_cell,
        dense_lags,
        raised_beside_an_exponential,
        lowered_along_the_average,
    ],
)
def test_false_axes_after_one_true_axis(case):
    found, reached = false_axes(case, 1)
    print(case.__name__, found, "of", N_SETS, "with the true axis found in", reached)
    # The true axis is plain in these data, so that nearly all the sets reach the stage that is calibrated.
    assert reached >= 0.98 * N_SETS
    assert LOW <= found <= HIGH
    assert abs(found - stated(case)) <= 3
