"""A state goes on in its own network with its own seed, and in no other."""

import dataclasses
import json

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import (
    Connections,
    FixedInDegree,
    OneToOne,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    load_state,
    save_state,
)


def trains(later=(), first=0.005):
    return sl.SpikeTrains.from_arrays([[first, 0.04, *later], [0.01], [], []], t_start=-0.01, t_stop=1.0)


def network(
    *,
    V_0=17,
    delta_g=0.2,
    refractory=2,
    weight=1,
    delay=1.5,
    seed=0,
    rate=300,
    jump=0.5,
    source=None,
    vary=None,
    k=2,
    pairs=None,
):
    neuron = sl.AdaptiveLIF(V_0=V_0 * mV, delta_g=delta_g)
    return sl.Network(
        {"E": Population(neuron, 4, vary or {}, refractory * ms)},
        [
            Projection("E", "E", FixedInDegree(k), weight * mV, delay * ms),
            Projection("in", "E", pairs or OneToOne(), 2 * mV, 1 * ms),
        ],
        {"in": SpikeSource(trains() if source is None else source)},
        [PoissonInput("E", rate * Hz, jump * mV)],
        seed=seed,
    )


@pytest.fixture(scope="module")
def state():
    return sl.simulate(network(), 0.05, seed=3).state


def joined(first, second):
    return [np.concatenate([first.train(i), second.train(i)]) for i in range(first.n_units)]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"V_0": 17.1}, "parameters"),
        ({"delta_g": 0.1}, "parameters"),
        ({"refractory": 1}, "parameters"),
        ({"vary": {"tau_K": [100, 100, 100, 101] * ms}}, "parameters"),
        ({"weight": 1.0000001}, "weights"),
        ({"weight": np.array([1, 1, 1, 1, 1, 1, 1, 1.5])}, "weights"),
        ({"delay": 1.6}, "delays"),
        ({"seed": 1}, "connections"),
        ({"pairs": Connections([0, 1, 2, 3], [1, 0, 2, 3])}, "connections"),
        ({"k": 3}, "connections, weights, delays"),
        ({"rate": 301}, "Poisson input"),
        ({"jump": 0.4}, "Poisson input"),
        ({"source": trains(first=0.006)}, "external spikes"),
        ({"V_0": 16, "rate": 200}, "parameters, Poisson input"),
    ],
)
def test_a_state_of_another_network_is_refused(state, change, parts):
    other = network(**change)
    with pytest.raises(ValueError, match=f"state of this network, got one of a network with other {parts} before 0.05"):
        sl.simulate(other, 0.1, seed=3, resume=state)


def test_the_same_network_described_in_another_way_goes_on(state):
    same = sl.Network(
        {"other name": Population(sl.AdaptiveLIF(V_0="17 mV", delta_g=0.2), 4, refractory=[2, 2, 2, 2] * ms)},
        [
            Projection("other name", "other name", FixedInDegree(2), [1] * 8 * mV, [1.5] * 8 * ms),
            Projection("x", "other name", OneToOne(), 2 * mV, "1 ms"),
        ],
        {"x": SpikeSource(trains())},
        [PoissonInput("other name", [300] * 4 * Hz, 0.5 * mV)],
        max_rate="20 kHz",
    )
    here, there = (sl.simulate(one, 0.1, seed=3, resume=state).spikes for one in (network(), same))
    assert here == there


def test_the_seed_is_that_of_the_state(state):
    whole = sl.simulate(network(), 0.2, seed=3).spikes
    first = sl.simulate(network(), 0.05, seed=3).spikes
    for seed in (None, 3):
        found = sl.simulate(network(), 0.2, seed=seed, resume=state)
        assert found.provenance["seed"] == 3
        for mine, theirs in zip(joined(first, found.spikes), whole, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match="seed must be left out or 3, that of the state to resume from, got 4"):
        sl.simulate(network(), 0.2, seed=4, resume=state)


def test_a_run_without_a_seed_goes_on_with_the_one_it_drew():
    first = sl.simulate(network(), 0.05)
    second = sl.simulate(network(), 0.2, resume=first.state)
    whole = sl.simulate(network(), 0.2, seed=first.provenance["seed"]).spikes
    for mine, theirs in zip(joined(first.spikes, second.spikes), whole, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_external_spikes_still_to_come_may_be_added(state):
    longer = network(source=trains(later=(0.05, 0.15)))
    whole = sl.simulate(longer, 0.2, seed=3).spikes
    first = sl.simulate(network(), 0.05, seed=3).spikes
    second = sl.simulate(longer, 0.2, seed=3, resume=state).spikes
    for mine, theirs in zip(joined(first, second), whole, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(ValueError, match="other external spikes before 0.05 s"):
        sl.simulate(network(source=trains(later=(0.0499,))), 0.2, seed=3, resume=state)


def test_the_disk_keeps_it(state, tmp_path):
    save_state(state, tmp_path / "state")
    found = load_state(tmp_path / "state")
    assert found.seed == 3
    assert found.fingerprint == state.fingerprint
    again = sl.simulate(network(), 0.1, resume=found)
    assert again.spikes == sl.simulate(network(), 0.1, resume=state).spikes
    # Goes on a second time.
    assert sl.simulate(network(), 0.15, resume=again.state).state.fingerprint.keys() == state.fingerprint.keys()


def test_a_state_that_does_not_say_whose_it_is_is_refused(state, tmp_path):
    save_state(state, tmp_path / "state")
    manifest = tmp_path / "state" / "manifest.json"
    content = json.loads(manifest.read_text())
    # As an earlier version wrote it.
    content["format"] = 1
    del content["seed"], content["fingerprint"], content["digest"]
    manifest.write_text(json.dumps(content))
    for nameless in (load_state(tmp_path / "state"), dataclasses.replace(state, fingerprint={})):
        with pytest.raises(ValueError, match="a state that says of which network it is, got one without"):
            sl.simulate(network(), 0.1, seed=3, resume=nameless)
