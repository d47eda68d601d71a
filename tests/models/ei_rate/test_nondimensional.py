"""Eqs. (30) to (37): the scaled system is the dimensional one, and so are its eigenvalues."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_rate.model import Weights
from spikelearn.models.ei_rate.nondimensional import Nondimensional

MODEL = sl.EIRates(g_E=1.3, g_I=3.1, I_ext=0.7, tau_E=12, tau_I=3)
RULE = sl.rules.Homeostatic(alpha_EE=0.02, alpha_EI=0.01, alpha_IE=0.03, alpha_II=0.005)


def scaled(form, weights):
    return Weights(*(w / s for w, s in zip(weights, form.weight_scales, strict=True)))


def test_eq_30_is_the_dimensional_system():
    form = Nondimensional.of(MODEL, RULE)
    E, I = 4.1, 15.2  # noqa: E741
    weights = Weights(*(np.asarray(w) for w in (5.0, 1.1, 10.0, 1.5)))
    got = form.derivatives(E / MODEL.E_set, I / MODEL.I_set, scaled(form, weights))
    dE = (-E + MODEL.g_E * (5.0 * E - 1.1 * I - MODEL.Theta_E + MODEL.I_ext)) / MODEL.tau_E
    dI = (-I + MODEL.g_I * (10.0 * E - 1.5 * I - MODEL.Theta_I)) / MODEL.tau_I
    changes = RULE.update(MODEL)(E, I, *weights)
    scales = (MODEL.E_set, MODEL.I_set, *form.weight_scales)
    want = [form.tau_0 * value / scale for value, scale in zip((dE, dI, *changes), scales, strict=True)]
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_eq_32_is_the_up_state_and_eq_35_its_inverse():
    form = Nondimensional.of(MODEL, RULE)
    weights = Weights(*(np.asarray(w) for w in (5.0, 1.1, 10.0, 1.5)))
    state = MODEL.up_state(*weights)
    e, i = form.quasi_steady(scaled(form, weights))
    np.testing.assert_allclose([e, i], [state.E / MODEL.E_set, state.I / MODEL.I_set], rtol=1e-12)
    point = scaled(form, MODEL.setpoint_weights(5.0, 10.0))
    np.testing.assert_allclose(form.setpoint_weights(point.W_EE, point.W_IE), point, rtol=1e-12)
    np.testing.assert_allclose(form.quasi_steady(point), [1, 1], rtol=1e-12)


def test_eqs_36_and_37_give_the_dimensional_eigenvalues_and_need_the_weight_scales():
    """Erratum E12: with the weights unscaled the eigenvalues differ, so the scales are part of the result."""
    form = Nondimensional.of(MODEL, RULE)
    ee, ie = np.meshgrid(np.linspace(3, 9, 9), np.linspace(8, 19, 9), indexing="ij")
    verdict = sl.stability(MODEL, RULE, W_EE=ee, W_IE=ie)
    point = scaled(form, verdict.weights)
    got = np.sort_complex(form.eigenvalues(point.W_EE, point.W_IE)[verdict.valid] / form.tau_0)
    want = np.sort_complex(verdict.eigenvalues[..., :2][verdict.valid])
    np.testing.assert_allclose(got, want, rtol=1e-9)  # two roots of one quadratic, each with a cancellation
    unscaled = np.sort_complex(form.eigenvalues(ee, ie)[verdict.valid] / form.tau_0)
    assert np.abs(unscaled / want - 1).min() > 0.01


def test_e13_the_figures_are_outside_the_quasi_steady_state():
    equal = sl.rules.Homeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    form = Nondimensional.of(sl.EIRates(), equal)
    assert form.tau_0 == pytest.approx(1 / 1.4)
    assert form.tau_0 < sl.EIRates().tau_I < sl.EIRates().tau_E


def test_refusals():
    with pytest.raises(ValueError, match="must be Homeostatic, got TwoTerm"):
        Nondimensional.of(MODEL, sl.rules.TwoTerm(alpha=1, beta=1))
    with pytest.raises(ValueError, match="alpha_EE must be positive"):
        Nondimensional.of(MODEL, sl.rules.Homeostatic(alpha_EE=-1, alpha_EI=1, alpha_IE=1, alpha_II=1))
