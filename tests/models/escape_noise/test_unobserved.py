"""Bins that a trial did not observe are no silent bins of the GLM, nor of the likelihood in continuous time."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import bin_spikes, fit, rescaling_test, sample, to_spike_trains
from spikelearn.models.escape_noise.continuous import continuous_gradient, continuous_log_likelihood

DT = 0.001
CELL = sl.EscapeNoise(tau=500 * ms, tau_adapt=10 * ms, eta_0=0.0, rho_0=20 * Hz)


@pytest.fixture(scope="module")
def unequal():
    """Two independent cells at 20 Hz, 20 trials of 2 s and 20 of 0.5 s."""
    rng = np.random.default_rng(0)
    trials, observed = [], []
    for k in range(40):
        length = 2.0 if k < 20 else 0.5
        spikes = [(np.flatnonzero(rng.random(int(length / DT)) < 20 * DT) + 0.5) * DT for _ in range(2)]
        trials.append(spikes)
        observed.append([0.0, length])
    return sl.SpikeTrains.from_trials(trials, t_stop=2.0, observed=observed)


def test_the_fit_leaves_unobserved_bins_out(unequal):
    found = fit(unequal, CELL, DT, fit_adaptation=False)
    assert found.n_bins == 50000
    # Two weights and two rates, each within 4 standard errors: false alarm below 3e-4. Counted as silence they gave a
    # coupling of 9 standard errors and half the rate.
    off = ~np.eye(2, dtype=bool)
    assert (np.abs(found.W[off]) < 4 * found.W_se[off]).all()
    assert (np.abs(found.v) < 4 * found.v_se).all()


def test_the_fit_is_that_of_the_trials_one_by_one(unequal):
    """The likelihood of unequal trials is the sum of those of equal ones: its gradient vanishes at the fit."""
    found = fit(unequal, CELL, DT, fit_adaptation=False, fit_threshold=False)
    long, short = unequal.select_trials(slice(0, 20)), unequal.select_trials(slice(20, 40)).restrict(0, 0.5)
    assert long.fully_observed
    assert short.fully_observed
    gradient = sum(CELL.gradient(bin_spikes(part, DT), found.W, DT) for part in (long, short))
    np.testing.assert_allclose(gradient[~np.eye(2, dtype=bool)], 0, atol=1e-4)
    value = sum(CELL.log_likelihood(bin_spikes(part, DT), found.W, DT) for part in (long, short))
    assert found.log_likelihood == pytest.approx(value, rel=1e-10)
    assert found.evaluate(unequal) == pytest.approx(value, rel=1e-10)


def test_intensities_are_unknown_where_nothing_was_observed(unequal):
    found = fit(unequal, CELL, DT, fit_adaptation=False)
    r = found.intensities(unequal)
    assert np.isnan(r[20:, 500:]).all()
    assert np.isfinite(r[:20]).all()
    assert np.isfinite(r[20:, :500]).all()
    X = bin_spikes(unequal, DT, unobserved="zero")
    test = rescaling_test(X, r)
    assert (test.p_value > 1e-4).all()
    # What is left out joins up: the test equals that of the observed bins strung together.
    seen = unequal.observed_bins(DT)
    np.testing.assert_array_equal(test.statistic, rescaling_test(X[seen], r[seen]).statistic)
    r[0, 3, 1] = np.nan
    with pytest.raises(ValueError, match="r must be finite"):
        rescaling_test(X, r)


def test_bins_of_unequal_trials_are_refused(unequal):
    with pytest.raises(ValueError, match=r"trial 20 was only in \[0.0, 0.5\] s, and zeros would read as silence"):
        bin_spikes(unequal, DT)
    with pytest.raises(ValueError, match="unobserved must be 'refuse' or 'zero', got 'no'"):
        bin_spikes(unequal, DT, unobserved="no")
    with pytest.raises(TypeError, match="fit: trains must be SpikeTrains, got Recording"):
        import xarray as xr

        fit(sl.Recording(unequal, xr.Dataset()), CELL, DT)


def test_continuous_time_counts_what_was_observed():
    W = np.array([[0.0, 0.7], [-0.3, 0.0]])
    parts = [
        sl.SpikeTrains.from_arrays([[0.3, 0.9], [0.35]], t_start=0.2, t_stop=1.0),
        sl.SpikeTrains.from_arrays([[0.3], [0.1]], t_stop=0.4),
    ]
    both = sl.SpikeTrains.from_trials(
        [[[0.3, 0.9], [0.35]], [[0.3], [0.1]]], t_stop=1.0, observed=[[0.2, 1.0], [0.0, 0.4]]
    )
    value = sum(continuous_log_likelihood(CELL, part, W) for part in parts)
    assert continuous_log_likelihood(CELL, both, W) == pytest.approx(value, rel=1e-13)
    gradient = sum(continuous_gradient(CELL, part, W) for part in parts)
    np.testing.assert_allclose(continuous_gradient(CELL, both, W), gradient, rtol=1e-12)


def test_the_table_of_a_fit_names_units_by_ids():
    cell = sl.EscapeNoise(rho_0=30 * Hz, eta_0=0.0)
    trains = to_spike_trains(sample(cell, np.zeros((2, 2)), 1, 5000, DT, seed=0), DT).with_ids(unit_ids=["a", 905])
    table = fit(trains, cell, DT).summary()
    assert table["unit"].unique().tolist() == ["a", 905]
    assert "W[a, 905]" in table["parameter"].tolist()
