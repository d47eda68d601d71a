"""The f-I curve: firing rate against the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.foreign import foreign_unit, unmasked
from spikelearn.parameters.units import parse_quantity, seconds
from spikelearn.spikes.binning import rounding
from spikelearn.spikes.construction import check_trains

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["fi_curve"]


def fi_curve(trains: Any, inputs: Any, *, dim: str = "unit", skip: Any = 0.0, input_units: str = "") -> xr.Dataset:
    """Give the firing rate for every value of an input: the mean rate, and those of the first and the last interval.

    Parameters
    ----------
    trains : SpikeTrains or Recording
        One unit, or one trial, for each value of the input.
    inputs : array_like or Quantity, shape (n_units,) or (n_trials,)
        The value that each unit or trial got, in any order; equal values are averaged.
    dim : {"unit", "trial"}
        Whether `inputs` belongs to units or to trials.
    skip : float or Quantity
        Time in seconds after the begin of the observation that does not count for the mean rate.
    input_units : str
        Unit of the input for labels; a Quantity brings its own, and a Brian2 Quantity is converted to this one.

    Returns
    -------
    xarray.Dataset
        Over ``input`` in rising order, all in Hz: ``rate`` (spikes over observed time), ``onset`` (one over the first
        interval) and ``steady`` (one over the last interval), each averaged over what shares the input; ``sem`` is the
        standard error of the rate, NaN for a single train. Onset and steady rate are NaN where no train has two spikes.

    Raises
    ------
    ValueError
        The number of inputs does not fit, an input is NaN, `input_units` is not the unit that the inputs carry, or
        `skip` leaves nothing of the observation.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.2, 0.6], []], t_stop=1.0)
    >>> sl.analyses.fi_curve(trains, [2.0, 1.0])["rate"].values
    array([0., 3.])
    """
    import xarray as xr

    spikes: SpikeTrains = getattr(trains, "spikes", trains)
    if dim not in ("unit", "trial"):
        raise ValueError(f"fi_curve: dim must be 'unit' or 'trial', got {dim!r}")
    check_trains(spikes, "fi_curve")
    size = spikes.n_units if dim == "unit" else spikes.n_trials
    inputs = unmasked(inputs, "fi_curve: inputs")
    plain, units = _plain_inputs(inputs, input_units)
    values = np.asarray(plain, dtype=np.float64)
    if values.shape != (size,):
        raise ValueError(f"fi_curve: inputs must have one value a {dim}, got shape {values.shape} for {size}")
    if np.isnan(values).any():
        raise ValueError(f"fi_curve: input {int(np.isnan(values).argmax())} must be a number, got nan")
    left_out = seconds(skip, "fi_curve: skip")
    begin, end = spikes.observed[:, 0] + left_out, spikes.observed[:, 1]
    if (begin >= end).any():
        k = int((begin >= end).argmax())
        raise ValueError(
            f"fi_curve: skip must leave a part of what was observed of every trial, got {left_out} s, and of trial "
            f"{spikes.trial_ids[k]} {spikes.observed[k, 1] - spikes.observed[k, 0]:g} s was observed"
        )
    measures = _measures(spikes, begin, end)
    levels, group = np.unique(values, return_inverse=True)
    per_level: dict[str, Any] = {}
    for name, table in measures.items():
        flat = (table if dim == "trial" else table.T).ravel()
        per_level[name], per_level[f"{name}_sem"] = _group_means(flat, np.repeat(group, flat.size // size), len(levels))
    attrs = {"units": "Hz"}
    variables = {name: ("input", per_level[name], {**attrs, "long_name": text}) for name, text in _TEXTS.items()}
    variables["sem"] = ("input", per_level["rate_sem"], {**attrs, "long_name": "standard error of the rate"})
    return xr.Dataset(variables, {"input": ("input", levels, {"units": units, "long_name": "input"})})


_TEXTS = {"rate": "firing rate", "onset": "rate of the first interval", "steady": "rate of the last interval"}


def _plain_inputs(inputs: Any, input_units: str) -> tuple[Any, str]:
    """Give the inputs as plain numbers and the unit in which these are."""
    if hasattr(inputs, "get_best_unit"):
        one = 1.0 * inputs.get_best_unit()
        if not input_units:
            return np.asarray(inputs, dtype=np.float64) / float(one), str(inputs.get_best_unit())
        scale = parse_quantity(f"1 {input_units}")
        if getattr(scale, "dim", None) != one.dim:
            raise ValueError(f"fi_curve: input_units must be a unit of the inputs, such as {one}, got {input_units!r}")
        return np.asarray(inputs, dtype=np.float64) / float(scale), input_units
    carried = foreign_unit(inputs)
    if carried and input_units and input_units != carried:
        raise ValueError(f"fi_curve: input_units must be left out for inputs in {carried}, got {input_units!r}")
    return getattr(inputs, "magnitude", inputs), carried or input_units


def _measures(
    spikes: SpikeTrains, begin: NDArray[np.float64], end: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Mean, onset and steady rate in Hz of every train, each of shape (n_trials, n_units)."""
    counts = spikes.counts()
    shape, lengths = counts.shape, counts.ravel()
    # A spike that lies on the begin but for rounding counts as on it, as in `spikelearn.spikes.binning`.
    border = np.repeat(begin, counts.sum(axis=1))
    late = spikes.times >= border - rounding(spikes.times, border) - spikes.slack
    kept = np.concatenate([[0], np.cumsum(late)])[spikes.offsets]
    several = lengths >= 2
    first, last = spikes.offsets[:-1][several], spikes.offsets[1:][several] - 1
    onset, steady = np.full(lengths.shape, np.nan), np.full(lengths.shape, np.nan)
    for rate, interval in (
        (onset, spikes.times[first + 1] - spikes.times[first]),
        (steady, spikes.times[last] - spikes.times[last - 1]),
    ):
        rate[several] = np.divide(1.0, interval, out=np.full(interval.shape, np.nan), where=interval > 0)
    mean = np.diff(kept).reshape(shape) / (end - begin)[:, None]
    return {"rate": mean, "onset": onset.reshape(shape), "steady": steady.reshape(shape)}


def _group_means(
    values: NDArray[np.float64], group: NDArray[np.int64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    number = np.bincount(group, minlength=n).astype(np.float64)
    nothing = np.full(n, np.nan)
    mean = np.divide(np.bincount(group, weights=values, minlength=n), number, out=nothing.copy(), where=number > 0)
    squares = np.bincount(group, weights=(values - mean[group]) ** 2, minlength=n)
    variance = np.divide(squares, number * (number - 1), out=nothing.copy(), where=number > 1)
    return mean, np.sqrt(variance)
