"""How fast are many units and learning without trials: a trial of 100 units, and a million steps online.

Targets: a trial of 80 E and 20 I units with noise in 0.15 s, a million steps online in 0.2 s with noise. Processor time
of this process, the least of three; the plain NumPy trial and the plain Python steps run once and are shorter.
"""

import importlib.util
import time
from pathlib import Path

import aims
import numpy as np

import spikelearn as sl

FOUR = ("EE", "EI", "IE", "II")
MODELS = Path(__file__).parents[1] / "models"


def processor(call, repeats=3):
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        spent.append(time.process_time() - begin)
    return min(spent)


def file(*parts):
    path = MODELS.joinpath(*parts)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    units = sl.EIUnits()
    rule = sl.rules.TwoTerm(alpha=1e-5, beta=1e-5)
    W0 = units.draw_weights(0, W_EI=(0.12, 0.048))
    sl.run_trials(units, rule, 1, W0, noise=0.1)
    noisy = processor(lambda: sl.run_trials(units, rule, 10, W0, noise=0.1)) / 10
    quiet = processor(lambda: sl.run_trials(units, rule, 10, W0)) / 10
    oracle = file("ei_units", "conftest.py")
    normals = np.random.default_rng(0).standard_normal((20_000, 100))
    plain = processor(lambda: oracle.plain_trial(W0, np.zeros(100), normals, 0.1), 1)
    print(f"a trial of 100 units with noise: {noisy:.3f} s, without {quiet:.3f} s")
    aims.aim("a trial of 100 units with noise (s)", noisy, at_most=0.15)
    print(f"  plain NumPy with noise, its random numbers not counted: {plain:.3f} s, {plain / noisy:.1f} times as long")
    model = sl.EIRates()
    slow = sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-7 for name in FOUR})
    start = (2.2, 3.0, 4.0, 2.0)
    sl.run_trials(model, slow, 1, start, online=True, noise=0.1)
    noisy = processor(lambda: sl.run_trials(model, slow, 50, start, online=True, noise=0.1))
    quiet = processor(lambda: sl.run_trials(model, slow, 50, start, online=True))
    steps = file("ei_trials", "test_online.py").plain_online
    plain = processor(lambda: steps(model, slow, start, 20_000, [2000]), 1) * 50
    print(f"a million steps online with noise: {noisy:.3f} s, without {quiet:.3f} s")
    aims.aim("a million steps online with noise (s)", noisy, at_most=0.2)
    print(f"  plain Python without noise, from 20,000 steps: {plain:.1f} s, {plain / quiet:.0f} times as long")


if __name__ == "__main__":
    aims.run(main)
