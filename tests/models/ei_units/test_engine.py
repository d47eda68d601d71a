"""Many units against a plain NumPy loop, against two populations, and in their invariances."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_units.rates import change, unit_rates
from spikelearn.models.ei_units.runner import normals_of


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_plain_numpy_gives_the_same(oracle, units, two_term, noise):
    """Two trials from a mended start; sums are taken in another order, so the same to 1e-12."""
    W0 = units.draw_weights(3, W_EI=(0.12, 0.048))
    run = sl.run_trials(units, two_term, 2, W0, noise=noise, seed=5)
    draw = None if not noise else lambda trial: normals_of(5, 0, trial).standard_normal((20_000, 100))
    A, W = oracle(W0, 2, 1e-5, 1e-5, noise=noise, draw=draw)
    np.testing.assert_allclose(run.rates.values, A, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(run.W_end.values, W, rtol=1e-12, atol=1e-15)
    assert 3 < run.E_trial[0] < 30
    np.testing.assert_allclose(run.I.values, A[:, 80:].mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(run.W_IE.values[-1], W[80:, :80].sum(axis=1).mean(), rtol=1e-12)


def test_the_python_variant(oracle, units, cross):
    W0 = units.draw_weights(3, W_EI=(0.12, 0.048))
    run = sl.run_trials(units, cross, 1, W0, variant="python")
    A, _ = oracle(W0, 1, 2e-5, 0.0, kick=(2500, 2600), window=5000)
    np.testing.assert_allclose(run.rates.values, A, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(2e-4, 0.0), (0.0, 3e-4), (2e-4, 2e-4)])
def test_the_update_entry_by_entry(update_oracle, units, a, b):
    """Weights small enough that floors act, activities on both sides of the set points and of the floor of 1 Hz."""
    rng = np.random.default_rng(2)
    A = np.concatenate([rng.uniform(0, 12, 80), rng.uniform(0, 30, 20)])
    W = units.draw_weights(9, start=(0.01, 0.01))
    rule = sl.rules.TwoTerm(alpha=a, beta=b)
    if not a or not b:
        make = sl.rules.Homeostatic if b else sl.rules.CrossHomeostatic
        rule = make(**{f"alpha_{name}": a + b for name in ("EE", "EI", "IE", "II")})
    new = W[None].copy()
    change(units, unit_rates(units, rule), np.maximum(1.0, A)[None], new)
    floors = units.floors(protocol_of("matlab"))
    new = np.maximum(floors, new[0])
    np.fill_diagonal(new, 0.0)
    np.testing.assert_allclose(new, update_oracle(W, A, a, b), rtol=1e-12, atol=1e-16)
    assert (new == floors).sum() > 500


@pytest.mark.parametrize("sizes", [(7, 13), (5, 20)])
@pytest.mark.parametrize("rule", ["cross", "homeostatic"])
def test_equal_units_are_two_populations(sizes, rule):
    """With equal weights every unit is its population; the rates scale with the number of senders.

    As long as I units that inhibit one another, but not themselves, do not drive each other apart: g_I W_II < n_I - 1.
    """
    n_E, n_I = sizes
    model = sl.EIRates()
    start = (5.0, 1.2, 10.0, 1.6)
    units = sl.EIUnits(model, n_E=n_E, n_I=n_I)
    W0 = np.zeros((units.n, units.n))
    senders = []
    for (name, block), total in zip(units.blocks.items(), start, strict=True):
        W0[block] = total / units.inputs(name)
        senders.append(units.inputs(name))
    np.fill_diagonal(W0, 0)
    rates = dict(zip(("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II"), (1e-3, 2e-3, 3e-3, 4e-3), strict=True))
    shared = {k: v / n for (k, v), n in zip(rates.items(), senders, strict=True)}
    make = {"cross": sl.rules.CrossHomeostatic, "homeostatic": sl.rules.Homeostatic}[rule]
    many = sl.run_trials(units, make(**shared), 12, W0)
    few = sl.run_trials(model, make(**rates), 12, start)
    for name in ("E", "I", "E_trial", "I_trial", "W_EE", "W_EI", "W_IE", "W_II"):
        np.testing.assert_allclose(many[name].values, few[name].values, rtol=1e-9, err_msg=name)
    assert few.E_trial[-1] > 1


def test_a_start_does_not_depend_on_what_runs_beside_it(units, cross):
    W0 = units.draw_weights([0, 1], W_EI=(0.12, 0.048))
    both = sl.run_trials(units, cross, 2, W0, noise=0.1, seed=1)
    alone = sl.run_trials(units, cross, 2, W0[0], noise=0.1, seed=1)
    np.testing.assert_array_equal(both.rates.isel(start=0).values, alone.rates.values)
    assert not np.array_equal(both.rates.isel(start=1).values, alone.rates.values)
    equal = sl.run_trials(units, cross, 1, W0[[0, 0]], noise=0.1, seed=1)
    assert not np.array_equal(*equal.rates.values[0])
    assert both.sizes["start"] == 2
    assert "start" not in alone.dims


def test_a_run_goes_on_bit_for_bit(units, two_term, tmp_path):
    W0 = units.draw_weights([4], W_EI=(0.12, 0.048))
    whole = sl.run_trials(units, two_term, 4, W0, noise=0.1, seed=1)
    sl.run_trials(units, two_term, 2, W0, noise=0.1, seed=1, checkpoint=tmp_path / "c")
    rest = sl.run_trials(units, two_term, 4, W0, noise=0.1, seed=1, checkpoint=tmp_path / "c", resume=True)
    assert rest.equals(whole)
    again = sl.run_trials(units, two_term, 4, W0, noise=0.1, seed=1, checkpoint=tmp_path / "c", resume=True)
    assert again.equals(whole)
    with pytest.raises(ValueError, match=r"seed must be as in the checkpoint"):
        sl.run_trials(units, two_term, 5, W0, noise=0.1, seed=2, checkpoint=tmp_path / "c", resume=True)


def test_relabelling_units_relabels_rates(units, two_term):
    """The order of summation changes, so up to rounding."""
    W0 = units.draw_weights(3, W_EI=(0.12, 0.048))
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(80), 80 + rng.permutation(20)])
    one = sl.run_trials(units, two_term, 2, W0)
    two = sl.run_trials(units, two_term, 2, W0[np.ix_(order, order)])
    np.testing.assert_allclose(two.rates.values, one.rates.values[:, order], rtol=1e-11)


def test_noise_of_every_unit_is_its_own_and_stationary(units, cross):
    """Variance s^2/0.19 over the 100 units after 3 trials: a chi-square, false alarm 1e-4 at 4 standard deviations."""
    from spikelearn.models.ei_units.runner import UnitTrials

    W0 = np.zeros((1, 100, 100))
    runner = UnitTrials(units, unit_rates(units, cross), protocol_of("matlab"), W0, np.zeros((1, 100)), 0.1, 0, 2.0)
    found = []
    for trial in range(1, 4):
        runner.advance(trial)
        found.append(runner.x[0].copy())
    x = np.concatenate(found)
    assert abs(np.mean(x**2) / (0.01 / 0.19) - 1) < 4 * np.sqrt(2 / 300)


@pytest.mark.parametrize("rate", [1e307, -1e307])
def test_weights_that_explode_stop_a_start(units, cross, rate):
    """To either side: the floor must not hide a change of minus infinity. The second start is silent and goes on."""
    W0 = np.stack([units.draw_weights(25), np.zeros((100, 100))])
    rule = sl.Rule(dW=cross.dW, parameters={**cross.parameters, "alpha_EE": rate, "alpha_EI": 0})
    rule.update(units.populations)  # reads the formulas, and loads what warns when it is loaded
    with pytest.warns(RuntimeWarning, match=r"1 of 2 starts diverged and were stopped, the first start 0 diverged in"):
        run = sl.run_trials(units, rule, 1, W0)
    assert np.isnan(run.rates.values[0, 0]).all()
    assert np.isfinite(run.rates.values[0, 1]).all()
    assert run.stopped.values.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"start 0 diverged in trial 1: its weights must stay finite") as caught:
        sl.run_trials(units, rule, 2, W0[:1])
    assert np.isnan(caught.value.dataset.rates).all()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"W0": np.zeros((3, 3))}, r"W0 must have shape \(100, 100\) or \(starts, 100, 100\)"),
        ({"W0": np.full((100, 100), np.nan)}, r"W0 must be finite, got nan"),
        ({"W0": np.ones((100, 100))}, r"W0 must be zero on the diagonal"),
        ({"W0": "x"}, r"W0 must be matrices of weights, got str"),
        ({"engine": "brian2"}, r"EIUnits must be run with engine='array', got 'brian2'"),
        ({"target": "numpy"}, r"target must come with engine='brian2', got 'numpy' with 'array'"),
        ({"target": "numppy"}, r"Brian2 has no target 'numppy'; did you mean 'numpy'"),
        ({"A0": 3}, r"A0 must be two numbers"),
        ({"A0": (-1, 2)}, r"A0 must be finite and not negative"),
        ({"noise": -1}, r"noise must be finite and not negative"),
        ({"rule": sl.rules.LossGradient(alpha=1e-3)}, r"CrossHomeostatic, Homeostatic or TwoTerm, got Rule LossGradi"),
        ({"rule": sl.rules.TwoTerm(alpha=[1, 2], beta=0)}, r"alpha must be one number for EIUnits, got shape \(2,\)"),
    ],
)
def test_what_is_refused(units, cross, settings, match):
    given = {"rule": cross, "n_trials": 1, "W0": np.zeros((100, 100)), **settings}
    with pytest.raises(ValueError, match=match):
        sl.run_trials(units, **given)


def test_what_the_model_refuses():
    with pytest.raises(TypeError, match=r"EIUnits.populations must be a spikelearn.EIRates"):
        sl.EIUnits(3)
    with pytest.raises(ValueError, match=r"EIUnits.n_I must be"):
        sl.EIUnits(n_I=1)
    with pytest.raises(ValueError, match=r"EIUnits has no weight 'W_XE'"):
        sl.EIUnits().inputs("W_XE")
    with pytest.raises(ValueError, match=r"seeds must hold at least one"):
        sl.EIUnits().draw_weights([])


def test_start_weights(units):
    """Means and standard deviations of every block within 5 standard errors over 20 draws."""
    W = units.draw_weights(range(20), W_EI=(0.12, 0.048))
    for name, block in units.blocks.items():
        mean, sd = (0.12, 0.048) if name == "W_EI" else (0.1, 0.04)
        part = W[:, *block]
        used = part[part != 0]
        assert used.size == 20 * units.inputs(name) * part.shape[1]
        assert abs(used.mean() - mean) < 5 * sd / np.sqrt(used.size)
        assert abs(used.std() - sd) < 5 * sd / np.sqrt(2 * used.size)
    np.testing.assert_array_equal(units.draw_weights(7), units.draw_weights([6, 7])[1])
