"""Rules of the event order that can be counted by hand, and what a run keeps, resumes and refuses."""

import dataclasses
import threading
import time

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import (
    Connections,
    FixedInDegree,
    FixedProbability,
    OneToOne,
    PoissonInput,
    Population,
    Projection,
    RunawayError,
    SpikeSource,
    load_state,
    save_state,
)
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

QUIET = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)


def driven(trains, connections, weights, delays, *, neuron=QUIET, n=1, refractory=0.0):
    source = SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=1.0))
    return sl.Network(
        {"cells": Population(neuron, n, refractory=refractory)},
        [Projection("input", "cells", connections, weights, delays)],
        sources={"input": source},
    )


def test_a_jump_across_the_threshold_is_a_spike_at_the_arrival():
    network = driven([[0.01, 0.2]], Connections([0], [0]), 15 * mV, 3 * ms)
    np.testing.assert_array_equal(sl.simulate(network, 0.5).spikes.train(), [0.01 + 0.003, 0.2 + 0.003])


@pytest.mark.parametrize(("weights", "spikes"), [([10, 10], 1), ([20, -10], 0), ([-10, 20], 0), ([20, -5], 1)])
def test_jumps_of_one_instant_are_summed_before_the_threshold(weights, spikes):
    network = driven([[0.01], [0.01]], Connections([0, 1], [0, 0]), weights * mV, 3 * ms)
    assert sl.simulate(network, 0.1).spikes.n_spikes == spikes


def test_own_potassium_comes_before_the_jump():
    """Both change different variables: u after the instant is the jump alone, g the arrival alone."""
    neuron = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.5, t_d=5 * ms)
    network = driven([[0.01, 0.015]], Connections([0], [0]), [16] * mV, 3 * ms, neuron=neuron)
    recording = sl.simulate(network, 0.1, record=("u", "g"), record_dt=0.001)
    assert recording.spikes.n_spikes == 2
    assert recording.traces["g"].max() > 0.5


def test_a_spike_of_the_flow_and_an_inhibitory_arrival_at_its_instant():
    """The arrival comes first and prevents the spike; an excitatory one leaves a single spike."""
    neuron = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.0)
    at = float(neuron.time_to_spike())
    train = [[at - 0.003]]
    for weight, first in ((-1.0, False), (0.0, True), (1.0, True)):
        network = driven(train, Connections([0], [0]), weight * mV, 3 * ms, neuron=neuron)
        spikes = sl.simulate(network, 0.02).spikes.train()
        assert (abs(spikes[0] - at) < 1e-15) == first


def test_jumps_in_the_refractory_period_are_lost_and_count_again_at_its_end():
    trains = [[0.010, 0.012, 0.0149, 0.010 + 0.005]]
    network = driven(trains, Connections([0], [0]), 15 * mV, 1 * ms, refractory=5 * ms)
    found = sl.simulate(network, 0.1).spikes.train()
    np.testing.assert_allclose(found, [0.011, 0.016], rtol=1e-15)


def test_conductance_goes_on_during_the_refractory_period():
    neuron = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.3, tau_K=20 * ms)
    network = sl.Network({"cells": Population(neuron, 1, refractory=1000 * ms)})
    recording = sl.simulate(network, 0.2, record=("u", "g"), record_dt=0.001)
    first = recording.spikes.train()[0]
    times = recording.traces["time"].values
    late = times > first
    expected = 0.3 * np.exp(-(times[late] - first) / 0.02)
    np.testing.assert_allclose(recording.traces["g"].values[late, 0], expected, rtol=1e-13)
    assert (recording.traces["u"].values[late] == 0).all()


def balanced(n=400):
    neuron = sl.AdaptiveLIF(V_0=17 * mV, delta_g=0.2, tau_K=100 * ms, t_d=5 * ms)
    cut = (4 * n) // 5
    return sl.Network(
        {"E": Population(neuron, cut, refractory=2 * ms), "I": Population(neuron, n - cut, refractory=1 * ms)},
        [
            Projection("E", "E", FixedInDegree(20), 0.2 * mV, 1.5 * ms),
            Projection("E", "I", FixedProbability(0.05), 0.2 * mV, 1 * ms),
            Projection("I", "E", FixedInDegree(10), -0.8 * mV, 0.8 * ms),
            Projection("I", "I", FixedInDegree(10), -0.8 * mV, 0.8 * ms),
        ],
        poisson=[PoissonInput("E", 1000 * Hz, 0.1 * mV), PoissonInput("I", 500 * Hz, 0.1 * mV)],
    )


def test_threads_and_pieces_do_not_matter_and_seeds_reproduce():
    network = balanced()
    one = sl.simulate(network, 0.5, seed=3, threads=1).spikes
    assert one.n_spikes > 500
    for threads in (2, 3):
        assert sl.simulate(network, 0.5, seed=3, threads=threads).spikes == one
    assert sl.simulate(network, 0.5, seed=4).spikes != one


def test_a_saved_state_resumes_bit_for_bit(tmp_path):
    network = balanced()
    whole = sl.simulate(network, 0.4, seed=3, record="u", record_dt=0.01, units=[5, 350])
    first = sl.simulate(network, 0.1503, seed=3, record="u", record_dt=0.01, units=[5, 350])
    save_state(first.state, tmp_path / "state")
    second = sl.simulate(
        network,
        0.4,
        seed=3,
        record="u",
        record_dt=0.01,
        units=[5, 350],
        resume=load_state(tmp_path / "state"),
        threads=2,
    )
    for i in range(network.n):
        joined = np.concatenate([first.spikes.train(i), second.spikes.train(i)])
        np.testing.assert_array_equal(joined, whole.spikes.train(i))
    traces = np.concatenate([first.traces["u"], second.traces["u"]])
    np.testing.assert_array_equal(traces, whole.traces["u"])
    with pytest.raises(ValueError, match="must hold a recording, got a network_state"):
        sl.Recording.load(tmp_path / "state")


def test_an_interrupted_run_returns_what_was_simulated():
    network = balanced()
    inputs = network_inputs(wire(network), 3, 1e4)
    stop, nothing = threading.Event(), np.empty(0, dtype=np.int64)
    zero = np.zeros(network.n)
    # Compiled before the clock runs.
    short = network_inputs(wire(network), 3, 0.01)
    run_network(short, 0.01, u0=zero, g0=zero, traced=nothing, trace_times=np.empty(0), stop=stop)
    threading.Timer(0.5, stop.set).start()
    begun = time.monotonic()
    result = run_network(inputs, 1e5, u0=zero, g0=zero, traced=nothing, trace_times=np.empty(0), stop=stop)
    assert time.monotonic() - begun < 20
    assert result.interrupted
    assert 0 < result.state.time < 1e5
    again = sl.simulate(network, min(result.state.time, 1.0), seed=3).spikes
    kept = result.times[(result.rows == 7) & (result.times < again.t_stop)]
    np.testing.assert_array_equal(kept, again.train(7))


def test_the_trace_starts_at_the_initial_state_and_follows_the_closed_form():
    neuron = sl.AdaptiveLIF(V_0=10 * mV, delta_g=0.0)
    network = driven([[0.02]], Connections([0], [0]), 1 * mV, 1 * ms, neuron=neuron)
    recording = sl.simulate(network, 0.05, record="V", record_dt=0.001, initial=sl.Initial(u=2 * mV))
    t = recording.traces["time"].values
    u = 0.01 - 0.008 * np.exp(-t / 0.01) + np.where(t >= 0.021, 0.001 * np.exp(-(t - 0.021) / 0.01), 0)
    np.testing.assert_allclose(recording.traces["V"].values[:, 0], u - 0.065, rtol=1e-13)


def test_poisson_input_has_the_moments_of_its_process():
    """u of a leaky membrane under Poisson jumps: mean rate*weight*tau, variance half of rate*weight^2*tau (Campbell).

    n = 4000 independent values; both statistics within 4.5 standard errors: false alarm 1.4e-5.
    """
    n, rate, weight = 4000, 800.0, 0.1e-3
    network = sl.Network(
        {"cells": Population(QUIET, n)}, poisson=[PoissonInput("cells", rate * Hz, weight * 1000 * mV)]
    )
    u = sl.simulate(network, 0.2, seed=11, record="u", record_dt=0.199).traces["u"].values[1]
    variance = rate * weight**2 * 0.01 / 2
    assert abs(u.mean() - rate * weight * 0.01) < 4.5 * np.sqrt(variance / n)
    # Kurtosis excess of shot noise: rate*weight^4*tau/4 over the variance squared.
    excess = (rate * weight**4 * 0.01 / 4) / variance**2
    assert abs(u.var() / variance - 1) < 4.5 * np.sqrt((2 + excess) / n)


def test_several_poisson_inputs_of_one_neuron_keep_their_rates_and_weights():
    """Campbell over all streams of a neuron: mean tau sum(r w), variance tau/2 sum(r w^2); excitation and inhibition.

    Four groups of n = 2000 neurons with two inputs, one, another one and none; the six statistics within 4.5 standard
    errors: false alarm 4e-5 together. 20 time constants after the start.
    """
    n, tau = 2000, 0.01
    rates = {"both": [np.repeat([300.0, 900.0], n), np.repeat([700.0, 0.0], n)], "last": [np.repeat([0.0, 500.0], n)]}
    weights = {"both": [0.2e-3, -0.1e-3], "last": [-0.3e-3]}
    network = sl.Network(
        {"last": Population(QUIET, 2 * n), "both": Population(QUIET, 2 * n)},
        poisson=[
            PoissonInput("both", rates["both"][0] * Hz, weights["both"][0] * 1e3 * mV),
            PoissonInput("last", rates["last"][0] * Hz, weights["last"][0] * 1e3 * mV),
            PoissonInput("both", rates["both"][1] * Hz, weights["both"][1] * 1e3 * mV),
        ],
    )
    u = sl.simulate(network, 0.2, seed=12, record="u", record_dt=0.199).traces["u"].values[1]
    for name in ("last", "both"):
        whole = u[network.units(name)]
        for half in (slice(0, n), slice(n, 2 * n)):
            streams = [(r[half][0], w) for r, w in zip(rates[name], weights[name], strict=True)]
            mean = tau * sum(r * w for r, w in streams)
            variance = tau / 2 * sum(r * w**2 for r, w in streams)
            if variance == 0.0:
                assert not whole[half].any()
                continue
            excess = tau / 4 * sum(r * w**4 for r, w in streams) / variance**2
            assert abs(whole[half].mean() - mean) < 4.5 * np.sqrt(variance / n)
            assert abs(whole[half].var() / variance - 1) < 4.5 * np.sqrt((2 + excess) / n)


def test_connections_have_the_numbers_that_were_asked_for():
    rng = np.random.default_rng(2)
    pre, post = FixedInDegree(12).pairs(50, 40, False, rng, "")
    assert (np.bincount(post, minlength=40) == 12).all()
    assert len(np.unique(pre.astype(int) * 40 + post)) == len(pre)
    pre, post = FixedInDegree(30).pairs(31, 31, True, rng, "")
    assert not (pre == post).any()
    assert len(np.unique(pre.astype(int) * 31 + post)) == 31 * 30
    # 200 x 300 pairs at p = 0.1: 6000 +- 73.5; 4.5 standard deviations, false alarm 7e-6.
    for p in (0.1, 0.6):
        pre, post = FixedProbability(p).pairs(200, 300, False, rng, "")
        assert abs(len(pre) - 60000 * p) < 4.5 * np.sqrt(60000 * p * (1 - p))
        assert len(np.unique(pre.astype(int) * 300 + post)) == len(pre)


def test_compressed_rows_and_brian_synapses_give_the_same_network():
    from brian2 import Network, Synapses

    from spikelearn.brian.session import session

    with session("numpy") as brian:
        group, own = QUIET.brian_objects(4, dt=0.1 * ms)
        synapses = Synapses(group, group, "w : volt", on_pre="u_post += w", dt=0.1 * ms)
        synapses.connect(i=[0, 0, 2], j=[1, 2, 3])
        synapses.w = [1, 2, 3] * mV
        synapses.delay = [1, 2, 3] * ms
        brian.run(Network(group, own, synapses), 0.1 * ms)
        taken = Projection.from_synapses("a", "a", synapses)
    rows = Connections.from_csr([0, 2, 2, 3, 3], [1, 2, 3])
    listed = Projection("a", "a", rows, [1, 2, 3] * mV, [1, 2, 3] * ms)
    first, second = (wire(sl.Network({"a": Population(QUIET, 4)}, [projection])) for projection in (taken, listed))
    for name in ("start", "target", "weight", "delay"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_synapses_of_parts_of_a_group_join_the_neurons_that_they_join():
    """G[2:4] to G[5:8]: neuron 2 drives 5, not 0 drives 0; and the sizes of the populations are compared."""
    from brian2 import Synapses

    from spikelearn.brian.session import session

    with session("numpy"):
        group, _own = QUIET.brian_objects(10, dt=0.1 * ms)
        synapses = Synapses(group[2:4], group[1:9][4:7], "w : volt", on_pre="u_post += w", dt=0.1 * ms)
        with pytest.raises(ValueError, match="must get connected Synapses: call synapses.connect"):
            Projection.from_synapses("a", "a", synapses)
        synapses.connect(i=[0, 0, 1], j=[0, 2, 1])
        synapses.w = [1, 2, 3] * mV
        synapses.delay = [1, 2, 3] * ms
        taken = Projection.from_synapses("a", "a", synapses)
        mute = Synapses(group, group, "w : volt")
        mute.connect(j="i")
        with pytest.raises(ValueError, match="a -> a: synapses must have on_pre"):
            Projection.from_synapses("a", "a", mute)
    listed = Projection("a", "a", Connections([2, 2, 3], [5, 7, 6]), [1, 2, 3] * mV, [1, 2, 3] * ms)
    first, second = (wire(sl.Network({"a": Population(QUIET, 10)}, [projection])) for projection in (taken, listed))
    for name in ("start", "target", "weight", "delay"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    with pytest.raises(ValueError, match="a -> a: populations must have 10 and 10 neurons, .* got 9 and 9"):
        wire(sl.Network({"a": Population(QUIET, 9)}, [taken]))


CELLS = {"cells": Population(QUIET, 3)}
PAIR = Connections([0], [1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Projection("a", "b", PAIR, 1 * mV, 0 * ms), "a -> b: delay must be positive and finite, got 0.0 s"),
        (lambda: Projection("a", "b", PAIR, 1 * mV, [1, -2] * ms), "delay must be positive and finite, got -0.002 s"),
        (lambda: Projection("a", "b", PAIR, 1 * ms, 1 * ms), "weight must be a voltage, such as '1 mV'"),
        (lambda: Projection("a", "b", PAIR, np.nan * mV, 1 * ms), "weight must be finite"),
        (lambda: Projection("a", "b", "all", 1 * mV, 1 * ms), "connections must be one of"),
        (lambda: Population(QUIET, 0), "Population.n must be at least 1"),
        (lambda: Population("LIF", 3), "Population.neuron must be an AdaptiveLIF"),
        (lambda: Population(QUIET, 3, refractory=-1 * ms), "refractory must be finite and not negative"),
        (lambda: Population(QUIET, 3, refractory=[1, 2] * ms), "must be one time or 3"),
        (lambda: PoissonInput("cells", -1 * Hz, 1 * mV), "PoissonInput.rate must be finite and not negative"),
        (lambda: PoissonInput("cells", 1 * Hz, [1, 2] * mV), "PoissonInput.weight must be one finite voltage"),
        (lambda: SpikeSource([0.1]), "SpikeSource.trains must be SpikeTrains"),
        (lambda: FixedProbability(1.5), "must lie in 0 to 1"),
        (lambda: FixedInDegree(-1), "must not be negative"),
        (lambda: sl.Network({}), "at least one population"),
        (lambda: sl.Network(CELLS, max_rate=0 * Hz), "max_rate must be positive"),
        (lambda: sl.Network(CELLS, [Projection("cell", "cells", PAIR, 1 * mV, 1 * ms)]), "did you mean 'cells'"),
        (lambda: sl.Network(CELLS, [Projection("cells", "cel", PAIR, 1 * mV, 1 * ms)]), "no population 'cel'"),
        (lambda: sl.Network(CELLS, poisson=[PoissonInput("x", 1 * Hz, 1 * mV)]), "no population 'x'"),
        (lambda: sl.Network(CELLS, poisson=[PoissonInput("cells", [1, 2] * Hz, 1 * mV)]), "one rate or 3"),
        (lambda: sl.Network(CELLS, sources={"cells": None}), "both a population and a source"),
        (
            lambda: sl.Network(CELLS, [Projection("cells", "cells", FixedInDegree(3), 1 * mV, 1 * ms)]),
            "Projection cells -> cells: FixedInDegree.k must be at most the 2 possible sources, got 3",
        ),
        (lambda: Connections.from_csr([0, 2], [1]), "must rise from 0 to the number of targets"),
    ],
)
def test_what_is_refused_when_it_is_described(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize(
    ("connections", "options", "message"),
    [
        (Connections([0, 1], [1, 1]), {}, "neuron 1 must not connect to itself; pass allow_self=True"),
        (OneToOne(), {}, "must not connect to itself"),
        (Connections([0, 3], [1, 1]), {}, "sources must lie in 0 to 2, got 3"),
        (Connections([0], [-1]), {}, "targets must lie in 0 to 2, got -1"),
        (Connections([0, 1], [1]), {}, "must have the same length"),
        (Connections([0.5], [1]), {}, "must be whole numbers"),
        (PAIR, {"weight": [1, 2] * mV}, "weight must be one value or one for each of 1 synapses"),
        (PAIR, {"delay": [1, 2] * ms}, "delay must be one value or one for each of 1 synapses"),
    ],
)
def test_what_is_refused_when_it_is_wired(connections, options, message):
    settings = {"weight": 1 * mV, "delay": 1 * ms, **options}
    with pytest.raises(ValueError, match=message):
        sl.simulate(sl.Network(CELLS, [Projection("cells", "cells", connections, **settings)]), 0.1)


def test_a_runaway_network_is_stopped_and_the_neurons_named():
    start = SpikeSource(sl.SpikeTrains.from_arrays([[0.001]], t_stop=1.0))
    cascade = sl.Network(
        {"calm": Population(QUIET, 2), "wild": Population(QUIET, 2)},
        [
            Projection("wild", "wild", Connections([0, 0, 1, 1], [0, 1, 0, 1]), 20 * mV, 0.05 * ms, allow_self=True),
            Projection("start", "wild", OneToOne(), 20 * mV, 0.05 * ms),
        ],
        sources={"start": SpikeSource(sl.SpikeTrains.from_arrays([[0.001], [0.00102]], t_stop=1.0))},
    )
    assert start.n == 1
    message = r"runs away: wild\[[01]\].* fired faster than max_rate = 10 kHz through 10 ms after t = "
    with pytest.raises(RunawayError, match=message) as caught:
        sl.simulate(cascade, 1.0, record="u", record_dt=1e-4)
    # What came before is not lost: the recording ends before the stop, and holds what a shorter run would.
    found = caught.value.recording
    assert found.state is None
    reached = found.spikes.t_stop
    assert 0.0011 < reached < 0.012
    whole = sl.simulate(dataclasses.replace(cascade, max_rate="1 MHz"), reached)
    assert found.spikes.counts().sum() > 10
    for a, b in zip(found.spikes, whole.spikes, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(found.traces["time"]) == np.ceil(reached / 1e-4 * (1 - 1e-12))


def test_a_neuron_that_runs_away_at_once_leaves_an_empty_recording():
    trains = sl.SpikeTrains.from_arrays([np.linspace(1e-5, 5e-3, 500)], t_stop=1.0)
    network = sl.Network(
        {"wild": Population(QUIET, 1)},
        [Projection("x", "wild", OneToOne(), 20 * mV, 5 * ms)],
        sources={"x": SpikeSource(trains)},
    )
    with pytest.raises(RunawayError, match="after t = 0 s") as caught:
        sl.simulate(network, 1.0)
    assert caught.value.recording.spikes.counts().sum() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 2}, "n must be left out for a Network"),
        ({"units": [3]}, "units must lie in 0 to 2"),
        ({"engine": "array"}, "no engine 'array'"),
        ({"initial": sl.Initial(past_spikes=[0.0])}, "past_spikes must lie within -longest delay < t <= 0, got 0.0 s"),
        ({"initial": sl.Initial(u=16 * mV)}, "u must lie below the threshold"),
        ({"threads": 0}, "threads must be at least 1"),
    ],
)
def test_what_simulate_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(sl.Network(CELLS), 0.1, **options)


def test_states_that_do_not_fit_are_refused():
    state = sl.simulate(sl.Network(CELLS), 0.1).state
    with pytest.raises(ValueError, match="duration must lie beyond the 0.1 s"):
        sl.simulate(sl.Network(CELLS), 0.1, resume=state)
    with pytest.raises(ValueError, match="must be a state of this network of 2 neurons, got 3"):
        sl.simulate(sl.Network({"cells": Population(QUIET, 2)}), 0.2, resume=state)
    with pytest.raises(ValueError, match="only the exact engine saves states"):
        sl.simulate(sl.Network(CELLS), 0.2, resume=state, engine="brian2")
    with pytest.raises(ValueError, match="has no run argument 'resume'"):
        sl.simulate(QUIET, 0.2, resume=state)


@pytest.mark.parametrize("p", [0.1, 1 / 3, 0.35, 0.6])
def test_a_fixed_probability_gives_a_binomial_number_of_pairs(p):
    """2000 draws of 10 x 10 pairs: mean and variance of their number within 4.5 standard errors (7e-6 each)."""
    draws = 2000
    numbers = [len(FixedProbability(p).pairs(10, 10, False, np.random.default_rng(s), "")[0]) for s in range(draws)]
    mean, variance = 100 * p, 100 * p * (1 - p)
    assert abs(np.mean(numbers) - mean) < 4.5 * np.sqrt(variance / draws)
    fourth = variance * (1 + 3 * (100 - 2) * p * (1 - p))
    assert abs(np.var(numbers) - variance) < 4.5 * np.sqrt((fourth - variance**2) / draws)


def test_a_resumed_run_without_a_trace_time_in_it_has_empty_traces():
    network = sl.Network({"cell": Population(QUIET, 2)})
    state = sl.simulate(network, 0.101, seed=1).state
    rest = sl.simulate(network, 0.102, resume=state, record=("u", "g"), record_dt="5 ms")
    assert rest.traces["u"].shape == rest.traces["g"].shape == (0, 2)


def test_a_network_is_wired_once_in_a_run(monkeypatch, tmp_path):
    """A run, its check, its figure and a second run draw the connections of 1e4 neurons once."""
    from spikelearn.cli import run as commands
    from spikelearn.network import wiring

    (tmp_path / "large.toml").write_text(
        """title = "Ten thousand neurons"
[model]
system = "Network"
[model.parameters]
populations = { E = { n = 10000, V_0 = "20 mV" } }
projections = [{ source = "E", target = "E", connect = { in_degree = 10 }, weight = "0.1 mV", delay = "1 ms" }]
[run]
duration = "5 ms"
[[expected]]
quantity = "population_rates"
value = ["0 Hz"]
""",
        encoding="utf-8",
    )
    drawn = []
    wire = wiring.wire
    monkeypatch.setattr(wiring, "wire", lambda network: drawn.append(network.n) or wire(network))
    commands.run_and_write(str(tmp_path / "large.toml"), tmp_path / "out", engine=None, target="auto", progress=False)
    assert drawn == [10_000]
