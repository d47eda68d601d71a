"""The E/I model: fixed points against a root finder and an integrator, regions, the paradoxical effect, refusals."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve

import spikelearn as sl

MODELS = {
    "table_1": sl.EIRates(),
    "non_paradoxical": sl.EIRates.non_paradoxical(),
    "odd": sl.EIRates(g_E=1.7, g_I=2.3, Theta_E=3.0, Theta_I=11.0, I_ext=-1.5, tau_E=20, tau_I=7, E_set=6, I_set=9),
}


def right_side(model, state, weights):
    """Eq. (17) written out once more, from the paper."""
    E, I = state  # noqa: E741
    ee, ei, ie, ii = weights
    return np.array(
        [
            (-E + max(model.g_E * (ee * E - ei * I - model.Theta_E + model.I_ext), 0)) / model.tau_E,
            (-I + max(model.g_I * (ie * E - ii * I - model.Theta_I), 0)) / model.tau_I,
        ]
    )


def test_table_1_is_the_default():
    model = sl.EIRates()
    assert (model.E_set, model.I_set, model.g_E, model.g_I) == (5, 14, 1, 4)
    assert (model.Theta_E, model.Theta_I, model.tau_E, model.tau_I, model.I_ext) == (4.8, 25, 10, 2, 0)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_up_state_is_the_root_of_the_equations(model):
    """Eq. (18) against SciPy's root finder, at weights of no particular set point."""
    for weights in ((5.0, 1.1, 10.0, 1.5), (4.0, 0.9, 9.0, 1.0), (6.0, 1.5, 14.0, 2.0)):
        state = model.up_state(*weights)
        if not state.exists:
            continue
        root = fsolve(lambda s, w=weights: right_side(model, s, w), (float(state.E) * 1.05, float(state.I) * 0.97))
        # fsolve stops at 1.5e-8 relative
        np.testing.assert_allclose([float(state.E), float(state.I)], root, rtol=1e-7)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_setpoint_weights_hold_the_set_point(model):
    """Eq. (24): with these weights Eq. (18) gives the set point back."""
    ee, ie = np.meshgrid(np.linspace(4, 10, 7), np.linspace(7, 20, 8), indexing="ij")
    weights = model.setpoint_weights(ee, ie)
    keep = (weights.W_EI > 0) & (weights.W_II > 0) & (np.abs(model.determinant(*weights)) > 1e-6)
    state = model.up_state(*(w[keep] for w in weights))
    assert keep.sum() > 20
    np.testing.assert_allclose(state.E, model.E_set, rtol=1e-9)
    np.testing.assert_allclose(state.I, model.I_set, rtol=1e-9)


def test_weights_at_one_point_by_hand():
    """W_EI = (4*5 - 4.8)/14 and W_II = (4*(50 - 25)/14 - 1)/4 by pencil."""
    weights = sl.EIRates().setpoint_weights(5, 10)
    np.testing.assert_allclose(weights.W_EI, 15.2 / 14, rtol=1e-15)
    np.testing.assert_allclose(weights.W_II, (100 / 14 - 1) / 4, rtol=1e-15)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_neural_stability_is_the_sign_of_the_eigenvalues(model):
    """Eqs. (22), (23) against eigenvalues of a Jacobian taken by differences of Eq. (17)."""
    rng = np.random.default_rng(5)
    disagreements = checked = 0
    for _ in range(400):
        weights = rng.uniform(0, [8, 3, 20, 4])
        state = model.up_state(*weights)
        if not state.exists or max(state.E, state.I) > 1e4:
            continue
        point = np.array([float(state.E), float(state.I)])
        step = 1e-6 * point
        columns = [
            (right_side(model, point + d, weights) - right_side(model, point - d, weights)) / (2 * d.sum())
            for d in np.diag(step)
        ]
        jacobian = np.column_stack(columns)
        np.testing.assert_allclose(jacobian, model.neural_jacobian(*weights), rtol=1e-5, atol=1e-6)
        disagreements += bool((np.linalg.eigvals(jacobian).real < 0).all()) != bool(state.stable)
        checked += 1
    assert checked > 50
    assert disagreements == 0


def test_stable_point_attracts_and_unstable_point_repels():
    """SciPy's integrator from 1 % beside the set point; the unstable one has C > 0 but the wrong trace."""
    model = sl.EIRates()
    slow_inhibition = model.replace(tau_I=60.0)
    for case, stable in ((model, True), (slow_inhibition, False)):
        weights = case.setpoint_weights(5.0, 10.0)
        assert bool(case.neural_stable(*weights)) is stable
        run = solve_ivp(
            lambda _, s, c=case, w=weights: right_side(c, s, w), (0, 400), [5.05, 14.14], rtol=1e-9, atol=1e-9
        )
        distance = np.hypot(run.y[0, -1] - 5, run.y[1, -1] - 14)
        assert bool(distance < 1e-4) is stable


def test_paradoxical_effect():
    """Lower threshold of I (more input to I) lowers I where x > 0 and raises it where x < 0, Eq. (27)."""
    model = sl.EIRates.non_paradoxical()
    for W_EE, W_IE in ((4.0, 12.0), (1.5, 12.0)):
        weights = model.setpoint_weights(W_EE, W_IE)
        before = model.up_state(*weights)
        after = model.replace(Theta_I=model.Theta_I - 0.1).up_state(*weights)
        assert before.stable
        assert (after.I < before.I) == bool(model.paradoxical(W_EE))
    assert bool(model.paradoxical(4.0))
    assert not bool(model.paradoxical(1.5))


def test_without_external_input_every_stable_set_point_is_paradoxical():
    model = sl.EIRates()
    weights = model.setpoint_weights(*np.meshgrid(np.linspace(0, 10, 101), np.linspace(0, 20, 101)))
    stable = model.neural_stable(*weights)
    assert stable.any()
    assert model.paradoxical(weights.W_EE)[stable].all()


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"g_E": 0.0}, ValueError, "EIRates.g_E must be positive, got 0"),
        ({"tau_I": -2.0}, ValueError, "EIRates.tau_I must be positive, got -2"),
        ({"Theta_E": float("nan")}, ValueError, "EIRates.Theta_E must be finite"),
        ({"E_set": 150.0}, ValueError, "EIRates.E_set must be below E_max = 100"),
        ({"I_set": "14 Hz"}, TypeError, "EIRates.I_set must be a plain number"),
    ],
)
def test_bad_parameters_are_named(arguments, error, match):
    with pytest.raises(error, match=match):
        sl.EIRates(**arguments)


def test_bad_weights_and_points_are_named():
    model = sl.EIRates()
    with pytest.raises(ValueError, match="weight W_EI must not be negative, got -1"):
        model.up_state(5, -1, 10, 1)
    with pytest.raises(ValueError, match="weight W_IE must be finite"):
        model.setpoint_weights(5, np.inf)
    with pytest.raises(ValueError, match=r"positive W_EI \(Eq. \(25\)\)"):
        model.setpoint_weights(1.0, 10.0, check=True)
    with pytest.raises(ValueError, match=r"positive W_II \(Eq. \(26\)\)"):
        model.setpoint_weights(5.0, 1.0, check=True)
    with pytest.raises(ValueError, match=r"must be stable .* got an unstable one at W_EE = 2.2, W_IE = 18"):
        model.setpoint_weights([5.0, 2.2], [10.0, 18.0], check=True)
    with pytest.raises(ValueError, match="did you mean 'Theta_I'"):
        model.replace(theta_I=3.0)


def test_fixed_point_at_zero_determinant_is_nan():
    state = sl.EIRates(Theta_I=1.0).up_state(1.0, 0.0, 5.0, 1.0)
    assert np.isnan(state.E)
    assert not state.exists
    assert not state.stable


def test_an_up_state_beyond_a_cut_off_does_not_exist():
    weights = sl.EIRates().setpoint_weights(5.0, 10.0)
    for cut in ({"E_max": 5.5}, {"I_max": 15.0}):
        inside = sl.EIRates(**cut).up_state(*weights)
        assert inside.exists
        assert inside.stable
        # The same weights with a higher threshold of I have their fixed point above these cut-offs.
        beyond = sl.EIRates(**cut, Theta_I=32.0).up_state(*weights)
        assert sl.EIRates(Theta_I=32.0).up_state(*weights).exists
        assert beyond.E > 5.5
        assert beyond.I > 15.0
        assert not beyond.exists
        assert not beyond.stable
