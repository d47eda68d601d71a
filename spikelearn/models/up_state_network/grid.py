"""The model on its grid of 0.1 ms: what every engine steps with, in mV, ms, pA, pF and nS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats, Integers

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["DT", "Grid", "Unit", "grid_of", "steps_of"]

# The step in ms; with another one the kick would not ignite, or always would.
DT = 0.1


@dataclass(frozen=True)
class Unit:
    """What differs between E and I units.

    Parameters
    ----------
    E_L : float
        Resting potential in mV.
    per_C : float
        dt/C in mV/pA.
    noise : float
        Standard deviation of a step's noise in mV.
    refractory : int
        Steps for which v is held after a spike.
    b : float
        What a spike adds to the adaptation, in pA.
    rise, decay : float
        dt/tau of the synapses that it makes.
    gain : float
        What a weight of 1 pA adds to u: 1 ms/tau_rise.
    delays : int
        Longest delay in steps.
    """

    E_L: float
    per_C: float
    noise: float
    refractory: int
    b: float
    rise: float
    decay: float
    gain: float
    delays: int


@dataclass(frozen=True)
class Grid:
    """The whole network: units, threshold, and where a trial's events lie.

    Parameters
    ----------
    E, I : Unit
        Units.
    g_L : float
        Leak in nS.
    V_th, V_reset : float
        In mV.
    adaptation : float
        dt/tau_a.
    steps, kick_step : int
        Steps of a trial, and the step in which the kick arrives, as spikes do: after the states of that step.
    kick : float
        In pA.
    """

    E: Unit
    I: Unit  # noqa: E741
    g_L: float
    V_th: float
    V_reset: float
    adaptation: float
    steps: int
    kick_step: int
    kick: float

    @property
    def constants(self) -> Floats:
        """The numbers of the compiled steps, in the order in which they unpack them."""
        e, i = self.E, self.I
        return np.array(
            [
                self.g_L,
                self.V_th,
                self.V_reset,
                self.adaptation,
                *(e.E_L, e.per_C, e.noise, e.b, e.rise, e.decay, e.gain),
                *(i.E_L, i.per_C, i.noise, i.rise, i.decay, i.gain),
            ]
        )

    @property
    def counts(self) -> Integers:
        """Refractory steps of E and I, and the longest delay of either."""
        return np.array([self.E.refractory, self.I.refractory, max(self.E.delays, self.I.delays)], dtype=np.int64)


def steps_of(where: str, milliseconds: float) -> int:
    """Give a time as a number of steps.

    Raises
    ------
    ValueError
        It is not a whole number of steps.
    """
    found = round(milliseconds / DT)
    if abs(found * DT - milliseconds) > 1e-6 * DT:
        raise ValueError(f"{where} must be a multiple of the step of {DT:g} ms, got {milliseconds:g} ms")
    return found


def grid_of(model: UpStateNetwork) -> Grid:
    """Put a network on the grid.

    Raises
    ------
    ValueError
        A time is no multiple of the step, a time constant is shorter than it, or the kick comes after the trial.
    """
    found = model.plain
    for name in ("tau_a", "tau_rise_E", "tau_decay_E", "tau_rise_I", "tau_decay_I"):
        if found[name] * 1e3 < DT:
            raise ValueError(
                f"UpStateNetwork.{name} must be at least the step of {DT:g} ms, got {found[name] * 1e3:g} ms"
            )
    whole = {
        name: steps_of(f"UpStateNetwork.{name}", found[name] * 1e3)
        for name in ("t_ref_E", "t_ref_I", "d_max_E", "d_max_I", "t_kick", "duration")
    }
    if whole["t_kick"] >= whole["duration"]:
        raise ValueError(
            f"UpStateNetwork.t_kick must come before the end of the trial, {found['duration']:g} s, "
            f"got {found['t_kick']:g} s"
        )
    units = {}
    for kind in "EI":
        C, g_L = found[f"C_{kind}"] * 1e12, found["g_L"] * 1e9
        if DT * g_L / C > 1:
            raise ValueError(f"UpStateNetwork.C_{kind}/g_L must be at least the step of {DT:g} ms, got {C / g_L:g} ms")
        units[kind] = Unit(
            E_L=found[f"E_L_{kind}"] * 1e3,
            per_C=DT / C,
            noise=found["sigma"] * 1e3 * float(np.sqrt(g_L / C * DT)),
            refractory=whole[f"t_ref_{kind}"],
            b=found["b"] * 1e12 if kind == "E" else 0.0,
            rise=DT / (found[f"tau_rise_{kind}"] * 1e3),
            decay=DT / (found[f"tau_decay_{kind}"] * 1e3),
            gain=1e-3 / found[f"tau_rise_{kind}"],
            delays=whole[f"d_max_{kind}"],
        )
    return Grid(
        units["E"],
        units["I"],
        g_L=found["g_L"] * 1e9,
        V_th=found["V_th"] * 1e3,
        V_reset=found["V_reset"] * 1e3,
        adaptation=DT / (found["tau_a"] * 1e3),
        steps=whole["duration"],
        kick_step=whole["t_kick"],
        kick=found["kick"] * 1e12,
    )
