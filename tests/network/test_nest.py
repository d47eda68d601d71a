"""Networks on NEST, an independent simulator, where its models and ours coincide.

Three meeting points. (1) `iaf_psc_delta_ps`: current-driven neurons with voltage jumps, delays and off-grid spikes;
without potassium it is our network, and both are exact. (2) `iaf_cond_exp_sfa_rr`: with q_rr = 0 and C_m/g_L = tau its
spike-frequency adaptation g_sfa is our potassium at t_d = 0 (E_sfa = E_K, q_sfa = delta_g g_L, tau_sfa = tau_K,
V_0 = I_e/g_L), decaying on through the refractory period as ours; spikes are put on the grid. (3) The same, coupled:
its synapses are conductances g e^{-t/tau_syn} towards E, and a jump of the membrane by w is their limit E -> inf,
tau_syn -> 0 with g tau_syn E = w C_m.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.network import Connections, Population, Projection, SpikeSource

# Found, not imported: NEST would bring its threads and signal handlers along.
if importlib.util.find_spec("nest") is None:
    pytest.skip("nest-simulator is not installed", allow_module_level=True)

pytestmark = pytest.mark.slow

# Any C_m does, for only ratios matter; large, so that NEST's absolute tolerance of 1e-3 pA, nS is out of the way.
CAPACITY, LEAK = 1e5, 1e4
# The reversal potentials of the synapses: the driving force changes by 15 mV of it within the range of u.
FAR = 1e7


@pytest.fixture
def on_nest(tmp_path):
    """Run several tasks on NEST; give their trains in seconds."""

    def run(tasks):
        (tmp_path / "tasks.json").write_text(json.dumps(tasks))
        script = Path(__file__).with_name("on_nest.py")
        files = [str(tmp_path / name) for name in ("tasks.json", "results.json")]
        # Without what may hide the installed packages behind the files of this folder.
        done = subprocess.run(
            [sys.executable, str(script), *files],
            env={**os.environ, "PYNEST_QUIET": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        found = json.loads((tmp_path / "results.json").read_text())
        return [[np.array(train) * 1e-3 for train in trains] for trains in found]

    return run


def lags(found, exact):
    """Differences of all spike times; the number of spikes must be the same in every train.

    Counted up to the widest gap of all spikes in the last tenth, so that no late spike is cut off by the end.
    """
    merged = np.sort(np.concatenate([*exact, [0.9 * exact.t_stop, exact.t_stop]]))
    merged = merged[merged >= 0.9 * exact.t_stop]
    widest = np.diff(merged).argmax()
    end = 0.5 * (merged[widest] + merged[widest + 1])
    pairs = [(a[a < end], b[b < end]) for a, b in zip(found, exact, strict=True)]
    assert [len(a) for a, _ in pairs] == [len(b) for _, b in pairs]
    return np.concatenate([a - b for a, b in pairs])


def order(steps, errors):
    """Slope of log error over log step."""
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def columns(n, **values):
    """Parameters with one value a neuron each."""
    return {name: np.broadcast_to(np.asarray(value, dtype=float), n).tolist() for name, value in values.items()}


def adapting(n, V_0, tau_K, delta_g, pause, **more):
    """Parameters of `iaf_cond_exp_sfa_rr` from ours (mV, ms)."""
    return columns(
        n, C_m=CAPACITY, g_L=LEAK, E_L=-65, V_m=-65, V_reset=-65, V_th=-50, E_sfa=-80, I_e=V_0 * LEAK,
        q_sfa=delta_g * LEAK, tau_sfa=tau_K, q_rr=0, t_ref=pause, **more,
    )  # fmt: skip


def random_cells(rng, n, V_0):
    """V_0, tau_K, delta_g and refractory periods that are multiples of all steps, 0 among them."""
    return V_0, rng.uniform(20, 300, n), rng.uniform(0.02, 0.5, n), rng.choice([0, 0.8, 1.6, 4.8], n)


def population(V_0, tau_K, delta_g, pause):
    vary = {"V_0": V_0 * mV, "tau_K": tau_K * ms, "delta_g": delta_g}
    return Population(sl.AdaptiveLIF(), len(V_0), vary, pause * ms)


def test_the_first_spike_of_an_adapting_neuron_is_the_next_grid_point(on_nest):
    """From any potassium: nothing but the rounding up to the grid of 1 us (and 1e-9 s of NEST's integrator)."""
    n, step = 120, 1e-3
    rng = np.random.default_rng(21)
    V_0, tau_K, delta_g, pause = random_cells(rng, n, rng.uniform(17, 45, n))
    g = rng.uniform(0, 2, n)
    network = sl.Network({"cells": population(V_0, tau_K, delta_g, pause)})
    exact = sl.simulate(network, 0.25, initial=sl.Initial(g=g)).spikes
    (found,) = on_nest(
        [
            {
                "model": "iaf_cond_exp_sfa_rr", "resolution": step, "duration": 250.0, "synapses": [], "external": [],
                "parameters": adapting(n, V_0, tau_K, delta_g, pause, g_sfa=g * LEAK),
            }
        ]
    )  # fmt: skip
    first = [(a[0], b[0]) for a, b in zip(found, exact, strict=True) if len(b)]
    assert len(first) > 80
    lag = np.array([a - b for a, b in first])
    assert lag.min() > -1e-9
    assert lag.max() < step * 1e-3 + 1e-9
    # The mean of n uniform lags: half a step, with a standard error of step/sqrt(12 n); 4.5 of them, 7e-6.
    assert abs(lag.mean() / (step * 1e-3) - 0.5) < 4.5 / np.sqrt(12 * len(lag))


def test_adapting_neurons_converge_with_the_resolution(on_nest):
    """Every spike is late by half a step on average, and lags add up along a train: of first order in the step."""
    n, duration = 40, 0.5
    rng = np.random.default_rng(22)
    cells = random_cells(rng, n, rng.uniform(18, 40, n))
    exact = sl.simulate(sl.Network({"cells": population(*cells)}), duration).spikes
    assert exact.n_spikes > 400
    steps = [0.02, 0.01, 0.005, 0.002, 0.001]
    common = {"model": "iaf_cond_exp_sfa_rr", "duration": duration * 1e3, "synapses": [], "external": []}
    tasks = [{**common, "resolution": step, "parameters": adapting(n, *cells)} for step in steps]
    errors = [np.sqrt(np.mean(lags(found, exact) ** 2)) for found in on_nest(tasks)]
    assert 0.85 < order(steps, errors) < 1.15
    # Some 60 spikes of the fastest neurons, each half a step late: about ten steps for the typical train.
    assert errors[-1] < 15 * steps[-1] * 1e-3


def coupled(n, seed, *, mean, degree, delta_g, duration):
    """A random network for both: delays on one lattice, ends of refractory periods on another, so that none meet."""
    rng = np.random.default_rng(seed)
    pre = np.repeat(np.arange(n), degree)
    post = (pre + rng.integers(1, n, len(pre))) % n
    pre, post = np.divmod(np.unique(pre * n + post), n)
    weights = np.where(pre % 4 == 0, -1.2, 0.6) * rng.uniform(0.5, 1.5, len(pre))
    delays = rng.integers(4, 24, len(pre)) * 0.2
    V_0, pause = mean + rng.uniform(-4, 4, n), rng.choice([0.3, 1.1, 2.1], n)
    tau_K, delta_g = rng.uniform(40, 150, n), delta_g * rng.uniform(0.5, 1.5, n)
    trains = [np.unique(rng.integers(5, 5 * duration * 1e3 - 50, 20)) * 0.2 for _ in range(3)]
    from_train, strength = rng.integers(0, 3, n), rng.uniform(-2, 4, n)
    network = sl.Network(
        {"cells": population(V_0, tau_K, delta_g, pause)},
        [
            Projection("cells", "cells", Connections(pre, post), weights * mV, delays * ms),
            Projection("input", "cells", Connections(from_train, np.arange(n)), strength * mV, 0.6 * ms),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays([train * 1e-3 for train in trains], t_stop=duration))},
    )
    synapses = [*zip(pre.tolist(), post.tolist(), weights.tolist(), delays.tolist(), strict=True)]
    synapses += [(n + int(k), i, float(w), 0.6) for i, (k, w) in enumerate(zip(from_train, strength, strict=True))]
    task = {"duration": duration * 1e3, "external": [train.tolist() for train in trains], "synapses": synapses}
    return network, task, (V_0, tau_K, delta_g, pause)


def current_driven(n, V_0, pause):
    """Parameters of `iaf_psc_delta` and `iaf_psc_delta_ps`."""
    return columns(
        n, C_m=100, tau_m=10, E_L=-65, V_m=-65, V_reset=-65, V_th=-50, I_e=V_0 * 10, t_ref=pause
    )  # fmt: skip


def test_a_network_of_precise_neurons_has_the_same_spikes(on_nest):
    """`iaf_psc_delta_ps` takes spikes off its grid: both are exact, whatever the resolution.

    NEST keeps a time as a step and an offset in ms: a few times 1e-15 s; errors of 1e-16 of u are amplified where a
    crossing is shallow, by V_0/(V_0 - theta) < 25 here.
    """
    n, duration = 50, 0.5
    network, task, (V_0, _, _, pause) = coupled(n, 5, mean=18.0, degree=5, delta_g=0.0, duration=duration)
    exact = sl.simulate(network, duration).spikes
    assert exact.n_spikes > 1000
    common = {**task, "model": "iaf_psc_delta_ps", "parameters": current_driven(n, V_0, pause)}
    for found in on_nest([{**common, "resolution": step} for step in (0.1, 0.02)]):
        np.testing.assert_allclose(lags(found, exact), 0, rtol=0, atol=1e-13)


def test_a_network_on_the_grid_converges_with_the_resolution(on_nest):
    """`iaf_psc_delta` puts spikes on the grid: first order, until a late spike first misses what it should prevent."""
    n, duration = 50, 0.1
    network, task, (V_0, _, _, pause) = coupled(n, 5, mean=18.0, degree=5, delta_g=0.0, duration=duration)
    exact = sl.simulate(network, duration).spikes
    assert exact.n_spikes > 200
    steps = [0.01, 0.005, 0.002, 0.001]
    common = {**task, "model": "iaf_psc_delta", "parameters": current_driven(n, V_0, pause)}
    errors = [
        np.sqrt(np.mean(lags(found, exact) ** 2))
        for found in on_nest([{**common, "resolution": step} for step in steps])
    ]
    assert 0.75 < order(steps, errors) < 1.25
    assert errors[-1] < 10 * steps[-1] * 1e-3


def test_a_network_of_adapting_neurons_converges_with_step_and_synapse(on_nest):
    """Conductances as short as half a step towards a far reversal potential: jumps in the limit, of first order."""
    n, duration = 10, 0.3
    network, task, cells = coupled(n, 3, mean=20.0, degree=3, delta_g=0.15, duration=duration)
    exact = sl.simulate(network, duration).spikes
    assert exact.n_spikes > 60
    steps = [0.01, 0.005, 0.002, 0.001]
    tasks = []
    for step in steps:
        short = 0.5 * step
        far = {"E_ex": FAR, "E_in": -FAR, "tau_syn_ex": short, "tau_syn_in": short}
        # A negative weight goes to the inhibitory conductance, whose driving force is negative itself.
        synapses = [(pre, post, w * CAPACITY / (short * FAR), delay) for pre, post, w, delay in task["synapses"]]
        parameters = adapting(n, *cells, **far)
        tasks.append(
            {**task, "model": "iaf_cond_exp_sfa_rr", "resolution": step, "parameters": parameters, "synapses": synapses}
        )
    errors = [np.sqrt(np.mean(lags(found, exact) ** 2)) for found in on_nest(tasks)]
    assert 0.8 < order(steps, errors) < 1.2
    # Jumps that come a step late, and seven spikes a train, each half a step late.
    assert errors[-1] < 6 * steps[-1] * 1e-3
