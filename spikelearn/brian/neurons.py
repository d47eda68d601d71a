"""The brian2 engine: any model with Brian2 objects, clock-driven, on any of Brian2's targets."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelearn.brian.session import choose_target, session
from spikelearn.brian.steps import check_delay, whole_multiple
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["BrianNeuron", "Circuit", "check_start", "simulate_on_brian"]


class BrianNeuron(Protocol):
    """What a model gives so that copies of it run on Brian2, each with a delayed arrival of its own spikes."""

    @property
    def recordable(self) -> Mapping[str, str]:
        """Variables that can be recorded, with their SI units."""

    @property
    def settable(self) -> Mapping[str, str]:
        """Variables that `Initial` can set, with their SI units."""

    @property
    def constants(self) -> Mapping[str, Any]:
        """Names of the equations that are no variables of the group, with units."""

    @property
    def on_arrival(self) -> str:
        """Brian2 statement for the arrival of a spike."""

    @property
    def delay_name(self) -> str:
        """What the user calls the delay from a spike to its arrival."""

    @property
    def method(self) -> str | None:
        """Brian2's integration method unless another is asked for; None for Brian2's choice."""

    def group_values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, Any]:
        """Values of the group's constants in SI units, arrays where `vary` makes neurons differ."""

    def arrival_delay(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> Any:
        """Delay from a spike to its arrival in seconds, an array where `vary` makes neurons differ."""

    def brian_objects(
        self, n: int = 1, *, dt: Any = None, method: str | None = None, vary: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """Make the NeuronGroup, first in the tuple, and whatever else belongs to the neurons."""

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse a start that the model cannot have."""

    def fastest_rate(self, values: Mapping[str, Any], **run: Any) -> float:
        """Bound of the largest rate of the equations in a run, 1/s; 0 where none is known."""


def simulate_on_brian(model: BrianNeuron, settings: RunSettings) -> Recording:
    """Run copies of a neuron on Brian2.

    Raises
    ------
    ValueError
        A delay shorter than a step, a trace step that is no multiple of `dt`, or a model's own refusal.
    """
    states, past = check_start(model, settings, settings.vary, settings.initial)
    chosen = choose_target(settings.target, n=settings.n, steps=settings.duration / settings.dt)
    with session(chosen, settings.seed) as brian:
        from brian2 import second

        circuit = Circuit.build(model, settings, vary=settings.vary, states=states, past=past)
        brian.run(circuit.network, settings.duration * second, progress=settings.progress and "brian2")
        circuit.check_finite()
        recorded = circuit.collect()
    _warn_of_start(model, settings, states, recorded)
    provenance = provenance_of(
        model,
        engine="brian2",
        target=chosen,
        dt=settings.dt,
        method=settings.method or model.method,
        seed=settings.seed,
        duration=settings.duration,
        n=settings.n,
        vary=dict(settings.vary),
        initial=settings.initial,
    )
    return dataclasses.replace(recorded, provenance=provenance)


@dataclasses.dataclass(frozen=True)
class Circuit:
    """Brian2's objects of one run: made inside a session, read before it closes."""

    model: BrianNeuron
    settings: RunSettings
    objects: tuple[Any, ...]
    network: Any
    spikes: Any
    traces: Any

    @classmethod
    def build(
        cls,
        model: BrianNeuron,
        settings: RunSettings,
        *,
        vary: Mapping[str, Any],
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
        extra = _pending_arrivals(group, model, *past, model.arrival_delay(vary, n), dt) if len(past[0]) else []
        counting = settings.counting
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
    model: BrianNeuron, settings: RunSettings, vary: Mapping[str, Any], initial: Initial
) -> tuple[dict[str, Any], tuple[NDArray[Any], NDArray[Any]]]:
    """Give initial states and past spikes as plain numbers, if the model can start so and the step resolves the run.

    Raises
    ------
    ValueError
        A delay or trace step that does not fit the time step, a state that the model refuses, or a step with which an
        explicit method is unstable, where the model knows a bound of its fastest rate.
    """
    values, delay = model.group_values(vary, settings.n), model.arrival_delay(vary, settings.n)
    check_delay(delay, settings.dt, model.delay_name)
    whole_multiple(settings.record_dt, settings.dt, "record_dt")
    states = initial.plain_states(model.settable, settings.n)
    model.check_initial(states, values)
    past = initial.plain_past_spikes(settings.n, delay, model.delay_name)
    rate = model.fastest_rate({**values, "t_d": delay}, duration=settings.duration, states=states, past=past)
    if rate * settings.dt > 2.0:
        raise ValueError(
            f"dt must be well below 1/(fastest rate) = {1 / rate:.3g} s that these parameters may reach on the "
            f"brian2 engine, got {settings.dt:g} s; take dt <= {0.2 / rate:.1g} s"
        )
    return states, past


def _warn_of_start(model: BrianNeuron, settings: RunSettings, states: Mapping[str, Any], recorded: Recording) -> None:
    """Warn of spikes in the first step of neurons of the user's own whose start was left to be 0, as Brian2 has it."""
    unset = sorted(set(getattr(model, "jumpable", ())) - set(states))
    if not unset or recorded.spikes is None or not (recorded.spikes.times < settings.dt).any():
        return
    names = ", ".join(unset)
    warnings.warn(
        f"a neuron fires in the first step: {names} start{'s' if len(unset) == 1 else ''} at 0 where "
        f"initial=Initial({unset[-1]}=...) does not say otherwise",
        UserWarning,
        stacklevel=4,
    )


def _trains(monitor: Any, n: int, duration: float) -> SpikeTrains:
    indices, times = np.asarray(monitor.i[:]), np.asarray(monitor.t[:], dtype=np.float64)
    inside = times < duration
    return SpikeTrains.from_indices(indices[inside], times[inside], n_units=n, t_stop=duration)


def _traces(monitor: Any, settings: RunSettings, units: Mapping[str, str]) -> Any:
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
    group: Any, model: BrianNeuron, past: NDArray[Any], offsets: NDArray[Any], delay: Any, dt: float
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
