"""A run in trials as a model file describes it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spikelearn import rules
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_trials.starts import Starts, read_rule, read_sensor, read_starts
from spikelearn.parameters.names import unknown_name
from spikelearn.rules.rule import Rule

__all__ = ["OnlineCase", "TrialCase"]

_RULES = tuple(name for name in rules.__all__ if name != "Rule")
_PUBLISHED = (2.1, 3.0, 4.0, 1.5)


def _published_rates() -> dict[str, float]:
    return {"alpha_EE": 5e-4, "alpha_EI": 5e-4, "alpha_IE": 5e-4, "alpha_II": 5e-4}


@dataclass(frozen=True, eq=False)
class TrialCase:
    """E and I populations in trials: kicked once a trial, their weights changed by a rule after each.

    Parameters
    ----------
    rule : str
        Name of a rule in `spikelearn.rules`.
    rates : mapping of str to float
        What that rule is called with; rates are per trial.
    W0 : sequence of four floats
        W_EE, W_EI, W_IE, W_II before the first trial.
    sensor : float
        Time constant of the running mean in trials.
    variant : str
        "matlab" or "python", see `spikelearn.run_trials`.
    populations : mapping of str to float
        Parameters of `spikelearn.EIRates` that differ from Table 1.
    about : mapping of str to float
        W_EE and W_IE of the set point about which the rule is written, for rules that need one.

    Raises
    ------
    ValueError
        A name or value is none that the rule, the populations or the protocol know.

    Examples
    --------
    >>> from spikelearn.models.ei_trials import TrialCase
    >>> case = TrialCase(rule="Homeostatic", sensor=1.0)
    >>> case.learned.name, case.model.E_set, case.starts.W[:, 0]
    ('Homeostatic', 5.0, array([2.1, 3. , 4. , 1.5]))
    """

    rule: str = "CrossHomeostatic"
    rates: Mapping[str, float] = field(default_factory=_published_rates)
    W0: Any = _PUBLISHED
    sensor: float = 2.0
    variant: str = "matlab"
    populations: Mapping[str, float] = field(default_factory=dict)
    about: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        protocol_of(self.variant)
        read_sensor(self.sensor)
        for name in ("rates", "populations", "about"):
            if not isinstance(getattr(self, name), Mapping):
                raise ValueError(f"EITrials.{name} must be a table, got {getattr(self, name)!r}")
        for name in self.about:
            if name not in ("W_EE", "W_IE"):
                raise ValueError(unknown_name("EITrials.about", "weight", name, ("W_EE", "W_IE")))
        if self.starts.many:
            raise ValueError(f"EITrials.W0 must be one start, four numbers, got {self.W0!r}")

    @property
    def model(self) -> EIRates:
        """The populations."""
        return EIRates().replace(**self.populations)

    @property
    def learned(self) -> Rule:
        """The rule, filled in where it is written about a set point."""
        if self.rule not in _RULES:
            raise ValueError(unknown_name("EITrials", "rule", str(self.rule), _RULES))
        factory = getattr(rules, self.rule)
        known = inspect.signature(factory).parameters
        for key in self.rates:
            if key not in known:
                raise ValueError(unknown_name(f"rule {self.rule}", "parameter", key, known))
        missing = [k for k, p in known.items() if p.default is inspect.Parameter.empty and k not in self.rates]
        if missing:
            raise ValueError(f"rule {self.rule} must have {missing[0]}")
        found: Rule = factory(**self.rates)
        if len(self.about) == 2:
            found = found.at(self.model, W_EE=self.about["W_EE"], W_IE=self.about["W_IE"])
        return read_rule(self.model, found)

    @property
    def starts(self) -> Starts:
        """Where the run begins."""
        return read_starts(self.model, self.learned, self.W0, (0.0, 0.0))


def _online_rates() -> dict[str, float]:
    return {"alpha_EE": 5e-7, "alpha_EI": 5e-7, "alpha_IE": 5e-7, "alpha_II": 5e-7}


@dataclass(frozen=True, eq=False)
class OnlineCase(TrialCase):
    """E and I populations that learn without trials: calcium sensors, and a change of the weights in every step.

    The parameters are those of `TrialCase`; rates are per step, and `sensor` is the time constant of the calcium
    sensors in seconds.

    Examples
    --------
    >>> from spikelearn.models.ei_trials import OnlineCase
    >>> case = OnlineCase(rates={"alpha_EE": 1e-6, "alpha_EI": 1e-6, "alpha_IE": 1e-6, "alpha_II": 1e-6})
    >>> case.learned.parameters["alpha_EE"]
    1e-06
    """

    rates: Mapping[str, float] = field(default_factory=_online_rates)
    W0: Any = (2.2, 3.0, 4.0, 2.0)
    sensor: float = 1.0
