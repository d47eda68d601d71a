"""What the documentation promises, held over many random networks: threads, resuming, saving change no bit."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import (
    FixedProbability,
    NetworkRecording,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    load_state,
    pair_stdp,
    save_state,
)

# Saving and loading costs ten times what simulating does: every so many of them go through a folder.
NETWORKS, SAVED = 1000, 10


def random_network(seed):
    """Two populations, large enough for two threads, with whatever a network can have."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(130, 200))
    excitable = sl.AdaptiveLIF(
        V_0=float(rng.uniform(15.5, 32)) * mV,
        delta_g=float(rng.choice([0.0, 0.02, 0.3])),
        t_d=float(rng.choice([0.0, 1.3, 4.0])) * ms,
    )
    quiet = sl.AdaptiveLIF(V_0=10 * mV)
    rule = pair_stdp(A_plus="10 uV", A_minus="10.5 uV") if rng.random() < 0.4 else None
    delay = [0.7, 1.5, 2.1][int(rng.integers(3))] * ms
    sparse = FixedProbability(float(rng.uniform(0.01, 0.05)))
    source = sl.SpikeTrains.from_arrays([np.sort(rng.uniform(0, 0.04, 6)) for _ in range(3)], t_stop=0.1)
    return sl.Network(
        {
            "E": Population(excitable, n - 60, refractory=float(rng.choice([0.0, 2.0])) * ms),
            "Q": Population(quiet, 60),
        },
        [
            Projection("E", "E", sparse, float(rng.uniform(0.2, 2)) * mV, delay, plasticity=rule),
            Projection("E", "Q", sparse, float(rng.uniform(0.5, 6)) * mV, 1 * ms),
            Projection("Q", "E", sparse, -float(rng.uniform(0.2, 2)) * mV, 1.5 * ms),
            Projection("in", "E", sparse, 3 * mV, 1 * ms),
        ],
        {"in": SpikeSource(source)},
        [PoissonInput("E", float(rng.uniform(100, 3000)) * Hz, float(rng.uniform(0.05, 1)) * mV)],
        seed=seed,
    )


def same(one, other):
    assert one.spikes == other.spikes
    np.testing.assert_array_equal(one.weights, other.weights)


def hold(seed, folder=None):
    """Hold the promises for one network; with a folder, state and recording are saved and loaded, too."""
    network, end = random_network(seed), 0.03
    whole = sl.simulate(network, end, seed=seed, threads=1)
    same(whole, sl.simulate(network, end, seed=seed, threads=2))
    cut = float(np.random.default_rng(seed).uniform(0.1, 0.9)) * end
    first = sl.simulate(network, cut, seed=seed, threads=2)
    state = first.state
    if folder is not None:
        save_state(state, folder / "state", overwrite=True)
        state = load_state(folder / "state")
    second = sl.simulate(network, end, resume=state, threads=1)
    for unit in range(network.n):
        joined = np.concatenate([first.spikes.train(unit), second.spikes.train(unit)])
        np.testing.assert_array_equal(joined, whole.spikes.train(unit))
    np.testing.assert_array_equal(second.weights, whole.weights)
    if folder is not None:
        whole.save(folder / "run", overwrite=True)
        again = sl.Recording.load(folder / "run")
        assert isinstance(again, NetworkRecording)
        same(whole, again)
    return whole.spikes.n_spikes


def test_threads_resuming_and_saving_change_no_bit(tmp_path):
    assert sum(hold(seed, tmp_path) for seed in range(3)) > 100


@pytest.mark.slow
def test_a_thousand_random_networks(tmp_path):
    spikes = [hold(1000 + k, None if k % SAVED else tmp_path) for k in range(NETWORKS)]
    assert sum(spikes) > 10 * NETWORKS
