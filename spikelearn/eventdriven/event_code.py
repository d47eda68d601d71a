"""What an event does to a synapse, from formulas to machine code that the compiled loop calls by its address."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from numba import cfunc, njit
from numba.np.numpy_support import carray
from numba.np.unsafe.ndarray import to_fixed_tuple

from spikelearn.expressions import parse_expression, symbol

__all__ = ["event_code"]

fixed_tuple: Any = to_fixed_tuple


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
        Takes the addresses of the variables, which it changes, and of the parameters, after which one more number must
        stand. Its ``address`` is good for as long as it lives.
    """
    import sympy

    names = (*variables, *parameters)
    trees = [parse_expression(formula, names) for formula in formulas]
    # A mere number must be a float, so that all values have one type.
    trees = [tree if tree.free_symbols else sympy.Float(tree) for tree in trees]
    # Whatever a user's names are, they are numbered; one parameter more stands for none.
    count, constants = len(variables), len(parameters) + 1
    numbered = [sympy.Symbol(f"v{k}", real=True) for k in range(count + constants)]
    renamed = {symbol(name): number for name, number in zip(names, numbered, strict=False)}
    new_values: Any = njit(error_model="numpy")(
        sympy.lambdify(numbered, tuple(tree.xreplace(renamed) for tree in trees), modules="math", cse=True)
    )

    def event(values: Any, given: Any) -> None:
        old = carray(values, (count,))
        fixed = carray(given, (constants,))
        new = new_values(*fixed_tuple(old, count), *fixed_tuple(fixed, constants))
        for k in range(count):
            old[k] = new[k]

    return cfunc("void(CPointer(float64), CPointer(float64))", error_model="numpy")(event)
