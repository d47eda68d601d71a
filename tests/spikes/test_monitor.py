"""The window of a SpikeMonitor is that of its own Network: clocks are shared between networks."""

import gc

import pytest
from brian2 import Network, NeuronGroup, SpikeMonitor, ms, second

from spikelearn.brian.session import session
from spikelearn.interop import from_spike_monitor


def counter():
    """One neuron that spikes every 10 ms, and its monitor."""
    group = NeuronGroup(1, "dv/dt = 1/(10*ms) : 1", threshold="v > 0.995", reset="v = 0", method="euler", dt=0.1 * ms)
    return group, SpikeMonitor(group)


def rate(trains):
    return trains.n_spikes / trains.duration


def test_each_network_has_its_own_end():
    """100 spikes a second in each, whatever ran after it; the shared clock says 2 s, then 0.1 s."""
    with session("numpy") as brian:
        made = []
        for duration in (0.5, 2.0, 0.1):
            group, monitor = counter()
            network = Network(group, monitor)
            brian.run(network, duration * second)
            made.append((network, monitor, duration))
        for _, monitor, duration in made:
            trains = from_spike_monitor(monitor)
            assert trains.t_stop == pytest.approx(duration, rel=1e-12)
            assert rate(trains) == pytest.approx(100.0, abs=1.0 / duration)


def test_a_monitor_added_later_is_told_when():
    with session("numpy") as brian:
        group, _ = counter()
        network = Network(group)
        brian.run(network, 1 * second)
        late = SpikeMonitor(group)
        network.add(late)
        brian.run(network, 1 * second)
        assert rate(from_spike_monitor(late)) == pytest.approx(50.0, abs=1.0)  # the whole time of the network
        assert rate(from_spike_monitor(late, t_start=1.0)) == pytest.approx(100.0, abs=1.0)


def test_without_its_network_the_end_must_be_given():
    with session("numpy") as brian:
        group, monitor = counter()
        with pytest.raises(ValueError, match="must be given t_stop where the monitor has not been run"):
            from_spike_monitor(monitor)
        network = Network(group, monitor)
        brian.run(network, 100 * ms)
        del network
        gc.collect()
        with pytest.raises(ValueError, match="t_stop where the monitor was run by a Network that is gone"):
            from_spike_monitor(monitor)
        assert rate(from_spike_monitor(monitor, t_stop=0.1)) == pytest.approx(100.0, abs=10.0)
