"""Eqs. (1)-(3) of 002 Q1: the equations that Brian2 is given are the source's, once its sign is put right."""

import numpy as np
import pytest
import sympy
from brian2 import Equations, ms, mV, second
from brian2.parsing.sympytools import str_to_sympy

from spikelearn import AdaptiveLIF, simulate

NEURON = AdaptiveLIF(V_0=24 * mV, delta_g=0.2, tau_K=30 * ms, t_d=11 * ms)
PLAIN = {
    "V_0": 24e-3,
    "theta": 15e-3,
    "Delta": 15e-3,
    "tau": 10e-3,
    "tau_K": 30e-3,
    "delta_g": 0.2,
    "t_d": 11e-3,
}


def test_brian_equations_give_the_trains_of_the_source(scipy_train):
    """Eqs. (2), (3) with jump, delay and reset, against SciPy's integrator written from the source."""
    expected = scipy_train(**PLAIN, duration=0.2)
    measured = simulate(NEURON, 0.2 * second, engine="brian2", target="numpy", dt=0.01 * ms).spikes.train(unit=0)
    assert len(measured) == len(expected) > 5
    # A spike is seen at the end of its step of 0.01 ms, and each arrival inherits that.
    np.testing.assert_allclose(measured, expected, atol=0.15e-3)


def test_voltage_above_rest_is_a_difference():
    """Erratum A1: with u = V + E_L as printed, the reset to E_L would be u = -130 mV and threshold -115 mV."""
    E_L, V_th = -65 * mV, -50 * mV
    assert float(NEURON.to_u(E_L)) == 0.0
    assert float(NEURON.to_u(V_th)) == pytest.approx(float(NEURON.theta))
    assert float(NEURON.to_V(NEURON.theta)) == pytest.approx(-50e-3)
    printed = V_th + E_L
    assert float(printed) == pytest.approx(-115e-3)


def test_equation_of_u_follows_from_the_equation_of_V():
    """The strings that Brian2 gets, read by its own parser, are Eqs. (1) and (2) with u = V - E_L."""
    equations = Equations(NEURON.equations)
    names = {name: sympy.Symbol(name, real=True) for name in ("V", "E_L", "E_K", "V_0", "g", "tau", "tau_K")}
    V, E_L, E_K, V_0, g, tau, tau_K = names.values()
    given = {str(symbol): symbol for symbol in str_to_sympy(equations["u"].expr.code).free_symbols}
    replace = {given["u"]: V - E_L, given["Delta"]: E_L - E_K}
    replace |= {given[name]: names[name] for name in ("V_0", "g", "tau")}
    in_V = (-(V - E_L) + V_0 - g * (V - E_K)) / tau
    assert sympy.simplify(str_to_sympy(equations["u"].expr.code).subs(replace) - in_V) == 0
    decay = str_to_sympy(equations["g"].expr.code)
    assert sympy.simplify(decay.subs({s: names[str(s)] for s in decay.free_symbols}) + g / tau_K) == 0
    assert float(NEURON.Delta) == float(NEURON.theta) == 15e-3
