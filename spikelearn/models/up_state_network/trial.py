"""One trial on the array engine, from rest to its spikes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.up_state_network.grid import Grid, grid_of
from spikelearn.models.up_state_network.kernel import network_steps

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork
    from spikelearn.models.up_state_network.synapses import UpStateSynapses

__all__ = ["Injection", "Stepper", "TrialSpikes", "normals_of"]

# Steps whose random numbers are drawn together: they fit into the cache.
_BLOCK = 20


@dataclass(frozen=True)
class TrialSpikes:
    """The spikes of one trial.

    Parameters
    ----------
    units : ndarray of int32, shape (spikes,)
        Units, in the order of time.
    steps : ndarray of int64, shape (spikes,)
        The step of 0.1 ms in which each fired.
    n_steps : int
        Steps of the trial.
    """

    units: NDArray[np.int32]
    steps: NDArray[np.int64]
    n_steps: int


@dataclass(frozen=True)
class Injection:
    """A current into all I units for a part of a trial.

    Parameters
    ----------
    current : float
        In pA; positive excites.
    start, stop : int
        Steps ``start <= k < stop``.
    """

    current: float = 0.0
    start: int = 0
    stop: int = 0


class Stepper:
    """Runs trials of one network; what does not change with the weights is prepared once.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    synapses : UpStateSynapses
        Who is connected; the weights are given to `run`.
    steps : int, optional
        Steps of a trial; those of the model if not given.
    """

    def __init__(self, model: UpStateNetwork, synapses: UpStateSynapses, steps: int | None = None) -> None:
        self.grid: Grid = grid_of(model)
        self.n_E, self.n, self.n_kicked = model.n_E, model.n, model.n_kicked
        self.steps = self.grid.steps if steps is None else steps
        self._targets = synapses.targets
        self._counts = self.grid.counts
        self._pointers = synapses.pointers(int(self._counts[2]))
        # A unit can fire no more often than once in its refractory period and the step after it.
        per_unit = [self.steps // max(held, 1) + 1 for held in (self.grid.E.refractory, self.grid.I.refractory)]
        room = self.n_E * per_unit[0] + (self.n - self.n_E) * per_unit[1]
        self._spikes = np.empty(room, dtype=np.int32)
        self._begins = np.zeros(self.steps + 1, dtype=np.int64)

    def run(
        self,
        J: NDArray[np.float64],
        normals: np.random.Generator | NDArray[np.float64],
        injection: Injection | None = None,
        states: dict[str, Any] | None = None,
    ) -> TrialSpikes:
        """Run one trial.

        Parameters
        ----------
        J : ndarray, shape (synapses,)
            Weights in pA.
        normals : Generator or ndarray of shape (steps, n)
            Standard normal numbers, a row a step and a column a unit, or where to draw them from.
        injection : Injection, optional
            A current into the I units.
        states : dict, optional
            Filled with v, a and currents after the last step.
        """
        grid, n, n_E = self.grid, self.n, self.n_E
        v = np.repeat([grid.E.E_L, grid.I.E_L], [n_E, n - n_E])
        a, currents, free = np.zeros(n_E), np.zeros((4, n)), np.zeros(n, dtype=np.int64)
        given = injection or Injection()
        at = {*range(0, self.steps, _BLOCK), self.steps, grid.kick_step + 1, given.start, given.stop}
        edges = sorted(edge for edge in at if edge <= self.steps)
        block = np.empty((_BLOCK, n))
        shared = (J, self._targets, self._pointers, self._spikes, self._begins, grid.constants, self._counts)
        for first, last in pairwise(edges):
            if isinstance(normals, np.random.Generator):
                rows = block[: last - first]
                normals.standard_normal(out=rows)
            else:
                rows = normals[first:last]
            # The kick comes where spikes arrive: after the states of its own step.
            if first == grid.kick_step + 1:
                currents[1, : self.n_kicked] += grid.kick
            injected = given.current if given.start <= first < given.stop else 0.0
            network_steps(first, last, v, a, currents, free, rows, injected, *shared)
        if states is not None:
            states.update(v=v, a=a, currents=currents, free=free)
        counts = np.diff(self._begins)
        return TrialSpikes(
            self._spikes[: self._begins[-1]].copy(), np.repeat(np.arange(self.steps), counts), self.steps
        )


def normals_of(seed: int, trial: int) -> np.random.Generator:
    """Give the generator of the standard normal numbers of one trial; it depends on the seed and the trial alone."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(trial,))))
