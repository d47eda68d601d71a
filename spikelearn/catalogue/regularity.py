"""Regularity and bursts as quantities that any system with spikes can register, each pooled over trials.

Bursts are found in the histogram of log intervals (`spikelearn.analyses.bursts`, method "logisi"), which knows nothing
of the model: what a model's own theory says of its bursts can be compared with it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from spikelearn.catalogue.entry import Measure
from spikelearn.simulation.recording import Recording

__all__ = ["REGULARITY"]

# The peak of the intervals within bursts is looked for below this.
LONGEST_WITHIN = 0.1


def _one_or_all(values: Any) -> Any:
    plain = np.asarray(values, dtype=np.float64)
    return float(plain[0]) if len(plain) == 1 else plain


def _statistic(_model: Any, recording: Recording, *, name: str) -> Any:
    from spikelearn import analyses

    return _one_or_all(getattr(analyses, name)(recording.spike_trains(), pooled=True))


def _bursts(_model: Any, recording: Recording, *, column: str) -> Any:
    from spikelearn.analyses import burst_summary

    summary = burst_summary(recording.spike_trains(), method="logisi", max_interval=LONGEST_WITHIN)
    return _one_or_all(summary[column])


REGULARITY = {
    "unit_rates": Measure(partial(_statistic, name="rate"), "Hz", "rate of every unit over the duration"),
    "isi": Measure(partial(_statistic, name="isi"), "s", "mean interval between spikes"),
    "cv": Measure(partial(_statistic, name="cv"), "1", "coefficient of variation of the intervals"),
    "cv2": Measure(partial(_statistic, name="cv2"), "1", "local variation CV2 of neighbouring intervals"),
    "lv": Measure(partial(_statistic, name="lv"), "1", "local variation LV of neighbouring intervals"),
    "lvr": Measure(partial(_statistic, name="lvr"), "1", "local variation LVR with a refractory constant of 5 ms"),
    "isi_bursts": Measure(partial(_bursts, column="bursts"), "1", "bursts found in the log-interval histogram"),
    "isi_burst_length": Measure(partial(_bursts, column="length"), "s", "from first to last spike of whole bursts"),
    "isi_burst_spikes": Measure(partial(_bursts, column="spikes"), "1", "spikes of whole bursts"),
    "isi_burst_silence": Measure(partial(_bursts, column="silence"), "s", "from one whole burst to the next"),
    "isi_burst_period": Measure(partial(_bursts, column="period"), "s", "from begin to begin of whole bursts"),
    "isi_burst_fraction": Measure(partial(_bursts, column="fraction"), "1", "fraction of spikes that lie in bursts"),
}
