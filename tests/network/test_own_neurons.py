"""Neurons of the user's own equations in networks: against the built-in neuron, against Brian2 by hand, and refused."""

import functools

import brian2 as b
import numpy as np
import pytest

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.network import (
    Connections,
    FixedInDegree,
    FixedProbability,
    Network,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    pair_stdp,
)
from spikelearn.network.tables import build_network

LIF = sl.AdaptiveLIF(V_0="25 mV", delta_g=0.02, t_d="5 ms", tau_K="50 ms")
INTEGRATOR = sl.EquationNeuron("dv/dt = 0*volt/second : volt", "v > 1000*mV", "v = 0*mV")


def as_own_equations(neuron):
    """The built-in neuron written out as if a user had done it."""
    plain = neuron.values()
    units = {"tau": b.second, "tau_K": b.second, "delta_g": 1.0}
    return sl.EquationNeuron(
        neuron.equations,
        neuron.threshold,
        neuron.reset,
        on_spike=neuron.on_arrival,
        delay=neuron.t_d,
        method="rk4",
        parameters={name: value * units.get(name, b.volt) for name, value in plain.items() if name != "t_d"},
    )


def learning_network(excitatory, inhibitory):
    rule = pair_stdp("50 uV", "52 uV", limits=("0 mV", "2 mV"))
    trains = sl.SpikeTrains.from_arrays([[0.01, 0.01001, 0.05], [0.02]], t_stop=1.0)
    return Network(
        {
            "E": Population(excitatory, 20, vary={"V_0": np.linspace(20, 30, 20) * b.mV}),
            "I": Population(inhibitory, 5),
        },
        [
            Projection("E", "E", FixedInDegree(5), "0.5 mV", "1.5 ms", plasticity=rule, onto="u"),
            Projection("E", "I", FixedProbability(0.5), "0.4 mV", "1 ms", onto="u"),
            Projection("I", "E", FixedInDegree(2), "-1 mV", "1 ms", onto="u"),
            Projection("in", "E", FixedInDegree(1), "1 mV", "2 ms", plasticity=rule, onto="u"),
        ],
        sources={"in": SpikeSource(trains)},
    )


@functools.cache
def run_of_the_built_in_neuron():
    options = {"target": "numpy", "record": ["u", "w"], "units": [0, 3, 21]}
    return sl.simulate(learning_network(LIF, LIF), "0.1 s", engine="brian2", **options)


@pytest.mark.parametrize(
    "mixed", [pytest.param(False, id="all own", marks=pytest.mark.slow), pytest.param(True, id="one own")]
)
def test_the_built_in_neuron_as_equations_gives_the_same_run(mixed):
    """Same clock, same arithmetic: spikes and learned weights to the last bit, u to rounding."""
    own = as_own_equations(LIF)
    run = {"target": "numpy", "record": ["u", "w"], "units": [0, 3, 21]}
    expected = run_of_the_built_in_neuron()
    found = sl.simulate(learning_network(own, LIF if mixed else own), "0.1 s", **run)
    assert found.provenance["engine"] == "brian2"
    assert expected.spikes.counts().sum() > 150
    assert found.spikes == expected.spikes
    np.testing.assert_array_equal(found.weights, expected.weights)
    assert np.ptp(found.weights[np.isin(found.targets, range(20))]) > 0.1e-3
    np.testing.assert_array_equal(found.traces.w, expected.traces.w)
    np.testing.assert_allclose(found.traces.u, expected.traces.u, rtol=0, atol=1e-16)


def test_quadratic_neurons_with_stdp_equal_brian2_by_hand():
    """Two quadratic neurons onto a third, by plastic jumps of a variable without a unit."""
    rule = pair_stdp(0.5, 0.4, limits=(0.0, 30.0), unit="1")
    eta = np.array([1.0, 1.3, 0.2])
    network = Network(
        {"all": Population(sl.QuadraticNeuron(), 3, vary={"eta": eta})},
        [Projection("all", "all", Connections([0, 1], [2, 2]), 20.0, "1.5 ms", plasticity=rule, onto="v")],
    )
    found = sl.simulate(network, "0.25 s", dt="50 us", target="numpy", record="v", units=[2])
    with session("numpy"):
        group = b.NeuronGroup(
            3, "dv/dt = (v**2 + eta)/(10*ms) : 1\neta : 1 (constant)", threshold="v > 100", reset="v = -100",
            method="rk4", dt=50 * b.us, namespace={"ms": b.ms},
        )  # fmt: skip
        group.eta = eta
        synapses = b.Synapses(
            group, group,
            "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)",
            on_pre="v_post += w\nx += 1\nw = clip(w - 0.4*y, 0, 30)",
            on_post="y += 1\nw = clip(w + 0.5*x, 0, 30)",
            dt=50 * b.us, delay={"pre": 1.5 * b.ms}, namespace={"ms": b.ms},
        )  # fmt: skip
        synapses.connect(i=[0, 1], j=[2, 2])
        synapses.w = 20.0
        monitor = b.SpikeMonitor(group)
        b.Network(group, synapses, monitor).run(0.25 * b.second, namespace={})
        weights, counts = np.array(synapses.w), np.array(monitor.count)
        trains = [np.array(monitor.spike_trains()[k] / b.second) for k in range(3)]
    assert counts.min() >= 4
    assert np.abs(weights - 20.0).min() > 0.5
    np.testing.assert_allclose(found.weights, weights, rtol=1e-12)
    for k, train in enumerate(found.spikes):
        np.testing.assert_allclose(train, trains[k], rtol=0, atol=1e-9)
    assert found.weight_unit == "1"
    assert found.traces.v.attrs["units"] == "1"


def test_conductances_of_two_kinds_arrive_where_they_belong():
    """One spike of each source: g_e and g_i jump by their weights at 2 and 3 ms and decay by themselves."""
    neuron = sl.EquationNeuron(
        "dv/dt = -v/(10*ms) : volt\ndg_e/dt = -g_e/(5*ms) : siemens\ndg_i/dt = -g_i/(20*ms) : siemens",
        method="exact",
    )
    trains = sl.SpikeTrains.from_arrays([[0.001]], t_stop=1.0)
    network = Network(
        {"cell": Population(neuron, 1)},
        [
            Projection("in", "cell", Connections([0], [0]), "2 nS", "1 ms", onto="g_e"),
            Projection("in", "cell", Connections([0], [0]), "3 nS", "2 ms", onto="g_i"),
        ],
        sources={"in": SpikeSource(trains)},
    )
    traces = sl.simulate(network, "10 ms", target="numpy", record=["g_e", "g_i", "v"]).traces
    t = traces.time.values
    # The arrival counts from the step after the one that holds it.
    for name, size, start, tau in (("g_e", 2e-9, 2e-3, 5e-3), ("g_i", 3e-9, 3e-3, 20e-3)):
        arrived = t > start + 1e-9
        expected = np.where(arrived, size * np.exp(-(t - start - 1e-4) / tau), 0.0)
        np.testing.assert_allclose(traces[name].values[:, 0], expected, rtol=1e-9, atol=1e-20)
    assert not traces.v.values.any()
    assert sl.simulate(network, "10 ms", target="numpy").weight_unit == "S"


def test_poisson_input_has_its_mean_and_variance():
    """400 integrators, 200 events each expected: mean and variance of the sum within 4.5 standard errors (1.4e-5)."""
    network = Network(
        {"cells": Population(INTEGRATOR, 400)}, poisson=[PoissonInput("cells", "1 kHz", "0.1 mV", onto="v")]
    )
    last = sl.simulate(network, "0.2 s", target="numpy", seed=3, record="v").traces.v.values[-1] / 1e-4
    mean = 200.0 * 1999 / 2000
    assert abs(last.mean() - mean) < 4.5 * np.sqrt(mean / 400)
    assert abs(last.var() - mean) < 4.5 * mean * np.sqrt(2 / 400)


def test_a_model_file_reads_equations_of_a_population():
    table = {
        "populations": {
            "E": {
                "n": 3,
                "equations": "dv/dt = (drive - v)/tau : volt",
                "threshold": "v > 15*mV",
                "reset": "v = 0*mV",
                "parameters": {"drive": "20 mV", "tau": "10 ms"},
            }
        },
        "projections": [
            {"source": "E", "target": "E", "connect": {"ring": 1}, "weight": "1 mV", "delay": "1 ms", "onto": "v"}
        ],
        "poisson": [{"population": "E", "rate": "100 Hz", "weight": "1 mV", "onto": "v"}],
    }
    network = build_network(table)
    assert network.own == ("E",)
    assert sl.simulate(network, "0.1 s", target="numpy").spikes.counts().min() >= 6


def test_a_recording_keeps_the_unit_of_its_weights(tmp_path):
    neuron = sl.EquationNeuron("dg/dt = -g/(5*ms) : siemens", "g > 1*nS", "g = 0*nS")
    network = Network(
        {"E": Population(neuron, 2)}, [Projection("E", "E", Connections([0], [1]), "1 nS", "1 ms", onto="g")]
    )
    sl.simulate(network, "5 ms", target="numpy").save(tmp_path / "run")
    loaded = sl.Recording.load(tmp_path / "run")
    assert loaded.weight_unit == "S"
    np.testing.assert_array_equal(loaded.weights, [1e-9])


TWO = sl.EquationNeuron("dv/dt = -v/(10*ms) : volt\ndg/dt = -g/(5*ms) : siemens", "v > 1*mV", "v = 0*mV")


def between(neuron, weight, source=None, **options):
    populations = {"E": Population(neuron, 2), "S": Population(source or LIF, 2)}
    return Network(populations, [Projection("S", "E", Connections([0], [1]), weight, "1 ms", **options)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: between(TWO, "1 mV"), r"Projection S -> E: onto must name the variable that jumps, one of g, v"),
        (lambda: between(TWO, "1 mV", onto="h"), r"variable that jumps \(onto\) 'h'"),
        (lambda: between(TWO, "1 mV", onto="g"), r"Projection S -> E: weight must"),
        (lambda: between(TWO, 1.0, onto="v"), r"Projection S -> E: weight must"),
        (lambda: between(LIF, "1 mV", onto="g"), r"variable that jumps \(onto\) 'g'"),
        (lambda: between(TWO, "nan mV", onto="v"), "weight"),
        (lambda: between(TWO, "1 nS", onto="g", plasticity=pair_stdp("1 uV", "1 uV")), "with the unit S, got V"),
        (
            lambda: between(LIF, "1 mV", source=sl.EquationNeuron("dv/dt = -v/(10*ms) : volt")),
            "source must be neurons that spike",
        ),
        (
            lambda: Population(TWO, 2, refractory="1 ms"),
            r"Population.refractory must be left out for an EquationNeuron",
        ),
        (
            lambda: Network({"E": Population(TWO, 1)}, poisson=[PoissonInput("E", "1 Hz", "1 mV", onto="g")]),
            "PoissonInput: weight must",
        ),
    ],
)
def test_what_does_not_fit_is_refused_where_it_is_described(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("neuron", [sl.EscapeNoise, sl.AdaptiveLIF, 3])
def test_other_neurons_are_refused(neuron):
    with pytest.raises(TypeError, match=r"Population.neuron must be an AdaptiveLIF or an EquationNeuron"):
        Population(neuron, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "exact"}, r"exact engine must have AdaptiveLIF neurons.*population E has equations of its own"),
        ({"record": "u"}, r"record='u' must be of neurons that have it, got population E.*units\('S'\)"),
        ({"dt": "2 ms"}, "delay must be at least one step"),
        ({"initial": sl.Initial(past_spikes="-1 ms")}, "past_spikes must be left out"),
    ],
)
def test_what_such_a_network_cannot_do_is_refused_when_it_runs(options, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(between(TWO, "1 mV", onto="v"), "10 ms", **options)


def test_a_name_with_two_units_is_neither_recorded_nor_set():
    network = between(TWO, "1 mV", onto="v")
    assert network.recordable == {"v": "V", "u": "V", "V": "V", "w": "V"}
    with pytest.raises(ValueError, match="variable 'g'"):
        sl.simulate(network, "1 ms", record="g")
    with pytest.raises(ValueError, match="variable 'g'"):
        sl.simulate(network, "1 ms", initial=sl.Initial(g=0.1))


def test_a_variable_called_w_is_not_taken_for_the_weight():
    neuron = sl.EquationNeuron("dw/dt = -w/(10*ms) : volt", "w > 1*volt", "w = 0*volt")
    network = Network(
        {"E": Population(neuron, 2)}, [Projection("E", "E", Connections([0], [1]), "1 mV", "1 ms", onto="w")]
    )
    with pytest.raises(ValueError, match=r"record='w' must mean the weights alone: give the w of population E another"):
        sl.simulate(network, "10 ms", target="numpy", record="w")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_run_that_leaves_the_numbers_is_refused():
    neuron = sl.EquationNeuron("dv/dt = v**2/(0.1*ms) + 1000/second : 1", method="euler")
    with pytest.raises(ValueError, match=r"v of E\[0\] must stay finite"):
        sl.simulate(Network({"E": Population(neuron, 2)}), "0.1 s", target="numpy", initial=sl.Initial(v=1.0))


def test_the_start_reaches_those_who_have_the_variable():
    network = Network({"E": Population(TWO, 2), "S": Population(LIF, 2)})
    start = sl.Initial(v=[0.1, 0.2, 9.0, 9.0] * b.mV, u=[9.0, 9.0, 3.0, 4.0] * b.mV)
    traces = sl.simulate(network, "1 ms", target="numpy", initial=start, record="v", units=[0, 1]).traces
    np.testing.assert_allclose(traces.v.values[0], [1e-4, 2e-4])
    traces = sl.simulate(network, "1 ms", target="numpy", initial=start, record="u", units=[2, 3]).traces
    np.testing.assert_allclose(traces.u.values[0], [3e-3, 4e-3])
    with pytest.raises(ValueError, match=r"Initial.u"):
        sl.simulate(network, "1 ms", target="numpy", initial=sl.Initial(u="20 mV"))
