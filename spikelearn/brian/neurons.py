"""The brian2 engine: any model with Brian2 objects, clock-driven, on any of Brian2's targets."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.brian.session import choose_target, session
from spikelearn.brian.steps import check_delay, whole_multiple
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["Circuit", "Settings", "simulate_on_brian"]


def simulate_on_brian(
    model: Any,
    duration: float,
    *,
    n: int,
    target: str,
    dt: float,
    method: str | None,
    seed: int | None,
    record: tuple[str, ...],
    record_dt: float,
    vary: dict[str, Any],
    initial: Initial,
    progress: bool,
    **_exact: Any,
) -> Recording:
    """Run `model` on Brian2; arguments as in `spikelearn.simulate`, in SI units.

    Raises
    ------
    ValueError
        A delay shorter than a step, a trace step that is no multiple of `dt`, or a model's own refusal.
    """
    values = model.values(vary, n)
    circuit_settings = Settings(n=n, dt=dt, duration=duration, method=method, record=record, record_dt=record_dt)
    circuit_settings.check(values)
    states, past = check_start(model, circuit_settings, values, initial)
    chosen = choose_target(target, n=n, steps=duration / dt)
    with session(chosen, seed) as brian:
        from brian2 import second

        circuit = Circuit.build(model, circuit_settings, vary=vary, states=states, past=past)
        brian.run(circuit.network, duration * second, progress=progress and "brian2")
        circuit.check_finite()
        recorded = circuit.collect()
    provenance = provenance_of(
        model,
        engine="brian2",
        target=chosen,
        dt=dt,
        method=method or model.method,
        seed=seed,
        duration=duration,
        n=n,
        vary=vary,
        initial=initial,
    )
    return dataclasses.replace(recorded, provenance=provenance)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a clock-driven run needs to know besides the model, in SI units."""

    n: int
    dt: float
    duration: float
    method: str | None
    record: tuple[str, ...]
    record_dt: float

    def check(self, values: dict[str, Any]) -> None:
        """Refuse delays and trace steps that do not fit the time step."""
        check_delay(values.get("t_d", 0.0), self.dt)
        whole_multiple(self.record_dt, self.dt, "record_dt")


@dataclasses.dataclass(frozen=True)
class Circuit:
    """Brian2's objects of one run: made inside a session, read before it closes."""

    model: Any
    settings: Settings
    objects: tuple[Any, ...]
    network: Any
    spikes: Any
    traces: Any

    @classmethod
    def build(
        cls,
        model: Any,
        settings: Settings,
        *,
        vary: dict[str, Any],
        states: dict[str, Any],
        past: tuple[NDArray[Any], NDArray[Any]],
    ) -> Circuit:
        """Make neurons, connections, pending arrivals and monitors."""
        from brian2 import Network, SpikeMonitor, StateMonitor, second

        dt, n = settings.dt, settings.n
        own = tuple(model.brian_objects(n, dt=dt * second, method=settings.method, vary=vary))
        group = own[0]
        for name, value in states.items():
            group.variables[name].set_value(value)
        extra = _pending_arrivals(group, model, *past, model.values(vary, n)["t_d"], dt) if len(past[0]) else []
        counting = settings.record == ("counts",)
        spikes = SpikeMonitor(group, record=not counting) if "spike" in group.events else None
        traces = None
        if settings.record and not counting:
            every = whole_multiple(settings.record_dt, dt, "record_dt")
            traces = StateMonitor(group, settings.record, record=True, dt=every * dt * second)
        monitors = [monitor for monitor in (spikes, traces) if monitor is not None]
        return cls(model, settings, own, Network(*own, *extra, *monitors), spikes, traces)

    def check_finite(self) -> None:
        """Refuse a result in which a variable has left the numbers: the time step was too long."""
        for name in self.model.recordable:
            final = np.asarray(getattr(self.objects[0], name)[:], dtype=np.float64)
            if not np.isfinite(final).all():
                neuron = int(np.argmin(np.isfinite(final)))
                raise ValueError(
                    f"{name} of neuron {neuron} is no longer finite after {self.settings.duration:g} s: "
                    f"dt = {self.settings.dt:g} s is too long for these equations"
                )

    def collect(self) -> Recording:
        """Copy the results out of Brian2; the recording has no provenance yet."""
        n = self.settings.n
        dataset = _traces(self.traces, self.settings, self.model.recordable)
        if self.spikes is None:
            return Recording(None, dataset)
        if self.settings.record == ("counts",):
            return Recording(None, dataset, {}, np.array(self.spikes.count[:], dtype=np.int64).reshape(1, n))
        return Recording(_trains(self.spikes, n, self.settings.duration), dataset)


def check_start(
    model: Any, settings: Settings, values: dict[str, Any], initial: Initial
) -> tuple[dict[str, Any], tuple[NDArray[Any], NDArray[Any]]]:
    """Give initial states and past spikes as plain numbers, if the model can start so and the step resolves the run.

    Raises
    ------
    ValueError
        A state that the model refuses, or a step with which an explicit method is unstable, where the model knows a
        bound of its fastest rate.
    """
    states = initial.plain_states(model.settable, settings.n)
    if hasattr(model, "check_initial"):
        model.check_initial(states, values)
    past = initial.plain_past_spikes(settings.n, values.get("t_d", 0.0))
    if hasattr(model, "fastest_rate"):
        rate = model.fastest_rate(values, duration=settings.duration, states=states, past=past)
        if rate * settings.dt > 2.0:
            raise ValueError(
                f"dt must be well below 1/(fastest rate) = {1 / rate:.3g} s that these parameters may reach on the "
                f"brian2 engine, got {settings.dt:g} s; take dt <= {0.2 / rate:.1g} s"
            )
    return states, past


def _trains(monitor: Any, n: int, duration: float) -> SpikeTrains:
    indices, times = np.asarray(monitor.i[:]), np.asarray(monitor.t[:], dtype=np.float64)
    inside = times < duration
    return SpikeTrains.from_indices(indices[inside], times[inside], n_units=n, t_stop=duration)


def _traces(monitor: Any, settings: Settings, units: dict[str, str]) -> Any:
    import xarray as xr

    if monitor is None:
        return xr.Dataset()
    variables = {
        name: (("time", "neuron"), np.array(getattr(monitor, name), dtype=np.float64).T, {"units": units[name]})
        for name in settings.record
    }
    step = whole_multiple(settings.record_dt, settings.dt, "record_dt") * settings.dt
    time = ("time", np.arange(len(monitor.t)) * step, {"units": "s"})
    return xr.Dataset(variables, coords={"time": time})


def _pending_arrivals(
    group: Any, model: Any, past: NDArray[Any], offsets: NDArray[Any], delay: Any, dt: float
) -> list[Any]:
    """Deliver the effects of spikes before time zero in the step that contains their arrival."""
    from brian2 import SpikeGeneratorGroup, Synapses, second

    neuron = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    arrival = past + np.broadcast_to(np.asarray(delay), (len(offsets) - 1,))[neuron]
    step = np.maximum(np.ceil(arrival / dt * (1 - 1e-12)).astype(np.int64) - 1, 0)
    # A generator neuron may spike once a step: arrivals of one neuron within one step come from different ones.
    order = np.lexsort((step, neuron))
    same = np.r_[False, (np.diff(neuron[order]) == 0) & (np.diff(step[order]) == 0)]
    start = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - start
    lanes = int(rank.max()) + 1
    size = (len(offsets) - 1) * lanes
    source = SpikeGeneratorGroup(size, neuron * lanes + rank, step * dt * second, dt=dt * second, name="past_spikes*")
    names = dict(model.constants)
    synapses = Synapses(source, group, on_pre=model.on_arrival, dt=dt * second, namespace=names, name="past_arrivals*")
    synapses.connect(i=np.arange(size), j=np.repeat(np.arange(len(offsets) - 1), lanes))
    return [source, synapses]
