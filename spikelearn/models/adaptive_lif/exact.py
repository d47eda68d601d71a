"""The exact engine: adaptive LIF neurons from event to event, without a time step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.eventdriven import simulate_neurons
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.models.adaptive_lif.model import AdaptiveLIF

__all__ = ["simulate_exactly"]


def simulate_exactly(model: AdaptiveLIF, settings: RunSettings) -> Recording:
    """Run adaptive LIF neurons from event to event; the time step, target and method of a clock are left aside.

    Raises
    ------
    ValueError
        A start or a varied parameter that the model refuses.
    """
    n, duration, record, record_dt = settings.n, settings.duration, settings.record, settings.record_dt
    values = model.values(settings.vary, n)
    states = settings.initial.plain_states(model.settable, n)
    model.check_initial(states, values)
    past, offsets = settings.initial.plain_past_spikes(n, values["t_d"])
    variables = tuple(name for name in ("u", "g") if name in record or (name == "u" and "V" in record))
    times = None
    if variables:
        # As many samples as a monitor of that step takes within 0 <= t < duration.
        times = np.arange(max(int(np.ceil(duration / record_dt * (1 - 1e-12))), 1)) * record_dt
    E_L = values.pop("E_L")
    result = simulate_neurons(
        values,
        duration,
        n,
        u0=states.get("u", 0.0),
        g0=states.get("g", 0.0),
        past_spikes=(offsets, past),
        record="counts" if settings.counting else "spikes",
        trace_times=times,
        trace_variables=variables,
        threads=settings.threads,
        progress=settings.progress,
    )
    counts = trains = None
    if settings.counting:
        counts = np.asarray(result.counts, dtype=np.int64).reshape(1, n)
    elif result.times is not None:
        trains = SpikeTrains(result.times, result.offsets, n, t_stop=duration)
    provenance = provenance_of(
        model,
        engine="exact",
        duration=duration,
        n=n,
        seed=settings.seed,
        vary=dict(settings.vary),
        initial=settings.initial,
        record_dt=record_dt,
    )
    return Recording(trains, _traces(result, record, model, times, E_L), provenance, counts)


def _traces(result: Any, record: tuple[str, ...], model: Any, times: Any, E_L: Any) -> Any:
    import xarray as xr

    if times is None:
        return xr.Dataset()
    found = {"u": result.u, "g": result.g}
    if "V" in record:
        found["V"] = result.u + np.reshape(E_L, (-1, 1))
    variables = {name: (("time", "neuron"), found[name].T, {"units": model.recordable[name]}) for name in record}
    return xr.Dataset(variables, coords={"time": ("time", times, {"units": "s"})})
