"""What the loop over a network is given, what it gives back, and the state from which it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.eventdriven.network.cells import Sources, Synapses
from spikelearn.eventdriven.network.history import NO_PAST
from spikelearn.eventdriven.network.plasticity_inputs import PlasticInputs

__all__ = ["NetworkInputs", "NetworkResult", "NetworkState"]


class NetworkInputs(NamedTuple):
    """A wired network in plain arrays; all checked by whoever makes it.

    Attributes
    ----------
    parameters : mapping
        Arrays of shape (n,), SI units: V_0, theta, Delta, tau, tau_K, delta_g, t_d, refractory.
    synapses : Synapses
        All of them, by source: rows 0 to n - 1 are neurons, the others external trains.
    sources : Sources
        External spikes, sorted by time.
    poisson_start, poisson_rate, poisson_weight, poisson_key : ndarray
        See `network_cells.Inputs`.
    max_rate : float
        A neuron that fires faster than this through 10 ms stops the run, Hz.
    past : Sources
        Spikes of neurons and external trains not after time 0 that have effects to come, sorted by row, then time.
    plasticity : PlasticInputs
        Which synapses have which rule.
    """

    parameters: Mapping[str, Floats]
    synapses: Synapses
    sources: Sources
    poisson_start: Integers
    poisson_rate: Floats
    poisson_weight: Floats
    poisson_key: NDArray[np.uint64]
    max_rate: float
    past: Sources = NO_PAST
    plasticity: PlasticInputs = PlasticInputs()


@dataclass(frozen=True, eq=False)
class NetworkState:
    """Everything from which a run goes on as if it had never stopped.

    Parameters
    ----------
    time : float
        Seconds.
    state : ndarray, shape (n, 16)
        See `network_cells`.
    poisson_next, poisson_drawn : ndarray
        Next event of each Poisson input, and how many were drawn.
    recent_times, recent_rows : ndarray
        Spikes that may still have to arrive somewhere.
    plastic : ndarray, shape (n_plastic, columns)
        Time of the last event in seconds, weight in volts and traces of every plastic synapse, in their order among
        all.
    seed : int or None
        Of the random input.
    fingerprint : mapping of str to str
        Digests of the network, which only it is to go on with; set by whoever knows the network.
    digest : str
        Of everything here; a state that was changed is not gone on from.
    """

    time: float
    state: Floats
    poisson_next: Floats
    poisson_drawn: NDArray[np.uint64]
    recent_times: Floats
    recent_rows: Integers
    plastic: Floats = field(default_factory=lambda: np.empty((0, 2)))
    seed: int | None = None
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """Spikes, traces and the last state of a run.

    Parameters
    ----------
    times, rows : ndarray
        Spike times in seconds and the neurons that fired, sorted by neuron, then time.
    u, g : ndarray, shape (n_traced, n_times)
        Traces in volts above rest and leak conductances, NaN after an interrupt.
    state : NetworkState
        Where the run ended.
    interrupted : bool
        Whether it ended early.
    exploded : tuple of int
        Neurons that fired too fast.
    w : ndarray, shape (n_watched, n_times)
        Recorded weights, volts.
    broken : tuple of int
        Synapses with a value that is not finite.
    left : bool
        Whether threads were sent home in the middle of a piece: nothing can go on from the state.
    """

    times: Floats
    rows: Integers
    u: Floats
    g: Floats
    state: NetworkState
    interrupted: bool
    exploded: tuple[int, ...] = ()
    w: Floats = field(default_factory=lambda: np.empty((0, 0)))
    broken: tuple[int, ...] = ()
    left: bool = False
