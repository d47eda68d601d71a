"""Spikes before the start of a network: pending potassium, pending jumps, refractory periods that go on."""

import shutil

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.network import Connections, Population, Projection, SpikeSource
from spikelearn.network.wiring import wire


def small_network(train=(), t_start=0.0, external_delay="0.75 ms", **changes):
    """Four unlike neurons: excitation, inhibition, delays that differ, potassium late, two of them refractory."""
    neuron = sl.AdaptiveLIF(delta_g=0.08, tau_K=60 * ms, t_d=9 * ms)
    vary = {"V_0": np.array([24.0, 29.0, 31.0, 26.0]) * mV, "t_d": np.array([9.0, 0.0, 30.0, 4.0]) * ms}
    pairs = Connections([0, 0, 1, 2, 3, 3], [1, 2, 0, 3, 0, 1])
    weights, delays = [0.8, -1.2, 1.5, 0.7, -0.9, 1.1] * mV, [2.5, 8.0, 1.25, 3.0, 12.0, 2.0] * ms
    projections = [
        Projection("cells", "cells", pairs, weights, delays),
        Projection("input", "cells", Connections([0, 0], [1, 2]), [1.0, -2.0] * mV, external_delay),
    ]
    source = SpikeSource(sl.SpikeTrains.from_arrays([list(train)], t_start=t_start, t_stop=1.0))
    settings = {"vary": vary, "refractory": [0.0, 3.0, 6.0, 0.0] * ms, **changes}
    return sl.Network({"cells": Population(neuron, 4, **settings)}, projections, {"input": source})


def reach(network):
    """How long a spike of each neuron has effects to come: the longest of all its delays and its pause."""
    wiring = wire(network)
    own = np.maximum(wiring.values["t_d"], wiring.values["refractory"])
    sent = [wiring.delay[wiring.rows == i].max(initial=0.0) for i in range(wiring.n)]
    return np.maximum(own, sent)


def test_a_history_equals_the_event_queue(by_forty_digits):
    history = [[-8.6e-3, -6.1e-3, -0.7e-3], [-2.2e-3, -1.1e-3], [-20.5e-3, -7.3e-3, -2.4e-3], [-11.9e-3, 0.0]]
    network = small_network([-0.4e-3, 0.02], t_start=-0.01)
    found = sl.simulate(network, 0.3, initial=sl.Initial(past_spikes=history)).spikes
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    synapses = zip(*(a.tolist() for a in (wiring.rows, wiring.target, wiring.weight, wiring.delay)), strict=True)
    expected = by_forty_digits(values, [*synapses], [[-0.4e-3, 0.02]], 0.3, history=history)
    assert sum(len(train) for train in expected) > 50
    fresh = sl.simulate(network, 0.3).spikes
    for i in range(4):
        np.testing.assert_allclose(found.train(i), expected[i], rtol=1e-10, atol=0)
        # And it matters from the first spike on, for every neuron.
        assert abs(found.train(i)[0] - fresh.train(i)[0]) > 1e-5


@pytest.mark.parametrize("cut", [0.18, 0.19, 0.2])
def test_a_run_that_starts_from_the_spikes_of_another_goes_on_with_it(cut):
    """u, g and the spikes of the last moments of a run say all: shifted in time, it is the rest of that run.

    Times are shifted and the state is taken from a trace: a few units in the last place of 0.5 s, amplified
    by the flow between spikes.
    """
    train = np.array([0.05, cut - 0.7e-3, cut - 0.4e-3, 0.31])
    whole = sl.simulate(small_network(train), 0.5, record=("u", "g"), record_dt=cut)
    u, g = whole.traces["u"].values[1], whole.traces["g"].values[1]
    network = small_network(train - cut, t_start=-cut)
    past = [
        [t - cut for t in spikes if cut - longest < t <= cut]
        for spikes, longest in zip(whole.spikes, reach(network), strict=True)
    ]
    assert sum(map(bool, past)) >= 2
    initial = sl.Initial(u=u * 1000 * mV, g=g, past_spikes=past)
    rest = sl.simulate(network, 0.5 - cut, initial=initial).spikes
    for before, after in zip(whole.spikes, rest, strict=True):
        assert len(after) > 3
        np.testing.assert_allclose(after, before[before > cut] - cut, rtol=0, atol=1e-13)


def test_threads_windows_and_resumption_do_not_matter():
    history = [[-8.6e-3, -6.1e-3], [-2.2e-3], [-20.5e-3, -7.3e-3], [-11.9e-3]]
    network = small_network([-0.4e-3, 0.02], t_start=-0.01)
    initial = sl.Initial(past_spikes=history)
    whole = sl.simulate(network, 0.2, initial=initial).spikes
    # Before some of the history has arrived.
    first = sl.simulate(network, 0.0031, initial=initial)
    second = sl.simulate(network, 0.2, resume=first.state).spikes
    for i in range(4):
        np.testing.assert_array_equal(np.concatenate([first.spikes.train(i), second.train(i)]), whole.train(i))


def test_one_list_is_for_all_neurons_and_what_has_arrived_has_no_effect():
    neuron = sl.AdaptiveLIF(V_0=20 * mV, delta_g=0.3, t_d=5 * ms)
    pairs = Connections([0, 1], [1, 0])
    network = sl.Network(
        {"cells": Population(neuron, 2, {"t_d": [5, 0] * ms})},
        [Projection("cells", "cells", pairs, [1, 2] * mV, [2, 7] * ms)],
    )
    kwargs = {"record": ("u", "g"), "record_dt": 1e-3}
    found = sl.simulate(network, 0.01, initial=sl.Initial(past_spikes=[-2 * ms]), **kwargs).traces
    # Of the spike at -2 ms neuron 0's potassium comes at 3 ms and neuron 1's jump (on 0) at 5 ms; neuron 0's jump
    # came at time 0, and neuron 1's potassium with its spike: both belong to the initial state, which is zero.
    assert (found["g"].values[:4, 0] == [0, 0, 0, 0.3]).all()
    assert (found["g"].values[:, 1] == 0).all()
    free = 0.02 * -np.expm1(-np.arange(10) / 10)
    np.testing.assert_allclose(found["u"].values[:, 1], free, rtol=1e-12, atol=1e-18)
    jump = found["u"].values[5, 0] - found["u"].values[4, 0]
    assert 2e-3 < jump < 3e-3


@pytest.mark.parametrize(
    ("target", "steps"),
    [
        ("numpy", (0.1e-3, 0.05e-3)),
        pytest.param("numpy", (0.02e-3, 0.01e-3), marks=pytest.mark.slow),
        pytest.param("cpp_standalone", (0.05e-3,), marks=pytest.mark.slow),
    ],
)
def test_the_history_on_brian_converges_with_the_step(target, steps):
    """Each arrival and each spike lies in its step, and lags of a few spikes add up: at most three steps, at any step.

    On C++ one step is enough, to see that what is set before the run gets there.
    """
    if target == "cpp_standalone" and shutil.which("g++") is None:
        pytest.skip("no C++ compiler")
    history = [[-8.6e-3, -6.1e-3], [-2.2e-3, -1.1e-3], [-7.3e-3, -2.4e-3], [-11.9e-3]]
    network = small_network([-0.4e-3, 0.02], t_start=-0.01)
    initial = sl.Initial(past_spikes=history)
    duration = 0.06
    exact = sl.simulate(network, duration, initial=initial).spikes
    assert exact.n_spikes > 10
    for dt in steps:
        clock = {"engine": "brian2", "target": target, "dt": dt, "record_dt": dt}
        found = sl.simulate(network, duration, initial=initial, **clock).spikes
        np.testing.assert_array_equal(found.counts(), exact.counts())
        assert max(np.abs(a - b).max() for a, b in zip(found, exact, strict=True)) < 3 * dt


@pytest.mark.parametrize("engine", ["exact", "brian2"])
@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ({"past_spikes": [0.001]}, r"must lie within -longest delay < t <= 0, got 0.001 s"),
        ({"past_spikes": [[-13e-3], [], [], []]}, r"got -0.013 s for its longest delay = 0.009"),
        ({"past_spikes": [[], [], [], [-12e-3]]}, r"got -0.012 s for its longest delay = 0.012 s"),
        ({"past_spikes": [[-1e-3], [-1e-3]]}, "one sequence for each of 4 neurons, got 2"),
        ({"past_spikes": [[], [], [-1e-3], []], "u": 1 * mV}, "u must be 0 for a neuron that is still refractory at"),
    ],
)
def test_what_is_refused(engine, initial, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(small_network(), 0.1, engine=engine, initial=sl.Initial(**initial))


def test_a_state_has_its_own_history():
    state = sl.simulate(small_network(), 0.1).state
    for initial in (sl.Initial(past_spikes=[0.0]), sl.Initial(g=0.1)):
        with pytest.raises(ValueError, match="initial must be left out where a state is resumed"):
            sl.simulate(small_network(), 0.2, resume=state, initial=initial)


def test_a_model_file_gives_past_spikes(tmp_path):
    text = """
title = "A jump that is under way"
[model]
system = "Network"
[model.parameters.populations.pair]
n = 2
V_0 = "0 mV"
[[model.parameters.projections]]
source = "pair"
target = "pair"
connect = { pairs = [[0, 1]] }
weight = "16 mV"
delay = "5 ms"
[initial]
past_spikes = [["-2 ms"], []]
[run]
duration = "10 ms"
[source]
document = "textbook"
citation = "none"
[[expected]]
quantity = "spike_count"
value = [0, 1]
rtol = 0
reason = "The jump of 16 mV crosses the threshold of 15 mV."
"""
    (tmp_path / "late.toml").write_text(text)
    checked = catalogue.check(tmp_path / "late.toml")
    assert len(checked) == 1
    assert (checked["verdict"] == "ok").all()
