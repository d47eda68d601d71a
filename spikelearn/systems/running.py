"""From the [run] and [initial] tables of a model file to a call of simulate()."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.initial import Initial
from spikelearn.parameters import parse_quantity, si_value
from spikelearn.recording import Recording
from spikelearn.simulation import simulate
from spikelearn.systems.record import RunRequest

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
    vary = {name: _spread(name, given) for name, given in settings.pop("vary", {}).items()}
    default_n = len(next(iter(vary.values()))) if vary else 1
    record = settings.pop("record", ())
    given = dict(request.initial)
    past = given.pop("past_spikes", ())
    initial = Initial(
        past_spikes=[_times(item) for item in past],
        **{
            name: _spread(name, value) if isinstance(value, list) else parse_quantity(value)
            for name, value in given.items()
        },
    )
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
    return parse_quantity(given)


def _spread(name: str, given: Any) -> Any:
    """Read a list of values, or a table start, stop, num for evenly spaced ones without the end point."""
    if isinstance(given, Mapping):
        if set(given) != {"start", "stop", "num"}:
            raise ValueError(f"[run] vary.{name} must be a list or have start, stop and num, got {sorted(given)}")
        start, stop = parse_quantity(given["start"]), parse_quantity(given["stop"])
        fractions = np.arange(int(given["num"])) / int(given["num"])
        return start + fractions * (stop - start)
    values = [parse_quantity(item) for item in given]
    if not values:
        raise ValueError(f"[run] vary.{name} must not be empty")
    if hasattr(values[0], "dim"):
        from brian2.units.fundamentalunits import Quantity

        return Quantity([float(si_value(v, str(given[0]), f"vary.{name}")) for v in values], dim=values[0].dim)
    return np.array(values, dtype=np.float64)
