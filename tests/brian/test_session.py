import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, defaultclock, get_device, ms, prefs, set_device
from brian2.devices.device import reset_device

from spikelearn.brian.session import session
from spikelearn.simulation.targets import why_not

NOISE = "dv/dt = (1 - v)/(10*ms) + 0.1*xi/sqrt(ms) : 1"


def noisy_spikes(target="numpy", seed=3):
    with session(target, seed) as brian:
        group = NeuronGroup(5, NOISE, method="euler", dt=0.1 * ms, threshold="v > 1", reset="v = 0")
        spikes = SpikeMonitor(group)
        brian.run(Network(group, spikes), 50 * ms)
        return np.array(spikes.t / ms)


def test_a_seed_reproduces_and_another_differs():
    first = noisy_spikes()
    assert len(first) > 0
    assert np.array_equal(first, noisy_spikes())
    assert not np.array_equal(first, noisy_spikes(seed=4))


def test_global_state_is_as_before_even_after_an_error():
    old_target = prefs["codegen.target"]
    state, device, dt = np.random.get_state()[1].copy(), get_device(), float(defaultclock.dt)
    noisy_spikes()
    with pytest.raises(RuntimeError, match="mine"), session("numpy", 5):
        defaultclock.dt = 7 * ms
        raise RuntimeError("mine")
    assert np.array_equal(state, np.random.get_state()[1])
    assert get_device() is device
    assert float(defaultclock.dt) == dt
    assert prefs["codegen.target"] == old_target


def test_a_users_own_stream_of_random_numbers_is_not_disturbed():
    np.random.set_state(np.random.RandomState(8).get_state())
    expected = np.random.RandomState(8).random_sample(6)
    first = np.random.random_sample(3)
    noisy_spikes()
    assert np.array_equal(np.concatenate([first, np.random.random_sample(3)]), expected)


def test_targets_are_checked():
    with pytest.raises(ValueError, match="no target 'cyton'; did you mean 'cython'"), session("cyton"):
        pass


def test_what_brian_refuses_is_one_line():
    with pytest.raises(ValueError, match=r"^Brian2 cannot run these equations: .*\"?missing\"?.*$"), session() as brian:
        group = NeuronGroup(1, "dv/dt = -v/missing : 1", method="euler", dt=0.1 * ms)
        brian.run(Network(group), 1 * ms)


@pytest.mark.slow
@pytest.mark.skipif(why_not("cpp_standalone") is not None, reason="compiler missing")
def test_a_users_unfinished_standalone_program_is_left_alone(tmp_path):
    import spikelearn as sl
    from spikelearn.brian.session import choose_target

    set_device("cpp_standalone", build_on_run=False, directory=str(tmp_path / "own"))
    try:
        group = NeuronGroup(2, "dv/dt = (1 - v)/(10*ms) : 1", method="exact", dt=0.1 * ms)
        network = Network(group)
        network.run(10 * ms)
        with pytest.raises(RuntimeError, match="holds a program of your own"), session("cpp_standalone"):
            pass
        assert choose_target("auto", n=10_000, steps=1e6) == "numpy"
        assert sl.simulate(sl.AdaptiveLIF(), 0.1, engine="brian2", target="numpy").spikes.n_spikes > 0
        get_device().build(directory=str(tmp_path / "own"), with_output=False)
        assert np.allclose(group.v[:], 1 - np.exp(-1), rtol=1e-12)
    finally:
        get_device().reinit()
        reset_device()
