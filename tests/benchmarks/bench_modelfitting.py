"""The fit of `bench_derivatives.py` from the same spread starts, by brian2modelfitting 0.4.

That release is of 2020: it needs an environment of its own, ``pip install -e . brian2modelfitting
"bayesian-optimization<2"``, and two names that NumPy has dropped since, which this script gives back. Then
``python tests/benchmarks/bench_modelfitting.py [--samples 40 --rounds 50 --spreads 0.3]``; a C++ compiler is needed.

Its `SpikeFitter` looks with differential evolution for the largest share of coincident spikes (its Gamma factor, within
1 ms), in a box of the spread about each start, on Brian2's compiled program at a step of 0.1 ms. It takes neurons
without synapses, so the delayed jumps of potassium are written into the equations: each neuron remembers its last eight
spikes. Neurons that run at the same time count as one run each.
"""

import argparse
import time

import numpy as np
from bench_derivatives import firing_start
from brian2 import device, ms, mV, second, set_device

import spikelearn as sl
from spikelearn.derivatives.descent import Problem
from spikelearn.derivatives.fitting import _coordinates
from spikelearn.simulation.initial import Initial

np.NaN, np.float = np.nan, float  # noqa: NPY001, NPY201 - brian2modelfitting and its Nevergrad ask for them
from brian2modelfitting import GammaFactor, NevergradOptimizer, SpikeFitter  # noqa: E402

NAMES, STARTS, REMEMBERED, STEP = ("V_0", "delta_g", "tau_K", "t_d"), 20, 8, 0.1
ARRIVALS = " + ".join(f"int(abs(t - s{k} - t_d) < dt/2)" for k in range(REMEMBERED))
EQUATIONS = f"""
du/dt = (V_0 - u - g*(u + 15*mV) + 0*mV*nothing)/(10*ms) : volt
dg/dt = -g/tau_K + delta_g*({ARRIVALS})/dt : 1
{"".join(f"ds{k}/dt = 0 : second" + chr(10) for k in range(REMEMBERED))}
V_0 : volt (constant)
delta_g : 1 (constant)
tau_K : second (constant)
t_d : second (constant)
"""
RESET = "; ".join(["u = 0*mV", *(f"s{k} = s{k - 1}" for k in range(REMEMBERED - 1, 0, -1)), "s0 = t"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--spreads", type=float, nargs="+", default=[0.3])
    chosen = parser.parse_args()
    truth = sl.AdaptiveLIF(V_0=24 * mV, delta_g=0.1, tau_K=80 * ms, t_d=20 * ms)
    np.testing.assert_allclose([float(truth.Delta), float(truth.tau), float(truth.theta)], [0.015, 0.01, 0.015])
    true = {name: float(getattr(truth, name)) for name in NAMES}
    coordinates = _coordinates(truth, NAMES, Initial())
    x = coordinates.logarithms(coordinates.start)
    spikes = coordinates.spikes(coordinates.start, 50, 100.0)
    problem = Problem(coordinates, [spikes], float(np.median(np.diff(spikes))) / 4, float(spikes[-1]) + 1e-3)
    set_device("cpp_standalone", directory=None)
    steps = int(np.ceil(problem.t_stop / (STEP * 1e-3)))
    fitter = SpikeFitter(
        model=EQUATIONS, input=np.zeros((1, steps)), input_var="nothing", output=[spikes * second], dt=STEP * ms,
        threshold="u > 15*mV", reset=RESET, n_samples=chosen.samples, method="rk2",
        param_init={f"s{k}": -1 * second for k in range(REMEMBERED)},
    )  # fmt: skip
    metric = GammaFactor(delta=1 * ms, time=steps * STEP * ms)
    # The grid alone is not to make the truth a bad fit: a box of no width about it.
    _, floor = fitter.fit(
        NevergradOptimizer(method="DE"), metric, n_rounds=1, callback=None, restart=True,
        **{name: [value * (1 - 1e-9), value * (1 + 1e-9)] for name, value in true.items()},
    )  # fmt: skip
    print(f"error of the true parameters: {float(floor):.3g} (0: every spike coincides)", flush=True)
    budget = chosen.samples * chosen.rounds
    print(f"{STARTS} starts, {budget} runs each ({chosen.rounds} rounds of {chosen.samples}), {steps} steps a run")
    for spread in chosen.spreads:
        rng, apart, errors = np.random.default_rng(5), [], []
        begun = time.perf_counter()
        for start in range(STARTS):
            begin = firing_start(problem, x, rng, spread)
            ends = [np.asarray(coordinates.values(begin + side * spread)) for side in (-1, 1)]
            low, high = ({name: one[k] for name, k in index(coordinates).items()} for one in ends)
            np.random.seed(start)  # noqa: NPY002, TID251 - Nevergrad draws from NumPy's global state
            found, error = fitter.fit(
                NevergradOptimizer(method="DE"), metric, n_rounds=chosen.rounds, callback=None, restart=True,
                **{name: [low[name], high[name]] for name in NAMES},
            )  # fmt: skip
            apart.append(max(abs(float(found[name]) / true[name] - 1.0) for name in NAMES))
            errors.append(float(error))
        apart, errors = np.array(apart), np.array(errors) - float(floor)
        print(
            f"spread {spread}: all parameters within 1e-3: {np.sum(apart < 1e-3)}, within 1 %: "
            f"{np.sum(apart < 0.01)}, within 5 %: {np.sum(apart < 0.05)} of {STARTS}; as many spikes coincide as at "
            f"the truth: {np.sum(errors < 1e-9)}; largest error of a parameter {np.median(apart):.0%} at the median; "
            f"{(time.perf_counter() - begun) / STARTS * 1e3:.0f} ms a fit",
            flush=True,
        )
    device.delete(force=True)


def index(coordinates):
    """Where each free parameter stands among the numbers of the coordinates."""
    from spikelearn.derivatives.fit_parameters import FREE

    return {name: FREE.index(name) for name in coordinates.free}


if __name__ == "__main__":
    main()
