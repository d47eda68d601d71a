"""A stop that every thread obeys: failures in one thread, interrupts within a window, times that do not advance."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from brian2 import mV

import spikelearn as sl
from spikelearn.eventdriven.network.run import _Run
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

NETWORK = """
import os, sys, threading, time
import numpy as np
import spikelearn as sl
from spikelearn.eventdriven.network import run as module
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection

network = sl.Network(
    {"E": Population(sl.AdaptiveLIF(V_0="17 mV", delta_g=0.2), 200)},
    [Projection("E", "E", FixedInDegree(10), "0.1 mV", "1.5 ms")],
    poisson=[PoissonInput("E", RATE, "1e-15 V")],
    seed=2,
)
"""
OUT_OF_MEMORY = """
honest = module.run_windows
def starved(thread, *arguments):
    if thread == 1 and arguments[9] > 0:
        raise MemoryError("no memory for the spikes")
    return honest(thread, *arguments)
module.run_windows = starved
begin = time.perf_counter()
try:
    sl.simulate(network, 1.0, seed=3, threads=2)
except MemoryError as error:
    print(error, flush=True)
"""
# The shortest delay, 1.5 ms, holds 3e7 events of each of 200 neurons, a minute of work: windows are far shorter.
WITHIN_A_DELAY = """
sl.simulate(network, 1e-9, seed=3)
honest, begin = module._Run._pieces, []
def announced(*arguments):
    module._Run._pieces = honest
    begin.append(time.process_time())
    print("running", flush=True)
    return honest(*arguments)
module._Run._pieces = announced
found = sl.simulate(network, 1.0, seed=3, threads=2)
print(found.interrupted, found.state is not None, found.provenance["reached"] < 1.0, end=" ")
print(time.process_time() - begin[0], flush=True)
"""


def started(script, rate="'1 kHz'"):
    code = NETWORK.replace("RATE", rate) + script
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_thread_without_memory_takes_the_others_with_it():
    process = started(OUT_OF_MEMORY)
    try:
        output, errors = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail("the other thread waits for ever")
    assert process.returncode == 0, errors
    assert output.split() == ["no", "memory", "for", "the", "spikes"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX systems")
def test_an_interrupt_is_obeyed_however_much_comes_within_a_delay():
    process = started(WITHIN_A_DELAY, "'2e10 Hz'")
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        assert process.stdout.readline().strip() == "running"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    assert process.returncode == 0, errors[-2000:]
    *said, spent = output.split()
    assert said == ["True", "True", "True"]
    # Processor time, of which a busy machine gives less and not more: 0.3 s before the interrupt and half a second of
    # grace for a piece that ends by itself, on two threads each. What is left of the delay would take a minute.
    assert float(spent) < 5.0


def test_a_thread_that_is_sent_home_leaves_within_its_window():
    network = sl.Network({"E": Population(sl.AdaptiveLIF(V_0=40 * mV, delta_g=0.1), 100)})
    wiring = wire(network)
    zero, nothing = np.zeros(wiring.n), np.empty(0, dtype=np.int64)
    runs = [
        _Run(network_inputs(wiring, 0, 1e4), 0.02, zero, zero, None, nothing, np.empty(0), threads=1) for _ in range(2)
    ]
    runs[1].leave()
    found = [len(run._piece(0, 1, 0, 1, 0.02)[0]) for run in runs]
    assert found[0] >= 100
    assert found[1] == 0


def net(rate="1 kHz", delay="1 ms"):
    return sl.Network(
        {"E": Population(sl.AdaptiveLIF(V_0=17 * mV), 3)},
        [Projection("E", "E", FixedInDegree(1), "0.1 mV", delay)],
        poisson=[PoissonInput("E", rate, "1 uV")],
    )


def test_rates_and_delays_beyond_the_resolution_of_time_are_refused():
    with pytest.raises(
        ValueError, match=r"PoissonInput.rate onto E must be at most 7.21e\+13 Hz in a run of 0.1 s, .*1e\+20"
    ):
        sl.simulate(net(rate="1e20 Hz"), 0.1)
    with pytest.raises(
        ValueError, match=r"Projection.delay must be at least 1.39e-14 s in a run of 0.1 s, where times"
    ):
        sl.simulate(net(delay="1e-15 s"), 0.1)
    # What can be told apart runs.
    assert sl.simulate(net(rate="1 MHz"), 1e-3).provenance["reached"] == 1e-3
    assert sl.simulate(net(delay="1e-9 s"), 1e-6).provenance["reached"] == 1e-6


def test_steps_beyond_the_grid_of_brian2_are_refused():
    """They gave no spikes at all."""
    with pytest.raises(ValueError, match=r"dt must be at least .*, got 1e-25 s"):
        sl.simulate(sl.AdaptiveLIF(V_0=30 * mV), 0.1, engine="brian2", dt=1e-25)
    with pytest.raises(ValueError, match=r"dt must be at least .*, got 1e-25 s"):
        sl.simulate(net(), 0.1, engine="brian2", dt=1e-25)


def test_the_first_window_changes_nothing_when_it_is_only_compiled():
    """The loop is called once without a window, in the main thread: spikes are those of every number of threads."""
    network = net()
    one, two = (sl.simulate(network, 0.3, seed=1, threads=threads).spikes for threads in (1, 2))
    assert one == two
    first = sl.simulate(network, 0.1, seed=1)
    again = sl.simulate(network, 0.3, seed=1, resume=first.state).spikes
    np.testing.assert_array_equal(np.concatenate([first.spikes.train(0), again.train(0)]), one.train(0))
