"""What a rule of two populations means for many units: the other population's error is a mean, the own one local."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.starts import read_rule
from spikelearn.models.ei_units.model import EIUnits
from spikelearn.rules.family import CrossHomeostatic, Homeostatic, TwoTerm

__all__ = ["UnitRates", "change", "unit_rates"]

_WEIGHTS = ("EE", "EI", "IE", "II")


class UnitRates(NamedTuple):
    """Rates of both terms, each EE, EI, IE, II.

    Attributes
    ----------
    cross : tuple of 4 float
        Rates of the term with the mean error of the other population, per trial.
    local : tuple of 4 float
        Rates of the term with the unit's own error, per trial.
    """

    cross: tuple[float, ...]
    local: tuple[float, ...]


def unit_rates(model: EIUnits, rule: Any) -> UnitRates:
    """Read a rule of the homeostatic family as rates of the two terms.

    Parameters
    ----------
    model : EIUnits
        What the rule is for.
    rule : Rule
        `CrossHomeostatic`, `Homeostatic` or `TwoTerm` of `spikelearn.rules`, rates single numbers.

    Raises
    ------
    ValueError
        The rule is another one, of which it is open what it means for many units, or a rate is an array.
    """
    rule = read_rule(model.populations, rule)
    for name, value in rule.parameters.items():
        if np.ndim(value):
            raise ValueError(f"run_trials: {name} must be one number for EIUnits, got shape {np.shape(value)}")
    found, zero = rule.parameters, (0.0,) * 4
    four = dict.fromkeys((f"alpha_{name}" for name in _WEIGHTS), 0.0)
    if rule.dW == TwoTerm(alpha=0, beta=0).dW:
        return UnitRates((found["alpha"],) * 4, (found["beta"],) * 4)
    if rule.dW == CrossHomeostatic(**four).dW:
        return UnitRates(tuple(found[name] for name in four), zero)
    if rule.dW == Homeostatic(**four).dW:
        return UnitRates(zero, tuple(found[name] for name in four))
    raise ValueError(
        f"run_trials: the rule for EIUnits must be CrossHomeostatic, Homeostatic or TwoTerm, got {rule.label}: it is "
        "open which of its activities are the unit's own and which are means"
    )


def change(model: EIUnits, rates: UnitRates, seen: Floats, out: Floats) -> None:
    """Add the change after a trial to matrices of weights, in place.

    Parameters
    ----------
    model : EIUnits
        Set points and sizes.
    rates : UnitRates
        Rates of both terms.
    seen : ndarray, shape (starts, n)
        Activities that the rule sees, in Hz.
    out : ndarray, shape (starts, n, n)
        Weights.
    """
    e, i = seen[:, : model.n_E], seen[:, model.n_E :]
    own_E, own_I = model.populations.E_set - e, model.populations.I_set - i
    mean_E, mean_I = own_E.mean(axis=1, keepdims=True), own_I.mean(axis=1, keepdims=True)
    # The factor of every receiving unit: onto E the I population's mean error, onto I the E population's, reversed.
    signs = ((1.0, mean_I, own_E), (-1.0, mean_I, own_E), (1.0, -mean_E, own_I), (-1.0, -mean_E, own_I))
    for k, (name, (sign, mean, own)) in enumerate(zip(model.blocks, signs, strict=True)):
        receiving = sign * (rates.cross[k] * mean + rates.local[k] * own)
        sending = e if name.endswith("E") else i
        out[(slice(None), *model.blocks[name])] += receiving[:, :, None] * sending[:, None, :]
