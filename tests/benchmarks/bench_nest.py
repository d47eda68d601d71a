"""Networks without potassium on the exact engine and on NEST's neuron with precise spike times, in one run.

``python tests/benchmarks/bench_nest.py [seconds of model time] [Python with NEST]``: 10,000 neurons of the kind
`iaf_psc_delta_ps`, fan-in 100, delay 1.5 ms, the same synapses, one thread each. Both are exact; NEST has no potassium,
so that rates are higher than in the other benchmarks. Processor time of the runs, least of three by turns; wiring and
preparation are not counted for either. NEST runs in a process of its own, in the Python that is named, or this one.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network import FixedInDegree, Population, Projection
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

REPEATS = 3
CAPACITY = 1000.0
ON_NEST = """
import sys, time
import numpy as np
import nest

arrays = np.load(sys.argv[1])
nest.set_verbosity("M_ERROR")
nest.SetKernelStatus({"resolution": 0.1, "local_num_threads": 1, "print_time": False})
cells = nest.Create("iaf_psc_delta_ps", len(arrays["I_e"]))
cells.set({name: float(arrays[name]) for name in ("C_m", "tau_m", "E_L", "V_th", "V_reset", "t_ref", "V_m")})
cells.set(I_e=arrays["I_e"])
first = cells[0].global_id
synapses = {"weight": arrays["weight"], "delay": np.full(len(arrays["weight"]), 1.5)}
nest.Connect(arrays["pre"] + first, arrays["post"] + first, "one_to_one", synapses)
counter = nest.Create("spike_recorder", params={"record_to": "memory"})
nest.Connect(cells, counter)
nest.Prepare()
for line in sys.stdin:
    before = counter.n_events
    begun = time.process_time()
    nest.Run(float(line))
    print(time.process_time() - begun, counter.n_events - before, flush=True)
"""


def describe(n, fan_in):
    """Four excitatory neurons for each inhibitory one, driven from within by unlike V_0, 2 ms refractory."""
    neuron = sl.AdaptiveLIF(delta_g=0.0)
    V_0 = np.random.default_rng(0).permutation(np.linspace(14.0, 16.0, n))
    cut = n * 4 // 5
    pause = 2 * ms
    return sl.Network(
        {
            "E": Population(neuron, cut, {"V_0": V_0[:cut] * mV}, pause),
            "I": Population(neuron, n - cut, {"V_0": V_0[cut:] * mV}, pause),
        },
        [
            Projection(a, b, FixedInDegree(fan_in * 4 // 5 if a == "E" else fan_in // 5), w * mV, 1.5 * ms)
            for a, w in (("E", 0.05), ("I", -0.25))
            for b in "EI"
        ],
    )


def main():
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
    wiring = wire(describe(10_000, 100))
    values, n = wiring.values, wiring.n
    zero, nothing = np.zeros(n), np.empty(0, dtype=np.int64)
    inputs = network_inputs(wiring, 0, 1e4)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "threads": 1}
    state = run_network(inputs, duration, **settings).state
    arrays = {
        "pre": wiring.rows.astype(np.int64), "post": wiring.target.astype(np.int64), "weight": wiring.weight * 1e3,
        "I_e": values["V_0"] * 1e3 * CAPACITY / (values["tau"] * 1e3), "C_m": CAPACITY, "tau_m": values["tau"][0] * 1e3,
        "E_L": 0.0, "V_th": values["theta"][0] * 1e3, "V_reset": 0.0, "V_m": 0.0,
        "t_ref": values["refractory"][0] * 1e3,
    }  # fmt: skip
    own, other = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        np.savez(path / "arrays.npz", **arrays)
        (path / "on_nest.py").write_text(ON_NEST)
        nest = subprocess.Popen(
            [python, str(path / "on_nest.py"), str(path / "arrays.npz")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

        def on_nest():
            nest.stdin.write(f"{duration * 1e3}\n")
            nest.stdin.flush()
            while True:
                said = nest.stdout.readline().split()
                if len(said) == 2 and said[1].isdigit():
                    return float(said[0]), int(said[1])

        # The first stretch has brought both from the start to their rates.
        on_nest()
        for k in range(REPEATS):
            begun = time.process_time()
            result = run_network(inputs, (k + 2) * duration, resume=state, **settings)
            own.append((time.process_time() - begun, len(result.times)))
            state = result.state
            other.append(on_nest())
        nest.stdin.close()
        nest.wait()
    print(f"{n:,} neurons, {len(wiring.target):,} synapses, {duration:g} s of model time, {REPEATS} stretches")
    for name, found in (("exact", own), ("nest", other)):
        rates = ", ".join(f"{spikes / n / duration:.4f}" for _, spikes in found)
        print(f"{name}: {min(spent for spent, _ in found):.3f} s, rates {rates} Hz")
    print(f"ratio nest / exact on one thread: {min(other)[0] / min(own)[0]:.2f}")


if __name__ == "__main__":
    main()
