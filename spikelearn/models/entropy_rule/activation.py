"""The function S by which a neuron's state acts on others: tanh, the identity, or a formula of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["COMPILED", "Activation", "get_activation"]

# Activations that compiled code knows, by the number that it knows them by.
COMPILED = {"tanh": 0, "linear": 1}


@dataclass(frozen=True, eq=False)
class Activation:
    """An entry-wise function with its slope.

    Parameters
    ----------
    name : str
        "tanh", "linear" or a formula in x.
    value, slope : callable
        S(x) and S'(x) of an array, same shape.
    code : int
        The number of the function in compiled code; -1 where it is a formula.
    """

    name: str
    value: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    code: int

    def brian(self, variable: str) -> str:
        """Write S of a variable in Brian2's language."""
        if self.name == "linear":
            return f"({variable})"
        if self.name == "tanh":
            return f"tanh({variable})"
        from brian2.parsing.sympytools import sympy_to_str

        from spikelearn.formulas.formula import symbol

        tree, x = _tree(self.name)
        return f"({sympy_to_str(tree.xreplace({x: symbol(variable)}))})"


@functools.lru_cache(maxsize=64)
def get_activation(name: str) -> Activation:
    """Give an activation by its name, or from a differentiable formula in x such as ``"x/(1 + x**2)"``.

    Raises
    ------
    TypeError
        The name is no text.
    ValueError
        The formula is not arithmetic, holds another name than x, or has a kink.

    Examples
    --------
    >>> S = get_activation("1/(1 + exp(-x))")
    >>> S.value(np.zeros(2)), S.slope(np.zeros(2))
    (array([0.5, 0.5]), array([0.25, 0.25]))
    """
    if not isinstance(name, str):
        raise TypeError(f"EntropyRule.activation must be text, got {name!r}")
    if name == "tanh":
        return Activation(name, np.tanh, _tanh_slope, COMPILED[name])
    if name == "linear":
        return Activation(name, _identity, np.ones_like, COMPILED[name])
    from spikelearn.formulas.formula import numpy_function

    tree, x = _tree(name)
    functions = [_spread(numpy_function(["x"], [part])) for part in (tree, tree.diff(x))]
    return Activation(name, functions[0], functions[1], -1)


def _tree(text: str) -> tuple[Any, Any]:
    from spikelearn.formulas.formula import symbol
    from spikelearn.formulas.smooth import parse_expression

    tree = parse_expression(text, ["x"], "EntropyRule.activation")
    x = symbol("x")
    return tree.xreplace({part: x for part in tree.free_symbols}), x


def _spread(function: Callable[..., Any]) -> Callable[[Floats], Floats]:
    """Give every entry a value also where the formula is a constant."""

    def entrywise(x: Floats) -> Floats:
        found: Floats = np.array(np.broadcast_to(function(x)[0], np.shape(x)), dtype=np.float64)
        return found

    return entrywise


def _identity(x: Floats) -> Floats:
    return np.array(x, dtype=np.float64)


def _tanh_slope(x: Floats) -> Floats:
    return np.asarray(1.0 - np.tanh(x) ** 2, dtype=np.float64)
