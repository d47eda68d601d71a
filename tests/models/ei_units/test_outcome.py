"""What the published many-unit runs show, which starts saturate and why, and what the mended weights change."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_units import (
    balance_slope,
    saturated,
    spread,
    total_weights,
    two_population_trial,
    weight_correlation,
)
from spikelearn.models.ei_units.measures import summed

MENDED = (0.12, 0.048)


@pytest.fixture(scope="module")
def first_trial(units, cross):
    W0 = units.draw_weights(range(40))
    return W0, sl.run_trials(units, cross, 1, W0)


def test_eighteen_of_forty_published_starts_saturate(units, first_trial):
    _, run = first_trial
    found = saturated(units, run)
    assert found.sum() == 18
    ends = run.rates.isel(trial=0).values[found]
    # The running mean starts at zero, so that it has half the cut-offs.
    np.testing.assert_allclose(2 * ends[:, :80], 100, rtol=1e-12)
    np.testing.assert_allclose(2 * ends[:, 80:], 250, rtol=1e-12)
    rest = ~found
    assert (run.E_trial.values[0, rest] > 12).all()
    assert (run.E_trial.values[0, rest] < 44).all()


def test_it_is_the_cut_off_of_the_inhibitory_units(units, cross, first_trial):
    """Without it none of the same starts saturates; lifting the cut-off of E instead saves none."""
    W0, run = first_trial
    free = sl.EIUnits(sl.EIRates(I_max=1e5))
    assert not saturated(free, sl.run_trials(free, cross, 1, W0)).any()
    higher = sl.EIUnits(sl.EIRates(E_max=1e4))
    np.testing.assert_array_equal(saturated(higher, sl.run_trials(higher, cross, 1, W0)), saturated(units, run))


def test_the_sums_alone_foresee_hardly_any_of_it(units, first_trial):
    """Two populations with the summed weights saturate once; the differences between units do the rest, by C."""
    W0, run = first_trial
    found, foreseen = saturated(units, run), two_population_trial(units, W0)[0] > 90
    assert foreseen.sum() == 1
    assert found[foreseen].all()
    C = units.populations.determinant(*total_weights(units, W0))
    assert found[C < 3.6].all()
    assert (C < 3.6).sum() == 11
    assert not found[C > 5.2].any()
    # C of the mean weights is 4.66; the mean over draws within 4 standard errors (two-sided false alarm 6e-5).
    assert abs(C.mean() - 4.66) < 4 * C.std(ddof=1) / np.sqrt(40)


def test_equal_units_with_the_mean_weights_do_not_saturate(units, cross):
    """It is the spread: with standard deviation 0 the same means give an Up state."""
    W0 = units.draw_weights(0, start=(0.1, 0.0))
    run = sl.run_trials(units, cross, 1, W0)
    expected = units.populations.up_state(*total_weights(units, W0))
    assert float(run.E_trial[0]) == pytest.approx(float(expected.E), rel=1e-9)
    assert float(run.E_trial[0]) == pytest.approx(34.06, abs=0.01)


def test_mended_weights_never_saturate(units, cross):
    run = sl.run_trials(units, cross, 1, units.draw_weights(range(25), W_EI=MENDED))
    assert not saturated(units, run).any()
    assert run.E_trial.min() > 7
    assert run.E_trial.max() < 14


def test_measures_on_numbers_counted_by_hand():
    units = sl.EIUnits(n_E=3, n_I=2)
    W = np.zeros((5, 5))
    W[:3, :3] = [[0, 1, 2], [2, 0, 2], [3, 2, 0]]
    W[:3, 3:] = [[1, 0], [1, 1], [2, 1]]
    W[3:, :3] = [[1, 1, 1], [2, 2, 2]]
    W[3:, 3:] = [[0, 4], [1, 0]]
    x, y = summed(units, W, "E")
    np.testing.assert_array_equal(x, [3, 4, 5])
    np.testing.assert_array_equal(y, [1, 2, 3])
    assert weight_correlation(units, W, "E") == pytest.approx(1, abs=1e-15)
    assert weight_correlation(units, W, "I") == pytest.approx(-1, abs=1e-15)
    assert total_weights(units, W) == pytest.approx((4, 2, 4.5, 2.5))


@pytest.mark.slow
def test_the_published_runs_after_250_trials(units, cross, two_term):
    """Seed 1, which does not saturate: means right for both rules, units at their set points for the two-term rule."""
    W0 = units.draw_weights(1)
    run = sl.run_trials(units, cross, 250, W0, noise=0.1, seed=1)
    assert abs(float(run.E[-1]) - 5) < 0.1
    assert abs(float(run.I[-1]) - 14) < 0.5
    assert 2 < spread(run, "E") < 5
    assert 8 < spread(run, "I") < 17
    assert abs(weight_correlation(units, run.W_end.values, "E")) < 0.5
    run = sl.run_trials(units, two_term, 250, W0, noise=0.1, seed=1)
    assert abs(float(run.E[-1]) - 5) < 0.06
    assert abs(float(run.I[-1]) - 14) < 0.3
    assert spread(run, "E") < 0.1
    assert spread(run, "I") < 0.5
    for onto in "EI":
        assert weight_correlation(units, run.W_end.values, onto) > 0.999
        x, y = summed(units, run.W_end.values, onto)
        assert np.polyfit(x, y, 1)[0] == pytest.approx(balance_slope(units), rel=0.02)


def test_at_the_set_points_the_sums_lie_on_a_line_of_the_balance_slope():
    """Whatever comes from E, the sum from I that holds a unit at its set point is on one line: two points of it."""
    for populations in (sl.EIRates(), sl.EIRates(E_set=7.0, I_set=3.0)):
        p = populations

        def from_I(total, p=p):
            # E_set/g_E = total E_set - sum I_set - Theta_E + I_ext
            return (total * p.E_set - p.Theta_E + p.I_ext - p.E_set / p.g_E) / p.I_set

        slope = (from_I(9.0) - from_I(5.0)) / 4.0
        assert balance_slope(sl.EIUnits(populations)) == pytest.approx(slope, rel=1e-12)
