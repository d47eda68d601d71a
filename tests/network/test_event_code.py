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


WHOLE, ADDRESS, NUMBER = ctypes.c_int64, ctypes.c_void_p, ctypes.c_double


def happen(code, rows, parameters, settings, which=None, times=None, t=0.0):
    """Events at rows, in place; the row that is no longer finite, or -1."""
    given, wanted = np.array(parameters), np.array(settings)
    n = len(rows) if which is None else len(which)
    which, times = (
        np.array(value if value is not None else [0], kind) for value, kind in ((which, int), (times, float))
    )
    call = ctypes.CFUNCTYPE(WHOLE, ADDRESS, WHOLE, ADDRESS, ADDRESS, WHOLE, ADDRESS, ADDRESS, NUMBER)(code.address)
    return call(
        rows.ctypes.data,
        rows.shape[1],
        given.ctypes.data,
        wanted.ctypes.data,
        n,
        which.ctypes.data,
        times.ctypes.data,
        t,
    )


def outcome(formulas, variables, parameters):
    """New values of the weight x and the trace y, which has had no time to decay."""
    rows = np.array([[0.0, *variables]])
    code = event_code(("x", "y"), ("A",), formulas, (0,), True)
    happen(code, rows, parameters, [-math.inf, math.inf, 1.0])
    return list(rows[0, 1:])


def test_traces_decay_and_weights_stay_within_their_limits():
    """Seven rows, three of which change at times of their own, then all at once, beside NumPy."""
    rows = np.random.default_rng(1).uniform(0.2, 0.8, (7, 5))
    expected = rows.copy()
    code = event_code(("w", "x", "y", "z"), ("A",), ("w + A*x - y", "x + 1", "y", "0*z + x"), (0, 1, 0))
    taus, limits = np.array([0.02, 0.05, 0.02]), (0.1, 0.9)
    which, times = [5, 0, 2], [1.0, 1.5, 0.9]

    def change(row, t):
        LAST, w, *traces = row
        x, y, z = traces * np.exp(-(t - LAST) / taus)
        return t, min(max(w + 0.7 * x - y, limits[0]), limits[1]), x + 1, y, 0 * z + x

    for row, t in zip(which, times, strict=True):
        expected[row] = change(expected[row], t)
    assert happen(code, rows, [0.7], [*limits, *taus], which, times) == -1
    np.testing.assert_allclose(rows, expected, rtol=1e-15)
    together = event_code(("w", "x", "y", "z"), ("A",), ("w + A*x - y", "x + 1", "y", "0*z + x"), (0, 1, 0), True)
    for row in range(7):
        expected[row] = change(expected[row], 1.51)
    assert happen(together, rows, [0.7], [*limits, *taus], t=1.51) == -1
    np.testing.assert_allclose(rows, expected, rtol=1e-15)
    assert {0.1, 0.9} & set(rows[:, 1]), "no limit was reached"


@pytest.mark.parametrize(
    ("formulas", "bad"), [(("w", "x + A"), math.nan), (("w + A", "x"), 2e9), (("w", "log(x - A)"), 1.0)]
)
def test_a_row_that_is_no_longer_finite_is_named(formulas, bad):
    rows = np.zeros((3, 3))
    rows[:, 2] = 1.0
    code = event_code(("w", "x"), ("A",), formulas, (0,))
    assert happen(code, rows, [bad], [0.0, 1.0, 0.01], [1], [0.0]) == 1
    assert happen(code, rows[:0], [bad], [0.0, 1.0, 0.01], [], []) == -1


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


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory as Linux shows it")
def test_rules_that_are_gone_take_no_memory():
    """Numba kept 1.25 MB for every new text, for ever."""

    def held():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    compile_anew = event_code.__wrapped__
    for k in range(10):
        compile_anew(("w", "a"), ("A",), (f"w + A*a*{k}.5", "a + 1"), (0,))
    before = held()
    for k in range(50):
        compile_anew(("w", "a"), ("A",), (f"w + A*a*{k + 100}.5 + exp(-a)", "a + 1"), (0,))
    assert (held() - before) / 50 < 1.5e5
