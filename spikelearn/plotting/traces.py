"""Recorded variables against time, with every spike where it was: up to threshold, down to reset, no line between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.numbers import whole_number
from spikelearn.plotting.colours import COLOURS

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["broken_at", "trace"]


def trace(
    axes: Axes,
    traces: xr.Dataset,
    name: str,
    *,
    neuron: int = 0,
    scale: float = 1.0,
    label: str,
    spikes: ArrayLike = (),
    turn: tuple[float, float] | None = None,
    **style: Any,
) -> None:
    """Draw one recorded variable of one neuron against time in seconds.

    Parameters
    ----------
    axes : Axes
        Where to.
    traces : xarray.Dataset
        The traces of a Recording.
    name : str
        Which variable.
    neuron : int
        Which neuron.
    scale : float
        Factor from SI units to those of `label`, for example 1000 for "u (mV)".
    label : str
        Label of the vertical axis.
    spikes : array_like
        Times at which the variable is reset, in seconds: the line is broken there, for no sample shows the jump.
    turn : tuple of two floats, optional
        From where and to where the reset goes, in SI units: the line reaches the one and begins at the other.
    **style
        As for ``Axes.plot``.

    Examples
    --------
    >>> import spikelearn as sl
    >>> recording = sl.simulate(sl.AdaptiveLIF(), "0.2 s", record=["u"], record_dt="1 ms")
    >>> with sl.plotting.offscreen():
    ...     axes = sl.plotting.new_figure().subplots()
    >>> sl.plotting.trace(axes, recording.traces, "u", scale=1e3, label="u (mV)", spikes=recording.spikes.train())
    >>> axes.get_ylabel(), len(axes.lines)
    ('u (mV)', 1)
    """
    values = np.asarray(traces[name].isel(neuron=whole_number("trace: neuron", neuron)).values)
    x, y = broken_at(traces["time"].values, values, spikes, turn)
    axes.plot(x, y * scale, **{"color": COLOURS["simulation"], "linewidth": 0.8, **style})
    axes.set_ylabel(label)


def broken_at(
    time: Floats, values: Floats, spikes: ArrayLike, turn: tuple[float, float] | None = None
) -> tuple[Floats, Floats]:
    """Put resets into a sampled variable, which no sample shows.

    Parameters
    ----------
    time : ndarray, shape (n,)
        When the samples were taken, ascending.
    values : ndarray, shape (n,)
        The samples.
    spikes : array_like
        When resets were, ascending; only those between the first and the last sample matter.
    turn : tuple, optional
        What the variable is before and after a reset, numbers, or arrays with one a spike. Without it the line is only
        broken.

    Returns
    -------
    time, values : ndarray
        With one row of NaN at every reset, and before and after it one of `turn`.

    Examples
    --------
    >>> broken_at(np.array([0.0, 1.0, 2.0]), np.array([0.0, 5.0, 1.0]), [1.7], (8.0, 0.0))[1]
    array([ 0.,  5.,  8., nan,  0.,  1.])
    """
    at = np.asarray(spikes, dtype=np.float64)
    inside = (at >= time[0]) & (at <= time[-1]) if len(time) else np.zeros(len(at), dtype=bool)
    at = at[inside]
    # A sample taken at the very time of a spike belongs before it, unless it shows the reset.
    places = np.searchsorted(time, at, side="right")
    if turn is None or not len(at):
        return np.insert(time, places, at), np.insert(values, places, np.full(len(at), np.nan))
    before, after = (np.broadcast_to(np.asarray(side, dtype=np.float64), len(inside))[inside] for side in turn)
    last = places - 1
    places = places - ((time[last] == at) & np.isclose(values[last], after))
    rows = np.stack([before, np.full(len(at), np.nan), after], axis=1).ravel()
    return np.insert(time, np.repeat(places, 3), np.repeat(at, 3)), np.insert(values, np.repeat(places, 3), rows)
