"""Two cells fire together for a stimulus that neither cell's rate depends on.

Gatsby 2021, question 3, parts 5 and 6: a common input, switched on and off by one stimulus direction, shows in the
covariance triggered on joint spikes, and not in the one triggered on all spikes of both cells.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.plotting import THEORY, save_figure

DT, N, WINDOW = 0.001, 100_000, (-0.011, 0.001)

rng = np.random.default_rng(1)
stimulus = rng.standard_normal(N)
gate = np.exp(-0.5 * ((np.arange(12) - 7) / 1.5) ** 2)
gate /= np.linalg.norm(gate)
drive = np.convolve(stimulus, gate[::-1])[:N]

common = rng.choice([-1, 1], N) * np.tanh(2 * drive)
times = (np.arange(N) + 0.5) * DT
trains = sl.SpikeTrains.from_arrays(
    [np.repeat(times, rng.poisson(0.3 * (1 + common))) for _ in range(2)], t_start=0.0, t_stop=N * DT
)

output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
for name, weights in (
    ("joint", sl.analyses.joint_weights(trains, (0, 1), bin_size=DT)),
    ("summed", sl.analyses.summed_weights(trains, (0, 1), bin_size=DT)),
):
    found = sl.analyses.spike_triggered_covariance(stimulus, DT, None, WINDOW, weights=weights, seed=1)
    cosine = abs(found["axes"].values[0] @ gate)
    print(
        f"{name:6s} {found.attrs['weight']:.0f} (n_eff {found.attrs['n_eff']:.0f}): "
        f"{int(found['significant'].sum())} axes, "
        f"largest eigenvalue {found['eigenvalues'].values[0]:.2f}, cosine to the gate {cosine:.2f}"
    )
    figure = sl.analyses.plot_triggered_covariance(found, title=f"triggered on {name} spikes")
    if found["significant"].any():
        axis = found["axes"].isel(component=0)
        sign = np.sign(axis.values @ gate)
        figure.axes[1].plot(axis["lag"] * 1e3, sign * gate * np.linalg.norm(axis), **THEORY, label="true gate")
        figure.axes[1].legend(frameon=False, fontsize="small")
    save_figure(figure, output / f"joint_triggering_{name}.png")
    print(f"figure in {output / f'joint_triggering_{name}.png'}")
