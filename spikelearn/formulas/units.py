"""The unit of a formula, from the units of its names."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from spikelearn.formulas.formula import check_expression

__all__ = ["unit_name", "unit_of"]


def unit_of(text: str, units: Mapping[str, Any], where: str) -> Any:
    """Give the physical dimension of a formula.

    Parameters
    ----------
    text : str
        A formula of the grammar of `spikelearn.formulas.formula`, with known names only.
    units : mapping of str to Dimension
        Brian2's dimension of each name; ``pi`` is a number.
    where : str
        The name for error messages.

    Returns
    -------
    Dimension

    Raises
    ------
    ValueError
        It adds what has different units, or raises to a power or hands to a function what has one.

    Examples
    --------
    >>> from brian2 import volt
    >>> unit_of("2*A*exp(-x)", {"A": volt.dim, "x": (volt / volt).dim}, "rule") == volt.dim
    True
    """
    return _unit(check_expression(text, where), units, where)


def unit_name(unit: Any) -> str:
    """Give a dimension as words for a message."""
    from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit

    return "no unit" if unit is DIMENSIONLESS else f"the unit {get_unit(unit)!r}"


def _unit(node: ast.expr, units: Mapping[str, Any], where: str) -> Any:
    from brian2.units.fundamentalunits import DIMENSIONLESS

    match node:
        case ast.Name(id="pi") | ast.Constant():
            return DIMENSIONLESS
        case ast.Name(id=name):
            return units[name]
        case ast.UnaryOp(operand=operand):
            return _unit(operand, units, where)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base = _unit(left, units, where)
            _pure(right, units, where)
            if base is DIMENSIONLESS:
                return base
            exponent = _number(right)
            if exponent is None:
                raise ValueError(
                    f"{where} must raise {ast.unparse(left)!r}, which has {unit_name(base)}, to a plain number only, "
                    f"got {ast.unparse(node)!r}"
                )
            return base**exponent
        case ast.BinOp(left=left, op=operation, right=right):
            one, other = _unit(left, units, where), _unit(right, units, where)
            if isinstance(operation, ast.Mult):
                return one * other
            if isinstance(operation, ast.Div):
                return one / other
            if one is not other:
                raise ValueError(
                    f"{where} must add like to like, got {ast.unparse(node)!r}: "
                    f"{ast.unparse(left)!r} has {unit_name(one)} and {ast.unparse(right)!r} has {unit_name(other)}"
                )
            return one
        case ast.Call(func=ast.Name(id="abs"), args=[argument]):
            return _unit(argument, units, where)
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            return _unit(argument, units, where) ** 0.5
        case ast.Call(args=[argument]):
            _pure(argument, units, where)
            return DIMENSIONLESS
        case _:
            raise ValueError(f"{where} must hold arithmetic only, got {ast.unparse(node)!r}")


def _pure(node: ast.expr, units: Mapping[str, Any], where: str) -> None:
    from brian2.units.fundamentalunits import DIMENSIONLESS

    found = _unit(node, units, where)
    if found is not DIMENSIONLESS:
        raise ValueError(f"{where}: {ast.unparse(node)!r} must be a pure number there, but has {unit_name(found)}")


def _number(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=value) if isinstance(value, (int, float)):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = _number(operand)
            return None if number is None else -number
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            above, below = _number(left), _number(right)
            return above / below if above is not None and below else None
        case _:
            return None
