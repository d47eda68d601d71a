"""Whole numbers of any length are kept out of what Brian2 runs.

Python calculates ``10**(N*10**10)`` digit by digit, and so it does ``a = 10*N; a = a*a; a = a*a; ...``. What is made of
whole numbers alone is therefore calculated here, in floating point, and under powers such names are written as the
floating-point numbers that they stand for. States of neurons are arrays, whose numbers have a fixed length.
"""

from __future__ import annotations

import ast
import copy
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["LARGEST_WHOLE", "floating_powers", "is_logical", "whole_value"]

LARGEST_WHOLE = 2.0**53
"""Up to here floating-point numbers hold every whole number."""


_OPERATIONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Pow: math.pow,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def whole_value(tree: ast.expr, known: Mapping[str, float]) -> float | None:
    """Give the value of a checked part that is made of whole numbers and known names alone; None for any other.

    Raises
    ------
    ArithmeticError
        It divides by zero, or is too large.

    Examples
    --------
    >>> whole_value(ast.parse("2*N + 1", mode="eval").body, {"N": 5.0})
    11.0
    >>> whole_value(ast.parse("2*v", mode="eval").body, {"N": 5.0}) is None
    True
    """
    match tree:
        case ast.Constant(value=value):
            return float(value) if isinstance(value, int) else None
        case ast.Name(id=name):
            return known.get(name)
        case ast.Call():
            return None  # functions give numbers of NumPy
    parts = [whole_value(child, known) for child in ast.iter_child_nodes(tree) if isinstance(child, ast.expr)]
    if None in parts:
        return None
    value = float(_result(tree, parts))
    if not math.isfinite(value):
        raise OverflowError("too large")
    return value


def is_logical(tree: ast.expr) -> bool:
    """Say whether a part is true or false."""
    return (
        isinstance(tree, (ast.Compare, ast.BoolOp))
        or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))
        or (isinstance(tree, ast.Constant) and isinstance(tree.value, bool))
    )


def floating_powers(tree: ast.expr, known: Mapping[str, float]) -> ast.expr:
    """Write known names, in and under powers, as floating-point numbers.

    Examples
    --------
    >>> ast.unparse(floating_powers(ast.parse("N + 2**N", mode="eval").body, {"N": 5.0}))
    'N + 2 ** 5.0'
    """
    changed: ast.expr = _Powers(known).visit(copy.deepcopy(tree))
    return changed


class _Powers(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, float]) -> None:
        self.known = known
        self.depth = 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        inside = isinstance(node.op, ast.Pow)
        self.depth += inside
        changed = self.generic_visit(node)
        self.depth -= inside
        return changed

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(self.known[node.id]) if self.depth and node.id in self.known else node


def _result(tree: ast.expr, parts: list[Any]) -> Any:
    match tree:
        case ast.BoolOp(op=ast.And()):
            return all(parts)
        case ast.BoolOp():
            return any(parts)
        case ast.UnaryOp(op=ast.Not()):
            return not parts[0]
        case ast.UnaryOp(op=ast.USub()):
            return -parts[0]
        case ast.UnaryOp():
            return parts[0]
        case ast.Compare(ops=[operation]) | ast.BinOp(op=operation):
            return _OPERATIONS[type(operation)](*parts)
