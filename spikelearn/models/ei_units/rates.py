"""What a rule of two populations means for many units: the other population's error is a mean, the own one local."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.starts import read_rule
from spikelearn.models.ei_trials.terms import TermRates, term_rates
from spikelearn.models.ei_units.model import EIUnits

__all__ = ["change", "unit_rates"]


def unit_rates(model: EIUnits, rule: Any) -> TermRates:
    """Read a rule of the homeostatic family as rates of the two terms, per trial.

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
    rates = term_rates(rule)
    if rates is None:
        raise ValueError(
            f"run_trials: the rule for EIUnits must be CrossHomeostatic, Homeostatic or TwoTerm, got {rule.label}: it "
            "is open which of its activities are the unit's own and which are means"
        )
    return rates


def change(model: EIUnits, rates: TermRates, seen: Floats, out: Floats) -> None:
    """Add the change after a trial to matrices of weights, in place.

    Parameters
    ----------
    model : EIUnits
        Set points and sizes.
    rates : TermRates
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
        receiving = sign * (rates.cross[k] * mean + rates.own[k] * own)
        sending = e if name.endswith("E") else i
        out[(slice(None), *model.blocks[name])] += receiving[:, :, None] * sending[:, None, :]
