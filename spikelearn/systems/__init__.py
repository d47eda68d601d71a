"""The systems of the package by name; each is imported only when asked for."""

from __future__ import annotations

import importlib

from spikelearn.parameters.names import unknown_name
from spikelearn.systems.record import Measure, RunRequest, System

__all__ = ["SYSTEMS", "Measure", "RunRequest", "System", "get_system"]

SYSTEMS = {
    "AdaptiveLIF": "spikelearn.systems.adaptive_lif",
    "EscapeNoise": "spikelearn.systems.escape_noise",
    "CommonDrive": "spikelearn.systems.common_drive",
    "EIRates": "spikelearn.systems.ei_rate",
    "EquationNeuron": "spikelearn.systems.equation_neuron",
    "GainModulatedPoisson": "spikelearn.systems.gain_modulated_poisson",
    "InhomogeneousPoisson": "spikelearn.systems.inhomogeneous_poisson",
    "Network": "spikelearn.systems.network",
}


def get_system(name: str) -> System:
    """Give the system of that name.

    Raises
    ------
    ValueError
        There is none; the message holds the nearest name.
    """
    if name not in SYSTEMS:
        raise ValueError(unknown_name("[model]", "system", name, SYSTEMS))
    system: System = importlib.import_module(SYSTEMS[name]).SYSTEM
    return system
