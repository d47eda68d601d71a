"""The figure of escape-noise neurons: a raster, and time-rescaled intervals beside what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.models.escape_noise.binning import bin_spikes
from spikelearn.models.escape_noise.measures import EscapeCase
from spikelearn.models.escape_noise.rescaling import rescaling_test
from spikelearn.plotting import COLOURS, SERIES, THEORY, heading, new_figure, raster
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
    left.set_title("First trial, first two seconds", fontsize="medium")
    heading(page, title, recording.provenance)
    X = bin_spikes(trains, case.dt)
    tested = rescaling_test(X, case.cell.intensities(X, case.W, case.dt))
    for unit, intervals in enumerate(tested.intervals):
        if not len(intervals):
            continue
        values = np.sort(intervals)
        label = f"unit {unit}, KS p = {tested.p_value[unit]:.2f}"
        right.plot(
            values, 1 - (np.arange(len(values)) + 0.5) / len(values), color=SERIES[unit % len(SERIES)], label=label
        )
    line = np.linspace(0, 8, 100)
    right.plot(line, np.exp(-line), **THEORY, label="theory: exp(-x)")
    fewest = min((len(intervals) for intervals in tested.intervals if len(intervals)), default=0)
    if fewest:
        # The Kolmogorov-Smirnov distance below which 95 % of samples of an exponential stay.
        reach = 1.36 / np.sqrt(fewest)
        low, high = np.exp(-line) - reach, np.minimum(np.exp(-line) + reach, 1.0)
        right.fill_between(
            line, np.maximum(low, 1e-9), high, color=COLOURS["theory"], alpha=0.12, linewidth=0,
            label=f"95 % of exponential samples ({fewest} intervals)",
        )  # fmt: skip
    right.set(yscale="log", ylim=(1e-4, 1.1), xlim=(0, 8), xlabel="rescaled interval", ylabel="share that is longer")
    right.set_title("Time-rescaled intervals under the model", fontsize="medium")
    right.legend(frameon=False, fontsize="small")
    return page
