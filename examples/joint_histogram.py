"""Two cells share the drive of a hidden one: the joint histogram shows a ridge, and its height is known.

Gatsby 2021, question 3, part 3: E J_mn = Lam_m Lam_n + alpha^2 int rho_3 K_m K_n. With bins of half the time constant,
rates that are taken as constant within a bin overestimate the diagonal by 17 %.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.plotting import save_figure

source = sl.sources.CommonDrive(rate=30 * Hz, drive_rate=15 * Hz, alpha=0.7, tau=20 * ms)
trains = source.sample(2000, t_start=0.0, t_stop=0.5, seed=1)

result = sl.analyses.jpsth(trains, bin_size=10 * ms, half_width=10 * ms)
expected = source.expected_jpsth(10 * ms, (0.0, 0.5), half_width=10 * ms)
slow = source.expected_jpsth(10 * ms, (0.0, 0.5), limit="slow")
for lag in range(4):
    found, exact, approximate = (np.diag(data.corrected, lag).mean() for data in (result, expected, slow))
    print(f"{lag} bins apart: covariance {found:.4f}, expected {exact:.4f}, slow limit {approximate:.4f}")

significance = sl.analyses.jpsth_significance(trains, bin_size=10 * ms, n_surrogates=199, seed=0)
print(f"p of the whole histogram {float(significance.p):.3f}; {int(significance.significant.sum())} bins significant")

figure = sl.analyses.jpsth_figure(
    result,
    expected=expected,
    significance=significance,
    band=sl.analyses.covariogram_band(trains, bin_size=10 * ms),
    title="Common drive, 2000 trials; outlined: significant bins",
)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "joint_histogram.png")
print(f"figure in {output / 'joint_histogram.png'}")
