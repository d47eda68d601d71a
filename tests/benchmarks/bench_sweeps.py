"""What a sweep costs beside the work itself.

``python tests/benchmarks/bench_sweeps.py [--full]``, with the bare work beside it in the same run: a point that takes
no time, on worker processes with and without a store; memory of many such points (100,000 with ``--full``); adaptive
neurons through `vary`, against one bare simulation of all of them; a phase diagram of 40,000 neurons (a million with
``--full``) against the bare engine.

Aims, of which each is said to be met or missed (``--assert`` for an exit status):

- a point of no length on processes, with a store and without: at most 10 ms by the clock;
- a batch of points through `vary`, beside its simulation: at most 1 ms of the processor;
- memory of the driver: at most 2 KiB more a point;
- the phase diagram through `sweep`: at most 1.2 times the bare engine's work (time of the processor, which is less
  of a guess than the clock on a machine that does other things too; the clock is printed beside it).
"""

import argparse
import resource
import tempfile
import time

import aims
import numpy as np
from brian2 import second, volt

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.sweeps.chunks import chunk_together
from spikelearn.sweeps.points import read_grid
from spikelearn.sweeps.targets import read_task

NEURON = sl.AdaptiveLIF(V_0="20 mV", tau_K="200 ms", t_d="1 s")


def trivial(x, seed):
    """Give a number back at once."""
    return {"y": 2.0 * x}


def memory():
    """Largest memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(function):
    """Seconds by the clock, and what came out."""
    began = time.perf_counter()
    result = function()
    return time.perf_counter() - began, result


def processes(n):
    """Points that take no time: overhead per point, with and without a store."""
    grid = {"x": np.arange(n, dtype=float)}
    for label, kept in (("without a store", False), ("with a store", True)):
        with tempfile.TemporaryDirectory() as folder:
            store = f"{folder}/sweep" if kept else None
            took, found = timed(lambda store=store: sl.sweep(trivial, grid, executor=2, store=store, progress=False))
        np.testing.assert_array_equal(found["y"], 2 * grid["x"])
        print(f"{n} points of no length on 2 workers {label}: {took:.2f} s, {1e3 * took / n:.3f} ms a point")
        aims.aim(f"ms a point {label}", 1e3 * took / n, at_most=10)


def single_parts(n):
    """Points of a quarter of a second's worth each get a part of their own: what one part costs."""
    from pathlib import Path

    from spikelearn.sweeps.outcome import Outcome
    from spikelearn.sweeps.parts import write_part

    with tempfile.TemporaryDirectory() as folder:
        outcome = Outcome({"y": np.zeros(3)})
        took, _ = timed(lambda: [write_part(Path(folder), [f"{k:040d}"], [outcome]) for k in range(n)])
    print(f"one part: {1e3 * took / n:.2f} ms")


def vectorised(n, duration):
    """Neurons that differ in one parameter: through sweep, bare, and bare with the quantity of each."""
    values = np.linspace(0.01, 0.3, n)
    run = {"duration": duration}
    sl.simulate(NEURON, 0.1, n=2, vary={"delta_g": values[:2]})
    bare, recording = timed(lambda: sl.simulate(NEURON, duration, n=n, vary={"delta_g": values}))
    swept, found = timed(lambda: sl.sweep(NEURON, {"delta_g": values}, measure="spike_count", run=run, progress=False))
    np.testing.assert_array_equal(found["spike_count"], recording.counts[0])
    quantity = catalogue.get_system("AdaptiveLIF").quantities["spike_count"].function
    one, _ = timed(lambda: [quantity(NEURON, recording) for _ in range(1000)])
    print(
        f"{n} neurons for {duration} s: bare {bare:.2f} s, sweep {swept:.2f} s, ratio {swept / bare:.2f}; "
        f"{1e3 * (swept - bare) / n:.3f} ms a point more, of which {one:.3f} ms the quantity itself"
    )


def batch():
    """Two points: what a sweep, and a batch of it, cost beside the simulation; by the processor's clock."""
    run, values = {"duration": 0.05}, np.array([0.1, 0.2])
    grid = read_grid({"delta_g": values}, 1, 0)
    task, _ = read_task(NEURON, grid, "spike_count", run)

    def cost(function):
        for _ in range(100):
            function()
        began = time.process_time()
        for _ in range(200):
            function()
        return 1e3 * (time.process_time() - began) / 200

    bare = cost(lambda: sl.simulate(NEURON, 0.05, n=2, vary={"delta_g": values}))
    alone = cost(lambda: chunk_together(task, grid, np.arange(2), None))
    swept = cost(lambda: sl.sweep(NEURON, {"delta_g": values}, measure="spike_count", run=run, progress=False))
    print(f"two points: bare {bare:.2f} ms of processor; ", end="")
    print(f"a batch {alone - bare:.2f} ms more, a whole sweep {swept - bare:.2f} ms more")
    aims.aim("ms of the processor a batch, beside its simulation", alone - bare, at_most=1)


def phase_diagram(delays, steps, drives, duration=2.0):
    """Longest late interval over delay, conductance step and drive, from rest: through sweep and bare."""
    neuron = sl.AdaptiveLIF(tau_K="50 ms")
    scale = float(neuron.time_to_spike()) * neuron.critical_conductance() / 0.05
    grid = {
        "V_0": [f"{value!r} V" for value in np.linspace(17e-3, 25e-3, drives).tolist()],
        "t_d": [f"{value!r} s" for value in (0.05 * np.geomspace(3, 12, delays)).tolist()],
        "delta_g": scale * np.linspace(0.7, 1.7, steps),
    }
    V_0, t_d, delta_g = (
        part.ravel()
        for part in np.meshgrid(
            np.linspace(17e-3, 25e-3, drives), 0.05 * np.geomspace(3, 12, delays), grid["delta_g"], indexing="ij"
        )
    )
    vary = {"V_0": V_0 * volt, "t_d": t_d * second, "delta_g": delta_g}

    def bare():
        return sl.simulate(neuron, duration, n=len(V_0), vary=vary).spikes.n_spikes

    def swept():
        return sl.sweep(
            neuron, grid, measure=["longest_interval", "spike_count"], run={"duration": duration}, progress=False
        )

    clocks = {}
    for name, function in (("bare", bare), ("sweep", swept)):
        began = time.process_time()
        wall, found = timed(function)
        clocks[name] = (wall, time.process_time() - began, found)
    spikes = clocks["bare"][2]
    assert int(clocks["sweep"][2]["spike_count"].sum()) == spikes
    (wall, work, _), (wall_swept, work_swept, _) = clocks["bare"], clocks["sweep"]
    print(
        f"phase diagram of {len(V_0)} neurons, {spikes} spikes: bare {wall:.1f} s ({work:.1f} s of processor), through "
        f"sweep {wall_swept:.1f} s ({work_swept:.1f} s): {wall_swept / wall:.2f} by the clock, {work_swept / work:.2f} "
        f"of the work, {1e6 * (work_swept - work) / len(V_0):.1f} us a point more"
    )
    aims.aim("work of the phase diagram, in that of the bare engine", work_swept / work, at_most=1.2)


def main():
    """Measure all, with the option --full at full size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="100,000 points, a million neurons")
    full = parser.parse_args().full
    single_parts(300)
    # First, since the largest memory so far is what can be known.
    processes(2000)
    before, n = memory(), 100_000 if full else 10_000
    processes(n)
    after = memory()
    print(f"largest memory of the driver: {before:.0f} MiB before, {after:.0f} MiB after")
    aims.aim("KiB of the driver a point", 1024 * (after - before) / n, at_most=2)
    vectorised(2000, 20.0)
    batch()
    phase_diagram(200, 200, 25 if full else 1)
    print(f"largest memory: {memory():.0f} MiB")


if __name__ == "__main__":
    aims.run(main)
