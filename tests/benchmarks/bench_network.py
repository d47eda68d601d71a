"""A network on the exact engine and on Brian2's compiled standalone program, measured in one run.

``python tests/benchmarks/bench_network.py [seconds of model time] [--large]``: 10,000 neurons, fan-in 100, 3.6 Hz,
delay 1.5 ms. Pure run times: wiring, compilation and building are not counted for
either. ``--large`` adds 100,000 neurons with 10,000,000 synapses on the exact engine alone, for memory.
"""

import gc
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

import aims
import numpy as np
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.run import _Run, run_network
from spikelearn.network import FixedInDegree, Population, Projection
from spikelearn.network.brian import brian_objects
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

DT = 0.1e-3
REPEATS = 3


def describe(n, fan_in, drive=(15.5, 19.5)):
    """Four excitatory neurons for each inhibitory one, driven from within by unlike V_0, lowest and highest in mV."""
    neuron = sl.AdaptiveLIF(delta_g=0.3, tau_K=200 * ms, t_d=5 * ms)
    V_0 = np.linspace(*drive, n)
    cut = n * 4 // 5
    rng = np.random.default_rng(0)
    V_0 = rng.permutation(V_0)
    populations = {
        "E": Population(neuron, cut, {"V_0": V_0[:cut] * mV}),
        "I": Population(neuron, n - cut, {"V_0": V_0[cut:] * mV}),
    }
    projections = [
        Projection(a, b, FixedInDegree(fan_in * 4 // 5 if a == "E" else fan_in // 5), w * mV, 1.5 * ms)
        for a, w in (("E", 0.05), ("I", -0.2))
        for b in "EI"
    ]
    return sl.Network(populations, projections)


def exact(wiring, duration, threads):
    """Run time, spikes, processor time."""
    inputs = network_inputs(wiring, 0, 1e4)
    zero, nothing = np.zeros(wiring.n), np.empty(0, dtype=np.int64)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "threads": threads}
    run_network(inputs, 0.002, **settings)
    start, used = time.perf_counter(), time.process_time()
    result = run_network(inputs, duration, **settings)
    return time.perf_counter() - start, len(result.times), time.process_time() - used


def build(wiring, duration, threads, folder):
    """Compile Brian2's program for the network into a folder, run it once, and count its spikes."""
    from brian2 import Network, SpikeMonitor, prefs, second
    from brian2.devices.device import get_device, reset_device, set_device

    set_device("cpp_standalone", build_on_run=False, directory=folder)
    prefs["devices.cpp_standalone.openmp_threads"] = threads if threads > 1 else 0
    try:
        objects = brian_objects(wiring, DT, duration)
        spikes = SpikeMonitor(objects[0])
        Network(*objects, spikes).run(duration * second, namespace={})
        get_device().build(directory=folder, compile=True, run=True, with_output=False)
        return int(spikes.num_spikes)
    finally:
        get_device().reinit()
        reset_device()
        prefs["devices.cpp_standalone.openmp_threads"] = 0


def brian(folder):
    """Time that the compiled program says its network took."""
    results = os.path.join(folder, "results", "")
    subprocess.run(["./main", "--results_dir", results], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(results, "last_run_info.txt"), encoding="ascii") as said:
        return float(said.read().split()[0])


def bytes_held(wiring, threads):
    """What the wiring and a run of it hold together, a synapse: memory that both have is counted once."""
    zero, nothing = np.zeros(wiring.n), np.empty(0, dtype=np.int64)
    run = _Run(network_inputs(wiring, 0, 1e4), 0.1, zero, zero, None, nothing, np.empty(0), threads)
    held = [wiring.start, wiring.target, wiring.weight, wiring.delay]
    held += [array for array in run.synapses if not any(np.shares_memory(array, other) for other in held)]
    return (sum(array.nbytes for array in held) + run.row_bounds.nbytes) / len(wiring.target)


def memory():
    """Memory of this process now, bytes."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024


def large():
    """100,000 neurons, 10,000,000 synapses."""
    gc.collect()
    before = memory()
    network = describe(100_000, 100)
    start = time.perf_counter()
    wiring = wire(network)
    print(f"wiring {len(wiring.target):,} synapses: {time.perf_counter() - start:.1f} s")
    print(f"bytes a synapse, run on two threads included: {bytes_held(wiring, 2):.2f}")
    spent, spikes, _ = exact(wiring, 0.5, os.cpu_count())
    print(f"0.5 s of model time: {spent:.1f} s, {spikes} spikes")
    print(f"memory now {(memory() - before) / 1e9:.2f} GB more than before, peak of the process "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")  # fmt: skip


def compare(wiring, duration):
    """Both engines on one and two threads by turns: the least time of each is what a quiet machine would show."""
    own, used, clock, count = {1: [], 2: []}, {1: [], 2: []}, {1: [], 2: []}, {}
    with tempfile.TemporaryDirectory() as place:
        folders = {threads: os.path.join(place, str(threads)) for threads in clock}
        clocked = {threads: build(wiring, duration, threads, folder) for threads, folder in folders.items()}
        for _ in range(REPEATS):
            for threads, folder in folders.items():
                spent, count[threads], processor = exact(wiring, duration, threads)
                own[threads].append(spent)
                used[threads].append(processor)
                clock[threads].append(brian(folder))
    best, other = min(own[2]), min(*clock[1], *clock[2])
    events = count[2] * len(wiring.target) / wiring.n
    print(f"{wiring.n:,} neurons, {len(wiring.target):,} synapses, {duration:g} s of model time, "
          f"least of {REPEATS} runs by turns")  # fmt: skip
    print(f"exact: {min(own[1]):.2f} s on one thread, {best:.2f} s on two; {count[2] / wiring.n / duration:.2f} Hz")
    print(f"brian2 standalone, dt 0.1 ms: {min(clock[1]):.2f} s on one thread, {min(clock[2]):.2f} s on two; "
          f"{clocked[1] / wiring.n / duration:.2f} Hz")  # fmt: skip
    print(f"ratio brian2's better / exact on two threads: {other / best:.2f}")
    aims.aim("Brian2's better / exact on two threads", other / best, at_least=1)
    # Brian2's program measures processor time; beside other programs only this comparison is fair.
    print(f"ratio on one thread each, in processor time: {min(clock[1]) / min(used[1]):.2f}")
    print(f"synaptic events a second: {events / best:,.0f}; {best / events * 1e9:.1f} ns each")
    print(f"bytes a synapse, run on two threads included: {bytes_held(wiring, 2):.2f}")
    aims.aim("bytes a synapse", bytes_held(wiring, 2), at_most=16)


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    compare(wire(describe(10_000, 100)), float(arguments[0]) if arguments else 10.0)
    if "--large" in sys.argv:
        large()


if __name__ == "__main__":
    aims.run(main)
