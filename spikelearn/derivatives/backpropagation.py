"""gradient(): how a loss that depends on spike times depends on every weight, delay, parameter and initial state."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.derivatives.directions import DIRECTIONS, UNITS
from spikelearn.derivatives.jacobian import NoEffect
from spikelearn.derivatives.runs import Described, describe_network, describe_neurons, same_spikes
from spikelearn.derivatives.smoothness import Smoothness, check_reading
from spikelearn.eventdriven.sensitivity.adjoint import Adjoint
from spikelearn.eventdriven.sensitivity.passes import ROOM, backward, read_again
from spikelearn.eventdriven.sensitivity.records import COLUMNS
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.network.records import Network
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.arguments import initial_state
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Gradient", "gradient"]

_WHERE = "gradient"


@dataclass(frozen=True, eq=False)
class Gradient:
    """Derivatives of a loss by everything that a run is made of; the loss is L, whatever its unit.

    Parameters
    ----------
    neurons : xarray.Dataset
        Over (neuron): one variable for each parameter of AdaptiveLIF, ``theta``, ``Delta``, ``refractory`` (NaN where
        there is no refractory period), and ``u`` and ``g`` at time 0; ``attrs["units"]`` says per what.
    weights, delays : ndarray, shape (n_synapses,)
        By weights in volts and delays in seconds, in the order of ``recording.sources``; of a single neuron empty.
    spikes : ndarray, shape (n_spikes,)
        By each spike time as if it were moved by hand, with all that follows from it, in the order of
        ``recording.spikes.times``.
    past_spikes : list of ndarray
        By the past spikes of every neuron.
    sources : list of ndarray
        By the spikes of every external train.
    poisson : ndarray
        By the weight of each Poisson input of the network, volts.
    smoothness : Smoothness
        How near the run is to where these derivatives do not exist.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    >>> recording = sl.simulate(neuron, "20 ms")
    >>> found = sl.gradient(neuron, recording, [1.0])  # the loss is the time of the one spike
    >>> round(float(found.neurons["V_0"][0]), 9)  # -theta tau/(V_0 (V_0 - theta)) = -1.5 s/V
    -1.5
    >>> round(found.smoothness.smallest_slope, 9)  # (V_0 - theta)/tau = 0.5 V/s
    0.5
    """

    neurons: xr.Dataset
    weights: Floats
    delays: Floats
    spikes: Floats
    past_spikes: list[Floats]
    sources: list[Floats]
    poisson: Floats
    smoothness: Smoothness

    _repr_html_ = fields_html

    def __repr__(self) -> str:
        return (
            f"Gradient({self.neurons.sizes['neuron']} neurons, {len(self.weights)} synapses, {len(self.spikes)} spikes)"
        )


def gradient(
    model: AdaptiveLIF | Network,
    recording: Recording,
    d_loss: Any,
    *,
    initial: Initial | None = None,
    vary: Mapping[str, Any] | None = None,
    room: int = ROOM,
) -> Gradient:
    """Go backwards through a run and give the derivatives of a loss by everything at once.

    One pass costs less than the run, however many derivatives there are. What was simulated must be said again: the
    model, and `initial` and `vary` where they were given to `simulate`; random input is drawn again from the seed.
    Spike times are smooth only as long as no two events change places; see `Smoothness`. Surrogate gradients, which
    stand for those of spikes that are not there, are not made.

    Parameters
    ----------
    model : AdaptiveLIF or Network
        What was run, without plastic synapses.
    recording : Recording
        Of the exact engine, from time 0.
    d_loss : array_like
        dL/dt of every spike: flat like ``recording.spikes.times``, or one array for each neuron.
    initial : Initial, optional
        State at time 0 and past spikes.
    vary : mapping, optional
        Parameters that differ between independent neurons.
    room : int
        How many arriving jumps are kept in memory at a time, 20 bytes each; of longer runs they are worked out again
        part by part.

    Returns
    -------
    Gradient

    Raises
    ------
    ValueError
        `d_loss` has another shape, synapses are plastic, or the recording is not a run of this model.
    TypeError
        The model or the recording is of another kind.

    Warns
    -----
    NoDerivative
        A spike and an arrival meet, or the membrane grazes its threshold.
    NoEffect
        The loss depends on no spike at all.

    References
    ----------
    002 Q1 Eqs. (1)-(3) for the neuron; the adjoint of neurons driven by currents is that of Wunderlich and Pehle 2021,
    Sci. Rep. 11:12829.

    Examples
    --------
    >>> import spikelearn as sl
    >>> pair = sl.Network(
    ...     {"pair": sl.network.Population(sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0), 2)},
    ...     [sl.network.Projection("pair", "pair", sl.network.Connections([0], [1]), "1 mV", "2 ms")],
    ... )
    >>> recording = sl.simulate(pair, "40 ms")
    >>> last = [[0, 0], [0, 1]]  # the loss is the second spike of neuron 1
    >>> found = sl.gradient(pair, recording, last)
    >>> found.weights.round(4), found.delays.round(4)
    (array([-0.6504]), array([-0.065]))
    """
    if not isinstance(model, (AdaptiveLIF, Network)):
        raise TypeError(f"{_WHERE}: model must be an AdaptiveLIF or a Network, got {type(model).__name__}")
    start = initial_state(initial)
    limit = whole_number("room", room, at_least=1)
    if isinstance(model, Network):
        if vary:
            raise ValueError(f"{_WHERE}: vary must be left out for a network, whose populations have their own")
        described = describe_network(_WHERE, model, recording, start)
    else:
        described = describe_neurons(model, same_spikes(_WHERE, recording), start, vary)
    given = _by_spike(d_loss, recording.spike_trains())
    run = described.run
    reading = read_again(run, room=limit)
    smooth = check_reading(_WHERE, reading, described)
    if not given.any():
        warnings.warn(f"{_WHERE}: the loss depends on no spike: every derivative is zero", NoEffect, stacklevel=2)
    everywhere = np.zeros(len(run.times))
    everywhere[described.recorded] = given
    return _labelled(described, backward(reading, everywhere), smooth)


def _by_spike(d_loss: Any, trains: SpikeTrains) -> Floats:
    """Read one number for each spike."""
    counts = np.diff(trains.offsets)
    rows = list(d_loss) if not isinstance(d_loss, np.ndarray) else d_loss
    if len(rows) and any(np.ndim(row) for row in rows):
        sizes = [np.size(row) for row in rows]
        if sizes != counts.tolist():
            worst = next((k for k, (a, b) in enumerate(zip(sizes, counts, strict=False)) if a != b), len(sizes))
            has = f"{sizes[worst]} for unit {worst}" if worst < len(sizes) else f"{len(sizes)} arrays"
            needs = (
                f"{counts[worst]}" if worst < min(len(counts), len(sizes)) else f"one for each of {len(counts)} units"
            )
            raise ValueError(f"{_WHERE}: d_loss must hold one number for each spike, {needs}, got {has}")
        rows = np.concatenate([np.ravel(row) for row in rows])
    flat = np.asarray(rows, dtype=np.float64)
    if flat.shape != (len(trains.times),):
        raise ValueError(
            f"{_WHERE}: d_loss must hold one number for each of {len(trains.times)} spikes, got shape {flat.shape}"
        )
    if not np.isfinite(flat).all():
        raise ValueError(f"{_WHERE}: d_loss must be finite, got {float(flat[~np.isfinite(flat)][0])}")
    return flat


def _labelled(described: Described, adjoint: Adjoint, smooth: Smoothness) -> Gradient:
    import xarray as xr

    run = described.run
    n = len(run.u0)
    columns = {name: adjoint.parameters[:, k] for k, name in enumerate(COLUMNS)}
    neurons = {}
    for name, parts in DIRECTIONS.items():
        neurons[name] = sum(amount * columns[part] for part, amount in parts.items())
    neurons["refractory"] = np.where(run.parameters[:, 7] > 0.0, columns["refractory"], np.nan)
    neurons["u"], neurons["g"] = adjoint.u, adjoint.g
    dataset = xr.Dataset(
        {
            name: (
                "neuron",
                np.asarray(values, dtype=np.float64),
                {"units": f"L/{UNITS[name]}" if UNITS[name] != "1" else "L"},
            )
            for name, values in neurons.items()
        }
    )
    cut = described.synapses
    own = [adjoint.times[run.offsets[i] : run.offsets[i] + run.past[i]] for i in range(n)]
    entries = len(described.drive)
    rows = range(n, len(run.offsets) - 1 - entries)
    drives = int(described.drive.max(initial=-1)) + 1
    return Gradient(
        dataset, adjoint.weight[:cut], adjoint.delay[:cut], adjoint.times[described.recorded], own,
        [adjoint.times[run.offsets[r] : run.offsets[r + 1]] for r in rows],
        np.bincount(described.drive, adjoint.weight[cut:], minlength=drives).astype(np.float64), smooth,
    )  # fmt: skip
