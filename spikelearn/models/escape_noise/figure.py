"""The figure of escape-noise neurons: a raster, and time-rescaled intervals beside what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.models.escape_noise.binning import bin_spikes
from spikelearn.models.escape_noise.measures import EscapeCase
from spikelearn.models.escape_noise.rescaling import rescaling_test
from spikelearn.plotting import COLOURS, new_figure, raster
from spikelearn.simulation.recording import Recording

__all__ = ["overview"]


def overview(case: EscapeCase, recording: Recording, title: str) -> Any:
    """Raster of the first trial, and the rescaled intervals of the first unit against the standard exponential."""
    trains = recording.spike_trains()
    page = new_figure(10, 4)
    left, right = page.subplots(1, 2)
    raster(left, trains)
    left.set_xlim(trains.t_start, min(trains.t_stop, trains.t_start + 2.0))
    left.set_xlabel("time (s)")
    left.set_title("First trial, first two seconds", fontsize=10)
    page.suptitle(title, fontsize=11)
    X = bin_spikes(trains, case.dt)
    tested = rescaling_test(X, case.cell.intensities(X, case.W, case.dt))
    for unit, intervals in enumerate(tested.intervals):
        if not len(intervals):
            continue
        values = np.sort(intervals)
        label = f"unit {unit}, KS p = {tested.p_value[unit]:.2f}"
        right.plot(values, 1 - (np.arange(len(values)) + 0.5) / len(values), color=f"C{unit}", label=label)
    line = np.linspace(0, 8, 100)
    right.plot(line, np.exp(-line), "--", color=COLOURS["theory"], label="exp(-x)")
    right.set(yscale="log", ylim=(1e-4, 1.1), xlim=(0, 8), xlabel="rescaled interval", ylabel="share that is longer")
    right.set_title("Time-rescaled intervals under the model", fontsize=10)
    right.legend(frameon=False)
    return page
