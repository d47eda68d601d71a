"""The spike-triggered average: against a slow loop, closed forms of LN models, and bad input."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from spikelearn import SpikeTrains
from spikelearn.analyses import spike_triggered_average


def slow_average(stimulus, dt, times, t_start, begin, end):
    """One spike and one lag at a time, in plain Python."""
    total, used, dropped = 0.0, 0, 0
    for time in times:
        frame = int(np.floor((time - t_start) / dt + 1e-9))
        lags = range(round(begin / dt), round(end / dt))
        if frame + lags[0] < 0 or frame + lags[-1] >= len(stimulus):
            dropped += 1
            continue
        total = total + np.array([stimulus[frame + lag] for lag in lags])
        used += 1
    return total / used, used, dropped


def one_trial(times, duration, t_start=0.0):
    return SpikeTrains.from_arrays(
        [np.sort(np.asarray(one, dtype=float)) for one in times], t_start=t_start, t_stop=t_start + duration
    )


@pytest.mark.parametrize("window", [(-0.02, 0.0), (-0.01, 0.005), (0.0, 0.001), (-0.013, -0.008), (0.002, 0.009)])
@pytest.mark.parametrize("dimensions", [None, 3])
def test_average_equals_a_loop_over_spikes(window, dimensions):
    rng = np.random.default_rng(5)
    stimulus = rng.standard_normal(400 if dimensions is None else (400, dimensions)) + 3.0
    trains = one_trial([rng.uniform(0, 0.4, 60), rng.uniform(0, 0.4, 25)], 0.4)
    found = spike_triggered_average(stimulus, 0.001, trains, window)
    for unit in (0, 1):
        expected, used, dropped = slow_average(stimulus, 0.001, trains.train(unit), 0.0, *window)
        # Sums of 60 numbers of order 3 in another order.
        np.testing.assert_allclose(found.values[unit], expected, atol=1e-13)
        assert (found["weight"].values[unit], found["dropped"].values[unit]) == (used, dropped)
    np.testing.assert_allclose(found["lag"].values, np.arange(window[0], window[1] - 1e-9, 0.001), atol=1e-15)
    assert found.attrs["dropped"] == found["dropped"].values.tolist()


def test_trials_of_one_stimulus_equal_trials_of_copies_of_it():
    rng = np.random.default_rng(6)
    stimulus = rng.standard_normal((200, 2))
    trains = SpikeTrains.from_trials([[np.sort(rng.uniform(0, 0.2, 30))] for _ in range(3)], t_stop=0.2)
    once = spike_triggered_average(stimulus, 0.001, trains, (-0.005, 0.0))
    copies = spike_triggered_average(np.stack([stimulus] * 3), 0.001, trains, (-0.005, 0.0))
    np.testing.assert_allclose(once.values, copies.values, atol=1e-14)
    assert once["weight"].item() == copies["weight"].item()
    # The same stimulus twice is not two samples of it.
    assert once["n_eff"].item() < copies["n_eff"].item()


def test_trials_with_their_own_stimuli_equal_a_loop():
    rng = np.random.default_rng(7)
    stimulus = rng.standard_normal((3, 100, 1))
    trials = [[np.sort(rng.uniform(0, 0.1, 20))] for _ in range(3)]
    found = spike_triggered_average(stimulus, 0.001, SpikeTrains.from_trials(trials, t_stop=0.1), (-0.004, 0.0))
    total, n = 0.0, 0
    for one, (times,) in zip(stimulus, trials, strict=True):
        mean, used, _ = slow_average(one[:, 0], 0.001, times, 0.0, -0.004, 0.0)
        total, n = total + mean * used, n + used
    np.testing.assert_allclose(found.values[0, :, 0], total / n, atol=1e-13)


def test_spikes_on_sample_times_do_not_move():
    stimulus = np.arange(2000.0)
    for dt, scale in ((50e-6, 1e-6), (1e-4, 1e-6), (1e-3, 1.0)):
        frames = np.arange(3, 2000, 7)
        times = frames * round(dt / scale) * scale if scale < 1 else frames * dt
        found = spike_triggered_average(stimulus, dt, one_trial([times], 2000 * dt), None)
        assert found.values[0, 0] == frames.mean()


def test_spikes_of_a_trial_cut_from_a_long_recording_do_not_move():
    # 1e5 s into a session a sample is known to 1e-11 s, and so are times after the cut.
    session = SpikeTrains.from_arrays([1e5 + np.arange(3, 2000, 7) * 50e-6], t_start=1e5, t_stop=1e5 + 0.1)
    (frames,) = np.nonzero(session.binned(50e-6)[0, 0])
    found = spike_triggered_average(np.arange(2000.0), 50e-6, session.shift(-1e5), None)
    assert found.values[0, 0] == frames.mean() == np.arange(3, 2000, 7).mean()


def ln_ensemble(seed, n, covariance, response):
    """Gaussian frames of covariance S and Poisson counts with mean response(x)."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, len(covariance))) @ np.linalg.cholesky(covariance).T
    return x, rng.poisson(response(x))


def coloured(size=6):
    return (
        0.7 ** np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
        * np.linspace(0.5, 2.0, size)[:, None] ** (0.5)
        * np.linspace(0.5, 2.0, size) ** 0.5
    )


def distance(found, x, counts, expected):
    """Squared distance of an average from its expectation in units of its sampling covariance: chi squared."""
    rest = x - expected
    spread = (rest * (counts**2)[:, None]).T @ rest / counts.sum() ** 2
    gap = found - expected
    return gap @ np.linalg.solve(spread, gap)


# n = 200,000 frames; statistic: squared Mahalanobis distance, chi squared with 6 degrees of freedom;
# false alarm 1e-4 for each test that uses it.
BOUND = chi2.isf(1e-4, 6)


def test_average_of_one_filter_points_along_it_once_whitened():
    S, k = coloured(), np.array([0.5, -0.3, 0.0, 0.4, 0.1, -0.2])
    x, counts = ln_ensemble(1, 200_000, S, lambda x: np.exp(0.8 * x @ k - 1.5))
    found = spike_triggered_average(x, 0.01, None, weights=counts)
    # Stein: E[x F(k'x)]/E[F] = S k E[F']/E[F], and F'/F = 0.8 for the exponential.
    assert distance(found.values[0], x, counts, 0.8 * S @ k) < BOUND
    whitened = spike_triggered_average(x, 0.01, None, weights=counts, whiten=True).values[0]
    cosine = whitened @ k / np.linalg.norm(whitened) / np.linalg.norm(k)
    raw = found.values[0] @ k / np.linalg.norm(found.values[0]) / np.linalg.norm(k)
    assert cosine > 0.999
    assert raw < 0.95


def test_average_needs_no_poisson_spikes():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((200_000, 6))
    k = np.array([0.6, 0.0, 0.8, 0.0, 0.0, 0.0])
    counts = 5 * (x @ k > 1.0).astype(float)
    found = spike_triggered_average(x, 0.01, None, weights=counts)
    # A threshold unit that fires five spikes or none: E[x | k'x > 1] = k phi(1)/(1 - Phi(1)).
    expected = k * np.exp(-0.5) / np.sqrt(2 * np.pi) / 0.15865525393145707
    assert distance(found.values[0], x, counts, expected) < BOUND


def test_even_nonlinearity_gives_no_average():
    k = np.eye(6)[2]
    x, counts = ln_ensemble(3, 200_000, coloured(), lambda x: 0.2 * (x @ k) ** 2)
    found = spike_triggered_average(x, 0.01, None, weights=counts)
    assert distance(found.values[0], x, counts, np.zeros(6)) < BOUND


def test_average_of_two_filters_is_one_vector_in_their_plane():
    S = coloured()
    k_1, k_2 = np.eye(6)[1], np.eye(6)[4]

    def response(x):
        return 0.1 * np.exp(0.5 * x @ k_1 + 0.3 * x @ k_2)

    x, counts = ln_ensemble(4, 200_000, S, response)
    found = spike_triggered_average(x, 0.01, None, weights=counts).values[0]
    # S (k_1 E[d_1 F] + k_2 E[d_2 F])/E[F] with d_1 F = 0.5 F and d_2 F = 0.3 F.
    assert distance(found, x, counts, S @ (0.5 * k_1 + 0.3 * k_2)) < BOUND
    assert distance(found, x, counts, 0.5 * S @ k_1) > 1000
    direction = spike_triggered_average(x, 0.01, None, weights=counts, whiten=True).values[0]
    assert np.abs(np.delete(direction, [1, 4])).max() < 0.05 * np.linalg.norm(direction)


def test_standard_error_is_the_spread_over_repeats():
    rng = np.random.default_rng(8)
    found = []
    for _ in range(400):
        x = rng.standard_normal((500, 1))
        found.append(spike_triggered_average(x, 0.01, None, weights=rng.poisson(0.3, 500) ** 2))
    spread = np.std([one.values[0, 0] for one in found])
    stated = np.sqrt(np.mean([one["standard_error"].values[0, 0] ** 2 for one in found]))
    # The spread of 400 values is known to 1/sqrt(800) = 3.5 %; 4 of these: false alarm 6e-5.
    assert abs(spread / stated - 1) < 0.14
    n_eff = np.mean([one["n_eff"].item() for one in found])
    assert abs(stated * np.sqrt(n_eff) - 1) < 0.1


def test_standard_error_equals_a_loop_over_frames():
    """sqrt(sum w^2 (x - mean)^2)/sum w, entry by entry; the weights go with the stimulus, so that its mean is far."""
    rng = np.random.default_rng(18)
    x = rng.standard_normal((60, 2))
    weights = rng.poisson(np.exp(x[:, 0])) * 1.0
    found = spike_triggered_average(x, 0.01, None, (-0.02, 0.01), weights=weights)
    for lag in range(3):
        for k in range(2):
            seen = [(weights[t], x[t + lag - 2, k]) for t in range(2, 60)]
            total = sum(w for w, _ in seen)
            mean = sum(w * value for w, value in seen) / total
            error = np.sqrt(sum(w**2 * (value - mean) ** 2 for w, value in seen)) / total
            assert found.values[0, lag, k] == pytest.approx(mean, abs=1e-13)
            assert found["standard_error"].values[0, lag, k] == pytest.approx(error, rel=1e-12)
    assert np.abs(found.values).max() > 0.5


def test_center_subtracts_the_mean_of_whole_windows():
    stimulus = np.random.default_rng(9).standard_normal(300) + 50.0
    trains = one_trial([[0.1, 0.2]], 0.3)
    plain = spike_triggered_average(stimulus, 0.001, trains, (-0.003, 0.0))
    centred = spike_triggered_average(stimulus, 0.001, trains, (-0.003, 0.0), center=True)
    means = [stimulus[lag : 297 + lag].mean() for lag in range(3)]
    np.testing.assert_allclose(plain.values[0] - centred.values[0], means, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    shift=st.floats(-1e3, 1e3, allow_nan=False),
    frames=st.lists(st.integers(0, 79), min_size=1, max_size=30),
    seed=st.integers(0, 2**16),
)
def test_time_shift_and_relabelled_units_change_nothing(shift, frames, seed):
    stimulus = np.random.default_rng(seed).standard_normal(80)
    times = (np.sort(frames) + 0.5) * 0.01
    other = np.array([0.305])
    window = (-0.0, 0.01)
    base = spike_triggered_average(stimulus, 0.01, one_trial([times, other], 0.8), window)
    moved = SpikeTrains.from_arrays([other + shift, times + shift], t_start=shift, t_stop=shift + 0.8)
    swapped = spike_triggered_average(stimulus, 0.01, moved, window)
    np.testing.assert_array_equal(swapped.values[::-1], base.values)


def test_whitened_average_is_the_inverse_covariance_times_the_centred_one():
    rng = np.random.default_rng(10)
    # A trend makes the means of the lags differ, so that forgetting the prior mean would show.
    stimulus = np.convolve(rng.standard_normal(200), [1.0, 0.5, 0.2], mode="same") + np.linspace(0.0, 40.0, 200)
    counts = rng.poisson(0.4, 200)
    found = spike_triggered_average(stimulus, 0.001, None, (-0.006, 0.0), weights=counts, whiten=True, ridge=0.3)
    rows = np.array([stimulus[k - 6 : k] for k in range(6, 200)])
    S = np.cov(rows.T, bias=True)
    S += 0.3 * np.trace(S) / 6 * np.eye(6)
    average = counts[6:] @ rows / counts[6:].sum()
    np.testing.assert_allclose(found.values[0], np.linalg.solve(S, average - rows.mean(axis=0)), rtol=1e-9)


def test_one_spike_gives_its_own_stimulus():
    stimulus = np.arange(10.0)
    found = spike_triggered_average(stimulus, 0.001, one_trial([[0.0051]], 0.01), (-0.002, 0.001))
    np.testing.assert_allclose(found.values, [[3.0, 4.0, 5.0]], atol=1e-14)
    np.testing.assert_allclose(found["standard_error"].values, 0.0, atol=1e-7)


GOOD = np.random.default_rng(0).standard_normal(100)
TRAINS = one_trial([[0.02, 0.05], [0.03]], 0.1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"stimulus": GOOD[:-1]}, ValueError, r"100 frames, got 99: it is shorter"),
        ({"stimulus": np.append(GOOD, 0.0)}, ValueError, "it is longer"),
        ({"stimulus": np.where(np.arange(100) == 41, np.nan, GOOD)}, ValueError, "NaN or infinity in frame 41 of"),
        ({"stimulus": np.where(np.arange(100) == 41, np.inf, GOOD)}, ValueError, "NaN or infinity in frame 41 of"),
        ({"stimulus": GOOD.astype(complex)}, TypeError, "real numbers"),
        ({"stimulus": np.zeros((1, 2, 3, 4))}, ValueError, "shape"),
        ({"stimulus": np.empty(0)}, ValueError, "shape"),
        ({"stimulus": np.zeros((2, 100, 1))}, ValueError, "one for each of 1 trials, got 2"),
        ({"dt": "1 mV"}, ValueError, "dt must be a time"),
        ({"dt": 0.0}, ValueError, "dt must be positive"),
        ({"window": (-0.2, 0.0)}, ValueError, "must fit into the recording"),
        ({"window": (-0.0105, 0.0)}, ValueError, "window begin must be a whole multiple"),
        ({"window": (0.0, -0.01)}, ValueError, "must end after it begins"),
        ({"window": (0.0, "1 mV")}, ValueError, "window end must be a time"),
        ({"window": 0.01}, ValueError, "pair of times"),
        ({"window": (-0.04, 0.0)}, ValueError, r"none for unit 1 \(1 dropped"),
        ({"trains": one_trial([[0.02], []], 0.1)}, ValueError, "none for unit 1"),
        ({"trains": None}, ValueError, "trains or weights"),
        ({"trains": SpikeTrains.from_arrays([], t_stop=0.1)}, ValueError, "a unit and a trial"),
        ({"weights": np.ones(99)}, ValueError, "100 frames"),
        ({"weights": -np.ones(100)}, ValueError, "not negative"),
        ({"weights": np.full(100, np.nan)}, ValueError, "finite"),
        ({"weights": np.zeros(100)}, ValueError, "none for 'weights'"),
        ({"whiten": True, "ridge": -1.0}, ValueError, "ridge must not be negative"),
        ({"whiten": True, "variance_floor": 1.0}, ValueError, "variance_floor must lie"),
        ({"whiten": True, "stimulus": np.full(100, 0.1)}, ValueError, "stimulus must vary"),
        ({"whiten": True, "stimulus": np.full(100, 1 / 3) * 1e5}, ValueError, "stimulus must vary"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    arguments = {"stimulus": GOOD, "dt": 0.001, "trains": TRAINS, "window": (-0.01, 0.0)} | change
    with pytest.raises(error, match=message):
        spike_triggered_average(**arguments)


def test_weights_of_bins_a_little_longer_than_frames_are_refused():
    import xarray as xr

    x = np.random.default_rng(1).standard_normal(50)
    for width, fits in ((0.001, True), (0.001 * (1 + 1e-12), True), (0.001 * (1 + 1e-7), False)):
        weights = xr.DataArray(np.ones((1, 50)), dims=("trial", "time"), attrs={"bin_size": width})
        if fits:
            spike_triggered_average(x, 0.001, None, weights=weights)
        else:
            with pytest.raises(ValueError, match="weights must have bins as long as dt"):
                spike_triggered_average(x, 0.001, None, weights=weights)


def test_labelled_axes_in_another_order_are_refused():
    """A square stimulus, and as many trials as frames, fit in any order: only the labels can tell."""
    square = np.random.default_rng(1).normal(size=(6, 6))
    trains = SpikeTrains.from_arrays([[0.25, 0.45]], t_stop=0.6)
    labelled = xr.DataArray(square, dims=("time", "dimension"))
    expected = spike_triggered_average(square, 0.1, trains).values
    np.testing.assert_array_equal(spike_triggered_average(labelled, 0.1, trains).values, expected)
    with pytest.raises(ValueError, match="stimulus must have its axis 'time' in place 0, got the axes"):
        spike_triggered_average(labelled.transpose(), 0.1, trains)
    with pytest.raises(ValueError, match="stimulus must have its axis 'frame' in place 1, got the axes"):
        spike_triggered_average(xr.DataArray(np.ones((6, 2, 6)), dims=("frame", "trial", "dimension")), 0.1, trains)
    weights = xr.DataArray(np.tri(6), dims=("trial", "time"))
    cube = np.random.default_rng(2).normal(size=(6, 6, 2))
    assert spike_triggered_average(cube, 0.1, None, weights=weights).sizes["unit"] == 1
    with pytest.raises(ValueError, match="weights must have their axis 'time' last, got the axes"):
        spike_triggered_average(cube, 0.1, None, weights=weights.transpose())
