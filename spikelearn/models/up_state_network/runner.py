"""The spiking network as a runner of trials: any engine that gives spikes, then detector, sensors and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.terms import TermRates
from spikelearn.models.up_state_network.detector import BIN, sensor_rates
from spikelearn.models.up_state_network.grid import DT
from spikelearn.models.up_state_network.rule import LocalRule
from spikelearn.models.up_state_network.synapses import UpStateSynapses, block_means
from spikelearn.models.up_state_network.trial import Stepper, TrialSpikes, normals_of

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["ArrayTrials", "SpikingEngine", "UpStateTrials"]

# Running means that the rule sees are at least this, in Hz.
_FLOOR = 1.0


class SpikingEngine(Protocol):
    """Something that gives the spikes of a trial with given weights."""

    def spikes(self, J: Floats, trial: int) -> TrialSpikes:
        """Run trial number `trial`, counted from 1, which decides the random numbers."""


class ArrayTrials:
    """The array engine.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    synapses : UpStateSynapses
        Who is connected.
    seed : int
        Seed of the noise.
    """

    def __init__(self, model: UpStateNetwork, synapses: UpStateSynapses, seed: int) -> None:
        self._stepper, self._seed = Stepper(model, synapses), seed

    def spikes(self, J: Floats, trial: int) -> TrialSpikes:
        """Run a trial."""
        return self._stepper.run(J, normals_of(self._seed, trial))


class UpStateTrials:
    """Trials with learning; see `spikelearn.models.ei_trials.loop.TrialRunner`.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    synapses : UpStateSynapses
        Who is connected, and the weights before the first trial.
    rates : TermRates
        The rule.
    engine : SpikingEngine
        What runs a trial.
    sensor : float
        Time constant of the running means in trials; the first trial sets them.
    """

    def __init__(
        self,
        model: UpStateNetwork,
        synapses: UpStateSynapses,
        rates: TermRates,
        engine: SpikingEngine,
        sensor: float,
    ) -> None:
        self._model, self._engine, self._sensor = model, engine, sensor
        self._rule = LocalRule(model, synapses, rates)
        self._kinds = synapses.kinds()
        self.J, self.A = synapses.J.copy(), np.full(model.n, np.nan)
        self.finished = False

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Weights and running means after the floor; the noise of a trial depends on its number alone."""
        return {"J": self.J, "A": self.A}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Go back to a state."""
        self.J, self.A = state["J"].copy(), state["A"].copy()

    @property
    def note(self) -> str:
        """What a progress bar says beside the trial."""
        n_E = self._model.n_E
        return f"E {self.A[:n_E].mean():.2f}, I {self.A[n_E:].mean():.2f} Hz"

    def advance(self, trial: int) -> dict[str, NDArray[Any]]:
        """Run a trial and change the weights."""
        n_E = self._model.n_E
        rates, ups = sensor_rates(self._model, self._engine.spikes(self.J, trial))
        A = rates if np.isnan(self.A).any() else self.A + (rates - self.A) / self._sensor
        seen = np.maximum(A, _FLOOR)
        self.J, self.A = self._rule.change(A, seen, self.J), seen
        length = (ups[:, 1] - ups[:, 0]).sum() * BIN * DT / 1e3
        numbers = {
            "E": A[:n_E].mean(),
            "I": A[n_E:].mean(),
            "E_trial": rates[:n_E].mean(),
            "I_trial": rates[n_E:].mean(),
            **block_means(self._kinds, self.J),
            "up_time": length,
        }
        found: dict[str, NDArray[Any]] = {name: np.asarray(value) for name, value in numbers.items()}
        return {**found, "n_ups": np.asarray(len(ups)), "rates": A.astype(np.float32)}
