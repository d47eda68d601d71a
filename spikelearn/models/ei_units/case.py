"""A run of many units in trials as a model file describes it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spikelearn import rules
from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_trials.starts import read_sensor
from spikelearn.models.ei_units.model import PUBLISHED_START, EIUnits
from spikelearn.models.ei_units.rates import unit_rates
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import one_number, whole_number
from spikelearn.rules.rule import Rule

__all__ = ["UnitsCase"]

_RULES = ("CrossHomeostatic", "Homeostatic", "TwoTerm")


@dataclass(frozen=True, eq=False)
class UnitsCase:
    """Many E and I units in trials: matrices of weights, changed by a rule after every trial.

    Parameters
    ----------
    rule : str
        "CrossHomeostatic", "Homeostatic" or "TwoTerm".
    rates : mapping of str to float
        What that rule is called with; rates are per trial.
    n_E, n_I : int
        How many units.
    start : sequence of two floats
        Mean and standard deviation of every start weight.
    W_EI : sequence of two floats
        Those of the weights from I to E; as `start` where it is empty.
    weights_seed : int
        Seed of the start weights.
    sensor : float
        Time constant of the running means in trials.
    variant : str
        "matlab" or "python", see `spikelearn.run_trials`.
    populations : mapping of str to float
        Parameters of `spikelearn.EIRates` that differ from Table 1.

    Raises
    ------
    ValueError
        A name or value is none that the rule, the units or the protocol know.

    Examples
    --------
    >>> from spikelearn.models.ei_units import UnitsCase
    >>> case = UnitsCase(n_E=8, n_I=2, rates={"alpha": 2e-5, "beta": 1e-5})
    >>> case.W0.shape, case.learned.name
    ((10, 10), 'TwoTerm')
    """

    rule: str = "TwoTerm"
    rates: Mapping[str, float] = field(default_factory=lambda: {"alpha": 1e-5, "beta": 1e-5})
    n_E: int = 80
    n_I: int = 20
    start: Any = PUBLISHED_START
    W_EI: Any = ()
    weights_seed: int = 0
    sensor: float = 2.0
    variant: str = "matlab"
    populations: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        protocol_of(self.variant)
        read_sensor(self.sensor)
        whole_number("EIUnits.weights_seed", self.weights_seed)
        for name in ("rates", "populations"):
            if not isinstance(getattr(self, name), Mapping):
                raise ValueError(f"EIUnits.{name} must be a table, got {getattr(self, name)!r}")
        _pair("start", self.start)
        if self.W_EI != () and self.W_EI != []:
            _pair("W_EI", self.W_EI)
        unit_rates(self.model, self.learned)

    @property
    def model(self) -> EIUnits:
        """The units."""
        return EIUnits(EIRates().replace(**self.populations), self.n_E, self.n_I)

    @property
    def learned(self) -> Rule:
        """The rule."""
        if self.rule not in _RULES:
            raise ValueError(unknown_name("EIUnits", "rule", str(self.rule), _RULES))
        factory = getattr(rules, self.rule)
        known = inspect.signature(factory).parameters
        for key in self.rates:
            if key not in known:
                raise ValueError(unknown_name(f"rule {self.rule}", "parameter", key, known))
        for key in known:
            if key not in self.rates:
                raise ValueError(f"rule {self.rule} must have {key}")
        found: Rule = factory(**self.rates)
        return found

    @property
    def W0(self) -> Floats:
        """Start weights, shape (n, n)."""
        from_I = _pair("W_EI", self.W_EI) if self.W_EI else None
        return self.model.draw_weights(self.weights_seed, start=_pair("start", self.start), W_EI=from_I)


def _pair(name: str, given: Any) -> tuple[float, float]:
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise ValueError(f"EIUnits.{name} must be a mean and a standard deviation, got {given!r}")
    mean, sd = (one_number(f"EIUnits.{name}", value) for value in given)
    if sd < 0:
        raise ValueError(f"EIUnits.{name} must have a standard deviation that is not negative, got {sd:g}")
    return mean, sd
