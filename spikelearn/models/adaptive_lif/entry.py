"""The adaptive LIF neuron in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.regularity import REGULARITY
from spikelearn.catalogue.tables import SIMULATE_SETTINGS, simulate_request
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.simulation.recording import Recording

__all__ = ["SYSTEM", "settled_bursts"]


def settled_bursts(model: AdaptiveLIF, recording: Recording) -> NDArray[np.float64]:
    """Find the bursts of the first neuron that are over before the window ends, without the first burst.

    A pause longer than half the delay parts two bursts: within a burst the neuron fires in steps of about t_s(0), and
    no silence between bursts is shorter than the delay. The first burst starts from g = 0 and differs.

    Returns
    -------
    ndarray, shape (n_bursts, 3)
        First spike (s), last spike (s) and number of spikes of each burst.
    """
    times = _train(recording)
    pause = 0.5 * float(model.t_d)
    cuts = np.flatnonzero(np.diff(times) > pause) + 1
    edges = np.concatenate([[0], cuts, [len(times)]])
    rows = [(times[a], times[b - 1], b - a) for a, b in pairwise(edges) if b > a]
    if rows and recording.spikes is not None and recording.spikes.t_stop - rows[-1][1] <= pause:
        rows.pop()
    return np.array(rows[1:], dtype=np.float64).reshape(-1, 3)


def _train(recording: Recording) -> NDArray[np.float64]:
    if recording.spikes is None:
        raise ValueError("this quantity needs spike times; record='counts' keeps none")
    return recording.spikes.train(unit=0)


def _bursts(model: AdaptiveLIF, recording: Recording, *, of: str) -> float:
    bursts = settled_bursts(model, recording)
    if of == "period":
        return float(np.diff(bursts[:, 0]).mean()) if len(bursts) > 1 else np.nan
    if not len(bursts):
        return np.nan
    if of == "silence":
        return float((bursts[1:, 0] - bursts[:-1, 1]).mean()) if len(bursts) > 1 else np.nan
    return float((bursts[:, 1] - bursts[:, 0]).mean()) if of == "duration" else float(bursts[:, 2].mean())


def _spike_count(_model: AdaptiveLIF, recording: Recording) -> Any:
    counts = np.asarray(recording.counts)[0].astype(np.float64)
    return float(counts[0]) if len(counts) == 1 else counts


def _first_spike(_model: AdaptiveLIF, recording: Recording) -> float:
    times = _train(recording)
    return float(times[0]) if len(times) else np.inf


def _last_spike(_model: AdaptiveLIF, recording: Recording) -> float:
    times = _train(recording)
    return float(times[-1]) if len(times) else np.nan


def _last_interval(_model: AdaptiveLIF, recording: Recording) -> float:
    times = _train(recording)
    return float(times[-1] - times[-2]) if len(times) > 1 else np.nan


def _late_intervals(recording: Recording) -> list[NDArray[np.float64]]:
    """Intervals of every neuron in the second half of the window, where transients are over."""
    if recording.spikes is None:
        raise ValueError("this quantity needs spike times; record='counts' keeps none")
    middle = 0.5 * (recording.spikes.t_start + recording.spikes.t_stop)
    return [np.diff(train[train > middle]) for train in recording.spikes]


def _each(values: list[float]) -> Any:
    return values[0] if len(values) == 1 else np.array(values)


def _mean_interval(_model: AdaptiveLIF, recording: Recording) -> Any:
    return _each([float(steps.mean()) if len(steps) else np.nan for steps in _late_intervals(recording)])


def _longest_interval(_model: AdaptiveLIF, recording: Recording) -> Any:
    return _each([float(steps.max()) if len(steps) else np.nan for steps in _late_intervals(recording)])


def _trace_maximum(_model: AdaptiveLIF, recording: Recording) -> float:
    return float(recording.traces["g"].isel(neuron=0).max()) if "g" in recording.traces else np.nan


QUANTITIES = {
    "spike_count": Measure(_spike_count, "1", "number of spikes, of every neuron where there are several"),
    "first_spike": Measure(_first_spike, "s", "time of the first spike"),
    "last_spike": Measure(_last_spike, "s", "time of the last spike"),
    "last_interval": Measure(_last_interval, "s", "the last interval between spikes"),
    "mean_interval": Measure(_mean_interval, "s", "mean interval in the second half of the window, of every neuron"),
    "longest_interval": Measure(
        _longest_interval, "s", "longest interval in the second half of the window, of every neuron"
    ),
    "burst_period": Measure(partial(_bursts, of="period"), "s", "from first spike to first spike of settled bursts"),
    "burst_duration": Measure(partial(_bursts, of="duration"), "s", "from first to last spike of settled bursts"),
    "silence_duration": Measure(partial(_bursts, of="silence"), "s", "from last spike to the next burst's first"),
    "spikes_per_burst": Measure(partial(_bursts, of="spikes"), "1", "mean number of spikes in settled bursts"),
    "largest_g": Measure(_trace_maximum, "1", "largest recorded conductance"),
    **REGULARITY,
}


def _formula(method: str, **options: Any) -> Callable[[AdaptiveLIF], Any]:
    return lambda model: getattr(model, method)(**options)


FORMULAS = {
    "time_to_spike": Measure(_formula("time_to_spike"), "s", "t_s(0), Eq. (4)"),
    "critical_conductance": Measure(_formula("critical_conductance"), "1", "g*, Eq. (5)"),
    "spikes_until_silence": Measure(_formula("spikes_until_silence"), "1", "n_spikes, Eq. (6)"),
    "regular_interval": Measure(_formula("regular_interval"), "s", "t*, Eq. (7)"),
    "regular_interval_first_order": Measure(
        _formula("regular_interval", order="first"), "s", "t* with its term of order tau (erratum A8)"
    ),
    "regular_interval_manifold": Measure(
        _formula("regular_interval", order="manifold"), "s", "t* on the slow manifold, third order in tau/tau_K"
    ),
    "regular_interval_exact": Measure(
        _formula("regular_interval", order="exact"), "s", "fixed point of the map from spike to spike"
    ),
}


FORMULAS |= {
    "tonic_interval": Measure(_formula("tonic_interval"), "s", "saturated tonic firing, T = t_s(delta_g tau_K/T)"),
    "burst_period": Measure(lambda model: model.bursting().period, "s", "T_on + T_off"),
    "burst_duration": Measure(lambda model: model.bursting().on, "s", "T_on = t_d + t_r"),
    "silence_duration": Measure(lambda model: model.bursting().off, "s", "T_off = t_d + tau_K log(g_end/g_th)"),
    "spikes_per_burst": Measure(lambda model: model.bursting().spikes, "1", "N = 1 + (t_d - c tau_K)/T_0 + N_2"),
    "burst_period_leading": Measure(
        lambda model: model.bursting().leading_period, "s", "2 t_d + tau_K log(P_0/g*), to leading order"
    ),
}


def _build(parameters: Mapping[str, Any]) -> AdaptiveLIF:
    return AdaptiveLIF(**parameters)


def _run(model: AdaptiveLIF, request: RunRequest) -> Recording:
    return simulate_request(model, request)


def _figure(model: AdaptiveLIF, recording: Recording, title: str) -> Any:
    from spikelearn.models.adaptive_lif.figure import overview

    return overview(model, recording, title)


SYSTEM = register(
    System(
        name="AdaptiveLIF",
        summary="leaky integrate-and-fire neuron with delayed potassium conductance",
        parameters={
            "V_0": "20 mV",
            "delta_g": "0.05",
            "tau_K": "100 ms",
            "t_d": "0 ms",
            "tau": "10 ms",
            "E_L": "-65 mV",
            "E_K": "-80 mV",
            "V_th": "-50 mV",
        },
        run_settings=SIMULATE_SETTINGS,
        build=_build,
        run=_run,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=_figure,
        initial_settings=frozenset({"u", "g", "past_spikes"}),
    )
)
