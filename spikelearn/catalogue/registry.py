"""The systems of the package by name; each is imported only when asked for."""

from __future__ import annotations

import importlib

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.parameters.names import unknown_name

__all__ = ["SYSTEMS", "Measure", "RunRequest", "System", "get_system"]

SYSTEMS = {
    "AdaptiveLIF": "spikelearn.models.adaptive_lif.entry",
    "EscapeNoise": "spikelearn.models.escape_noise.entry",
    "CommonDrive": "spikelearn.catalogue.registry.common_drive",
    "EIRates": "spikelearn.models.ei_rate.entry",
    "EquationNeuron": "spikelearn.models.equation_neuron.entry",
    "GainModulatedPoisson": "spikelearn.catalogue.registry.gain_modulated_poisson",
    "InhomogeneousPoisson": "spikelearn.catalogue.registry.inhomogeneous_poisson",
    "Network": "spikelearn.network.entry",
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
