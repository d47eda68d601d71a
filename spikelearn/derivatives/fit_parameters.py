"""The coordinates of a fit, and a model's train with its exact derivatives by them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.eventdriven.sensitivity.counted import run_of_one, spikes_of_one
from spikelearn.eventdriven.sensitivity.passes import forward, read_again
from spikelearn.eventdriven.sensitivity.records import COLUMNS
from spikelearn.eventdriven.sensitivity.tangent import no_tangent
from spikelearn.models.adaptive_lif.model import AdaptiveLIF

__all__ = ["FREE", "Coordinates"]

# What can be free, and its column among the numbers that describe a run.
FREE = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "u", "g")
_COLUMN = {name: k for k, name in enumerate(FREE)}


@dataclasses.dataclass(frozen=True, eq=False)
class Coordinates:
    """Logarithms of the free parameters, of V_0 that of its distance from the threshold, so that all stay in range.

    Parameters
    ----------
    start : ndarray, shape (9,)
        All numbers of the run in the order of `FREE`, SI units.
    free : tuple of str
        Which of them are free.
    past : ndarray
        Past spikes, seconds.
    """

    start: Floats
    free: tuple[str, ...]
    past: Floats

    def logarithms(self, values: Floats) -> Floats:
        """Give the coordinates of a full set of values."""
        plain = np.array([values[_COLUMN[name]] for name in self.free])
        for k, name in enumerate(self.free):
            if name == "V_0":
                plain[k] -= values[_COLUMN["theta"]]
        found: Floats = np.log(plain)
        return found

    def values(self, coordinates: Floats) -> Floats:
        """Give the full set of values at some coordinates."""
        values = self.start.copy()
        for name, coordinate in zip(self.free, coordinates, strict=True):
            if name != "V_0":
                values[_COLUMN[name]] = np.exp(coordinate)
        if "V_0" in self.free:
            values[0] = values[1] + np.exp(coordinates[self.free.index("V_0")])
        return values

    def slopes(self, values: Floats) -> Floats:
        """Give d(values)/d(coordinates), shape (9, n_free)."""
        found = np.zeros((len(FREE), len(self.free)))
        for k, name in enumerate(self.free):
            column = _COLUMN[name]
            found[column, k] = values[column] - (values[1] if name == "V_0" else 0.0)
        if "V_0" in self.free and "theta" in self.free:
            # V_0 goes with the threshold.
            found[0, self.free.index("theta")] = values[1]
        return found

    def spikes(self, values: Floats, n_spikes: int, longest: float) -> Floats:
        """Run the model up to so many spikes within a time."""
        return spikes_of_one(values, n_spikes, self.past, longest)

    def train(self, coordinates: Floats, n_spikes: int, longest: float) -> tuple[Floats, Floats]:
        """Give up to `n_spikes` spikes and their derivatives by the coordinates, shape (n, n_free)."""
        values = self.values(coordinates)
        spikes = self.spikes(values, n_spikes, longest)
        if not len(spikes):
            return spikes, np.zeros((0, len(self.free)))
        run = run_of_one(values, spikes, self.past)
        tangent = no_tangent(run, len(self.free), parameters=True)
        slopes = self.slopes(values)
        for column in range(7):
            tangent.parameters[0, column] = slopes[column]
        tangent.u[0], tangent.g[0] = slopes[7], slopes[8]
        return spikes, forward(read_again(run), tangent)[len(self.past) :]

    def neuron(self, neuron: AdaptiveLIF, values: Floats) -> AdaptiveLIF:
        """Give a neuron with these values; the reset stays where it is."""
        from brian2 import second, volt

        changes: dict[str, Any] = {}
        for name in self.free:
            value = float(values[_COLUMN[name]])
            if name == "theta":
                changes["V_th"] = float(neuron.E_L) * volt + value * volt
            elif name == "Delta":
                changes["E_K"] = float(neuron.E_L) * volt - value * volt
            elif name in COLUMNS:
                unit = {"V_0": volt, "tau": second, "tau_K": second, "t_d": second}.get(name, 1.0)
                changes[name] = value * unit
        return dataclasses.replace(neuron, **changes)
