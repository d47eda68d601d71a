"""Rules of the homeostatic family as eight rates, for compiled code: a crossed and an own term a weight."""

from __future__ import annotations

from typing import Any, NamedTuple

from spikelearn.rules.family import CrossHomeostatic, Homeostatic, TwoTerm
from spikelearn.rules.rule import Rule

__all__ = ["TermRates", "term_rates"]

_WEIGHTS = ("EE", "EI", "IE", "II")


class TermRates(NamedTuple):
    """Rates of both terms, each in the order EE, EI, IE, II.

    Attributes
    ----------
    cross : tuple of 4
        Rates of the term with the error of the other population; each a number or an array.
    own : tuple of 4
        Rates of the term with the own error.
    """

    cross: tuple[Any, ...]
    own: tuple[Any, ...]


def term_rates(rule: Rule) -> TermRates | None:
    """Read the rates of `CrossHomeostatic`, `Homeostatic` or `TwoTerm`; None for any other rule.

    A rule is recognised by its expressions, so that it may have been written out by hand.

    Examples
    --------
    >>> term_rates(TwoTerm(alpha=2e-5, beta=1e-5)).own
    (1e-05, 1e-05, 1e-05, 1e-05)
    """
    found, zero = rule.parameters, (0.0,) * 4
    four = dict.fromkeys((f"alpha_{name}" for name in _WEIGHTS), 0.0)
    if rule.dW == TwoTerm(alpha=0, beta=0).dW:
        return TermRates((found["alpha"],) * 4, (found["beta"],) * 4)
    if rule.dW == CrossHomeostatic(**four).dW:
        return TermRates(tuple(found[name] for name in four), zero)
    if rule.dW == Homeostatic(**four).dW:
        return TermRates(zero, tuple(found[name] for name in four))
    return None
