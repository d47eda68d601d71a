"""The exact engine: adaptive LIF neurons from event to event, without a time step."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.eventdriven import simulate_neurons
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["simulate_exactly"]


def simulate_exactly(
    model: Any,
    duration: float,
    *,
    n: int,
    seed: int | None,
    record: tuple[str, ...],
    record_dt: float,
    vary: dict[str, Any],
    initial: Initial,
    progress: bool,
    threads: int | None,
    **_clock: Any,
) -> Recording:
    """Run adaptive LIF neurons on the exact engine; arguments as in `spikelearn.simulate`, in SI units.

    The time step, target and method of a clock-driven run have no meaning here and are left aside.
    """
    values = model.values(vary, n)
    states = initial.plain_states({"u": "V", "g": "1"}, n)
    model.check_initial(states, values)
    past, offsets = initial.plain_past_spikes(n, values["t_d"])
    counting = record == ("counts",)
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
        record="counts" if counting else "spikes",
        trace_times=times,
        trace_variables=variables,
        threads=threads,
        progress=progress,
    )
    counts = trains = None
    if counting:
        counts = np.asarray(result.counts, dtype=np.int64).reshape(1, n)
    elif result.times is not None:
        trains = SpikeTrains(result.times, result.offsets, n, t_stop=duration)
    provenance = provenance_of(
        model, engine="exact", duration=duration, n=n, seed=seed, vary=vary, initial=initial, record_dt=record_dt
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
