"""Points that run as neurons of one exact simulation, with the digits that each has alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.catalogue.entry import Measure
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.sweeps.outcome import Outcome, Rows, attempt
from spikelearn.sweeps.points import Grid

__all__ = ["batches", "columns_of", "measured"]


def batches(built: Any, grid: Grid, indices: Integers) -> Iterator[Integers]:
    """Part points into groups of which each may be one simulation.

    An engine may treat a neuron otherwise, by some digits, where too many others differ from it in certain parameters;
    a model says in `few_of` which these are, and in `few` how many combinations of them are not too many.

    Yields
    ------
    ndarray of int64
        Indices of points.
    """
    names = [name for name in getattr(built, "few_of", ()) if name in grid.columns]
    if not names:
        yield indices
        return
    places = grid.places(indices)
    code = np.zeros(len(indices), dtype=np.int64)
    for name in names:
        values = np.array([value.plain for value in grid.columns[name]], dtype=np.float64)
        distinct, which = np.unique(values, return_inverse=True)
        code = code * len(distinct) + which.reshape(-1)[places[name]]
    _, which = np.unique(code, return_inverse=True)
    group = which.reshape(-1) // built.few
    order = np.argsort(group, kind="stable")
    yield from np.split(indices[order], np.flatnonzero(np.diff(group[order])) + 1)


def columns_of(grid: Grid, indices: Integers) -> dict[str, Any]:
    """Give the values of points as one array a name, with units."""
    places = grid.places(indices)
    found = {}
    for name, column in grid.columns.items():
        plain = np.array([value.plain for value in column], dtype=np.float64)[places[name]]
        found[name] = plain if column[0].unit == "1" else _with_unit(plain, column[0].given)
    return found


def _with_unit(plain: Floats, example: Any) -> Any:
    from brian2.units.fundamentalunits import Quantity

    return Quantity(plain, dim=example.dim)


def measured(
    built: Any, quantities: Mapping[str, Measure], recording: Recording, columns: Mapping[str, Any]
) -> Rows | list[Outcome]:
    """Measure every neuron of a simulation as if it had run alone.

    Parameters
    ----------
    built : model
        The model that the points differ from.
    quantities : mapping of str to Measure
        What to measure; those that say so are taken of all neurons at once.
    recording : Recording
        Of all points.
    columns : mapping
        What `columns_of` gave.

    Returns
    -------
    Rows, or list of Outcome
        The latter where a point failed or gave something of another shape.
    """
    n = len(next(iter(columns.values())))
    names = list(quantities)
    at_once = [name for name in names if quantities[name].each]
    values: dict[str, Any] = {}
    try:
        for name in at_once:
            values[name] = np.asarray(quantities[name].function(built, recording), dtype=np.float64).reshape(n)
    except Exception:  # some point's failure, which is found when each is measured alone
        values = {}
    rest = [name for name in names if name not in values]
    if not rest:
        return Rows(values)
    outcomes = []
    for k in range(n):
        model, alone = _model(built, columns, k), _neuron(recording, k)
        taken = {name: values[name][k] for name in values}
        outcomes.append(attempt(lambda m=model, a=alone, t=taken: _all(quantities, t, m, a)))  # type: ignore[misc]
    return outcomes


def _all(quantities: Mapping[str, Measure], taken: Mapping[str, Any], model: Any, alone: Recording) -> dict[str, Any]:
    return {name: taken[name] if name in taken else q.function(model, alone) for name, q in quantities.items()}


def _model(built: Any, columns: Mapping[str, Any], k: int) -> Any:
    """Give the model of one neuron; its values have been checked as arrays, so that it is not made anew."""
    made = object.__new__(type(built))
    for field in dataclasses.fields(built):
        value = columns[field.name][k] if field.name in columns else getattr(built, field.name)
        object.__setattr__(made, field.name, float(value) if type(value) is np.float64 else value)
    return made


def _neuron(recording: Recording, k: int) -> Recording:
    """Give the recording that neuron k alone would have made."""
    spikes = recording.spikes
    counts = None
    if spikes is not None:
        train = spikes.train(unit=k)
        spikes = SpikeTrains(train, [0, len(train)], 1, t_start=spikes.t_start, t_stop=spikes.t_stop)
    elif recording.counts is not None:
        counts = recording.counts[:, k : k + 1]
    traces = recording.traces.isel(neuron=[k]) if "neuron" in recording.traces.dims else recording.traces
    return Recording(spikes, traces, {**recording.provenance, "n": 1, "vary": {}}, counts)
