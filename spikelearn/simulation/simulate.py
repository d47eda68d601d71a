"""simulate(): the one entry point from a model to a recording."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import flat, read_units, whole_number, whole_numbers
from spikelearn.simulation.arguments import initial_state, method_name, positive_time, record_names
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.targets import TARGETS

__all__ = ["ENGINES", "Initial", "simulate"]

# Engine -> the function that runs it; a model names the engines it can run on, best first.
ENGINES = {
    "exact": "spikelearn.models.adaptive_lif.exact:simulate_exactly",
    "brian2": "spikelearn.brian.neurons:simulate_on_brian",
}


def simulate(
    model: Any,
    duration: Any,
    *,
    n: int = 1,
    engine: str | None = None,
    target: str = "auto",
    dt: Any = "0.1 ms",
    method: str | None = None,
    seed: int | None = None,
    record: str | Iterable[str] = (),
    record_dt: Any = None,
    vary: Mapping[str, Any] | None = None,
    initial: Initial | None = None,
    progress: bool = False,
    threads: int | None = None,
    units: slice | Iterable[int] | None = None,
    synapses: Iterable[int] | None = None,
    resume: Any = None,
) -> Recording:
    """Run a model and return its spikes, its traces and how they were made.

    Parameters
    ----------
    model : AdaptiveLIF or another model with ``brian_objects``
        What to run.
    duration : Quantity, str or float
        Model time, in seconds where it has no unit. Spikes lie within ``0 <= t < duration``.
    n : int
        Number of independent neurons.
    engine : str, optional
        "exact": event-driven, spike times to rounding, for the models that it knows, and then the default.
        "brian2": clock-driven, in steps of `dt`, for every model; the default where `target` or `method` is named.
    target : {"auto", "numpy", "cython", "cpp_standalone"}
        Brian2's code generation; "auto" takes numpy for small or short runs and compiled code where it pays.
    dt : Quantity, str or float
        Time step of the brian2 engine; the exact one takes no steps and leaves it aside, but for `record_dt`.
    method : str, optional
        Brian2's integration method; the model's own choice if not given.
    seed : int, optional
        Seed of random numbers. Streams differ between engines and targets.
    record : str or iterable of str
        Variables to record as traces; "counts" alone keeps spike counts instead of spike times. At the very time of an
        event the exact engine gives the value after it, Brian2 that at the start of the step, before it.
    record_dt : Quantity, str or float, optional
        Step of the traces; `dt` if not given. On the brian2 engine a whole multiple of `dt`.
    vary : mapping of str to array_like, optional
        Parameters that differ between neurons: name -> array of shape (n,), with units.
    initial : Initial, optional
        State at time 0; everything zero and no past spikes if not given.
    progress : bool
        Show a progress bar for runs of more than two seconds.
    threads : int, optional
        Threads of the exact engine, all processors if not given; results do not depend on it.
    units : slice or iterable of int, optional
        Neurons of a network whose traces are recorded, such as ``network.units("E")``; all if not given.
    synapses : iterable of int, optional
        Synapses of a network whose weights are recorded as "w", numbered as in ``recording.sources``; all if not given.
    resume : NetworkState, optional
        Where a network on the exact engine goes on from; `duration` is then the time at which it ends, and `seed` that
        of the state if not given.

    Returns
    -------
    Recording
        ``spikes``: SpikeTrains of one trial and n units. ``traces``: xarray.Dataset over (time, neuron), weights over
        (time, synapse).
        On the brian2 engine a spike carries the time at which its step begins, as in Brian2.

    Raises
    ------
    ValueError
        A parameter, unit, range or name that does not fit, said in one line.
    TypeError
        A value of a kind that the argument cannot have.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from brian2 import mV, ms, second
    >>> neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms)
    >>> sl.simulate(neuron, 1 * second).spikes
    SpikeTrains(1 trial x 1 unit, 79 spikes in [0.0, 1.0) s)
    """
    available = _engines_of(model)
    engines = getattr(model, "network_engines", None)
    if engine is not None and engine not in available:
        raise ValueError(unknown_name(type(model).__name__, "engine", engine, available))
    length = positive_time("duration", duration)
    count = whole_number("n", n, at_least=1)
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", str(target), (*TARGETS, "auto")))
    if target != "auto" or method_name(method) is not None:
        said = f"target = {target!r}" if target != "auto" else f"method = {method!r}"
        if engine not in (None, "brian2") or "brian2" not in available:
            raise ValueError(f"{said} belongs to Brian2: leave it out on the {engine or available[0]} engine")
        engine = "brian2"
    start = initial_state(initial)
    wanted = record_names(record, model)
    step = positive_time("dt", dt)
    trace_step = step if record_dt is None else positive_time("record_dt", record_dt)
    extra: dict[str, Any] = {}
    if engines is not None:
        if count != 1 or vary:
            raise ValueError("n and vary must be left out for a network: its populations say them")
        chosen = np.arange(model.n) if units is None else read_units(units, model.n)
        if len(chosen) and not 0 <= chosen[0] <= chosen[-1] < model.n:
            raise ValueError(f"units must lie in 0 to {model.n - 1}, got {chosen[0]} to {chosen[-1]}")
        if synapses is not None and "w" not in wanted:
            raise ValueError(f"synapses must be left out where record does not have 'w', got record={wanted}")
        which = None if synapses is None else np.unique(whole_numbers("synapses", flat("synapses", synapses)))
        extra = {"units": chosen, "synapses": which, "resume": resume}
    elif units is not None or synapses is not None or resume is not None:
        raise ValueError(f"units, synapses and resume are for networks, got a {type(model).__name__}")
    module, function = (engines or ENGINES)[engine or available[0]].split(":")
    run = getattr(importlib.import_module(module), function)
    recording: Recording = run(
        model,
        length,
        n=count,
        target=target,
        dt=step,
        method=method,
        seed=None if seed is None else whole_number("seed", seed, at_least=0),
        record=wanted,
        record_dt=trace_step,
        vary=dict(vary or {}),
        initial=start,
        progress=progress,
        threads=None if threads is None else whole_number("threads", threads, at_least=1),
        **extra,
    )
    return recording


def _engines_of(model: Any) -> tuple[str, ...]:
    if isinstance(model, type):
        name = model.__name__
        raise TypeError(f"simulate() must be given a model such as AdaptiveLIF(), got the class {name}; use {name}()")
    if hasattr(model, "network_engines"):
        return tuple(model.network_engines)
    if not all(hasattr(model, needed) for needed in ("brian_objects", "recordable", "values")):
        raise TypeError(f"simulate() must be given a model such as AdaptiveLIF, got {type(model).__name__}")
    return tuple(getattr(model, "engines", ("brian2",)))
