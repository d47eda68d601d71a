"""From the [run] and [initial] tables of a model file to a call of simulate()."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.catalogue.entry import RunRequest
from spikelearn.parameters.series import read_series, read_value
from spikelearn.parameters.units import seconds
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulate import simulate

__all__ = ["duration_of", "initial_of", "simulate_request"]


def simulate_request(model: Any, request: RunRequest) -> Recording:
    """Run a model as a `RunRequest` asks.

    Parameters
    ----------
    model : Simulable
        What to run.
    request : RunRequest
        The tables of the model file.

    Raises
    ------
    ValueError
        The duration is missing or a value does not fit.
    """
    settings = dict(request.settings)
    duration = duration_of(settings)
    spread = settings.pop("vary", {})
    if not isinstance(spread, Mapping):
        raise ValueError(f"[run] vary must be a table of parameters, got {spread!r}")
    vary = {name: read_series(f"[run] vary.{name}", given) for name, given in spread.items()}
    if vary:
        settings["vary"] = vary
        if "n" in model.run_options:
            settings.setdefault("n", len(next(iter(vary.values()))))
    record = settings.pop("record", ())
    if not isinstance(record, (str, list, tuple)) or not all(isinstance(name, str) for name in record):
        raise ValueError(f"[run] record must be a name or a list of names, got {record!r}")
    if request.initial:
        settings["initial"] = initial_of(request.initial)
    for name in ("dt", "record_dt"):
        if name in settings:
            settings[name] = seconds(read_value(settings[name], f"[run] {name}"), f"[run] {name}")
    return simulate(
        model,
        duration,
        engine=request.engine,
        target=request.target,
        record=record if isinstance(record, str) else tuple(record),
        progress=request.progress,
        **settings,
    )


def duration_of(settings: dict[str, Any]) -> float:
    """Take the duration out of a ``[run]`` table, in seconds.

    Raises
    ------
    ValueError
        There is none, or it is no time.
    """
    if "duration" not in settings:
        raise ValueError("[run] must have a duration, such as duration = '2 s'")
    return seconds(read_value(settings.pop("duration"), "[run] duration"), "[run] duration")


def initial_of(table: Mapping[str, Any]) -> Initial:
    """Read an ``[initial]`` table.

    Raises
    ------
    ValueError
        A value that cannot be read.
    """
    given = dict(table)
    past = given.pop("past_spikes", ())
    past = past if isinstance(past, (list, tuple)) else [past]
    return Initial(
        past_spikes=[_times(item) for item in past],
        **{
            name: read_series(f"[initial] {name}", value)
            if isinstance(value, list)
            else read_value(value, f"[initial] {name}")
            for name, value in given.items()
        },
    )


def _times(given: Any) -> Any:
    if isinstance(given, list):
        return [_times(item) for item in given]
    return seconds(read_value(given, "[initial] past_spikes"), "[initial] past_spikes")
