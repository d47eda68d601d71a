"""What a rule of plasticity may not be, each with its message; and units of formulas."""

import numpy as np
import pytest
from brian2 import Hz, mA, ms, mV, second, volt

import spikelearn as sl
from spikelearn.formulas.units import unit_of
from spikelearn.network import (
    Connections,
    OneToOne,
    Plasticity,
    Population,
    Projection,
    RunawayError,
    SpikeSource,
    pair_stdp,
)

GOOD = {
    "traces": {"x": 20 * ms, "y": "20 ms"},
    "on_pre": {"x": "x + 1", "w": "w - A*y"},
    "on_post": {"y": "y + 1", "w": "w + A*x"},
    "parameters": {"A": 0.01 * mV},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"traces": ["x"]}, r"Plasticity.traces must map names to values, got \['x'\]"),
        ({"traces": {"w": 1 * ms}}, "Plasticity.traces must not use the name 'w' of the weight or a trace"),
        ({"traces": {"x": 1 * ms, "t": 1 * ms}}, "must not use the name 't', which means something in equations"),
        ({"traces": {"x": 1 * ms, "_y": 1 * ms}}, "must not use the name '_y', which means something in equations"),
        ({"traces": {"x": 1 * ms, "y z": 1 * ms}}, "traces must have names that formulas can use, got 'y z'"),
        ({"traces": {"x": 1 * ms, "class": 1 * ms}}, "must have names that formulas can use, got 'class'"),
        ({"traces": {"x": 0 * ms, "y": 1 * ms}}, r"Plasticity.traces\['x'\] must be one positive, finite time, got 0"),
        ({"traces": {"x": -1 * ms, "y": 1 * ms}}, r"Plasticity.traces\['x'\] must be one positive, finite time"),
        ({"traces": {"x": np.inf * ms, "y": 1 * ms}}, r"traces\['x'\] must be one positive, finite time"),
        ({"traces": {"x": [1, 2] * ms, "y": 1 * ms}}, r"traces\['x'\] must be one positive, finite time"),
        ({"traces": {"x": 1 * mV, "y": 1 * ms}}, r"Plasticity.traces\['x'\] must be a time, such as '1 s', got 1"),
        ({"parameters": {"A": 1 * mV, "x": 1}}, "parameters must not use the name 'x' of the weight or a trace"),
        ({"parameters": {"A": 1 * mV, "mV": 1}}, "parameters must not use the name 'mV', which means something"),
        ({"parameters": {"A": np.nan * mV}}, r"Plasticity.parameters\['A'\] must be one finite number"),
        ({"parameters": {"A": [1, 2] * mV}}, r"Plasticity.parameters\['A'\] must be one finite number"),
        ({"parameters": {"A": "much"}}, r"Plasticity.parameters\['A'\]: a quantity must start with a number"),
        ({"parameters": {"A": None}}, r"Plasticity.parameters\['A'\]"),
        ({"on_pre": {"z": "x"}}, "Plasticity.on_pre has no variable 'z'. Known: w, x, y"),
        ({"on_post": {"A": "A"}}, "Plasticity.on_post has no variable 'A'"),
        ({"on_pre": {"w": "w - B*y"}}, r"Plasticity.on_pre\['w'\] has no name 'B'.* Known: A, w, x, y"),
        ({"on_pre": {"w": "w - A*y if x else w"}}, r"Plasticity.on_pre\['w'\] must be arithmetic of names"),
        ({"on_pre": {"w": "__import__('os').getpid()"}}, r"on_pre\['w'\] must be arithmetic of names and functions"),
        ({"on_pre": {"w": "w + A*erf(x)"}}, r"on_pre\['w'\] has no function 'erf'. Known: abs, arctan"),
        ({"on_pre": {"w": "w +"}}, r"on_pre\['w'\] must be a formula"),
        ({"on_pre": {"w": 0.5}}, r"on_pre\['w'\] must be text, got float"),
        ({"on_pre": {"w": "y"}}, r"Plasticity.on_pre\['w'\] must be a voltage, got 'y' with no unit"),
        ({"on_post": {"w": "w*w"}}, r"Plasticity.on_post\['w'\] must be a voltage, got 'w\*w' with"),
        ({"on_pre": {"x": "w"}}, r"Plasticity.on_pre\['x'\] must have no unit, got 'w' with the unit volt"),
        ({"on_pre": {"w": "w - y"}}, r"must add like to like, got 'w - y': 'w' has the unit volt and 'y' has no unit"),
        ({"on_pre": {"w": "A*exp(-w)"}}, r"on_pre\['w'\]: '-w' must be a pure number there, but has the unit volt"),
        ({"on_pre": {"w": "A*2**w"}}, r"on_pre\['w'\]: 'w' must be a pure number there, but has the unit volt"),
        ({"on_pre": {"w": "A**x"}}, r"must raise 'A', which has the unit volt, to a plain number only"),
        ({"on_pre": {"x": "x + 1"}, "on_post": {}}, "Plasticity must change w in on_pre or in on_post"),
        ({"limits": (1 * mV, 0 * mV)}, "Plasticity.limits must rise, got 1"),
        ({"limits": (1 * mV, 1 * mV)}, "Plasticity.limits must rise"),
        ({"limits": ("0 mV", "nan mV")}, "must start with a number"),
        ({"limits": (0 * mV, [1, 2] * mV)}, "Plasticity.limits must rise"),
        ({"limits": 1 * mV}, "Plasticity.limits must be two voltages"),
        ({"limits": (0 * mV, 1 * mA)}, "Plasticity.limits must be a voltage, such as '1 mV'"),
    ],
)
def test_rules_that_are_refused(changes, message):
    Plasticity(**GOOD)
    with pytest.raises((ValueError, TypeError), match=message):
        Plasticity(**{**GOOD, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairing": "some"}, "pair_stdp.pairing must be 'all' or 'nearest', got 'some'"),
        ({"mu_plus": -1.0}, "pair_stdp.mu_plus must not be negative, got -1"),
        ({"mu_minus": 0.5}, "pair_stdp.mu_minus must be 0 where there are no limits, got 0.5"),
        ({"A_plus": 0.01}, r"Plasticity.on_post\['w'\] must add like to like"),
        ({"tau_plus": "0 ms"}, r"Plasticity.traces\['x'\] must be one positive"),
    ],
)
def test_pair_rules_that_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        pair_stdp(**{"A_plus": 0.01 * mV, "A_minus": 0.01 * mV, **changes})


@pytest.mark.parametrize(
    ("plasticity", "weight", "message"),
    [
        ("stdp", 1 * mV, "Projection a -> a: plasticity must be a Plasticity, got str"),
        (Plasticity(**GOOD, limits=(0 * mV, 1 * mV)), [0.5, 1.5] * mV,
         "Projection a -> a: weight must lie within the limits 0. V to 1. mV of its plasticity, got 1.5 mV"),
        (Plasticity(**GOOD, limits=(0 * mV, 1 * mV)), -1 * mV, "must lie within the limits .* got -1 mV"),
        (None, 1e10 * volt, r"weight must be finite and below 1e\+09 V"),
    ],
)  # fmt: skip
def test_projections_that_are_refused(plasticity, weight, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Projection("a", "a", Connections([0, 1], [1, 0]), weight, 1 * ms, plasticity=plasticity)


def test_recordings_of_weights_that_are_refused():
    network = sl.Network(
        {"a": Population(sl.AdaptiveLIF(), 2)}, [Projection("a", "a", Connections([0], [1]), 1 * mV, 1 * ms)]
    )
    for engine in ("exact", "brian2"):
        with pytest.raises(ValueError, match="synapses must lie in 0 to 0, got 0 to 1"):
            sl.simulate(network, 0.01, record="w", synapses=[1, 0], engine=engine)
        with pytest.raises(ValueError, match="synapses must be left out where record does not have 'w'"):
            sl.simulate(network, 0.01, record="u", synapses=[0], engine=engine)
        recording = sl.simulate(network, 0.01, record="w", record_dt=2e-3, engine=engine)
        np.testing.assert_array_equal(recording.traces["w"], np.full((5, 1), 1e-3))
    with pytest.raises(ValueError, match="has no run argument 'synapses'"):
        sl.simulate(sl.AdaptiveLIF(), 0.1, synapses=[0])


def test_a_weight_that_becomes_infinite_is_named_by_its_number():
    """The second of three synapses, on two threads: the engine sorts them otherwise."""
    n = 200
    broken = Plasticity({"x": 1 * second}, {"x": "x + 1", "w": "w*exp(1000*x)"}, limits=(0 * mV, 2 * mV))
    still = Plasticity({}, {"w": "w"})
    trains = sl.SpikeTrains.from_arrays([[0.01], [0.02, 0.021], [0.03]], t_stop=1.0)
    network = sl.Network(
        {"cells": Population(sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0), n)},
        [
            Projection("in", "cells", Connections([2, 0], [3, n - 1]), 1 * mV, [3, 1] * ms, plasticity=still),
            Projection("in", "cells", Connections([1], [n - 2]), 1 * mV, 2 * ms, plasticity=broken),
        ],
        sources={"in": SpikeSource(trains)},
    )
    sl.simulate(network, 0.0229, threads=2)
    with pytest.raises(ValueError, match=r"of synapse 1 \(in\[1\] -> cells\[198\]\) is no longer finite"):
        sl.simulate(network, 0.1, threads=2)


def test_units_of_formulas():
    units = {"w": volt.dim, "x": (volt / volt).dim, "r": Hz.dim}
    for text, unit in {
        "sqrt(w*w)": volt.dim,
        "abs(-w)": volt.dim,
        "w**(1/2)*w**0.5": volt.dim,
        "w**-1*w**2": volt.dim,
        "x**x + pi": units["x"],
        "w*r/r": volt.dim,
        "1/r": second.dim,
        "log(w/w)": units["x"],
    }.items():
        assert unit_of(text, units, "f") == unit, text


def test_a_weight_that_grows_without_bound_stops_the_run_long_before_infinity():
    train = sl.SpikeTrains.from_arrays([np.linspace(0.01, 0.09, 81)], t_stop=0.1)
    network = sl.Network(
        {"cell": Population(sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0), 1)},
        [Projection("x", "cell", OneToOne(), -1 * mV, 1 * ms, plasticity=Plasticity({}, {"w": "3*w"}))],
        sources={"x": SpikeSource(train)},
    )
    # 3^25 is below 1e12, 3^26 above it.
    with pytest.raises(RunawayError, match=r"synapse 0 .* the weight beyond 1e9 V, after t = ") as caught:
        sl.simulate(network, 0.1)
    assert caught.value.recording.weights[0] == pytest.approx(-1e-3 * 3.0**26, rel=1e-12)
    with pytest.raises(ValueError, match="beyond 1e9 V"):
        sl.simulate(network, 0.1, engine="brian2", target="numpy")
