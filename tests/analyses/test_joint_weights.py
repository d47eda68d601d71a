"""Joint-count weights: a slow loop over spike pairs, and joint against summed triggering in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import subspace_angles
from scipy.stats import chi2, norm

from spikelearn import SpikeTrains
from spikelearn.analyses import (
    effective_sample_size,
    joint_weights,
    spike_triggered_average,
    spike_triggered_covariance,
    summed_weights,
)


def slow_weights(first, second, bin_size, frames, lags):
    """Every pair of spikes on its own; the weight goes to the later bin."""
    weights = np.zeros(frames, dtype=int)
    for a in first:
        for b in second:
            i, j = int(np.floor(a / bin_size + 1e-9)), int(np.floor(b / bin_size + 1e-9))
            if abs(i - j) <= lags:
                weights[max(i, j)] += 1
    return weights


@pytest.mark.parametrize("lags", [0, 1, 4, 39])
def test_weights_equal_a_loop_over_pairs(lags):
    rng = np.random.default_rng(lags)
    trials = [[np.sort(rng.uniform(0, 0.4, size)) for size in sizes] for sizes in ((30, 5, 40), (0, 3, 7), (12, 1, 0))]
    trains = SpikeTrains.from_trials(trials, t_stop=0.4)
    found = joint_weights(trains, (0, 2), bin_size=0.01, max_lag=lags * 0.01)
    assert found.dims == ("trial", "time")
    for trial, (first, _, second) in enumerate(trials):
        np.testing.assert_array_equal(found.values[trial], slow_weights(first, second, 0.01, 40, lags))
    both = summed_weights(trains, (0, 2), bin_size=0.01).values
    assert both.sum() == sum(len(one) + len(other) for one, _, other in trials)


def test_weights_are_sums_of_joint_psth_bins():
    rng = np.random.default_rng(3)
    trains = SpikeTrains.from_trials(
        [[np.sort(rng.uniform(0, 0.2, 25)) for _ in range(2)] for _ in range(4)], t_stop=0.2
    )
    counts = trains.binned(0.01)
    joint = np.einsum("km,kn->mn", counts[:, 0], counts[:, 1])
    lags = np.abs(np.subtract.outer(np.arange(20), np.arange(20)))
    later = np.maximum.outer(np.arange(20), np.arange(20))
    expected = [joint[(later == t) & (lags <= 3)].sum() for t in range(20)]
    np.testing.assert_array_equal(joint_weights(trains, bin_size=0.01, max_lag=0.03).values.sum(axis=0), expected)


@settings(max_examples=40, deadline=None)
@given(
    first=st.lists(st.integers(0, 99), max_size=15),
    second=st.lists(st.integers(0, 99), max_size=15),
    lags=st.integers(0, 20),
    shift=st.sampled_from([0.0, 0.1, -7.3, 1234.5]),
    rounding=st.sampled_from([0.0, 1e-9, 4e-16]),
)
def test_shifted_times_and_swapped_units_change_nothing(first, second, lags, shift, rounding):
    def weights(units, t_start, nudge):
        arrays = [t_start + np.sort(one) * 0.01 + nudge for one in (first, second)]
        trains = SpikeTrains.from_arrays(arrays, t_start=t_start, t_stop=t_start + 1.0)
        return joint_weights(trains, units, bin_size=0.01, max_lag=lags * 0.01).values

    base = weights((0, 1), 0.0, 0.0)
    np.testing.assert_array_equal(weights((1, 0), shift, rounding), base)
    expected = slow_weights(np.array(first) * 0.01, np.array(second) * 0.01, 0.01, 100, lags)
    np.testing.assert_array_equal(base[0], expected)


def test_effective_sample_size():
    assert effective_sample_size(np.ones((3, 4))) == 12
    assert effective_sample_size(np.zeros(3)) == 0
    assert effective_sample_size([3.0, 1.0]) == 1.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": (0, 0)}, "pair of two different units"),
        ({"units": (0.2, 1.9)}, r"must be a pair of unit numbers, got \(0.2, 1.9\)"),
        ({"units": (False, True)}, "must be a pair of unit numbers"),
        ({"units": 3}, "must be a pair of unit numbers"),
        ({"bin_size": 0.03}, r"bin_size must divide the window .* the nearest that do are 0.025 s and 0.0333"),
        ({"bin_size": 0.0}, "bin_size must be positive"),
        ({"bin_size": "1 mV"}, "bin_size must be a time"),
        ({"max_lag": 0.015}, "max_lag must be a whole multiple"),
        ({"max_lag": -0.01}, "max_lag must be 0 to"),
        ({"max_lag": 0.1}, "max_lag must be 0 to 0.09 s, got 0.1 s"),
    ],
)
def test_bad_input_is_refused(change, message):
    trains = SpikeTrains.from_arrays([[0.01], [0.02]], t_stop=0.1)
    with pytest.raises(ValueError, match=message):
        joint_weights(trains, **({"bin_size": 0.01} | change))


def test_a_unit_that_does_not_exist_and_sums_over_part_of_a_bin_are_refused():
    trains = SpikeTrains.from_arrays([[0.01], [0.02]], t_stop=0.1)
    with pytest.raises(IndexError, match="joint_weights: units must be 0 to 1, got 2"):
        joint_weights(trains, (0, 2), 0.01, 0.02)
    with pytest.raises(ValueError, match="summed_weights: bin_size must divide the window"):
        summed_weights(trains, (0, 1), 0.03)


def test_arguments_by_position_are_those_by_name():
    trains = SpikeTrains.from_arrays([[0.01, 0.05], [0.02]], t_stop=0.1)
    by_name = joint_weights(trains, units=(1, 0), bin_size=0.01, max_lag=0.03)
    np.testing.assert_array_equal(joint_weights(trains, (1, 0), 0.01, 0.03), by_name)


def test_a_last_frame_beyond_the_recording_needs_a_stimulus_that_reaches_there():
    trains = SpikeTrains.from_arrays([[0.01, 0.995]], t_stop=1.0)
    assert spike_triggered_average(np.arange(34.0), 0.03, trains).values.item() == 16.5
    with pytest.raises(ValueError, match="34 frames, got 33: it is shorter"):
        spike_triggered_average(np.arange(33.0), 0.03, trains)


def test_weights_of_other_bins_than_the_stimulus_are_refused():
    trains = SpikeTrains.from_arrays([[0.01], [0.012]], t_stop=0.1)
    weights = joint_weights(trains, bin_size=0.01)
    with pytest.raises(ValueError, match="bins as long as dt"):
        spike_triggered_average(np.zeros(10), 0.02, None, weights=weights)


def trains_from(counts, dt=0.01):
    """Spikes in the middle of their frames: exact counts (units, frames) as SpikeTrains."""
    times = (np.arange(counts.shape[1]) + 0.5) * dt
    return SpikeTrains.from_arrays([np.repeat(times, one) for one in counts], t_stop=counts.shape[1] * dt)


def chi_squared(found, x, weights, expected):
    """Squared distance from the expected average in units of its sampling covariance."""
    rest = x - expected
    spread = (rest * (weights**2)[:, None]).T @ rest / weights.sum() ** 2
    return (found - expected) @ np.linalg.solve(spread, found - expected)


def test_conditionally_independent_cells_share_the_subspace_but_not_the_average():
    # Lag 0, Poisson counts given x, F_c = exp(b_c + a_c k_c'x): the product's average is a_1 k_1 + a_2 k_2 and the
    # sum's is the mean of a_c k_c weighted by the rates; both in span(k_1, k_2), and different vectors in it.
    rng = np.random.default_rng(11)
    x = rng.standard_normal((300_000, 5))
    k = np.eye(5)[:2]
    scale, offset = np.array([0.9, 0.5]), np.array([-1.8, -1.0])
    counts = rng.poisson(np.exp(offset[:, None] + scale[:, None] * (k @ x.T)))
    trains = trains_from(counts)
    joint, summed = joint_weights(trains, bin_size=0.01), summed_weights(trains, bin_size=0.01)
    found = spike_triggered_average(x, 0.01, None, weights=joint).values[0]
    other = spike_triggered_average(x, 0.01, None, weights=summed).values[0]
    rates = np.exp(offset + scale**2 / 2)
    # Each statistic is chi squared with 5 degrees of freedom; false alarm 1e-4 each, n = 300,000 frames.
    bound = chi2.isf(1e-4, 5)
    assert chi_squared(found, x, joint.values[0], scale @ k) < bound
    assert chi_squared(other, x, summed.values[0], (rates * scale) @ k / rates.sum()) < bound
    assert chi_squared(other, x, summed.values[0], scale @ k) > 1000


@pytest.mark.slow
def test_common_noise_shows_a_direction_only_to_joint_weights():
    # A hidden sign e = +-1 makes both cells fire with rate 0.3 (1 + e g(k'x)): neither mean rate depends on x, so
    # summed weights see nothing, but Cov(N_1, N_2 | x) = 0.09 g^2 does.
    rng = np.random.default_rng(12)
    x = rng.standard_normal((200_000, 4))
    gate = np.tanh(2 * x[:, 2])
    rate = 0.3 * (1 + rng.choice([-1, 1], len(x)) * gate)
    counts = rng.poisson(rate, size=(2, len(x)))
    trains = trains_from(counts)
    joint = spike_triggered_covariance(x, 0.01, None, weights=joint_weights(trains, bin_size=0.01), seed=1)
    summed = spike_triggered_covariance(x, 0.01, None, weights=summed_weights(trains, bin_size=0.01), seed=1)
    assert joint["significant"].values.tolist() == [True, False, False, False]
    # Perturbation of an eigenvector: sqrt(1/n_eff)/gap, about 0.02; five times that.
    assert np.degrees(subspace_angles(joint["axes"].values[:1].T, np.eye(4)[:, 2:3]))[0] < 6
    # The test of the summed weights alarms falsely in one of 20 seeds; its eigenvalues lie within 5 widths of 1.
    assert np.abs(summed["eigenvalues"] - 1).max() < 5 * np.sqrt(2 / summed.attrs["n_eff"])


def test_opposite_cells_show_a_direction_only_to_the_product():
    # F_1 = Phi(k'x) and F_2 = Phi(-k'x) add to 1: the sum is flat. The product is Phi (1 - Phi), even in k'x.
    rng = np.random.default_rng(13)
    x = rng.standard_normal((200_000, 4))
    drive = 1.5 * x[:, 0]
    trains = trains_from(rng.poisson(np.vstack([norm.cdf(drive), norm.cdf(-drive)])))
    joint = spike_triggered_covariance(x, 0.01, None, weights=joint_weights(trains, bin_size=0.01), seed=1)
    summed = spike_triggered_covariance(x, 0.01, None, weights=summed_weights(trains, bin_size=0.01), seed=1)
    assert joint["significant"].values.tolist() == [False, False, False, True]
    assert np.degrees(subspace_angles(joint["axes"].values[3:].T, np.eye(4)[:, :1]))[0] < 6
    assert np.abs(summed["eigenvalues"] - 1).max() < 5 * np.sqrt(2 / summed.attrs["n_eff"])


def test_lags_bring_in_shifted_copies_of_the_filter():
    # Two cells with the rate exp(b + k'x_t) of one white stimulus. A pair l frames apart has the mean
    # exp(2b + (k + S_l k)'x), where S_l shifts k into the past by l, so E[w x]/E[w] is the mean of k + S_l k with
    # the weights c_l = m_l exp(|k + S_l k|^2/2), m_0 = 1 and m_l = 2.
    rng = np.random.default_rng(14)
    window, lags = 12, 3
    k = np.zeros(window)
    k[-4:] = [0.1, 0.3, 0.5, 0.2]
    stimulus = rng.standard_normal(400_000)
    x = np.lib.stride_tricks.sliding_window_view(stimulus, window)
    drive = np.concatenate([np.zeros(window - 1), x @ k])
    counts = rng.poisson(np.exp(drive - 1.5), size=(2, len(stimulus)))
    weights = joint_weights(trains_from(counts, 0.001), bin_size=0.001, max_lag=lags * 0.001)
    found = spike_triggered_average(stimulus, 0.001, None, (-0.011, 0.001), weights=weights)
    copies = [k + np.append(k[lag:], np.zeros(lag)) for lag in range(lags + 1)]
    share = np.array([(1 if lag == 0 else 2) * np.exp(one @ one / 2) for lag, one in enumerate(copies)])
    expected = share @ np.array(copies) / share.sum()
    # Frames overlap, so the error is found from 100 blocks, longer than all memory; n = 100, statistic: largest of
    # 12 |t| values, bound 5.5 for a false alarm of about 4e-6 (Student's t, 99 degrees of freedom, 12 lags).
    w = weights.values[0, window - 1 :].astype(float)
    blocks = np.array_split(np.arange(len(w)), 100)
    parts = np.array([(w[block] @ x[block] - expected * w[block].sum()) for block in blocks])
    t = parts.mean(axis=0) / (parts.std(axis=0, ddof=1) / 10)
    assert np.abs(t).max() < 5.5
    np.testing.assert_allclose(found.values[0], w @ x / w.sum(), atol=1e-12)
    # Without lags there is no copy: the average is 2 k, zero where only shifted copies reach.
    assert expected[:8].max() > 0.1


@pytest.mark.parametrize("weights", [[1j] * 10, ["1"] * 10])
def test_weights_that_are_no_real_numbers_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be real numbers, got the type"):
        spike_triggered_average(np.zeros(10), 0.01, None, weights=weights)
