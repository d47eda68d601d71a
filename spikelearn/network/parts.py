"""The parts of a network: populations, external trains and Poisson input, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.network.checks import mapped
from spikelearn.network.jumps import read_neuron, read_weight
from spikelearn.parameters.copies import private
from spikelearn.parameters.foreign import carries_dimension
from spikelearn.parameters.names import shown
from spikelearn.parameters.numbers import check_name, number_array, whole_number
from spikelearn.parameters.units import si_value
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["PoissonInput", "Population", "SpikeSource", "read_times"]


@dataclass(frozen=True, eq=False)
class Population:
    """Neurons of one kind.

    Parameters
    ----------
    neuron : AdaptiveLIF or EquationNeuron
        Their parameters. A network with an `EquationNeuron`, or with anything that gives one by ``as_equations()``
        such as a `QuadraticNeuron`, runs on Brian2 alone.
    n : int
        How many.
    vary : mapping of str to array_like
        Parameters that differ between neurons, arrays of shape (n,) with units.
    refractory : Quantity, str, float or array_like
        How long u stays at the reset after a spike, one time for all or one each; plain numbers are seconds. Jumps of u
        that arrive meanwhile are lost, g goes on. An EquationNeuron has a refractory period of its own instead, and
        what jumps meanwhile is for its equations to say.

    Examples
    --------
    >>> from brian2 import mV
    >>> import spikelearn as sl
    >>> cells = sl.network.Population(sl.AdaptiveLIF(delta_g=0.0), 2, vary={"V_0": [20, 30] * mV}, refractory="2 ms")
    >>> sl.simulate(sl.Network({"cells": cells}), "1 s").counts
    array([[ 63, 112]])
    >>> [round(1 / (0.002 + sl.AdaptiveLIF(V_0=V_0).time_to_spike()), 2) for V_0 in ("20 mV", "30 mV")]
    [63.04, 111.96]
    """

    neuron: Any
    n: int
    vary: Mapping[str, Any] = field(default_factory=dict)
    refractory: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "neuron", read_neuron(self.neuron))
        whole_number("Population.n", self.n, at_least=1)
        object.__setattr__(self, "refractory", private(self.refractory))
        pause = read_times(self.refractory, "Population.refractory")
        if pause.ndim and pause.shape != (self.n,):
            raise ValueError(f"Population.refractory must be one time or {self.n}, got shape {pause.shape}")
        if not np.isfinite(pause).all() or (pause < 0).any():
            raise ValueError(f"Population.refractory must be finite and not negative, got {self.refractory}")
        if self.own and pause.any():
            raise ValueError(
                "Population.refractory must be left out for an EquationNeuron, which has its own: "
                f"EquationNeuron(refractory=...), got {self.refractory}"
            )
        try:
            object.__setattr__(self, "vary", private(mapped("vary", self.vary, "arrays")))
            self.neuron.values(self.vary, self.n)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Population: {error}") from error

    @property
    def own(self) -> bool:
        """Whether these are neurons of the user's own equations."""
        return isinstance(self.neuron, EquationNeuron)


@dataclass(frozen=True, eq=False)
class SpikeSource:
    """External spike trains, each spike at its exact time.

    Parameters
    ----------
    trains : SpikeTrains
        One trial, one unit a train, observed throughout; outside its window a source is silent.

    Examples
    --------
    >>> import spikelearn as sl
    >>> volley = sl.network.SpikeSource(sl.SpikeTrains.from_arrays([[0.010, 0.040]], t_stop=0.1))
    >>> cell = sl.network.Population(sl.AdaptiveLIF(V_0="0 mV", delta_g=0.0), 1)
    >>> wiring = sl.network.Projection("volley", "cell", sl.network.OneToOne(), "16 mV", "2 ms")
    >>> sl.simulate(sl.Network({"cell": cell}, [wiring], sources={"volley": volley}), "0.1 s").spikes.train()
    array([0.012, 0.042])
    """

    trains: SpikeTrains

    def __post_init__(self) -> None:
        if not isinstance(self.trains, SpikeTrains):
            raise TypeError(f"SpikeSource.trains must be SpikeTrains, got {type(self.trains).__name__}")
        if self.trains.n_trials != 1:
            raise ValueError(f"SpikeSource.trains must hold one trial, got {self.trains.n_trials}")
        if not self.trains.fully_observed:
            raise ValueError(f"SpikeSource.trains must be observed throughout, got {self.trains.observed.tolist()} s")

    @property
    def n(self) -> int:
        """Number of trains."""
        return self.trains.n_units


@dataclass(frozen=True, eq=False)
class PoissonInput:
    """Poisson jumps of the membrane, drawn inside the engine, independent for every neuron.

    Parameters
    ----------
    population : str
        Who gets them.
    rate : Quantity or str
        Events a second and neuron, one for all or an array with one each; a unit must be given.
    weight : Quantity or str
        Jump by each event; a unit must be given.
    onto : str, optional
        The variable that jumps, u for an AdaptiveLIF; as in `Projection`.

    Examples
    --------
    >>> import spikelearn as sl
    >>> cell = sl.network.Population(sl.AdaptiveLIF(V_0="0 mV", delta_g=0.0), 20)
    >>> driven = sl.Network({"cell": cell}, poisson=[sl.network.PoissonInput("cell", "100 Hz", "16 mV")])
    >>> recording = sl.simulate(driven, "5 s", seed=1)
    >>> round(float(recording.counts.mean()) / 5, 1)  # every event makes a spike: 100 Hz, standard error 1
    98.8
    """

    population: str
    rate: Any
    weight: Any
    onto: str | None = None

    def __post_init__(self) -> None:
        check_name("PoissonInput.population", self.population)
        object.__setattr__(self, "rate", private(self.rate))
        rate = np.asarray(si_value(self.rate, "1 Hz", "PoissonInput.rate"))
        if not np.isfinite(rate).all() or (rate < 0).any():
            raise ValueError(f"PoissonInput.rate must be finite and not negative, got {self.rate}")
        if self.onto is None:
            weight = np.asarray(si_value(self.weight, "1 mV", "PoissonInput.weight"))
        else:
            weight = read_weight(self.weight, self.onto, "PoissonInput")
        if not np.isfinite(weight).all() or np.ndim(weight):
            raise ValueError(f"PoissonInput.weight must be one finite voltage, got {self.weight}")


def read_times(value: Any, where: str) -> Any:
    """Read times with a unit, or plain seconds."""
    if value is None or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{where} must be a time, got {value}")
    if isinstance(value, str) or hasattr(value, "dim") or carries_dimension(value):
        return np.asarray(si_value(value, "1 second", where), dtype=np.float64)
    try:
        return number_array(where, value)
    except TypeError as error:
        raise TypeError(f"{where} must be a time or an array of times, got {shown(value)}") from error
