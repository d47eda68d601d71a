"""Two rate populations as a runner of trials: kernel, sensor, rule, and a watch for weights that explode."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.kernel import noisy_trial, quiet_trials
from spikelearn.models.ei_trials.protocol import NOISE_DECAY, Protocol, trial_constants
from spikelearn.models.ei_trials.starts import Starts
from spikelearn.rules.rule import Rule

__all__ = ["RateTrials"]


class RateTrials:
    """The array engine; see `spikelearn.models.ei_trials.loop.TrialRunner`.

    The noise of a trial depends on the seed, the start and the trial alone, so a start gets the same numbers whatever
    runs beside it and wherever the run was broken off.

    Parameters
    ----------
    model : EIRates
        The two populations.
    rule : Rule
        Gives the change of the weights after a trial.
    protocol : Protocol
        What a trial is.
    starts : Starts
        Weights and running means before the first trial.
    noise : float
        Size of the noise; 0 for none.
    seed : int
        Seed of the noise.
    sensor : float
        Time constant of the running means in trials.
    """

    def __init__(
        self, model: EIRates, rule: Rule, protocol: Protocol, starts: Starts, noise: float, seed: int, sensor: float
    ) -> None:
        self._protocol, self._noise, self._seed, self._sensor = protocol, noise, seed, sensor
        self._constants = trial_constants(model, protocol)
        self._schedule = (protocol.steps, protocol.kick_start, protocol.kick_stop, protocol.window)
        self._names = model.weights
        self._step = rule.update(model)
        n = starts.W.shape[1]
        self.W, self.A, self.x = starts.W.copy(), starts.A.copy(), np.zeros((2, n))
        self.stopped: Integers = np.zeros(n, dtype=np.int64)
        self._stopping = False
        self.finished = False

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Weights, running means, noise, and the trial in which a start was stopped (0: never)."""
        return {"W": self.W, "A": self.A, "x": self.x, "stopped": self.stopped}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go back to a state."""
        self.W, self.A, self.x, self.stopped = (state[name].copy() for name in ("W", "A", "x", "stopped"))
        self._stopping = bool(self.stopped.any())

    def advance(self, trial: int) -> dict[str, NDArray[Any]]:
        """Run a trial and change the weights; starts whose weights are no longer finite are stopped and give NaN."""
        means = self._means(trial)
        A = self.A + (means - self.A) / self._sensor
        seen = np.maximum(self._protocol.rate_floor, A)
        W = np.empty_like(self.W)
        # What overflows here is looked for below.
        with np.errstate(all="ignore"):
            for row, change in enumerate(self._step(*seen, *self.W)):
                np.add(self.W[row], change, out=W[row])
            # A sum is finite where every term is, unless it overflows itself: then the look below is only slower.
            if self._stopping or not np.isfinite(W.sum() + means.sum()):
                self._stop(trial, W, A, means)
            np.maximum(self._protocol.weight_floor, W, out=W)
        # Without noise a trial is a function of the weights, so that a pair which repeats itself repeats for good.
        same = W.tobytes() == self.W.tobytes() and A.tobytes() == self.A.tobytes()
        self.finished = same and not self._noise
        self.W, self.A = W, A
        weights = dict(zip(self._names, W, strict=True))
        return {"E": A[0], "I": A[1], "E_trial": means[0], "I_trial": means[1], **weights}

    def _stop(self, trial: int, W: Floats, A: Floats, means: Floats) -> None:
        """Stop the starts that are no longer finite, and fill the rows of all that were stopped with NaN."""
        good = np.isfinite(W).all(axis=0) & np.isfinite(means).all(axis=0)
        self.stopped[~good & (self.stopped == 0)] = trial
        self._stopping = bool(self.stopped.any())
        for array in (W, A, means):
            array[:, ~good] = np.nan

    def _means(self, trial: int) -> Floats:
        n = self.W.shape[1]
        schedule, kick = self._schedule, self._protocol.kick
        if not self._noise and not self._stopping:
            return np.asarray(quiet_trials(self.W, self._constants, schedule, kick))
        alive = np.flatnonzero(self.stopped == 0)
        means = np.full((2, n), np.nan)
        if not self._noise:
            some = np.ascontiguousarray(self.W[:, alive])
            means[:, alive] = quiet_trials(some, self._constants, schedule, kick)
            return means
        normals = np.empty((self._protocol.steps, 2))
        for start in alive:
            draw_normals(self._seed, int(start), trial, normals)
            x = np.ascontiguousarray(self.x[:, start])
            W = np.ascontiguousarray(self.W[:, start])
            means[:, start] = noisy_trial(W, x, normals, self._noise, NOISE_DECAY, self._constants, schedule, kick)
            self.x[:, start] = x
        return means


def draw_normals(seed: int, start: int, trial: int, out: Floats) -> None:
    """Fill `out`, shape (steps, 2), with the standard normal numbers of one trial of one start."""
    entropy = np.random.SeedSequence(seed, spawn_key=(start, trial))
    np.random.Generator(np.random.SFC64(entropy)).standard_normal(out=out)
