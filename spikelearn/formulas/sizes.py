"""How large the numbers of a formula may grow: bounded before exact arithmetic is let loose on them.

SymPy and Python calculate with whole numbers of any length. 9**9**9 keeps them busy for ever, and so does
(((1.0000000001**64)**64)**64)**64, whose value is moderate but whose exact fraction has millions of digits; or
exp(10**12*log(2)), which is simplified to a power. Values are therefore calculated in floating point, and bounds of
the exact numbers' lengths beside them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from spikelearn.parameters.names import shown

__all__ = ["LARGEST_EXPONENT", "LARGEST_NUMBER", "check_sizes", "literal"]

LARGEST_EXPONENT = 64
LARGEST_NUMBER = 1e300
# Python itself writes out no whole number of more than 4300 digits.
_LONGEST_BITS = 14_000

_VALUES: dict[str, Callable[..., float]] = {
    "abs": abs,
    "arccos": math.acos,
    "arcsin": math.asin,
    "arctan": math.atan,
    "ceil": math.ceil,
    "clip": lambda x, low, high: min(max(x, low), high),
    "cos": math.cos,
    "cosh": math.cosh,
    "exp": math.exp,
    "expm1": math.expm1,
    "floor": math.floor,
    "int": math.trunc,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}
_LOGARITHMS = ("log", "log10", "log1p")
_EXPONENTIALS = ("exp", "expm1", "exprel", "cosh", "sinh", "tanh")
_RANDOM = ("rand", "randn", "poisson")


class _Size(NamedTuple):
    """What is known of a part: its value if it is constant, and bounds.

    `bits` bounds the binary digits of the exact numbers in it, and what a power multiplies; `logs` those under
    logarithms, which an exponential turns back into powers; `up` and `down` its numerical factor and the inverse of it;
    `named` says whether it holds a name or a random number, `added` whether a number is added to something in it.
    """

    value: float | None
    bits: float = 0.0
    logs: float = 0.0
    up: float = 1.0
    down: float = 1.0
    named: bool = False
    added: bool = False


def check_sizes(tree: ast.expr, where: str) -> None:
    """Refuse a checked tree whose numbers are not finite and real, or would grow too large to write out.

    Raises
    ------
    ValueError
        Naming the part.

    Examples
    --------
    >>> check_sizes(ast.parse("9**9**9", mode="eval").body, "loss")
    Traceback (most recent call last):
    ...
    ValueError: loss must have exponents of at most 64, got 387420489 in '9 ** 9 ** 9'
    """
    _size(tree, where)


def literal(node: ast.expr) -> float | None:
    """Give the value of a plain number, with a sign or as a fraction of two; None for anything else.

    Examples
    --------
    >>> literal(ast.parse("-1", mode="eval").body), literal(ast.parse("1/4", mode="eval").body)
    (-1.0, 0.25)
    """
    match node:
        case ast.Constant(value=int() | float()):
            return float(node.value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign, operand=ast.Constant(value=int() | float() as number)):
            return -float(number) if isinstance(sign, ast.USub) else float(number)
        case ast.BinOp(
            left=ast.Constant(value=int() | float() as above),
            op=ast.Div(),
            right=ast.Constant(value=int() | float() as below),
        ):
            return float(above) / float(below) if below else None
        case _:
            return None


def _size(node: ast.expr, where: str) -> _Size:
    parts = [_size(child, where) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if isinstance(node, ast.Call):
        parts = parts[1:]  # the first is the name of the function
    value = _value(node, [part.value for part in parts], where)
    found = _bounds(node, parts, value, where)
    if not found.bits <= _LONGEST_BITS:
        raise ValueError(f"{where} must have numbers of less than 4300 digits, got {_quoted(node)}")
    if value is not None and value != 0.0:
        found = found._replace(up=abs(value), down=1.0 / abs(value) if abs(value) > 1e-300 else math.inf)
    return found


def _bounds(node: ast.expr, parts: list[_Size], value: float | None, where: str) -> _Size:
    match node:
        case ast.Constant(value=int() | float() as number):
            exact = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
            return _Size(value, _bits(exact.numerator) + _bits(exact.denominator))
        case ast.Name(id="pi"):
            return _Size(value)
        case ast.Name():
            return _Size(None, named=True)
        case ast.BinOp(op=ast.Pow()):
            return _power(node, parts[0], parts[1], value, where)
        case _:
            one = _Size(
                value,
                bits=math.fsum(part.bits for part in parts),
                logs=math.fsum(part.logs for part in parts),
                up=max((1.0, *(part.up for part in parts))),
                down=max((1.0, *(part.down for part in parts))),
                named=any(part.named for part in parts),
                added=any(part.added for part in parts),
            )
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            bits = one.bits if value is not None else max(1.0, *(part.bits for part in parts))
            return one._replace(bits=bits, up=parts[0].up + parts[1].up, added=True)
        case ast.BinOp(op=ast.Mult()):
            return one._replace(up=parts[0].up * parts[1].up, down=parts[0].down * parts[1].down)
        case ast.BinOp():
            return one._replace(up=parts[0].up * parts[1].down, down=parts[0].down * parts[1].up)
        case ast.Call(func=ast.Name(id=name)) if name in _LOGARITHMS:
            return one._replace(logs=one.logs + max(one.bits, 1.0 if name == "log1p" else 0.0))
        case ast.Call(func=ast.Name(id=name)) if name in _EXPONENTIALS:
            return one._replace(bits=max(one.bits, _product(one.logs, one.up)))
        case ast.Call(func=ast.Name(id=name)) if name in _RANDOM:
            return one._replace(named=True)
        case _:
            return one


def _power(node: ast.BinOp, base: _Size, exponent: _Size, value: float | None, where: str) -> _Size:
    number = exponent.value
    if number is not None and abs(number) > LARGEST_EXPONENT:
        raise ValueError(
            f"{where} must have exponents of at most {LARGEST_EXPONENT}, got {number:.12g} in {_quoted(node)}"
        )
    if number is None and not exponent.named:
        raise ValueError(f"{where} must have exponents that are plain numbers or hold a name, got {_quoted(node)}")
    together = _Size(
        value,
        logs=base.logs + exponent.logs,
        named=base.named or exponent.named,
        added=base.added or exponent.added,
    )
    if number is None:
        grown = max(_product(exponent.logs, exponent.up), _product(base.bits, exponent.up) if exponent.added else 0.0)
        return together._replace(
            bits=max(base.bits + exponent.bits, grown), up=max(1.0, base.up), down=max(1.0, base.down)
        )
    times = abs(number)
    up, down = (_raised(part, times) for part in ((base.up, base.down) if number >= 0 else (base.down, base.up)))
    return together._replace(bits=max(base.bits * max(times, 1.0), exponent.bits), up=up, down=down)


def _value(node: ast.expr, parts: list[float | None], where: str) -> float | None:
    """Value of a part without names, or None; refuses what is not finite and real."""
    try:
        match node:
            case ast.Constant(value=int() | float() as number):
                if not -LARGEST_NUMBER < number < LARGEST_NUMBER:
                    raise ValueError(f"{where} must have numbers below {LARGEST_NUMBER:g} in size, got a larger one")
                value: Any = number
            case ast.Name(id="pi"):
                value = math.pi
            case ast.Call(func=ast.Name(id=name)) if name in _VALUES and parts and None not in parts:
                value = _VALUES[name](*parts)
            case ast.UnaryOp(op=ast.UAdd() | ast.USub() as sign) if parts[0] is not None:
                value = -parts[0] if isinstance(sign, ast.USub) else parts[0]
            case ast.BinOp(op=operation, left=_, right=_) if None not in parts:
                if isinstance(operation, ast.Pow) and abs(parts[1] or 0.0) > LARGEST_EXPONENT:
                    return None  # refused by its exponent, which says more
                value = _arithmetic(operation, *parts)
            case _:
                return None
        if isinstance(value, complex) or not math.isfinite(value):
            raise OverflowError
    except (ArithmeticError, ValueError) as error:
        if str(error).startswith(where):
            raise
        raise ValueError(f"{where} must have finite real values, got {_quoted(node)}") from error
    return float(value)


def _arithmetic(operation: ast.operator, left: Any, right: Any) -> Any:
    match operation:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.Mod():
            return left % right
        case ast.FloorDiv():
            return left // right
        case _:
            return left**right


def _bits(number: int) -> int:
    return max(abs(number) - 1, 0).bit_length()


def _product(one: float, other: float) -> float:
    return one * other if one else 0.0


def _raised(base: float, times: float) -> float:
    try:
        return math.pow(base, times)
    except OverflowError:
        return math.inf


def _quoted(node: ast.expr) -> str:
    return shown(ast.unparse(node))
