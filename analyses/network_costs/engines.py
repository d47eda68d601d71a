"""The network of the study, and what a second of it costs on each engine."""

import contextlib
import dataclasses
import itertools
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from brian2 import Network, SpikeMonitor, mV, second
from brian2.devices.device import get_device

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import FixedInDegree, Population, Projection
from spikelearn.network.brian import brian_objects
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

# The case that all panels share.
NEURONS, FAN_IN, DELTA_G, STEP = 1000, 100, 0.3, 0.1e-3
DELAY = 1.5e-3


class Case(NamedTuple):
    """One run: its network, and what is changed without building anew."""

    n: int = NEURONS
    fan: int = FAN_IN
    delta_g: float = DELTA_G
    dt: float = STEP
    silent: bool = False


class Cost(NamedTuple):
    """Seconds of computing and spikes, both a second of model time."""

    seconds: float
    spikes: float


NONE = Cost(np.nan, np.nan)


def described(n, fan):
    """Couple neurons that fire from within, excitation balancing inhibition, so that fan-in leaves the rate alone."""
    neuron = sl.AdaptiveLIF(tau_K="200 ms", t_d="5 ms")
    V_0 = np.random.default_rng(0).permutation(np.linspace(15.5, 19.5, n)).reshape(2, -1)
    weight = 1.0 / np.sqrt(fan) * mV
    return wire(
        sl.Network(
            {name: Population(neuron, n // 2, {"V_0": part * mV}) for name, part in zip("EI", V_0, strict=True)},
            [
                Projection(a, b, FixedInDegree(fan // 2), weight if a == "E" else -weight, DELAY)
                for a, b in itertools.product("EI", repeat=2)
            ],
        )
    )


def parameters(wiring, case):
    """Give V_0, delta_g and the g at time 0 of a case; SI units.

    The neurons start anywhere in their cycle: g rises from g* by delta_g at a spike and falls back to g*.
    """
    n = wiring.n
    if case.silent:
        return {"V_0": np.zeros(n), "delta_g": np.zeros(n), "g": np.zeros(n)}
    critical = (wiring.values["V_0"] - wiring.values["theta"]) / (wiring.values["theta"] + wiring.values["Delta"])
    phase = np.random.default_rng(1).random(n)
    g = critical * (1.0 + case.delta_g / critical) ** phase
    return {"V_0": wiring.values["V_0"], "delta_g": np.full(n, case.delta_g), "g": g}


def exact(wiring, case, duration, repeats, threads=1):
    """Run on the exact engine; the best of some runs.

    By the processor's clock for one thread, which is the clock of Brian2's program. What a run costs before its first
    window (arrays laid out for the threads) is measured by a short run and taken off.
    """
    values = parameters(wiring, case)
    g0 = values.pop("g")
    inputs = network_inputs(dataclasses.replace(wiring, values={**wiring.values, **values}), 0, 1e4)
    nothing = np.empty(0, dtype=np.int64)
    settings = {"u0": np.zeros(wiring.n), "g0": g0, "traced": nothing, "trace_times": np.empty(0), "threads": threads}
    clock = time.process_time if threads == 1 else time.perf_counter
    best, spikes = {DELAY: np.inf, duration: np.inf}, {}
    for _ in range(repeats + 1):
        for length in best:
            start = clock()
            spikes[length] = len(run_network(inputs, length, **settings).times)
            best[length] = min(best[length], clock() - start)
    whole, short = duration, DELAY
    return Cost((best[whole] - best[short]) / (whole - short), (spikes[whole] - spikes[short]) / (whole - short))


@contextlib.contextmanager
def compiled(wiring, duration, repeats):
    """Build one program for all cases of a network, one that takes its step from a file; the best of some runs each."""
    with session("cpp_standalone") as opened:
        device = get_device()
        objects = brian_objects(wiring, STEP, duration)
        group, spikes = objects[0], SpikeMonitor(objects[0])
        clocks = {thing.clock for thing in [*objects, spikes]} | {thing.pre.clock for thing in objects[1:]}
        steps = [f"{device.get_array_name(clock.variables['dt'])}[0]" for clock in clocks]
        device.insert_code("main", f'{{ std::ifstream step("step.txt"); step >> {steps[0]}; }}')
        device.insert_code("main", " ".join(f"{step} = {steps[0]};" for step in steps))
        Network(*objects, spikes).run(duration * second, namespace={})
        device.build(directory=opened.directory, compile=True, run=False, with_output=False)

        def cost(case):
            Path(opened.directory, "step.txt").write_text(f"{case.dt!r}\n", encoding="ascii")
            changed = {getattr(group, name): _quantity(name, x) for name, x in parameters(wiring, case).items()}
            best = np.inf
            for _ in range(repeats):
                device.run(results_directory="results", with_output=False, run_args=changed)
                best = min(best, device._last_run_time)
            return Cost(best / duration, spikes.num_spikes / duration)

        yield cost


@contextlib.contextmanager
def interpreted(wiring, duration, repeats):
    """Run on Brian2's NumPy target, by the wall's clock; the best of some runs each."""

    def cost(case):
        best, found = np.inf, 0
        for _ in range(repeats):
            with session("numpy") as opened:
                objects = brian_objects(wiring, case.dt, duration)
                spikes = SpikeMonitor(objects[0])
                for name, value in parameters(wiring, case).items():
                    objects[0].variables[name].set_value(value)
                opened.run(Network(*objects, spikes), duration * second)
                best, found = min(best, get_device()._last_run_time), spikes.num_spikes
        return Cost(best / duration, found / duration)

    yield cost


def _quantity(name, value):
    return value * 1e3 * mV if name == "V_0" else value
