"""From the [run] and [initial] tables of a model file to a call of simulate()."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.catalogue.entry import RunRequest
from spikelearn.parameters.units import parse_quantity, seconds, si_value
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulate import simulate

__all__ = ["SIMULATE_SETTINGS", "simulate_request"]

SIMULATE_SETTINGS = frozenset({"duration", "n", "vary", "dt", "seed", "record", "record_dt", "method"})


def simulate_request(model: Any, request: RunRequest) -> Recording:
    """Run a model as a `RunRequest` asks.

    Parameters
    ----------
    model : AdaptiveLIF or another model of `spikelearn.simulate`
        What to run.
    request : RunRequest
        The tables of the model file.

    Raises
    ------
    ValueError
        The duration is missing or a value does not fit.
    """
    settings = dict(request.settings)
    if "duration" not in settings:
        raise ValueError("[run] must have a duration, such as duration = '2 s'")
    spread = settings.pop("vary", {})
    if not isinstance(spread, Mapping):
        raise ValueError(f"[run] vary must be a table of parameters, got {spread!r}")
    vary = {name: _spread(f"[run] vary.{name}", given) for name, given in spread.items()}
    default_n = len(next(iter(vary.values()))) if vary else 1
    record = settings.pop("record", ())
    if not isinstance(record, (str, list, tuple)) or not all(isinstance(name, str) for name in record):
        raise ValueError(f"[run] record must be a name or a list of names, got {record!r}")
    given = dict(request.initial)
    past = given.pop("past_spikes", ())
    past = past if isinstance(past, (list, tuple)) else [past]
    initial = Initial(
        past_spikes=[_times(item) for item in past],
        **{
            name: _spread(f"[initial] {name}", value) if isinstance(value, list) else _read(value, f"[initial] {name}")
            for name, value in given.items()
        },
    )
    for name in ("duration", "dt", "record_dt"):
        if name in settings:
            settings[name] = seconds(_read(settings[name], f"[run] {name}"), f"[run] {name}")
    return simulate(
        model,
        settings.pop("duration"),
        n=settings.pop("n", default_n),
        engine=request.engine,
        target=request.target,
        record=record if isinstance(record, str) else tuple(record),
        vary=vary,
        initial=initial,
        progress=request.progress,
        **settings,
    )


def _times(given: Any) -> Any:
    if isinstance(given, list):
        return [_times(item) for item in given]
    return seconds(_read(given, "[initial] past_spikes"), "[initial] past_spikes")


def _read(given: Any, where: str) -> Any:
    """Read a number or text with a unit, naming the key where it is neither."""
    try:
        return parse_quantity(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _spread(where: str, given: Any) -> Any:
    """Read a list of values, or a table start, stop, num for evenly spaced ones without the end point."""
    if isinstance(given, Mapping):
        if set(given) != {"start", "stop", "num"}:
            raise ValueError(f"{where} must be a list or have start, stop and num, got {sorted(given)}")
        num = given["num"]
        if isinstance(num, bool) or not isinstance(num, int) or num < 1:
            raise ValueError(f"{where}.num must be a whole number of at least 1, got {num!r}")
        start, stop = _read(given["start"], f"{where}.start"), _read(given["stop"], f"{where}.stop")
        si_value(stop, str(given["start"]) if hasattr(start, "dim") else "1", f"{where}.stop")
        return start + np.arange(num) / num * (stop - start)
    if not isinstance(given, list):
        raise ValueError(f"{where} must be a list or a table with start, stop and num, got {given!r}")
    values = [_read(item, where) for item in given]
    if not values:
        raise ValueError(f"{where} must not be empty")
    if hasattr(values[0], "dim"):
        from brian2.units.fundamentalunits import Quantity

        return Quantity([float(si_value(v, str(given[0]), where)) for v in values], dim=values[0].dim)
    return np.array([si_value(value, "1", where) for value in values], dtype=np.float64)
