"""Expected values of the adaptive LIF's configurations, from the forty-digit reference beside this file.

``python tests/reference/configurations.py`` writes ``configurations.json``. Parameters are the doubles nearest to the
decimals in the model files; nothing of the package under test is used.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

from mpmath import inf, nstr, sqrt

sys.path.insert(0, str(Path(__file__).parent))
from adaptive_lif_mpmath import DEFAULTS, bursts, spike_times

FILE = Path(__file__).with_name("configurations.json")


def text(value):
    return nstr(value, 20, strip_zeros=False)


def mean(values):
    return sum(values) / len(values)


def regularity(times):
    """CV, CV2 (Holt et al. 1996) and LV (Shinomoto et al. 2003) of the intervals, by their definitions."""
    intervals = [b - a for a, b in pairwise(times)]
    middle = mean(intervals)
    contrasts = [(b - a) / (a + b) for a, b in pairwise(intervals)]
    return {
        "cv": text(sqrt(mean([(i - middle) ** 2 for i in intervals])) / middle),
        "cv2": text(mean([2 * abs(c) for c in contrasts])),
        "lv": text(mean([3 * c**2 for c in contrasts])),
    }


def bursting():
    parameters = {**DEFAULTS, "V_0": 0.02, "tau_K": 0.2, "t_d": 2.0, "delta_g": 0.05}
    times = spike_times(parameters, duration=30.0)
    groups = bursts(times, 1.0)
    if 30.0 - groups[-1][-1] <= 1.0:
        groups.pop()
    settled = groups[1:]
    return {
        "spike_count": len(times),
        "burst_period": text(mean([b[0] - a[0] for a, b in pairwise(settled)])),
        "burst_duration": text(mean([b[-1] - b[0] for b in settled])),
        "silence_duration": text(mean([b[0] - a[-1] for a, b in pairwise(settled)])),
        "spikes_per_burst": text(mean([len(b) * (times[0] / times[0]) for b in settled])),
        **regularity(times),
    }


def regular_firing():
    parameters = {**DEFAULTS, "V_0": 0.03, "tau_K": 0.5, "delta_g": 0.5}
    times = spike_times(parameters, duration=10.0)
    return {
        "spike_count": len(times),
        "first_spike": text(times[0]),
        "last_interval": text(times[-1] - times[-2]),
    }


def spikes_until_silence():
    parameters = {**DEFAULTS, "V_0": 0.03, "tau_K": float(inf), "delta_g": 0.03}
    times = spike_times(parameters)
    return {"spike_count": len(times), "first_spike": text(times[0]), "last_spike": text(times[-1])}


def tonic_by_saturation():
    parameters = {**DEFAULTS, "V_0": 0.02, "tau_K": 0.2, "t_d": 1.0, "delta_g": 0.008}
    times = spike_times(parameters, duration=20.0)
    late = [t for t in times if t > 10.0]
    return {
        "spike_count": len(times),
        "mean_interval": text((late[-1] - late[0]) / (len(late) - 1)),
        "longest_interval": text(max(b - a for a, b in pairwise(late))),
    }


def bistable():
    """Neuron 0 with a regular history, neuron 1 without, at the same parameters and the same g."""
    parameters = {**DEFAULTS, "V_0": 0.02, "tau_K": 0.05, "t_d": 1.0, "delta_g": 0.056, "g0": 0.121}
    history = [-k * 231 / 10000 for k in range(43, 0, -1)]
    trains = [spike_times(parameters, duration=20.0, past_spikes=past) for past in (history, [])]
    late = [[t for t in times if t > 10.0] for times in trains]
    return {
        "spike_count": [len(times) for times in trains],
        "last_interval": text(trains[0][-1] - trains[0][-2]),
        "mean_interval": [text((times[-1] - times[0]) / (len(times) - 1)) for times in late],
        "longest_interval": [text(max(b - a for a, b in pairwise(times))) for times in late],
    }


def main():
    table = {
        function.__name__: function()
        for function in (regular_firing, spikes_until_silence, tonic_by_saturation, bursting, bistable)
    }
    FILE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
