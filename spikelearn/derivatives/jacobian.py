"""spike_time_jacobian(): how every spike of a neuron moves with each of its parameters."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.derivatives.directions import DIRECTIONS, STATES, UNITS, read_names, seed
from spikelearn.derivatives.runs import describe_neurons
from spikelearn.derivatives.smoothness import check_reading
from spikelearn.eventdriven.sensitivity.counted import spikes_of_one
from spikelearn.eventdriven.sensitivity.passes import forward, read_again
from spikelearn.eventdriven.sensitivity.tangent import no_tangent
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.arguments import initial_state, positive_time
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.simulate import simulate
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NoEffect", "spike_time_jacobian"]

_WHERE = "spike_time_jacobian"
# A neuron without a spike for so many of its time constants is taken to be silent.
_SILENT = 1000.0


class NoEffect(UserWarning):
    """No spike depends on a parameter.

    Examples
    --------
    >>> import warnings
    >>> import spikelearn as sl
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     _ = sl.spike_time_jacobian(sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0), n_spikes=2, wrt=("tau_K",))
    >>> said[0].category.__name__, str(said[0].message)
    ('NoEffect', 'spike_time_jacobian: no spike depends on tau_K: zero in every row')
    """


def spike_time_jacobian(
    neuron: AdaptiveLIF,
    duration: Any = None,
    *,
    n_spikes: int | None = None,
    wrt: str | Iterable[str] = ("V_0", "delta_g", "tau_K", "t_d"),
    initial: Initial | None = None,
    n: int = 1,
    vary: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Run neurons on the exact engine and say how much every spike comes earlier or later with each parameter.

    The derivatives are those of the exact spike times, to rounding; no step is taken. Of a neuron without delay the
    derivative by t_d is that for a delay growing from zero.

    Parameters
    ----------
    neuron : AdaptiveLIF
        The neuron.
    duration : Quantity, str or float, optional
        Model time, seconds if it has no unit. Either this or `n_spikes` must be given.
    n_spikes : int, optional
        Run each neuron until it has fired so many spikes instead.
    wrt : str or iterable of str
        Parameters of AdaptiveLIF by name, ``theta`` or ``Delta``, ``u`` and ``g`` for the state at time 0, or
        ``past_spikes``, which gives one column for each past spike.
    initial : Initial, optional
        State at time 0 and past spikes.
    n : int
        Number of independent neurons.
    vary : mapping of str to array_like, optional
        Parameters that differ between neurons, arrays of shape (n,) with units.
    threads : int, optional
        Threads of the run.

    Returns
    -------
    xarray.Dataset
        ``derivative`` over (spike, parameter), each in seconds over the unit of the parameter, which the coordinate
        ``units`` says; ``time`` (s) and ``neuron`` of every spike, neuron after neuron. A parameter is that of the
        spike's own neuron. Its ``attrs`` hold ``smallest_slope`` (V/s), ``nearest_change`` (s), see `Smoothness`, and
        ``no_effect``, the parameters on which no spike depends.

    Raises
    ------
    ValueError
        Both or neither of `duration` and `n_spikes`, an unknown name, a start that the model refuses, or a neuron that
        falls silent before it has fired `n_spikes` spikes.
    TypeError
        The model is no AdaptiveLIF.

    Warns
    -----
    NoDerivative
        A spike and an arrival meet, or the membrane grazes its threshold.
    NoEffect
        No spike depends on a parameter: its column is zero.

    References
    ----------
    002 Q1 Eqs. (1)-(3) for the neuron.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="30 mV", delta_g=0.05, tau_K="100 ms", t_d="5 ms")
    >>> found = sl.spike_time_jacobian(neuron, n_spikes=3, wrt=("V_0", "t_d"))
    >>> found["derivative"].round(4).values
    array([[-0.3333,  0.    ],
           [-0.7063, -0.0774],
           [-1.1296, -0.1514]])
    >>> found["units"].values.tolist()
    ['s/V', 's/s']
    """
    import xarray as xr

    if threads is not None:
        whole_number("threads", threads, at_least=1)
    if not isinstance(neuron, AdaptiveLIF):
        raise TypeError(f"{_WHERE}: neuron must be an AdaptiveLIF, got {type(neuron).__name__}")
    if (duration is None) == (n_spikes is None):
        raise ValueError(
            f"{_WHERE} must get either duration or n_spikes, got {'neither' if duration is None else 'both'}"
        )
    names = read_names(f"{_WHERE}: wrt", wrt, (*DIRECTIONS, *STATES, "past_spikes"))
    start = initial_state(initial)
    if n_spikes is None:
        length = positive_time("duration", duration)
        trains = simulate(neuron, length, n=n, vary=vary, initial=start, threads=threads).spike_trains()
    else:
        wanted = whole_number("n_spikes", n_spikes, at_least=1)
        trains = _counted(neuron, wanted, start, whole_number("n", n, at_least=1), vary or {})
    described = describe_neurons(neuron, trains, start, vary)
    run = described.run
    past = int(run.past.max(initial=0)) if "past_spikes" in names else 0
    labels = [name for name in names if name != "past_spikes"]
    columns = len(labels)
    units = [f"s/{UNITS[name]}" if UNITS[name] != "1" else "s" for name in labels]
    labels += [f"past_spikes[{k}]" for k in range(past)]
    reading = read_again(run)
    smooth = check_reading(_WHERE, reading, described)
    tangent = no_tangent(run, len(labels), parameters=True)
    seed(tangent, labels[:columns])
    for k in range(past):
        has = run.past > k
        tangent.times[run.offsets[: len(run.past)][has] + k, columns + k] = 1.0
    moved = forward(reading, tangent)[described.recorded]
    idle = [label for label, column in zip(labels, moved.T, strict=True) if len(moved) and not column.any()]
    if idle:
        warnings.warn(f"{_WHERE}: no spike depends on {', '.join(idle)}: zero in every row", NoEffect, stacklevel=2)
    return xr.Dataset(
        {"derivative": (("spike", "parameter"), moved), "time": ("spike", trains.times, {"units": "s"})},
        coords={
            "neuron": ("spike", np.repeat(np.arange(trains.n_units), np.diff(trains.offsets))),
            "parameter": labels,
            "units": ("parameter", [*units, *["s/s"] * past]),
        },
        attrs={
            "smallest_slope": smooth.smallest_slope,
            "nearest_change": smooth.nearest_change,
            "no_effect": idle,
        },
    )


def _counted(neuron: AdaptiveLIF, wanted: int, start: Initial, n: int, vary: Mapping[str, Any]) -> SpikeTrains:
    """Run every neuron until it has fired so many spikes."""
    values = neuron.values(vary, n)
    states = start.plain_states(neuron.settable, n)
    neuron.check_initial(states, values)
    past, offsets = start.plain_past_spikes(n, values["t_d"])
    order = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d")
    rows = [np.broadcast_to(np.asarray(values[name], dtype=float), (n,)) for name in order]
    rows += [np.broadcast_to(np.asarray(states.get(name, 0.0), dtype=float), (n,)) for name in STATES]
    trains: list[Floats] = []
    for i, row in enumerate(np.column_stack(rows)):
        slow = row[3] + row[6] + (row[4] if np.isfinite(row[4]) else 0.0)
        found = spikes_of_one(row, wanted, past[offsets[i] : offsets[i + 1]], wanted * _SILENT * slow)
        if len(found) < wanted:
            raise ValueError(
                f"{_WHERE}: neuron {i} must fire n_spikes = {wanted} spikes, got {len(found)} before it falls silent"
            )
        trains.append(found)
    return SpikeTrains.from_arrays(trains, t_stop=float(np.nextafter(max(train[-1] for train in trains), np.inf)))
