"""A network that remembers a direction, and one that oscillates, from the covariance of its connectivity vectors.

Gatsby 2021, question 2. Prints every fixed point with its stability, runs a network of 20,000 units beside the mean
field, and shows the cycle that a complex pair of eigenvalues makes.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.low_rank.figure import overview
from spikelearn.plotting import save_figure

memory = sl.LowRank([[0.8, 0.1], [0.1, 0.5]], phi="erf", gain=3.0)
print(memory.verdict())
for point in memory.fixed_points():
    slowest = point.eigenvalues[0].real
    print(
        f"  |m| = {point.amplitude:.4f} at {point.overlaps.round(4)}, "
        f"slowest eigenvalue {slowest:+.3f}, stable: {point.stable}"
    )

n = 20_000
run = sl.simulate(memory, 25, n=n, dt=0.02, seed=1, initial=sl.Initial(m=[0.05, 0.2]))
found = run.traces.m.values[-1]
expected = memory.fixed_points()[0].overlaps
scatter = np.sqrt(np.diag(memory.fluctuations()) / n)
print(f"network of {n} units: {found.round(4)}, formula {expected.round(4)} +- {scatter.round(4)}")

turning = sl.LowRank([[0.6, -0.6], [0.1, 0.6]], gain=3.0)
cycle = turning.limit_cycle()
print(f"cycle: period {cycle.period:.4f}, radius {cycle.radius_min:.4f} to {cycle.radius_max:.4f}")
run = sl.simulate(turning, 40, n=n, dt=0.02, seed=1, whiten=True, initial=sl.Initial(m=[0.05, 0.0]), engine="closure")

output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(overview(turning, run, "A complex pair of eigenvalues makes the overlaps turn"), output / "low_rank.png")
print(f"figure in {output / 'low_rank.png'}")
