"""Numbers that are given and that nothing uses: mostly a name that was mistyped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.parameters.names import unknown_name
from spikelearn.symbolic.populations import RatePopulations, SteadyState

__all__ = ["refuse_unused"]


def refuse_unused(model: Any, state: SteadyState, loss: Any, parameters: Mapping[str, float] | None) -> None:
    """Refuse a parameter that neither the model nor the loss uses.

    Parameters
    ----------
    model : object
        Of a `RatePopulations`, whose names are all given by hand, the own parameters are looked at too; other models
        may have parameters that their steady state does not show, such as time constants.
    state : SteadyState
        Of the model.
    loss : sympy.Expr
        As it was read.
    parameters : mapping of str to float, optional
        What only the loss uses.

    Raises
    ------
    ValueError
        Naming the parameter and the nearest name that is used.

    Examples
    --------
    >>> from spikelearn.symbolic.derive import derive_rule
    >>> one = RatePopulations({"r": "g*W_rr*r + b"}, {"g": 1.0, "b": 3.0})
    >>> derive_rule("(r - goal)**2", one, parameters={"goal": 5, "Goal": 6})
    Traceback (most recent call last):
    ...
    ValueError: RatePopulations with this loss has no parameter 'Goal'; did you mean 'goal'? Known: b, g, goal
    """
    given = set(parameters or {})
    in_loss = {symbol.name for symbol in loss.free_symbols}
    used = in_loss.union(*({symbol.name for symbol in side.free_symbols} for side in state.right_hand_sides.values()))
    own = set(getattr(model, "parameters", None) or {})
    suspects = given - in_loss
    if isinstance(model, RatePopulations):
        implied = {f"{word}{name}{end}" for name in state.populations for word, end in (("", "_set"), ("tau_", ""))}
        suspects |= own - used - implied
    known = ((used | own) - suspects) - {*state.populations, *state.weights}
    for name in sorted(suspects):
        where = f"{type(model).__name__} with this loss"
        raise ValueError(unknown_name(where, "parameter", name, known))
