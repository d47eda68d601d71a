"""simulate(): the one entry point from a model to a recording."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spikelearn.brian import TARGETS
from spikelearn.initial import Initial
from spikelearn.network.checks import read_units
from spikelearn.parameters import seconds, unknown_name
from spikelearn.recording import Recording

__all__ = ["ENGINES", "Initial", "simulate"]

# Engine -> the function that runs it; a model names the engines it can run on, best first.
ENGINES = {
    "exact": "spikelearn.exact_engine:simulate_exactly",
    "brian2": "spikelearn.brian_engine:simulate_on_brian",
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
        "brian2": clock-driven, in steps of `dt`, for every model.
    target : {"auto", "numpy", "cython", "cpp_standalone"}
        Brian2's code generation; "auto" takes numpy for small or short runs and compiled code where it pays.
    dt : Quantity, str or float
        Time step of the brian2 engine; without meaning on the exact one.
    method : str, optional
        Brian2's integration method; the model's own choice if not given.
    seed : int, optional
        Seed of random numbers. Streams differ between engines and targets.
    record : str or iterable of str
        Variables to record as traces; "counts" alone keeps spike counts instead of spike times.
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
    resume : NetworkState, optional
        Where a network on the exact engine goes on from; `duration` is then the time at which it ends, and `seed` that
        of the state if not given.

    Returns
    -------
    Recording
        ``spikes``: SpikeTrains of one trial and n units. ``traces``: xarray.Dataset over (time, neuron).
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
    length = seconds(_plain(duration), "duration")
    if length <= 0:
        raise ValueError(f"duration must be positive, got {duration}")
    count = _whole("n", n, at_least=1)
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", str(target), (*TARGETS, "auto")))
    if method is not None and not isinstance(method, str):
        raise TypeError(f"method must be the name of one of Brian2's integration methods or None, got {method!r}")
    if initial is not None and not isinstance(initial, Initial):
        raise TypeError(f"initial must be made as Initial(u=0*mV, g=0.2), got {initial!r}")
    wanted = _names_of(record)
    if "counts" in wanted and len(wanted) > 1:
        raise ValueError(f"record='counts' must stand alone, got {wanted}")
    for name in wanted:
        if wanted.count(name) > 1:
            raise ValueError(f"record must name each variable once, got {name!r} twice in {wanted}")
        if name not in (*model.recordable, "counts"):
            raise ValueError(unknown_name(type(model).__name__, "variable", name, (*model.recordable, "counts")))
    step = seconds(_plain(dt), "dt")
    trace_step = step if record_dt is None else seconds(_plain(record_dt), "record_dt")
    for name, value in (("dt", step), ("record_dt", trace_step)):
        if value <= 0:
            raise ValueError(f"{name} must be positive, got {value} s")
    extra: dict[str, Any] = {}
    if engines is not None:
        if count != 1 or vary:
            raise ValueError("n and vary must be left out for a network: its populations say them")
        chosen = np.arange(model.n) if units is None else read_units(units, model.n)
        if len(chosen) and not 0 <= chosen[0] <= chosen[-1] < model.n:
            raise ValueError(f"units must lie in 0 to {model.n - 1}, got {chosen[0]} to {chosen[-1]}")
        extra = {"units": chosen, "resume": resume}
    elif units is not None or resume is not None:
        raise ValueError(f"units and resume are for networks, got a {type(model).__name__}")
    module, function = (engines or ENGINES)[engine or available[0]].split(":")
    run = getattr(importlib.import_module(module), function)
    recording: Recording = run(
        model,
        length,
        n=count,
        target=target,
        dt=step,
        method=method,
        seed=None if seed is None else _whole("seed", seed, at_least=0),
        record=wanted,
        record_dt=trace_step,
        vary=dict(vary or {}),
        initial=initial or Initial(),
        progress=progress,
        threads=None if threads is None else _whole("threads", threads, at_least=1),
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


def _names_of(record: Any) -> tuple[str, ...]:
    if isinstance(record, str):
        return (record,)
    names = tuple(record) if isinstance(record, Iterable) else (record,)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"record must be a name or a sequence of names, got {record!r}")
    return names


def _whole(name: str, value: Any, *, at_least: int) -> int:
    """Read a whole number, NumPy's too; True and 2.5 are none."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {number}")
    return number


def _plain(value: Any) -> Any:
    from spikelearn.parameters import parse_quantity

    return parse_quantity(value) if isinstance(value, str) else value
