"""Rasters: one row of ticks a unit, named where units have names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spikelearn.parameters.numbers import whole_number
from spikelearn.plotting.colours import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["raster", "show_ids"]


def raster(
    axes: Axes, trains: SpikeTrains, *, trial: int = 0, max_units: int = 200, colours: Sequence[str] = ()
) -> None:
    """Draw one row of ticks a unit, named by its id where units have any.

    Parameters
    ----------
    axes : Axes
        Where to.
    trains : SpikeTrains
        What; units beyond `max_units` are left out, and the label says so.
    trial : int
        Which trial.
    max_units : int
        The largest number of rows.
    colours : sequence of str, optional
        Of the first rows, where they are drawn elsewhere, too; the colour of simulations for all others.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.4], [0.2]], t_stop=1.0, unit_ids=["A3", "B1"])
    >>> with sl.plotting.offscreen():
    ...     axes = sl.plotting.new_figure().subplots()
    >>> sl.plotting.raster(axes, trains)
    >>> axes.get_ylabel(), [axes.yaxis.get_major_formatter()(place, 0) for place in (0, 1)]
    ('neuron', ['A3', 'B1'])
    """
    from matplotlib.ticker import MaxNLocator

    shown = min(trains.n_units, whole_number("raster: max_units", max_units, at_least=1))
    trial = whole_number("raster: trial", trial)
    rows = [trains.train(unit, trial) for unit in range(shown)]
    # Lines moved to whole pixels would beat with regular firing: gaps where there are none.
    every: list[Any] = [*colours[:shown], *[COLOURS["simulation"]] * max(shown - len(colours), 0)]
    axes.eventplot(
        rows, lineoffsets=list(range(shown)), colors=every or None, linewidths=0.7, linelengths=0.8, snap=False
    )
    axes.set_xlim(trains.t_start, trains.t_stop)
    axes.set_ylim(-0.6, max(shown, 1) - 0.4)
    if shown == 1:
        axes.set_yticks([])
        axes.set_ylabel("spikes")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("neuron" if shown == trains.n_units else f"neuron (first {shown} of {trains.n_units})")
        if "unit_ids" in trains.names:
            show_ids(axes.yaxis, trains.unit_ids)


def show_ids(axis: Axis, ids: Sequence[int | str]) -> None:
    """Label the whole numbers of an axis by the ids of what stands there; nothing between them.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        ``axes.xaxis`` or ``axes.yaxis``.
    ids : sequence of int or str
        The id of what stands at 0, 1, 2, ...

    Examples
    --------
    >>> import spikelearn as sl
    >>> with sl.plotting.offscreen():
    ...     axes = sl.plotting.new_figure().subplots()
    >>> _ = axes.set_ylim(-0.5, 1.5)
    >>> sl.plotting.show_ids(axes.yaxis, ["A3", "B1"])
    >>> [axes.yaxis.get_major_formatter()(place, 0) for place in (0, 0.5, 1)]
    ['A3', '', 'B1']
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def name_at(place: float, _: int) -> str:
        row = round(place)
        return str(ids[row]) if abs(place - row) < 1e-6 and 0 <= row < len(ids) else ""

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(name_at))
