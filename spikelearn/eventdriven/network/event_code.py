"""What an event does to a synapse, from formulas to machine code that the compiled loop calls by its address."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from numba import cfunc, njit

from spikelearn.formulas.formula import parse_expression, symbol

__all__ = ["event_code"]


@functools.lru_cache(maxsize=256)
def event_code(variables: Sequence[str], parameters: Sequence[str], formulas: Sequence[str]) -> Any:
    """Compile the change of all variables at an event; once for all values of the parameters.

    Parameters
    ----------
    variables : tuple of str
        Names of the variables, in the order in which they lie in memory.
    parameters : tuple of str
        Names of the parameters, likewise.
    formulas : tuple of str
        New value of each variable, from the values of all of them before the event; checked formulas.

    Returns
    -------
    CFunc
        Takes the addresses of the variables, which it changes, and of the parameters. Its ``address`` is good for as
        long as it lives.
    """
    import sympy

    names = (*variables, *parameters)
    trees = [parse_expression(formula, names) for formula in formulas]
    # A mere number must be a float, so that all values have one type.
    trees = [tree if tree.free_symbols else sympy.Float(tree) for tree in trees]
    # Whatever a user's names are, here they are places in memory.
    places = [sympy.IndexedBase(array)[k] for array, count in (("v", len(variables)), ("p", len(parameters)))
              for k in range(count)]  # fmt: skip
    placed = {symbol(name): place for name, place in zip(names, places, strict=True)}
    new_values: Any = njit(error_model="numpy")(
        sympy.lambdify(
            [sympy.IndexedBase("v"), sympy.IndexedBase("p")],
            tuple(tree.xreplace(placed) for tree in trees),
            modules="math",
            cse=True,
        )
    )
    count = len(variables)

    def event(values: Any, given: Any) -> None:
        new = new_values(values, given)
        for k in range(count):
            values[k] = new[k]

    return cfunc("void(CPointer(float64), CPointer(float64))", error_model="numpy")(event)
