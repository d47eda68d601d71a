"""Many units as a runner of trials: kernel, sensor, rule, and a watch for weights that explode."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.models.ei_trials.protocol import NOISE_DECAY, Protocol, trial_constants
from spikelearn.models.ei_trials.terms import TermRates
from spikelearn.models.ei_units.kernel import unit_steps
from spikelearn.models.ei_units.model import EIUnits
from spikelearn.models.ei_units.rates import change

__all__ = ["UnitTrials", "normals_of"]

# Steps whose random numbers are drawn together: they fit into the cache beside the weights.
_BLOCK = 500


class UnitTrials:
    """The array engine; see `spikelearn.models.ei_trials.loop.TrialRunner`.

    Parameters
    ----------
    model : EIUnits
        The units.
    rates : TermRates
        The rule.
    protocol : Protocol
        What a trial is.
    W : ndarray, shape (starts, n, n)
        Weights before the first trial.
    A : ndarray, shape (starts, n)
        Running means before the first trial, in Hz.
    noise : float
        Size of the noise; every unit has its own.
    seed : int
        Seed of the noise; that of a trial depends on it, the start and the trial alone.
    sensor : float
        Time constant of the running means in trials.
    """

    def __init__(
        self,
        model: EIUnits,
        rates: TermRates,
        protocol: Protocol,
        W: Floats,
        A: Floats,
        noise: float,
        seed: int,
        sensor: float,
    ) -> None:
        self._model, self._rates, self._protocol = model, rates, protocol
        self._noise, self._seed, self._sensor = noise, seed, sensor
        self._constants = trial_constants(model.populations, protocol)
        self._schedule = (protocol.steps, protocol.kick_start, protocol.kick_stop, protocol.window)
        self._floors = model.floors(protocol)
        self.W, self.A = W.copy(), A.copy()
        self.x = np.zeros_like(self.A)
        self.stopped: Integers = np.zeros(len(W), dtype=np.int64)
        self.finished = False

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Weights, running means, noise, and the trial in which a start was stopped (0: never)."""
        return {"W": self.W, "A": self.A, "x": self.x, "stopped": self.stopped}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go back to a state."""
        self.W, self.A, self.x, self.stopped = (state[name].copy() for name in ("W", "A", "x", "stopped"))

    def advance(self, trial: int) -> dict[str, NDArray[Any]]:
        """Run a trial and change the weights; starts whose weights are no longer finite are stopped and give NaN."""
        means = np.full_like(self.A, np.nan)
        for start in np.flatnonzero(self.stopped == 0):
            means[start] = self._trial(int(start), trial)
        A = self.A + (means - self.A) / self._sensor
        seen = np.maximum(self._protocol.rate_floor, A)
        W = self.W.copy()
        with np.errstate(all="ignore"):
            change(self._model, self._rates, seen, W)
        # Before the floor, which would hide a change of minus infinity.
        good = np.isfinite(W).all(axis=(1, 2)) & np.isfinite(means).all(axis=1)
        np.maximum(self._floors, W, out=W)
        n_E = self._model.n_E
        inside = np.arange(self._model.n)
        W[:, inside, inside] = 0.0
        self.stopped[~good & (self.stopped == 0)] = trial
        for array in (W, A, means):
            array[~good] = np.nan
        same = W.tobytes() == self.W.tobytes() and A.tobytes() == self.A.tobytes()
        self.finished = same and not self._noise
        self.W, self.A = W, A
        with np.errstate(over="ignore"):
            totals = {name: W[:, *block].sum(axis=2).mean(axis=1) for name, block in self._model.blocks.items()}
        return {
            "E": A[:, :n_E].mean(axis=1),
            "I": A[:, n_E:].mean(axis=1),
            "E_trial": means[:, :n_E].mean(axis=1),
            "I_trial": means[:, n_E:].mean(axis=1),
            **totals,
            "rates": A,
        }

    def _trial(self, start: int, trial: int) -> Floats:
        protocol, n_E, n = self._protocol, self._model.n_E, self._model.n
        signed = self.W[start] * np.where(np.arange(n) < n_E, 1.0, -1.0)
        onto_E, onto_I = np.ascontiguousarray(signed[:n_E].T), np.ascontiguousarray(signed[n_E:].T)
        r, first, total, x = np.zeros(n), np.zeros(n), np.zeros(n), self.x[start].copy()
        shared = (self._constants, self._schedule, protocol.kick)
        if not self._noise:
            empty = np.empty((0, n))
            if unit_steps(onto_E, onto_I, r, x, first, total, empty, 0.0, 0.0, 0, protocol.steps, *shared):
                # Nothing changes any more: the mean is the state itself.
                return r
            return np.asarray(first + total / protocol.window)
        generator = normals_of(self._seed, start, trial)
        normals = np.empty((_BLOCK, n))
        for k in range(0, protocol.steps, _BLOCK):
            stop = min(k + _BLOCK, protocol.steps)
            generator.standard_normal(out=normals)
            unit_steps(onto_E, onto_I, r, x, first, total, normals, self._noise, NOISE_DECAY, k, stop, *shared)
        self.x[start] = x
        return np.asarray(first + total / protocol.window)


def normals_of(seed: int, start: int, trial: int) -> np.random.Generator:
    """Give the generator of the standard normal numbers of one trial of one start: a row a step, a column a unit."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(start, trial))))
