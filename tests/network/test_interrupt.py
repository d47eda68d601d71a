"""Ctrl-C in a process of its own: what was simulated comes back, and going on from it loses nothing."""

import os
import signal
import subprocess
import sys
import threading

import pytest

SCRIPT = """
import sys, threading
import numpy as np
import spikelearn as sl
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection

neuron = sl.AdaptiveLIF(V_0="17 mV", delta_g=0.2, tau_K="100 ms", t_d="5 ms")
network = sl.Network(
    {"E": Population(neuron, 80, refractory="2 ms"), "I": Population(neuron, 20)},
    [
        Projection("E", "E", FixedInDegree(10), "0.3 mV", "1.5 ms"),
        Projection("I", "E", FixedInDegree(5), "-0.8 mV", "1 ms"),
        Projection("E", "I", FixedInDegree(10), "0.3 mV", "1 ms"),
    ],
    poisson=[PoissonInput("E", "1 kHz", "0.1 mV")],
    seed=2,
)
# Compiled first, so that the signal falls into the run itself.
sl.simulate(network, 0.01, seed=3)
threading.Timer(0.3, print, ["running"], {"flush": True}).start()
first = sl.simulate(network, 1e7, seed=3, threads=2)
print("returned", flush=True)
assert first.interrupted, "not interrupted"
stopped = first.state.time
assert 0 < stopped < 1e7, stopped
assert first.spikes.t_stop == first.provenance["reached"] == stopped
end = stopped + 0.5
second = sl.simulate(network, end, seed=3, resume=first.state)
assert not second.interrupted
whole = sl.simulate(network, end, seed=3)
assert whole.spikes.n_spikes > 100
for i in range(network.n):
    joined = np.concatenate([first.spikes.train(i), second.spikes.train(i)])
    np.testing.assert_array_equal(joined, whole.spikes.train(i))
assert second.spikes.n_spikes > 0
print("the same", whole.spikes.n_spikes, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX systems")
def test_an_interrupt_from_the_keyboard_keeps_what_was_simulated():
    """The signal comes some 0.3 s after the start of a run of 1e7 s."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    # A process that hangs is ended, and the test fails by what it has not printed.
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        assert process.stdout.readline().strip() == "running"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    assert process.returncode == 0, errors[-3000:]
    assert output.split("\n")[0] == "returned"
    assert output.split("\n")[1].startswith("the same")
    assert "Traceback" not in errors
