"""How fast are E/I trials: 500 trials with and without noise, 1,000 starts, the plain loop, and Brian2 in one run.

Targets: 500 trials in 0.05 s without noise and 0.6 s with; 1,000 starts x 500 trials in 40 s of processor time (better
10); a standalone program runs 500 trials in 3 s. Processor time of this process for the array engine, the least of
five; the plain Python loop runs the first 30 trials. ``--brian`` compiles and runs a standalone program too.
"""

import argparse
import importlib.util
import time
from pathlib import Path

import aims
import numpy as np

import spikelearn as sl

START = (2.1, 3.0, 4.0, 1.5)
FOUR = ("EE", "EI", "IE", "II")


def processor(call, repeats=5):
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        spent.append(time.process_time() - begin)
    return min(spent)


def plain_loop():
    path = Path(__file__).parents[1] / "models" / "ei_trials" / "conftest.py"
    spec = importlib.util.spec_from_file_location("oracle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.plain_trials


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brian", action="store_true", help="compile and run a standalone program")
    options = parser.parse_args()
    model = sl.EIRates()
    cross = sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-4 for name in FOUR})
    rng = np.random.default_rng(0)
    ranges = {"W_EE": (1.0, 8.0), "W_EI": (0.1, 6.0), "W_IE": (0.1, 12.0), "W_II": (0.1, 4.0)}
    many = {name: rng.uniform(low, high, 1000) for name, (low, high) in ranges.items()}
    sl.run_trials(model, cross, 2, START)
    sl.run_trials(model, cross, 2, START, noise=0.1)
    quiet = processor(lambda: sl.run_trials(model, cross, 500, START))
    print(f"500 trials without noise: {1e3 * quiet:.1f} ms")
    aims.aim("500 trials without noise (ms)", 1e3 * quiet, at_most=50)
    noisy = processor(lambda: sl.run_trials(model, cross, 500, START, noise=0.1), 3)
    print(f"500 trials with noise: {noisy:.3f} s")
    aims.aim("500 trials with noise (s)", noisy, at_most=0.6)
    begin = time.process_time()
    sl.run_trials(model, cross, 500, many)
    spent = time.process_time() - begin
    print(f"1,000 starts x 500 trials: {spent:.1f} s")
    aims.aim("1,000 starts (s)", spent, at_most=40)
    aims.aim("1,000 starts, better (s)", spent, at_most=10)
    plain = plain_loop()
    slow = processor(lambda: plain(model, cross, 30, START), 1)
    ratio = slow / 30 / quiet * 500
    print(f"a trial: array {1e3 * quiet / 500:.3f} ms, plain Python loop {1e3 * slow / 30:.1f} ms: {ratio:.0f} times")
    if not options.brian:
        return
    from spikelearn.models.ei_trials.brian import run_in_brian
    from spikelearn.models.ei_trials.protocol import protocol_of
    from spikelearn.models.ei_trials.starts import read_starts

    starts = read_starts(model, cross, START, (0.0, 0.0))
    begin = time.perf_counter()
    ran = run_in_brian(model, cross, protocol_of("matlab"), starts, 500, 0.0, 0, 2.0, "cpp_standalone")[2]
    whole = time.perf_counter() - begin
    print(f"500 trials in a standalone program: run {ran:.2f} s, with its build {whole:.1f} s")
    aims.aim("500 trials in a standalone program (s)", ran, at_most=3)


if __name__ == "__main__":
    aims.run(main)
