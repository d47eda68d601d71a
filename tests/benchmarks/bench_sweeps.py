"""What a sweep costs beside the work itself.

``python tests/benchmarks/bench_sweeps.py [--full]``. Three questions, with the bare work beside it in the same run:
a point that takes no time, on worker processes with and without a store; memory of many such points (100,000 with
``--full``); adaptive neurons through `vary`, against one bare simulation of all of them and against the same and its
quantity.
"""

import argparse
import resource
import tempfile
import time

import numpy as np

import spikelearn as sl
from spikelearn import catalogue

NEURON = sl.AdaptiveLIF(V_0="20 mV", tau_K="200 ms", t_d="1 s")


def trivial(x, seed):
    """Give a number back at once."""
    return {"y": 2.0 * x}


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    full = parser.parse_args().full
    single_parts(300)
    vectorised(2000, 20.0)
    processes(2000)
    if full:
        processes(100_000)
    print(f"largest memory of the driver: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
