"""gradient() of networks against forty digits, the forward pass, symmetries and another run."""

import numpy as np
import pytest
from brian2 import ms, mV, volt
from mpmath import mp, mpf

import spikelearn as sl
from spikelearn.derivatives import NoDerivative, NoEffect
from spikelearn.derivatives.runs import describe_network
from spikelearn.eventdriven.sensitivity.passes import forward, read_again
from spikelearn.eventdriven.sensitivity.records import COLUMNS, JUMP
from spikelearn.eventdriven.sensitivity.tangent import no_tangent
from spikelearn.network import Connections, PoissonInput, Population, Projection, SpikeSource, pair_stdp
from spikelearn.network.wiring import wire


def small(n=5, degree=2, seed=5, t_d=3 * ms, tau_K=60 * ms, refractory=0.0, mean=19.0, w=(0.8, -1.2)):
    """Unlike neurons, one in three inhibitory, with an external train."""
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.15, tau_K=tau_K, t_d=t_d)
    pre = np.repeat(np.arange(n), degree)
    post = (pre + np.tile(np.arange(1, degree + 1), n)) % n
    weights = np.where(pre % 3 == 0, w[1], w[0]) * rng.uniform(0.5, 1.5, len(pre)) * mV
    delays = rng.uniform(1.0, 6.0, len(pre)) * ms
    population = Population(neuron, n, {"V_0": (mean + rng.uniform(-3, 3, n)) * mV}, refractory)
    trains = [np.sort(rng.uniform(0, 0.2, 12))]
    return sl.Network(
        {"cells": population},
        [
            Projection("cells", "cells", Connections(pre, post), weights, delays),
            Projection(
                "input",
                "cells",
                Connections(np.zeros(n, dtype=int), np.arange(n)),
                rng.uniform(-1, 2, n) * mV,
                "0.75 ms",
            ),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=1.0))},
    )


def as_reference(network):
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    delays = np.broadcast_to(wiring.delay, wiring.target.shape).tolist()
    external = [wiring.source_times[wiring.source_rows == r].tolist() for r in range(wiring.n, len(wiring.start) - 1)]
    synapses = list(zip(wiring.rows.tolist(), wiring.target.tolist(), wiring.weight.tolist(), delays, strict=True))
    return values, synapses, external


def differences(reference, forty_digits, network, duration, loss, change):
    """Central difference of the loss along one change of (values, synapses, external) to forty digits."""
    with mp.workdps(40):
        e = mpf(10) ** -15
        sides = []
        for sign in (-1, 1):
            values, synapses, external = as_reference(network)
            values = {name: [mpf(x) for x in row] for name, row in values.items()}
            synapses = [[pre, post, mpf(w), mpf(d)] for pre, post, w, d in synapses]
            change(values, synapses, sign * e)
            trains = reference(values, synapses, external, duration, advance=forty_digits.advance, number=mpf)
            sides.append(
                sum(
                    (
                        mpf(c) * t
                        for row, train in zip(loss, trains, strict=True)
                        for c, t in zip(row, train, strict=True)
                    ),
                    mpf(0),
                )
            )
        return float((sides[1] - sides[0]) / (2 * e))


@pytest.fixture(scope="module")
def exact_trains():
    """The event-by-event reference, which keeps all digits of its spike times."""
    import importlib.util
    from pathlib import Path

    path = Path(__file__).parents[1] / "network" / "conftest.py"
    spec = importlib.util.spec_from_file_location("network_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Keep(list):
        """Stands for numpy: `np.array` of a train leaves its numbers as they are."""

    class Numbers:
        exp = staticmethod(np.exp)

        @staticmethod
        def array(values):
            return Keep(values)

    module.np = Numbers()
    module.float = lambda value: value
    return module.reference


def check_all(exact_trains, forty_digits, network, duration, every, seed=0):
    """Compare weights, delays and parameters; of many only each `every`-th."""
    recording = sl.simulate(network, duration)
    rng = np.random.default_rng(seed)
    loss = [rng.standard_normal(len(train)) for train in recording.spikes]
    found = sl.gradient(network, recording, loss)

    def by(change):
        return differences(exact_trains, forty_digits, network, duration, loss, change)

    def weight(k):
        def change(values, synapses, e):
            synapses[k][2] += e

        return change

    def delay(k):
        def change(values, synapses, e):
            synapses[k][3] += e

        return change

    def parameter(name, i):
        def change(values, synapses, e):
            values[name][i] += e

        return change

    m = len(found.weights)
    pairs = [(found.weights[k], by(weight(k)), np.abs(found.weights).max()) for k in range(0, m, every)]
    pairs += [(found.delays[k], by(delay(k)), np.abs(found.delays).max()) for k in range(0, m, every)]
    names = [name for name in COLUMNS if name != "refractory" or np.isfinite(found.neurons["refractory"].values).all()]
    for name in names:
        values = found.neurons[name].values
        if name == "tau_K" and not np.isfinite(wire(network).values["tau_K"]).all():
            continue
        if name == "t_d" and not wire(network).values["t_d"].all():
            continue
        pairs += [(values[i], by(parameter(name, i)), np.abs(values).max()) for i in range(0, len(values), every)]
    errors = [abs(a - b) / scale for a, b, scale in pairs if scale > 0]
    assert len(errors) > 5
    assert max(errors) < 1e-12, max(errors)
    return recording, found


def test_five_neurons_by_forty_digits(exact_trains, forty_digits):
    recording, found = check_all(exact_trains, forty_digits, small(w=(3.0, -1.2)), 0.045, every=9)
    kinds = read_again(describe_network("test", small(), recording, sl.Initial()).run).segments.kind
    assert (kinds == JUMP).sum() >= 2
    assert len(found.spikes) >= 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "options"),
    [
        (5, {}),
        (12, {"degree": 3, "refractory": 2 * ms, "seed": 7}),
        (12, {"degree": 2, "t_d": 0 * ms, "mean": 24.0, "seed": 8}),
        (5, {"tau_K": np.inf * ms, "mean": 24.0, "seed": 9}),
    ],
)
def test_small_networks_by_forty_digits(exact_trains, forty_digits, n, options):
    check_all(exact_trains, forty_digits, small(n, **options), 0.08, every=1 if n == 5 else 5)


@pytest.mark.parametrize(
    "options",
    [
        {"refractory": 5 * ms},
        {"t_d": 0 * ms, "mean": 28.0},
        {"tau_K": np.inf * ms, "mean": 25.0},
        {"tau_K": 5 * ms, "refractory": 2 * ms, "mean": 24.0},
    ],
)
def test_backward_equals_forward(options):
    """Every derivative at once: L . (J v) from ahead and (J^T L) . v from behind, for random v and L."""
    network = small(12, degree=5, seed=3, **options)
    recording = sl.simulate(network, 0.4)
    run = describe_network("test", network, recording, sl.Initial()).run
    reading = read_again(run)
    rng = np.random.default_rng(0)
    tangent = no_tangent(run, 4, parameters=True, synapses=True)
    own = len(recording.spikes.times)
    finite = np.where(np.isfinite(run.parameters), run.parameters, 0.0)
    tangent.parameters[:] = rng.standard_normal(tangent.parameters.shape) * finite[:, :, None]
    tangent.weight[:] = 1e-3 * rng.standard_normal(tangent.weight.shape)
    tangent.delay[:] = 1e-3 * rng.standard_normal(tangent.delay.shape)
    tangent.u[:], tangent.g[:] = 1e-3 * rng.standard_normal(tangent.u.shape), 0.1 * rng.standard_normal(tangent.g.shape)
    tangent.times[own:] = 1e-3 * rng.standard_normal(tangent.times[own:].shape)
    given = tangent.u.copy(), tangent.g.copy(), tangent.times[own:].copy()
    loss = rng.standard_normal(own)
    ahead = loss @ forward(reading, tangent)[:own]
    for room in (4_000_000, 50):
        found = sl.gradient(network, recording, loss, room=room)
        columns = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "refractory")
        parts = [
            np.nan_to_num(found.neurons[name].values)[:, None] * tangent.parameters[:, k]
            for k, name in enumerate(columns)
        ]
        parts += [found.weights[:, None] * tangent.weight, found.delays[:, None] * tangent.delay]
        parts += [found.neurons["u"].values[:, None] * given[0], found.neurons["g"].values[:, None] * given[1]]
        parts += [np.concatenate(found.sources)[:, None] * given[2]]
        behind = sum(part.sum(0) for part in parts)
        size = sum(np.abs(part).sum(0) for part in parts)
        assert (np.abs(behind - ahead) <= 1e-12 * size).all()
        assert len(read_again(run, room=50).edges) > 5


def test_times_and_volts_scale_in_a_hundred_neurons():
    """Degrees one in times and zero in volts hold whatever the network does; both sums cancel from large terms."""
    network = small(100, degree=12, seed=4, refractory=1 * ms, w=(0.4, -0.8))
    recording = sl.simulate(network, 0.3)
    loss = np.random.default_rng(1).standard_normal(len(recording.spikes.times))
    found = sl.gradient(network, recording, loss)
    values = wire(network).values
    wiring = wire(network)
    times = [values[name] * np.nan_to_num(found.neurons[name].values) for name in ("tau", "tau_K", "t_d", "refractory")]
    times += [np.broadcast_to(wiring.delay, wiring.target.shape) * found.delays]
    times += [wiring.source_times * np.concatenate(found.sources)]
    total, size = sum(part.sum() for part in times), sum(np.abs(part).sum() for part in times)
    assert total == pytest.approx(loss @ recording.spikes.times, abs=1e-12 * size)
    volts = [values[name] * found.neurons[name].values for name in ("V_0", "theta", "Delta")]
    volts += [wiring.weight * found.weights]
    assert abs(sum(part.sum() for part in volts)) <= 1e-12 * sum(np.abs(part).sum() for part in volts)


def test_past_spikes_initial_states_and_random_input():
    """A second run with everything moved a little: what is left is of second order."""
    neuron = sl.AdaptiveLIF(V_0="17 mV", delta_g=0.1, tau_K="80 ms", t_d="4 ms")

    def run(e):
        w = np.array([0.8e-3, -0.5e-3]) + e * np.array([1e-3, 2e-3])
        network = sl.Network(
            {"pair": Population(neuron, 2)},
            [Projection("pair", "pair", Connections([0, 1], [1, 0]), w * volt, "2 ms")],
            poisson=[PoissonInput("pair", "300 Hz", (0.6e-3 + 1e-3 * e) * volt)],
        )
        start = sl.Initial(u=(2e-3 + 3e-3 * e) * volt, g=0.05 + e, past_spikes=[[-2e-3 + 1e-3 * e], [-1e-3]])
        return network, start, sl.simulate(network, 0.3, initial=start, seed=3)

    network, start, recording = run(0.0)
    loss = np.ones(len(recording.spikes.times))
    found = sl.gradient(network, recording, loss, initial=start)
    slope = found.weights @ [1e-3, 2e-3] + 1e-3 * found.poisson[0] + 1e-3 * found.past_spikes[0][0]
    slope += 3e-3 * found.neurons["u"].values.sum() + found.neurons["g"].values.sum()
    e = 1e-6
    low, high = (run(sign * e)[2].spikes.times for sign in (-1, 1))
    assert len(low) == len(high) == len(loss) > 10
    assert (high.sum() - low.sum()) / (2 * e) == pytest.approx(slope, rel=1e-6)


def test_one_neuron_and_many_by_the_jacobian():
    neuron = sl.AdaptiveLIF(delta_g=0.1, t_d="3 ms")
    vary = {"V_0": np.array([18.0, 25.0]) * mV}
    recording = sl.simulate(neuron, 0.2, n=2, vary=vary)
    names = ("V_0", "tau_K", "u", "V_th")
    jacobian = sl.spike_time_jacobian(neuron, 0.2, n=2, vary=vary, wrt=names)["derivative"].values
    loss = np.arange(1.0, 1 + len(jacobian))
    found = sl.gradient(neuron, recording, loss, vary=vary)
    unit = np.repeat([0, 1], np.diff(recording.spikes.offsets))
    for column, name in enumerate(names):
        expected = np.bincount(unit, loss * jacobian[:, column])
        np.testing.assert_allclose(found.neurons[name].values, expected, rtol=1e-11)
    assert found.neurons["V_0"].attrs["units"] == "L/V"
    assert np.isnan(found.neurons["refractory"].values).all()


def test_several_arrivals_at_one_instant_are_said():
    neuron = sl.AdaptiveLIF(V_0="16 mV", delta_g=0.0)
    trains = sl.SpikeTrains.from_arrays([[0.02], [0.02]], t_stop=1.0)
    network = sl.Network(
        {"one": Population(neuron, 1)},
        [Projection("in", "one", Connections([0, 1], [0, 0]), 4 * mV, 1 * ms)],
        {"in": SpikeSource(trains)},
    )
    recording = sl.simulate(network, 0.03)
    assert recording.spikes.times[0] == pytest.approx(0.021)
    with pytest.warns(NoDerivative, match="a spike is made by several arrivals at one instant"):
        sl.gradient(network, recording, [1.0])


def test_a_loss_of_nothing_is_said():
    network = small()
    recording = sl.simulate(network, 0.05)
    with pytest.warns(NoEffect, match="the loss depends on no spike"):
        found = sl.gradient(network, recording, np.zeros(len(recording.spikes.times)))
    assert not found.weights.any()


def refused():
    network = small()
    recording = sl.simulate(network, 0.05)
    zero = np.zeros(len(recording.spikes.times))
    other = small(seed=6)
    learning = sl.Network(
        network.populations,
        [Projection("cells", "cells", Connections([0], [1]), 1 * mV, 1 * ms, plasticity=pair_stdp("0.1 mV", "0.1 mV"))],
    )
    neuron = sl.AdaptiveLIF()
    on_a_grid = sl.Recording(recording.spikes, None, {"engine": "brian2"})
    return [
        (lambda: sl.gradient(3, recording, zero), TypeError, "model must be an AdaptiveLIF or a Network, got int"),
        (lambda: sl.gradient(network, 3, zero), TypeError, "recording must be what simulate"),
        (lambda: sl.gradient(network, recording, zero[1:]), ValueError, "one number for each of"),
        (lambda: sl.gradient(network, recording, [[1.0]] * 5), ValueError, "must hold one number for each spike"),
        (lambda: sl.gradient(network, recording, zero + np.nan), ValueError, "d_loss must be finite, got nan"),
        (lambda: sl.gradient(other, recording, zero), ValueError, "recording must be a run of this model"),
        (lambda: sl.gradient(network, recording, zero, initial=sl.Initial(u=1 * mV)), ValueError, "mV from its"),
        (lambda: sl.gradient(network, recording, zero, vary={"V_0": [1]}), ValueError, "vary must be left out"),
        (lambda: sl.gradient(network, recording, zero, room=0), ValueError, "room must be at least 1"),
        (lambda: sl.gradient(learning, sl.simulate(learning, 0.05), zero), ValueError, "must be static, got 1 plastic"),
        (lambda: sl.gradient(neuron, on_a_grid, zero), ValueError, "must be of the exact engine"),
        (lambda: sl.gradient(neuron, sl.simulate(neuron, 0.05, record="counts"), zero), ValueError, "keeps none"),
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(12))
def test_bad_input_is_refused(k):
    call, error, text = refused()[k]
    with pytest.raises(error, match=text):
        call()


def test_a_run_that_was_gone_on_with_is_refused():
    network = small()
    first = sl.simulate(network, 0.05)
    second_part = sl.simulate(network, 0.1, resume=first.state)
    with pytest.raises(ValueError, match="one run from time 0, got one from 0.05 s"):
        sl.gradient(network, second_part, np.zeros(len(second_part.spikes.times)))
