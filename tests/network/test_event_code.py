"""Machine code of events against Python's own arithmetic on the same tree, unsimplified, and what it costs."""

import ctypes
import gc
import math
import os

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.event_code import event_code
from spikelearn.network import Connections, Plasticity, Population, Projection, RunawayError, SpikeSource

FORMULAS = [
    "x + 2*y - A/3", "x**2 - (-y)**3", "abs(-x)**1.5", "-x**2", "exp(-x)*exp(-x) + log(y)", "sqrt(y)/cosh(x)",
    "sin(x)*cos(y) - tan(A)", "sinh(x) + tanh(y)", "arctan(x)*pi", "x**-1", "2**x", "(x + y)*(x + y)", "+x", "1/3*x",
    "x - y + y", "1e200*x*1e200", "x*(1 - A)**0.5",
]  # fmt: skip


def outcome(formulas, variables, parameters):
    code = event_code(("x", "y"), ("A",), formulas)
    values, given = (ctypes.c_double * 2)(*variables), (ctypes.c_double * 1)(*parameters)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(code.address)
    call(ctypes.addressof(values), ctypes.addressof(given))
    return list(values)


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_are_those_of_python(formula):
    names = {name: getattr(math, name) for name in ("cos", "cosh", "exp", "log", "sin", "sinh", "sqrt", "tan", "pi")}
    names |= {"abs": abs, "tanh": math.tanh, "arctan": math.atan}
    for x, y, A in ((0.3, 1.7, 0.25), (2.5, 0.125, -0.5)):
        expected = eval(formula, names | {"x": x, "y": y, "A": A})  # formulas of this file
        found = outcome((formula, "x"), (x, y), (A,))
        assert found[0] == pytest.approx(expected, rel=4e-16)
        assert found[1] == x, "all formulas read the values before the event"


def test_nothing_is_simplified():
    assert math.isnan(outcome(("x*sqrt(y - 9)**2/9", "y"), (1.0, 3.0), (0.0,))[0])
    assert math.isnan(outcome(("x/y*y", "y"), (1.0, 0.0), (0.0,))[0])
    assert outcome(("x + y - y", "y"), (1e-20, 1.0), (0.0,))[0] == 0.0


def test_both_engines_evaluate_the_same_tree():
    """The text is no number below 9: SymPy would make w*(x - 9)/9 of it."""
    rule = Plasticity(traces={"x": 20 * ms}, on_pre={"x": "x + 1", "w": "w*sqrt(x - 9)**2/9"}, on_post={})
    network = sl.Network(
        {"E": Population(sl.AdaptiveLIF(V_0=1 * mV), 1)},
        [Projection("in", "E", Connections([0], [0]), 1 * mV, 1 * ms, plasticity=rule)],
        {"in": SpikeSource(sl.SpikeTrains.from_arrays([[0.005, 0.01]], t_stop=0.05))},
    )
    with pytest.raises(RunawayError, match="no longer finite"):
        sl.simulate(network, 0.05)
    try:
        weights = sl.simulate(network, 0.05, engine="brian2").weights
    except (ValueError, RunawayError):
        return
    assert np.isnan(weights).all()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory as Linux shows it")
def test_rules_that_are_gone_take_no_memory():
    """Numba kept 1.25 MB for every new text, for ever."""

    def held():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    compile_anew = event_code.__wrapped__
    for k in range(20):
        compile_anew(("w", "a"), ("A",), (f"w + A*a*{k}.5", "a + 1"))
    before = held()
    for k in range(100):
        compile_anew(("w", "a"), ("A",), (f"w + A*a*{k + 100}.5 + exp(-a)", "a + 1"))
    assert (held() - before) / 100 < 1.5e5
