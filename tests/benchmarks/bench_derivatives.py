"""What derivatives cost beside the run that they are of, in one process and by turns.

``python tests/benchmarks/bench_derivatives.py``: the gradient of everything for networks of 100 and more neurons, with
the bytes that it holds an event, and the fit of a train of 50 spikes beside Nelder and Mead's method. Processor time of
this process, the least of several turns: what a quiet machine would show.
"""

import time
import tracemalloc

import numpy as np
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.derivatives.descent import Problem, descend
from spikelearn.derivatives.fitting import _coordinates
from spikelearn.derivatives.runs import describe_network
from spikelearn.eventdriven.network.run import run_network
from spikelearn.eventdriven.sensitivity.passes import backward, read_again
from spikelearn.network import FixedProbability, Population, Projection
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire
from spikelearn.simulation.initial import Initial

TURNS = 7


def describe(n, probability, w_E=0.3, w_I=-1.5):
    """Four excitatory neurons for each inhibitory one, delays of 1 to 4 ms that all differ."""
    rng = np.random.default_rng(1)
    neuron = sl.AdaptiveLIF(delta_g=0.08, tau_K=100 * ms, t_d=5 * ms)
    cut = n * 4 // 5
    V_0 = rng.uniform(17, 23, n) * mV
    populations = {
        "E": Population(neuron, cut, {"V_0": V_0[:cut]}),
        "I": Population(neuron, n - cut, {"V_0": V_0[cut:]}),
    }
    projections = []
    for a, w in (("E", w_E), ("I", w_I)):
        for b in "EI":
            size = {"E": cut, "I": n - cut}
            pairs = FixedProbability(probability).pairs(size[a], size[b], a == b, rng, "bench")
            pre, post = pairs
            delays = rng.uniform(1.0, 4.0, len(pre)) * ms
            projections.append(Projection(a, b, sl.network.Connections(pre, post), w * mV, delays))
    return sl.Network(populations, projections)


def network(n, probability, duration):
    """Print one row."""
    model = describe(n, probability)
    wiring = wire(model)
    recording = sl.simulate(model, duration, threads=1)
    inputs, zero, nothing = network_inputs(wiring, 0, 1e4), np.zeros(n), np.empty(0, dtype=np.int64)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "threads": 1}
    run = describe_network("bench", model, recording, Initial()).run
    loss = np.random.default_rng(0).standard_normal(len(run.times))
    reading = read_again(run)
    backward(reading, loss)
    events = reading.margins.arrivals + len(reading.segments.end)
    tracemalloc.start()
    held = read_again(run)
    backward(held, loss)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # By turns, so that what else the machine does falls on both.
    spent = {"run": np.inf, "read": np.inf, "back": np.inf}
    for _ in range(TURNS):
        for name, function in (
            ("run", lambda: run_network(inputs, duration, **settings)),
            ("read", lambda: read_again(run)),
            ("back", lambda: backward(reading, loss)),
        ):
            began = time.process_time()
            function()
            spent[name] = min(spent[name], time.process_time() - began)
    each = {name: value / events * 1e9 for name, value in spent.items()}
    ratio = (spent["read"] + spent["back"]) / spent["run"]
    print(
        f"{n} neurons, {len(wiring.target)} synapses, {events} events, {len(recording.spikes.times)} spikes: "
        f"run {each['run']:.1f} ns an event, gradient {each['read'] + each['back']:.1f} "
        f"({each['read']:.1f} + {each['back']:.1f}), ratio {ratio:.2f}, {peak / events:.1f} bytes an event"
    )
    return ratio, peak / events


def firing_start(problem, x, rng, spread):
    """Give coordinates within the spread at which the neuron fires three times."""
    while True:
        begin = x + rng.uniform(-spread, spread, len(x))
        if len(problem.coordinates.spikes(problem.coordinates.values(begin), 3, 20.0 * problem.t_stop)) == 3:
            return begin


def fits(starts=20):
    """Print successes (all parameters to 1e-3), runs and time of descents from spread starts, beside the simplex."""
    from scipy.optimize import minimize

    truth = sl.AdaptiveLIF(V_0=24 * mV, delta_g=0.1, tau_K=80 * ms, t_d=20 * ms)
    coordinates = _coordinates(truth, ("V_0", "delta_g", "tau_K", "t_d"), Initial())
    x = coordinates.logarithms(coordinates.start)
    spikes = coordinates.spikes(coordinates.start, 50, 100.0)
    problem = Problem(coordinates, [spikes], float(np.median(np.diff(spikes))) / 4, float(spikes[-1]) + 1e-3)

    def simplex(z, counts):
        """Nelder and Mead on the first spikes, more and more of them; the runs are counted."""
        spent = 0
        for count in counts:
            late = 20.0 * spikes[count - 1]

            def loss(y, count=count, late=late):
                found = coordinates.spikes(coordinates.values(y), count, late)
                found = np.concatenate([found, np.full(count - len(found), late)])
                return np.sum(np.log(found / spikes[:count]) ** 2)

            last = count == counts[-1]
            end = {"xatol": 1e-9, "fatol": 1e-18, "maxfev": 4000} if last else {"maxfev": 400}
            other = minimize(loss, z, method="Nelder-Mead", options=end)
            z, spent = other.x, spent + other.nfev
        return z, spent

    recorded = sl.SpikeTrains.from_arrays([spikes], t_stop=float(spikes[-1]) + 1e-3)
    start = sl.AdaptiveLIF(V_0=21 * mV, delta_g=0.07, tau_K=100 * ms, t_d=26 * ms)
    spent = []
    for _ in range(TURNS):
        began = time.process_time()
        whole = sl.fit(start, recorded)
        spent.append(time.process_time() - began)
    error = max(abs(whole.estimates[name] / float(getattr(truth, name)) - 1.0) for name in whole.estimates)
    print(f"sl.fit, 50 spikes without noise: {min(spent) * 1e3:.1f} ms, {whole.evaluations} runs, off by {error:.0e}")
    methods = {
        "exact Jacobian": lambda z: (lambda found: (found.x, found.evaluations))(descend(problem, z)),
        "Nelder-Mead": lambda z: simplex(z, (50,)),
        "Nelder-Mead, 8 to 50 spikes": lambda z: simplex(z, (8, 13, 21, 34, 50)),
    }
    print("successes, runs of the model, ms")
    print(f"{'spread':>8}" + "".join(f"{name:>30}" for name in methods))
    for spread in (0.3, 0.6, 1.0, 1.5):
        rng = np.random.default_rng(5)
        rows = {name: [0, 0, 0.0] for name in methods}
        for _ in range(starts):
            begin = firing_start(problem, x, rng, spread)
            for name, method in methods.items():
                clock = time.process_time()
                found, runs = method(begin)
                rows[name][2] += time.process_time() - clock
                rows[name][1] += runs
                rows[name][0] += bool(np.abs(found - x).max() < 1e-3)
        said = [f"{a}/{starts}, {b / starts:.0f}, {c / starts * 1e3:.1f}" for a, b, c in rows.values()]
        print(f"{spread:>8}" + "".join(f"{each:>30}" for each in said))


def main():
    for n, probability, duration in ((20, 0.5, 5.0), (100, 0.2, 3.0), (500, 0.1, 1.0), (2000, 0.05, 0.25)):
        network(n, probability, duration)
    fits()


if __name__ == "__main__":
    main()
