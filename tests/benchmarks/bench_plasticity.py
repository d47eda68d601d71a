"""A network whose excitatory synapses learn, on the exact engine and on Brian2's compiled standalone program.

``python tests/benchmarks/bench_plasticity.py [seconds of model time]``: 2,000 neurons, fan-in 100, pair STDP on the 80
excitatory synapses of each. Pure run times, measured in one run: wiring, compilation and building are not counted for
either. A synaptic event is an arrival, or a spike of the target at a plastic synapse.
"""

import sys
import tempfile
import time

import numpy as np
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.event_code import event_code
from spikelearn.eventdriven.network.plasticity_inputs import fresh_rows, row_length
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import FixedInDegree, Population, Projection, pair_stdp
from spikelearn.network.brian import brian_objects
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

DT = 0.1e-3


RULE = pair_stdp("1 uV", "1.05 uV", limits=("0 mV", "0.1 mV"))


def describe(n, fan_in, rule=RULE):
    """Four excitatory neurons for each inhibitory one, driven from within by unlike V_0."""
    neuron = sl.AdaptiveLIF(delta_g=0.3, tau_K=200 * ms, t_d=5 * ms)
    V_0 = np.random.default_rng(0).permutation(np.linspace(15.5, 19.5, n))
    cut = n * 4 // 5
    populations = {
        "E": Population(neuron, cut, {"V_0": V_0[:cut] * mV}),
        "I": Population(neuron, n - cut, {"V_0": V_0[cut:] * mV}),
    }
    return sl.Network(
        populations,
        [
            Projection(a, b, FixedInDegree(count), w * mV, 1.5 * ms, plasticity=rule if a == "E" else None)
            for a, w, count in (("E", 0.05, fan_in * 4 // 5), ("I", -0.2, fan_in // 5))
            for b in "EI"
        ],
    )


def exact(wiring, duration, threads):
    """Run time (least of three), spikes, weights of plastic synapses at the end."""
    inputs = network_inputs(wiring, 0, 1e4)
    zero, nothing = np.zeros(wiring.n), np.empty(0, dtype=np.int64)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "threads": threads}
    run_network(inputs, 0.002, **settings)
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        result = run_network(inputs, duration, **settings)
        spent.append(time.perf_counter() - start)
    return min(spent), len(result.times), result.state.plastic[:, 1]


def brian(wiring, duration, threads):
    """Time that the compiled program says its network took, and spikes."""
    from brian2 import Network, SpikeMonitor, prefs, second
    from brian2.devices.device import get_device, reset_device, set_device

    with tempfile.TemporaryDirectory() as folder:
        set_device("cpp_standalone", build_on_run=False, directory=folder)
        prefs["devices.cpp_standalone.openmp_threads"] = threads if threads > 1 else 0
        try:
            objects = brian_objects(wiring, DT, duration)
            spikes = SpikeMonitor(objects[0])
            Network(*objects, spikes).run(duration * second, namespace={})
            device = get_device()
            device.build(directory=folder, compile=True, run=True, with_output=False)
            return device._last_run_time, int(spikes.num_spikes)
        finally:
            device = get_device()
            device.reinit()
            reset_device()
            prefs["devices.cpp_standalone.openmp_threads"] = 0


def compilation(rule):
    """Time to compile a rule that was not there before, the loop being compiled already."""
    start = time.perf_counter()
    event_code(("w", *rule.traces), rule.parameters, ("w*1.5 - x*y", *rule.traces), (0, 0))
    return time.perf_counter() - start


def main():
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    wiring = wire(describe(2_000, 100))
    inputs = network_inputs(wiring, 0, 1e4)
    rows = fresh_rows(inputs.plasticity, wiring.weight)
    plastic = len(rows)
    own = {threads: exact(wiring, duration, threads) for threads in (1, 2)}
    _, spikes, weights = own[2]
    spent = min(found for found, _, _ in own.values())
    arrivals = spikes * 100
    events = arrivals + spikes * 80
    # Marked weight and target, the row, the number of its rule.
    size = wiring.weight.itemsize + wiring.target.itemsize + 8 * row_length(rows.shape[1]) + wiring.rule.itemsize
    rate = spikes / wiring.n / duration
    print(f"exact: 1 thread {own[1][0]:.2f} s, 2 threads {own[2][0]:.2f} s; {rate:.2f} Hz")
    print(f"{plastic:,} plastic synapses from 0.05 mV to {weights.min() * 1e3:.3f} ... {weights.max() * 1e3:.3f} mV")
    speed = f"{events / spent:,.0f}; {spent / events * 1e9:.1f} ns each"
    print(f"synaptic events a second on the better number of threads: {speed}")
    print(f"bytes a plastic synapse: {size:.0f}; a static one: {wiring.weight.itemsize + wiring.target.itemsize}")
    print(f"a new rule compiles in {compilation(inputs.plasticity.rules[0]):.2f} s")
    clock = {threads: brian(wiring, duration, threads) for threads in (1, 2)}
    print(f"brian2 standalone, dt 0.1 ms: 1 thread {clock[1][0]:.2f} s, 2 threads {clock[2][0]:.2f} s; "
          f"{clock[1][1] / 2e3 / duration:.2f} Hz")  # fmt: skip
    other = min(found for found, _ in clock.values())
    print(f"ratio brian2 / exact: {other / spent:.2f}")


if __name__ == "__main__":
    main()
