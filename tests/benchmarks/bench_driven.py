"""Driven and learning networks on the exact engine beside Brian2, the plain gather-add beside both, a busy neighbour.

``python tests/benchmarks/bench_driven.py [seconds of model time] [static poisson traced pair triplet user busy nest]``,
two to three minutes. 10,000 neurons with a fan-in of 100, or 2,000 of which 160,000 synapses learn. One thread each,
processor time, least of three runs by turns; wiring, compilation and building are not counted for either. The
gather-add reads target and weight of the same synapses in the same order of spikes and adds the weight to a number of
the target: no engine that takes every arrival by itself does less.

``nest`` compares with NEST's precise neuron `iaf_psc_delta_ps` on the static and the Poisson-driven network without
adaptation and with a refractory period of 0.2 ms, where both are exact; it is run where NEST can be imported, or by the
interpreter that the environment variable NEST_PYTHON names.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from bench_network import brian, build, describe
from bench_plasticity import describe as describe_learning
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import Plasticity, PoissonInput, Population, pair_stdp
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

REPEATS = 3
LIMITS = ("0 mV", "0.1 mV")
RULES = {
    "pair": pair_stdp("1 uV", "1.05 uV", limits=LIMITS),
    # Pfister and Gerstner (2006, Journal of Neuroscience 26:9673), time constants of the visual cortex, all pairings.
    "triplet": Plasticity(
        traces={"r1": 16.8 * ms, "r2": 101 * ms, "o1": 33.7 * ms, "o2": 125 * ms},
        on_pre={"r1": "r1 + 1", "r2": "r2 + 1", "w": "w - o1*(A2_minus + A3_minus*r2)"},
        on_post={"o1": "o1 + 1", "o2": "o2 + 1", "w": "w + r1*(A2_plus + A3_plus*o2)"},
        parameters={"A2_minus": "0.7 uV", "A3_minus": "0.02 uV", "A2_plus": "0.5 uV", "A3_plus": "0.6 uV"},
        limits=LIMITS,
    ),
    "user": Plasticity(
        traces={"x": 20 * ms, "y": 30 * ms},
        on_pre={"x": "1 + 0.5*x", "w": "w - A*exp(-x)*y/(1 + y**2)"},
        on_post={"y": "y + 1", "w": "w + A*sqrt(x)*(1 - w/w_max)"},
        parameters={"A": "1 uV", "w_max": "0.1 mV"},
        limits=LIMITS,
    ),
}


def networks(chosen):
    """Name, network, model time as a share of what is asked for, recorded neurons."""
    for name in chosen:
        if name in RULES:
            yield name, describe_learning(2_000, 100, RULES[name]), 2.0, 0
        else:
            network = describe(10_000, 100, (15.5, 19.5) if name == "static" else (13.5, 17.5))
            if name != "static":
                inputs = [PoissonInput(population, 1000 * Hz, 0.1 * mV) for population in "EI"]
                network = sl.Network(network.populations, network.projections, poisson=inputs)
            yield name, network, 1.0 if name == "static" else 0.5, 100 if name == "traced" else 0


def exact(wiring, duration, traced=0, threads=1):
    """Processor time, real time, result."""
    zero, nothing = np.zeros(wiring.n), np.empty(0)
    settings = {
        "u0": zero,
        "g0": zero,
        "traced": np.arange(traced) * (wiring.n // max(traced, 1)),
        "trace_times": np.arange(0.0, duration, 1e-3) if traced else nothing,
        "threads": threads,
    }
    inputs = network_inputs(wiring, 0, 1e4)
    real, used = time.perf_counter(), time.process_time()
    result = run_network(inputs, duration, **settings)
    return time.process_time() - used, time.perf_counter() - real, result


@njit(error_model="numpy")
def gather_add(rows, start, target, weight, total):
    """Add the weights of all synapses of each row, one spike after the other."""
    for row in rows:
        for p in range(start[row], start[row + 1]):
            total[target[p]] += weight[p]


def floor(wiring, rows):
    """Seconds of the gather-add for these spikes."""
    total = np.zeros(wiring.n)
    gather_add(rows[:1], wiring.start, wiring.target, wiring.weight, total)
    used = time.process_time()
    gather_add(rows, wiring.start, wiring.target, wiring.weight, total)
    return time.process_time() - used


def compare(name, network, duration, traced):
    """Both engines and the gather-add by turns."""
    wiring = wire(network)
    exact(wiring, 0.005, traced)
    own, other, plain = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        build(wiring, duration, 1, folder)
        for _ in range(REPEATS):
            spent, _, result = exact(wiring, duration, traced)
            own.append(spent)
            other.append(brian(folder))
            plain.append(floor(wiring, result.rows[np.argsort(result.times)]))
    drawn = int(result.state.poisson_drawn.sum())
    arrivals = int(np.diff(wiring.start)[result.rows].sum())
    learned = (
        int(np.bincount(wiring.target[wiring.rule >= 0], minlength=wiring.n)[result.rows].sum()) if name in RULES else 0
    )
    events = arrivals + drawn + learned
    each = [min(times) / number * 1e9 for times, number in ((own, events), (plain, arrivals))]
    print(
        f"{name:8} {duration:4.1f} s: exact {min(own):.3f} s, brian2 {min(other):.3f} s, "
        f"ratio {min(other) / min(own):.2f}; "
        f"{len(result.times) / wiring.n / duration:.2f} Hz, {events:,} events, {each[0]:.1f} ns each; "
        f"gather-add {each[1]:.1f} ns an arrival",
        flush=True,
    )


def with_nest(duration):
    """The precise neurons of both, without adaptation, which NEST's do not have."""
    interpreter = os.environ.get("NEST_PYTHON", sys.executable)
    if subprocess.run([interpreter, "-c", "import nest"], capture_output=True).returncode:
        print("nest     not installed: left out", flush=True)
        return
    for name, drive, rate in (("static", (15.5, 19.5), 0.0), ("poisson", (13.5, 17.5), 1000.0)):
        neuron = sl.AdaptiveLIF(delta_g=0.0)
        network = describe(10_000, 100, drive)
        populations = {
            key: Population(neuron, population.n, dict(population.vary), refractory="0.2 ms")
            for key, population in network.populations.items()
        }
        inputs = [PoissonInput(key, rate * Hz, 0.1 * mV) for key in "EI"] if rate else []
        wiring = wire(sl.Network(populations, network.projections, poisson=inputs))
        exact(wiring, 0.005)
        own, other = [], []
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "network.npz")
            number = len(wiring.target)
            np.savez(
                path,
                drive=wiring.values["V_0"] * 1e3,
                theta=wiring.values["theta"][0] * 1e3,
                tau=wiring.values["tau"][0] * 1e3,
                pause=wiring.values["refractory"][0] * 1e3,
                pre=np.repeat(np.arange(wiring.n), np.diff(wiring.start)),
                post=wiring.target.astype(np.int64),
                weight=wiring.weight * 1e3,
                delay=np.broadcast_to(wiring.delay, (number,)) * 1e3,
                rate=rate,
                jump=0.1,
                duration=duration * 1e3,
            )
            for _ in range(REPEATS):
                spent, _, result = exact(wiring, duration)
                own.append(spent)
                command = [interpreter, os.path.join(os.path.dirname(__file__), "nest_precise.py"), path]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                _, used, spikes = next(line.split() for line in done.stdout.splitlines() if line.startswith("used "))
                other.append(float(used))
        print(
            f"{name:8} {duration:4.1f} s without adaptation: exact {min(own):.3f} s, {len(result.times):,} spikes; "
            f"NEST's iaf_psc_delta_ps {min(other):.3f} s, {int(spikes):,} spikes; ratio {min(other) / min(own):.2f}",
            flush=True,
        )


def busy(duration):
    """One, two and as many threads as it takes, quiet and with one processor kept busy by another process."""
    wiring = wire(describe(10_000, 100))
    exact(wiring, 0.005)
    for neighbours in (0, 1):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(neighbours)]
        try:
            spent = {threads: [] for threads in (1, 2, None)}
            for _ in range(REPEATS):
                for threads, found in spent.items():
                    found.append(exact(wiring, duration, threads=threads)[1])
        finally:
            for other in others:
                other.kill()
                other.wait()
        one, two, free = (float(np.median(found)) for found in spent.values())
        print(
            f"{neighbours} busy neighbours, {os.cpu_count()} processors, real time, median of {REPEATS}: one thread "
            f"{one:.3f} s, two {two:.3f} s ({two / one:.2f}), free choice {free:.3f} s ({free / one:.2f})",
            flush=True,
        )


def main():
    numbers = [float(a) for a in sys.argv[1:] if a.replace(".", "", 1).isdigit()]
    chosen = [a for a in sys.argv[1:] if not a.replace(".", "", 1).isdigit()]
    duration = numbers[0] if numbers else 4.0
    kinds = ["static", "poisson", "traced", *RULES]
    for name, network, share, traced in networks([a for a in kinds if a in chosen or not chosen]):
        compare(name, network, duration * share, traced)
    if not chosen or "nest" in chosen:
        with_nest(duration / 2)
    if not chosen or "busy" in chosen:
        busy(2 * duration)


if __name__ == "__main__":
    main()
