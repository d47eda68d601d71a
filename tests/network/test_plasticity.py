"""Plasticity against sums over pairs of spikes, by hand-counted rules, and under threads, resumption, interruption."""

import dataclasses
import threading

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import (
    Connections,
    FixedInDegree,
    OneToOne,
    Plasticity,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    load_state,
    pair_stdp,
    save_state,
)
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

QUIET = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)
# Sums of some hundred exponentials, each to a few roundings of a time of 1 s over 20 ms.
ROUNDING = 1e-12
A_PLUS, A_MINUS, TAU_PLUS, TAU_MINUS = 0.010e-3, 0.0105e-3, 20e-3, 25e-3


def stdp(**options):
    return pair_stdp(A_PLUS * 1e3 * mV, A_MINUS * 1e3 * mV, TAU_PLUS * 1e3 * ms, TAU_MINUS * 1e3 * ms, **options)


def clamped(pre, post, rule, *, weight=0.5 * mV, delay=1 * ms, refractory=0.0, t_stop=1.0):
    """Synapses from trains onto one neuron, which a strong jump 1 ms after each time in `post` makes fire."""
    sources = {
        "pre": SpikeSource(sl.SpikeTrains.from_arrays(pre, t_stop=t_stop)),
        "post": SpikeSource(sl.SpikeTrains.from_arrays([post], t_stop=t_stop)),
    }
    return sl.Network(
        {"cell": Population(QUIET, 1, refractory=refractory)},
        [
            Projection("pre", "cell", Connections(np.arange(len(pre)), [0] * len(pre)), weight, delay, plasticity=rule),
            Projection("post", "cell", Connections([0], [0]), 100 * mV, 1 * ms),
        ],
        sources=sources,
    )


def pair_sum(arrivals, spikes):
    """All pairs: spikes at or after the arrival strengthen, those before it weaken."""
    lag = spikes[None, :] - arrivals[:, None]
    after = lag >= 0
    return A_PLUS * np.exp(-lag[after] / TAU_PLUS).sum() - A_MINUS * np.exp(lag[~after] / TAU_MINUS).sum()


def random_trains(n, seed):
    rng = np.random.default_rng(seed)
    return [np.sort(rng.uniform(0.0, 0.99, rng.integers(5, 40))) for _ in range(n)]


def test_all_pairs_equal_the_double_sum():
    pre, post = random_trains(20, 1), random_trains(1, 2)[0]
    recording = sl.simulate(clamped(pre, post, stdp()), 1.0)
    np.testing.assert_array_equal(recording.spikes.train(), post + 1e-3)
    expected = [0.5e-3 + pair_sum(train + 1e-3, post + 1e-3) for train in pre]
    np.testing.assert_allclose(recording.weights[:20], expected, rtol=ROUNDING)
    assert recording.weights[20] == 0.1


def test_nearest_pairs_equal_their_own_sum():
    """Every spike meets the latest one of the other side."""
    pre, post = random_trains(20, 3), random_trains(1, 4)[0]
    recording = sl.simulate(clamped(pre, post, stdp(pairing="nearest")), 1.0)
    for train, weight in zip(pre, recording.weights, strict=False):
        expected = 0.5e-3
        for spike in post:
            before = train[train <= spike]
            expected += A_PLUS * np.exp(-(spike - before[-1]) / TAU_PLUS) if len(before) else 0.0
        for arrival in train:
            before = post[post < arrival]
            expected -= A_MINUS * np.exp(-(arrival - before[-1]) / TAU_MINUS) if len(before) else 0.0
        np.testing.assert_allclose(weight, expected, rtol=ROUNDING)


def test_limits_clip_after_every_event():
    """The weight after each event in order, clipped; not the clipped sum."""
    pre, post = random_trains(6, 5), random_trains(1, 6)[0]
    limits = (0.495e-3, 0.512e-3)
    rule = stdp(limits=(limits[0] * 1e3 * mV, limits[1] * 1e3 * mV))
    recording = sl.simulate(clamped(pre, post, rule), 1.0)
    touched = set()
    for train, weight in zip(pre, recording.weights, strict=False):
        w = 0.5e-3
        for t, is_spike in sorted([(t, 0) for t in train] + [(t, 1) for t in post]):
            if is_spike:
                w += A_PLUS * np.exp(-(t - train[train <= t]) / TAU_PLUS).sum()
            else:
                w -= A_MINUS * np.exp(-(t - post[post < t]) / TAU_MINUS).sum()
            touched |= {limit for limit, beyond in zip(limits, (w < limits[0], w > limits[1]), strict=True) if beyond}
            w = min(max(w, limits[0]), limits[1])
        np.testing.assert_allclose(weight, w, rtol=ROUNDING)
    assert touched == set(limits)


def test_an_arrival_and_a_spike_at_one_instant_are_pre_before_post():
    """The arrival is remembered in full by the spike; the spike is not yet seen by the arrival."""
    weights = sl.simulate(clamped([[0.1]], [0.1], stdp()), 0.2).weights
    np.testing.assert_allclose(weights[0], 0.5e-3 + A_PLUS, rtol=1e-15)


def test_a_jump_has_the_weight_from_before_its_arrival():
    """w doubles at every arrival: the jumps are 1, 2 and 4 mV, here apart by a hundred time constants."""
    rule = Plasticity({}, {"w": "2*w"})
    network = clamped([[0.0, 1.0, 2.0]], [2.9], rule, weight=1 * mV, t_stop=3.0)
    recording = sl.simulate(network, 3.0, record=("u", "w"), record_dt=0.1005, synapses=[0])
    times = recording.traces["time"].values
    u = sum(
        np.where(times >= t, jump * np.exp(-(times - t) / 0.01), 0)
        for t, jump in ((0.001, 1e-3), (1.001, 2e-3), (2.001, 4e-3))
    )
    early = times < 2.9
    np.testing.assert_allclose(recording.traces["u"].values[early, 0], u[early], rtol=1e-12, atol=1e-18)
    w = 1e-3 * np.select([times < 0.001, times < 1.001, times < 2.001], [1, 2, 4], 8)
    np.testing.assert_array_equal(recording.traces["w"].values[:, 0], w)
    assert recording.traces["w"].dims == ("time", "synapse")
    assert recording.traces["w"].attrs["units"] == "V"


def test_what_is_recorded_at_the_time_of_an_event_is_the_value_after_it():
    """An arrival at 1/8 s + 1/1024 s and a spike at 1/4 s, both at times of the trace; then nothing more."""
    rule = Plasticity({}, {"w": "2*w"}, {"w": "w/8"})
    step = 2.0**-10
    network = clamped([[0.125]], [0.25 - 1e-3], rule, weight=1 * mV, delay=step)
    recording = sl.simulate(network, 0.5, record=("u", "w"), record_dt=step, synapses=[0])
    times = recording.traces["time"].values
    np.testing.assert_array_equal(recording.spikes.train(), [0.25])
    assert {0.125 + step, 0.25} <= set(times)
    expected = 1e-3 * np.select([times < 0.125 + step, times < 0.25], [1, 2], 0.25)
    np.testing.assert_array_equal(recording.traces["w"].values[:, 0], expected)
    u = recording.traces["u"].values[:, 0]
    assert u[times == 0.125 + step] == 1e-3
    assert u[times == 0.125] == 0.0
    assert u[times == 0.25] == 0.0


def test_in_the_refractory_period_the_jump_is_lost_but_the_arrival_is_learnt():
    """A spike at 0.101 s, an arrival of 100 mV at 0.103 s: no spike, but the weight falls."""
    network = clamped([[0.102]], [0.1], stdp(), weight=100 * mV, refractory=5 * ms)
    recording = sl.simulate(network, 0.2)
    assert recording.spikes.n_spikes == 1
    np.testing.assert_allclose(recording.weights[0], 0.1 - A_MINUS * np.exp(-0.002 / TAU_MINUS), rtol=1e-15)


def test_parallel_synapses_and_self_connections_learn_each_by_itself():
    rule = stdp()
    network = sl.Network(
        {"cell": Population(sl.AdaptiveLIF(V_0=20 * mV, delta_g=0.0), 1)},
        [
            Projection(
                "cell", "cell", Connections([0, 0, 0], [0, 0, 0]), [0.1, 0.2, 0.3] * mV, [3, 5, 5] * ms,
                allow_self=True, plasticity=rule,
            )
        ],
    )  # fmt: skip
    recording = sl.simulate(network, 0.5)
    spikes = recording.spikes.train()
    assert len(spikes) > 20
    for weight, start, delay in zip(recording.weights, (0.1e-3, 0.2e-3, 0.3e-3), (3e-3, 5e-3, 5e-3), strict=True):
        arrivals = spikes + delay
        arrivals = arrivals[arrivals < 0.5]
        np.testing.assert_allclose(weight, start + pair_sum(arrivals, spikes), rtol=ROUNDING)


def learning(n=300):
    """Two populations, three rules and static synapses; the weights matter for the spikes."""
    neuron = sl.AdaptiveLIF(V_0=17 * mV, delta_g=0.2, tau_K=100 * ms, t_d=5 * ms)
    cut = (4 * n) // 5
    homeostatic = Plasticity({"y": 100 * ms}, {"w": "w + up"}, {"w": "w - up*y*abs(w)/(1e3*up)", "y": "y + 1"},
                             {"up": 0.001 * mV}, limits=(-2 * mV, 0 * mV))  # fmt: skip
    trains = sl.SpikeTrains.from_arrays(random_trains(50, 8), t_stop=1.0)
    return sl.Network(
        {"E": Population(neuron, cut, refractory=2 * ms), "I": Population(neuron, n - cut, refractory=1 * ms)},
        [
            Projection("E", "E", FixedInDegree(20), 0.2 * mV, np.repeat([1.5, 2.5], 10 * cut) * ms, plasticity=stdp()),
            Projection("E", "I", FixedInDegree(20), 0.2 * mV, 1 * ms),
            Projection("I", "E", FixedInDegree(10), -0.8 * mV, 0.8 * ms, plasticity=homeostatic),
            Projection("I", "I", FixedInDegree(10), -0.8 * mV, 0.8 * ms),
            Projection("in", "E", FixedInDegree(5), 1 * mV, 0.7 * ms, plasticity=stdp(limits=(0 * mV, 2 * mV))),
        ],
        sources={"in": SpikeSource(trains)},
        poisson=[PoissonInput("E", 1000 * Hz, 0.1 * mV), PoissonInput("I", 500 * Hz, 0.1 * mV)],
    )


def test_threads_do_not_matter_and_weights_do():
    network = learning()
    one = sl.simulate(network, 0.5, seed=3, threads=1)
    start = wire(network)
    moved = one.weights != start.weight
    assert moved[start.learns].mean() > 0.9
    assert not moved[~start.learns].any()
    for threads in (2, 3):
        other = sl.simulate(network, 0.5, seed=3, threads=threads)
        assert other.spikes == one.spikes
        np.testing.assert_array_equal(other.weights, one.weights)
    static = dataclasses.replace(
        network, projections=[dataclasses.replace(p, plasticity=None) for p in network.projections]
    )
    assert sl.simulate(static, 0.5, seed=3).spikes != one.spikes
    assert [rule["synapses"] for rule in one.provenance["plasticity"]] == [4800, 2400, 1200]
    assert one.provenance["plasticity"][0]["on_pre"]["w"] == "w - A_minus*y"


def test_a_saved_state_resumes_bit_for_bit(tmp_path):
    network = learning()
    shown = [0, 17, 4000, 9500, 10199]
    settings = {"seed": 3, "record": ("u", "w"), "record_dt": 0.01, "units": [5, 250], "synapses": shown}
    whole = sl.simulate(network, 0.4, **settings)
    first = sl.simulate(network, 0.1503, **settings)
    save_state(first.state, tmp_path / "state")
    second = sl.simulate(network, 0.4, resume=load_state(tmp_path / "state"), threads=2, **settings)
    for i in range(network.n):
        joined = np.concatenate([first.spikes.train(i), second.spikes.train(i)])
        np.testing.assert_array_equal(joined, whole.spikes.train(i))
    np.testing.assert_array_equal(second.weights, whole.weights)
    np.testing.assert_array_equal(second.state.plastic, whole.state.plastic)
    for name in ("u", "w"):
        joined = np.concatenate([first.traces[name], second.traces[name]])
        np.testing.assert_array_equal(joined, whole.traces[name])
    np.testing.assert_array_equal(whole.traces["synapse"], shown)
    assert (np.ptp(whole.traces["w"].values, axis=0) > 0).sum() >= 3


def test_recorded_weights_end_at_the_last_ones():
    """Synapses keep their numbers although the engine sorts them by delay and by target."""
    network = learning()
    recording = sl.simulate(network, 0.2, seed=3, record="w", record_dt=0.01)
    wiring = wire(network)
    np.testing.assert_array_equal(recording.traces["w"].values[0], wiring.weight)
    again = sl.simulate(network, 0.1900001, seed=3)
    np.testing.assert_array_equal(recording.traces["w"].values[19], again.weights)


def test_a_state_without_plastic_synapses_is_refused_by_a_network_that_has_one():
    plastic = clamped([[0.1]], [0.1], stdp())
    with pytest.raises(
        ValueError, match="must be a state of this network of 1 plastic synapses and their traces, got 0"
    ):
        sl.simulate(plastic, 1.0, resume=sl.simulate(sl.Network({"cell": Population(QUIET, 1)}), 0.1).state)


def test_an_interrupted_run_keeps_its_weights():
    network = learning()
    inputs = network_inputs(wire(network), 3, 1e4)
    stop, nothing, zero = threading.Event(), np.empty(0, dtype=np.int64), np.zeros(network.n)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "stop": stop}
    # Compiled before the clock runs.
    run_network(network_inputs(wire(network), 3, 0.01), 0.01, **settings)
    threading.Timer(0.3, stop.set).start()
    result = run_network(inputs, 1e5, **settings)
    assert result.interrupted
    assert 0 < result.state.time < 1e5
    if result.state.time > 20:
        pytest.skip("a very fast machine: too long to repeat")
    again = sl.simulate(network, result.state.time, seed=3)
    np.testing.assert_array_equal(result.state.plastic[:, 1], again.weights[wire(network).learns])


def test_independent_poisson_trains_drift_as_the_window_predicts():
    """E[dw/dt] = r_pre r_post (A_plus tau_plus - A_minus tau_minus) for independent Poisson trains.

    200 targets with one synapse each, r = 20 and 15 Hz, through T = 20 s. The mean over synapses is compared with the
    drift times T less its start-up: pairs of lag s exist for T - s only. Standard error from the 200 independent
    synapses; |z| < 4.5: false alarm 7e-6. The spread itself is far smaller than the drift, which is asked, too.
    """
    n, duration, r_pre, r_post = 200, 20.0, 20.0, 15.0
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0, duration, rng.poisson(r * duration))) for r in [r_pre] * n + [r_post] * n]
    sources = {
        "pre": SpikeSource(sl.SpikeTrains.from_arrays(trains[:n], t_stop=duration)),
        "post": SpikeSource(sl.SpikeTrains.from_arrays(trains[n:], t_stop=duration)),
    }
    network = sl.Network(
        {"cells": Population(QUIET, n)},
        [
            Projection("pre", "cells", OneToOne(), 0 * mV, 1 * ms, plasticity=stdp()),
            Projection("post", "cells", OneToOne(), 100 * mV, 1 * ms),
        ],
        sources=sources,
    )
    recording = sl.simulate(network, duration)
    change = recording.weights[:n]
    expected = 0.0
    for A, tau in ((A_PLUS, TAU_PLUS), (-A_MINUS, TAU_MINUS)):
        # Trains last 20 s, and arrivals after 19.999 s are missing on both sides alike.
        span = duration - 1e-3
        expected += A * r_pre * r_post * (tau * span - tau**2 * -np.expm1(-span / tau))
    error = change.std(ddof=1) / np.sqrt(n)
    assert abs(change.mean() - expected) < 4.5 * error
    assert abs(expected) > 10 * error
