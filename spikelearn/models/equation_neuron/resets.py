"""Which variables a spike resets, from where and to where, as far as threshold and reset say it in numbers."""

from __future__ import annotations

import ast
import copy
import math
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.formulas.formula import numpy_function, parse_expression
from spikelearn.formulas.statements import read_condition, read_statements

if TYPE_CHECKING:
    from spikelearn.models.equation_neuron.model import EquationNeuron

__all__ = ["resets"]


def resets(neuron: EquationNeuron) -> dict[str, tuple[float, float]]:
    """Give the variables that the reset assigns to, with where they come from and go to.

    Parameters
    ----------
    neuron : EquationNeuron
        Any; its texts are of the closed grammar.

    Returns
    -------
    dict of str to tuple of two floats
        In SI units. The first is the threshold where that is ``variable > expression`` or part of an ``and``, else NaN;
        the second what the variable is set to, NaN where that is no number by itself.

    Examples
    --------
    >>> from spikelearn.models.equation_neuron.model import EquationNeuron
    >>> neuron = EquationNeuron("dv/dt = (20*mV - v)/(10*ms) : volt", "v > 15*mV", "v = -5*mV")
    >>> resets(neuron)
    {'v': (0.015, -0.005)}
    """
    levels = _levels(neuron)
    found = {}
    for line in read_statements(neuron.reset, "EquationNeuron.reset").splitlines():
        statement = ast.parse(line).body[0]
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, _number(statement.value, neuron)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, math.nan
        else:
            continue
        found[name] = (levels.get(name, math.nan), value)
    return {name: pair for name, pair in found.items() if name in neuron.recordable}


def _levels(neuron: EquationNeuron) -> dict[str, float]:
    text = read_condition(neuron.threshold, "EquationNeuron.threshold")
    if not text:
        return {}
    tree = ast.parse(text, mode="eval").body
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return {
        part.left.id: _number(part.comparators[0], neuron)
        for part in parts
        if isinstance(part, ast.Compare)
        and isinstance(part.left, ast.Name)
        and len(part.ops) == 1
        and isinstance(part.ops[0], (ast.Gt, ast.GtE))
    }


def _number(side: ast.expr, neuron: EquationNeuron) -> float:
    """Give the value of an expression of parameters, units and numbers in SI units; NaN where it has other names."""
    from brian2 import units

    # Under names of their own: the grammar of rules keeps those of units for itself.
    own = {node.id: f"value_of_{node.id}" for node in ast.walk(side) if isinstance(node, ast.Name)}
    try:
        given = [neuron.parameters[name] if name in neuron.parameters else getattr(units, name) for name in own]
        tree = parse_expression(ast.unparse(_Renamed(own).visit(copy.deepcopy(side))), set(own.values()))
        (result,) = numpy_function(list(own.values()), [tree])(*(float(np.asarray(value)) for value in given))
        return float(result)
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return math.nan


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names[node.id], node.ctx)
