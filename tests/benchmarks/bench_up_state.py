"""How fast is a trial of the spiking network: 2,000 units, a million synapses, 1.5 s with an Up state.

Targets: a trial in 1 s, better 0.5 s, and no slower than the run of Brian2's standalone program. Processor time of this
process, the least of five; of the standalone program the run time that it gives itself, without the build, and beside
it that of the compiled loops in turn, the least of seven each. The plain Python loop runs a network of 50 units once,
and the compiled one the same.
"""

import importlib.util
import resource
import time
from pathlib import Path

import aims
import numpy as np

import spikelearn as sl
from spikelearn.models.up_state_network.brian import BrianTrials
from spikelearn.models.up_state_network.runner import ArrayTrials, UpStateTrials
from spikelearn.models.up_state_network.trial import Stepper

MODELS = Path(__file__).parents[1] / "models"


def processor(call, repeats=5):
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
    network = sl.UpStateNetwork()
    synapses = network.trained()
    engine = ArrayTrials(network, synapses, 0)
    spikes = engine.spikes(synapses.J, 1)
    up = processor(lambda: engine.spikes(synapses.J, 1))
    silent = processor(lambda: engine.spikes(synapses.J * 0.5, 1))
    normals = np.random.Generator(np.random.SFC64(0))
    rows = np.empty((20, network.n))
    drawing = processor(lambda: [normals.standard_normal(out=rows) for _ in range(750)], 3)
    rates = UpStateTrials(network, synapses, _rule(network), engine, 2.0)
    learning = processor(lambda: rates.advance(1), 3)
    print(f"a trial of 2,000 units with an Up state, {len(spikes.units):,} spikes: {up:.3f} s")
    aims.aim("a trial (s)", up, at_most=1)
    aims.aim("a trial, better (s)", up, at_most=0.5)
    print(f"  without spikes {silent:.3f} s; 30 million normal numbers alone {drawing:.3f} s")
    print(f"  a trial with learning {learning:.3f} s")
    small = sl.UpStateNetwork(n_E=40, n_I=10, n_kicked=8, kick="2 nA", t_kick="10 ms", duration="200 ms")
    few = small.draw_synapses(3)
    numbers = np.random.default_rng(0).standard_normal((2000, 50))
    oracle = file("up_state_network", "conftest.py")
    plain = processor(lambda: oracle.plain_trial(small, few, numbers, 2000), 1)
    stepper = Stepper(small, few)
    compiled = processor(lambda: stepper.run(few.J, numbers))
    print(f"50 units for 200 ms: plain Python {plain:.3f} s, compiled {compiled:.4f} s, {plain / compiled:.0f} times")
    begin = time.perf_counter()
    with BrianTrials(network, synapses, 0, target="cpp_standalone") as brian:
        built = time.perf_counter() - begin
        theirs, spent, ours = [], [], []
        # One after the other, so that both meet the same load.
        for trial in range(1, 8):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            brian.spikes(synapses.J, trial)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            theirs.append(brian.run_seconds)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            begin = time.process_time()
            engine.spikes(synapses.J, trial)
            ours.append(time.process_time() - begin)
    print(f"Brian2 standalone: built in {built:.0f} s; a trial's own run time {min(theirs):.3f} s on the wall clock")
    print(f"  processor time of a run of the program with its start and end {min(spent):.3f} s")
    print(
        f"  compiled loops beside it {min(ours):.3f} s of processor time, {min(theirs) / min(ours):.1f} times as fast"
    )
    aims.aim("the program's own run time / ours", min(theirs) / min(ours), at_least=1)


def _rule(network):
    from spikelearn.models.up_state_network.rule import local_rates

    return local_rates(network, sl.rules.TwoTerm(alpha=0.02, beta=0.02))


if __name__ == "__main__":
    aims.run(main)
