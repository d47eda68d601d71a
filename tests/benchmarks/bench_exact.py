"""Speed and memory of the exact engine beside Brian2's compiled standalone program, in one run.

The reference population: 1000 neurons with V_0 from 15.5 to 25.5 mV, tau_K 200 ms, delta_g 0.3, t_d 5 ms, 10 s.
Brian2's time is that of its compiled main loop alone (no compilation, no start of the process, no reading of results);
ours is the whole of `simulate`, checks and SpikeTrains included, on one thread. The Brian2 model is written by hand and
as lean as Brian2 allows: one constant a neuron, one delay for all synapses.

``python tests/benchmarks/bench_exact.py``
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time

import aims
import numpy as np
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.brian.session import session

N = 1000
V_0 = (15.5 + 10 * np.arange(N) / N) * mV
NEURON = sl.AdaptiveLIF(tau_K=200 * ms, t_d=5 * ms, delta_g=0.3)
EQUATIONS = """
du/dt = (-u + V_0 - g*(u + Delta))/tau : volt
dg/dt = -g/tau_K : 1
V_0 : volt (constant)
"""


def exact(repeats: int = 40) -> tuple[float, int]:
    sl.simulate(NEURON, 0.1 * second, n=N, vary={"V_0": V_0}, threads=1)
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        recording = sl.simulate(NEURON, 10 * second, n=N, vary={"V_0": V_0}, threads=1)
        best = min(best, time.perf_counter() - began)
    return best, recording.spikes.n_spikes


def brian(repeats: int = 5) -> tuple[float, int]:
    constants = {"tau": 10 * ms, "tau_K": 200 * ms, "Delta": 15 * mV, "theta": 15 * mV, "delta_g": 0.3}
    with session("cpp_standalone", 1) as door:
        from brian2 import Network, NeuronGroup, SpikeMonitor, Synapses
        from brian2.devices.device import get_device

        group = NeuronGroup(N, EQUATIONS, threshold="u >= theta", reset="u = 0*volt", method="rk4", dt=0.1 * ms)
        group.V_0 = V_0
        synapses = Synapses(group, group, on_pre="g_post += delta_g", delay=5 * ms, dt=0.1 * ms)
        synapses.connect(j="i")
        monitor = SpikeMonitor(group)
        door.run(Network(group, synapses, monitor), 10 * second, namespace=constants)
        device = get_device()
        best = device._last_run_time
        for _ in range(repeats - 1):
            device.run(door.directory, with_output=False, run_args=[])
            best = min(best, device._last_run_time)
        return best, int(monitor.num_spikes)


MEMORY = """
import resource, sys
import numpy as np, spikelearn as sl
from brian2 import mV, ms, second
n, record = int(sys.argv[1]), sys.argv[2]
neuron = sl.AdaptiveLIF(tau_K=200 * ms, t_d=5 * ms, delta_g=0.05)
sl.simulate(neuron, 0.1 * second, n=10, threads=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
record = () if record == "spikes" else record
vary = {"V_0": np.linspace(16, 30, n) * mV}
out = sl.simulate(neuron, 1 * second, n=n, vary=vary, record=record, threads=1)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(int(out.counts.sum()), (after - before) * 1024)
"""


def memory(n: int, record: str) -> tuple[int, int]:
    """Spikes, and the growth of the peak in bytes, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(n), record], capture_output=True, text=True, check=True)
    spikes, extra = done.stdout.split()
    return int(spikes), int(extra)


def many_time_constants(n: int = 20_000) -> None:
    for name, tau_K in (("one tau_K (a table)", 0.2), (f"{n} distinct tau_K (series)", np.linspace(0.1, 0.3, n))):
        best = float("inf")
        for _ in range(2):
            began = time.perf_counter()
            vary = {"V_0": np.linspace(16, 26, n) * mV, "tau_K": np.broadcast_to(tau_K, n) * second}
            spikes = sl.simulate(NEURON, 2 * second, n=n, vary=vary, threads=1).spikes.n_spikes
            best = min(best, time.perf_counter() - began)
        print(f"{name:34s} {best / spikes * 1e9:8.0f} ns a spike ({spikes} spikes)")


def main() -> None:
    ours, our_spikes = exact()
    print(f"exact engine, sl.simulate, 1 thread   {ours * 1e3:8.1f} ms   {our_spikes} spikes")
    if shutil.which("c++") or shutil.which("g++"):
        theirs, their_spikes = brian()
        print(f"Brian2 cpp_standalone, rk4, dt 0.1 ms {theirs * 1e3:8.1f} ms   {their_spikes} spikes")
        print(f"ratio                                 {theirs / ours:8.1f}")
        aims.aim("Brian2 / exact", theirs / ours, at_least=8)
    else:
        print("Brian2 cpp_standalone: no C++ compiler here, no ratio")
    many_time_constants()
    for n in (20_000, 80_000):
        for record in ("spikes", "counts"):
            spikes, extra = memory(n, record)
            share = (
                f", {extra / spikes:.1f} bytes a spike" if record == "spikes" else f", {extra / n:.0f} bytes a neuron"
            )
            print(f"{n} neurons, {record}: {spikes} spikes, peak grew by {extra / 1e6:.1f} MB{share}")
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    aims.run(main)
