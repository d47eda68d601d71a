"""Equations, statements and conditions of a user's own neuron, read through the closed grammar before Brian2 is.

Brian2 runs what stands in its strings: in its own grammar a string within a string is Python. Every piece is therefore
checked statement by statement, and Brian2 gets text that is written out from the checked trees.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from spikelearn.formulas.grammar import STATEMENT, Kind, names_of, tree_of
from spikelearn.formulas.reserved import UNIT_NAMES
from spikelearn.formulas.whole import LARGEST_WHOLE, floating_powers, is_logical, whole_value
from spikelearn.parameters.names import nearest, shown

__all__ = [
    "declared_names",
    "names_in_statements",
    "read_condition",
    "read_equations",
    "read_statements",
    "whole_numbers_of",
]

_NOTHING: Mapping[str, float] = MappingProxyType({})
# Whole equations and lists of statements may be longer than one formula.
LONGEST = 40_000
MOST = 1000

_UNIT = Kind("a product of base units, such as siemens/metre**2", {}, private=False, constants=frozenset())
_UNIT_WORDS = UNIT_NAMES | {"boolean", "integer", "bool"}
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_HEAD = re.compile(rf"\s*(?:d\s*(?P<state>{_NAME})\s*/\s*dt\s*(?P<equals>=)|(?P<name>{_NAME})\s*(?P<sign>[=:]))")
_SIDE = re.compile(r"(?P<side>[^:]*):")
_UNIT_TEXT = re.compile(r"\s*(?P<unit>[A-Za-z0-9*/.\- ]+)")
_FLAG = r"[A-Za-z][A-Za-z_0-9 -]*"
_FLAGS = re.compile(rf"\s*\(\s*(?P<flags>{_FLAG}(?:,\s*{_FLAG})*)\)")
_STATEMENT = re.compile(rf"\s*(?P<name>{_NAME})\s*(?P<op>(?:\*\*|//|[-+*/%])?=)(?!=)(?P<side>.*)", re.DOTALL)


def read_equations(text: str, where: str, known: Mapping[str, float] = _NOTHING) -> str:
    r"""Read Brian2 equations: lines ``dv/dt = ... : volt``, ``i = ... : amp`` and ``g : siemens (constant)``.

    Parameters
    ----------
    text : str
        Equations; comments are left out, and a right-hand side may go on over several lines.
    where : str
        The name for error messages.
    known : mapping of str to float
        Names that stand for whole numbers: ``N``, and constants without a unit.

    Returns
    -------
    str
        The same equations, one a line, as they were checked: what Brian2 is to get.

    Raises
    ------
    TypeError
        No text.
    ValueError
        A line is no equation; a right-hand side is not of the grammar of `spikelearn.formulas.grammar.STATEMENT`; a
        unit is no product of units.

    Examples
    --------
    >>> print(read_equations("dv/dt = (drive -  # per neuron\n v)/tau : volt\ndrive : volt", "equations"))
    dv/dt = (drive - v) / tau : volt
    drive : volt
    """
    return _equations(_plain(text, where), where, tuple(known.items())).text


def declared_names(text: str, where: str) -> frozenset[str]:
    """Give the names that equations define or declare."""
    return _equations(_plain(text, where), where, ()).names


def whole_numbers_of(text: str, where: str, known: Mapping[str, float] = _NOTHING) -> dict[str, float]:
    """Give all names that stand for whole numbers where equations hold: the known ones, and those made of them."""
    return {**known, **dict(_equations(_plain(text, where), where, tuple(known.items())).whole)}


def read_statements(
    text: str, where: str, *, states: Collection[str] = (), known: Mapping[str, float] = _NOTHING
) -> str:
    r"""Read statements such as ``v = 0*mV; g += 0.1``, apart by line ends or semicolons.

    Parameters
    ----------
    text, where : str
        As for `read_equations`.
    states : collection of str
        Names that are variables of the neurons; others that are assigned to live within the statements.
    known : mapping of str to float
        Names that stand for whole numbers, see `whole_numbers_of`.

    Returns
    -------
    str
        The statements, one a line, as they were checked; empty where there are none.

    Raises
    ------
    TypeError, ValueError
        As `read_equations`.

    Examples
    --------
    >>> read_statements("v = V_r; g += 0.1  # potassium", "reset")
    'v = V_r\ng += 0.1'
    """
    return _statements(_plain(text, where), where, frozenset(states), tuple(known.items()))


def read_condition(text: str, where: str, *, known: Mapping[str, float] = _NOTHING) -> str:
    """Read one expression, such as a threshold ``v > 15*mV and not_refractory`` or the length of a period.

    Returns
    -------
    str
        The expression as it was checked, on one line; empty where there is none.

    Raises
    ------
    TypeError, ValueError
        As `read_equations`.

    Examples
    --------
    >>> read_condition("v > sin('x')", "threshold")
    Traceback (most recent call last):
    ...
    ValueError: threshold must be arithmetic, comparisons and functions of Brian2, got "'x'"
    """
    side = _plain(text, where)
    return ast.unparse(floating_powers(_side(side, where), known)) if side.strip() else ""


def names_in_statements(*texts: str) -> set[str]:
    """Give every name in texts that were read by `read_statements` or `read_condition`."""
    trees = (ast.parse(text) for text in texts)
    return {name for tree in trees for name in names_of(tree)}


def _plain(text: str, where: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{where} must be text, got {type(text).__name__}")
    if len(text) > LONGEST:
        raise ValueError(f"{where} must have at most {LONGEST} characters, got {len(text)}")
    bare = re.sub(r"#[^\n]*", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    odd = next((letter for letter in bare if not (" " <= letter <= "~" or letter in "\n\t")), None)
    if odd is not None:
        raise ValueError(f"{where} must be written in plain ASCII letters, got {odd!r}")
    return bare


class _Equation(NamedTuple):
    """One line: what stands on the left, its name, the right-hand side if there is one, unit and flags as written."""

    left: str
    name: str
    side: ast.expr | None
    unit: str
    flags: str


class _Equations(NamedTuple):
    """Equations written out, the names that they define, and those that are whole numbers, with their values."""

    text: str
    names: frozenset[str]
    whole: tuple[tuple[str, float], ...]


@functools.lru_cache(maxsize=256)
def _equations(text: str, where: str, known: tuple[tuple[str, float], ...]) -> _Equations:
    lines = list(_each_equation(text, where))
    sides = {line.name: line.side for line in lines if line.side is not None and line.left == line.name}
    whole = _whole_sides(sides, dict(known), where)
    written = []
    for left, name, side, unit, flags in lines:
        right = ""
        if side is not None:
            if unit == "integer" and abs(whole.get(name, 0.0)) > LARGEST_WHOLE:
                raise ValueError(f"{where}: {name} must be a whole number up to 2**53, got {whole[name]:g}")
            fixed = name in sides and name in whole and unit not in ("integer", "boolean")
            right = f" = {ast.unparse(ast.Constant(whole[name]) if fixed else floating_powers(side, whole))}"
        written.append(f"{left}{right} : {unit}{flags}")
    found = tuple((name, whole[name]) for name in sides if name in whole)
    return _Equations("\n".join(written), frozenset(line.name for line in lines), found)


def _whole_sides(sides: Mapping[str, ast.expr], known: dict[str, float], where: str) -> dict[str, float]:
    """Calculate the sides that are made of whole numbers and of one another alone, in whatever order they stand."""
    while True:
        more = {
            name: value
            for name, side in sides.items()
            if name not in known and (value := _whole(side, known, f"{where}: {name}")) is not None
        }
        if not more:
            return known
        known = {**known, **more}


def _whole(side: ast.expr, known: Mapping[str, float], where: str) -> float | None:
    try:
        return whole_value(side, known)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{where} must have finite real values, got {shown(ast.unparse(side))}") from error


def _each_equation(text: str, where: str) -> Iterator[_Equation]:
    place, count = 0, 0
    while text[place:].strip():
        head = _HEAD.match(text, place)
        if head is None:
            raise ValueError(
                f"{where} must read 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit', got "
                f"{shown(text[place:].strip())}"
            )
        count += 1
        if count > MOST:
            raise ValueError(f"{where} must have at most {MOST} lines, got more")
        name = head["state"] or head["name"]
        left = f"d{name}/dt" if head["state"] else name
        place, side = head.end(), None
        if head["equals"] or head["sign"] == "=":
            right = _SIDE.match(text, place)
            if right is None:
                raise ValueError(f"{where} must end every equation with its unit, got none for {shown(left)}")
            side, place = _side(right["side"], f"{where}: {left}"), right.end()
        unit = _UNIT_TEXT.match(text, place)
        if unit is None:
            raise ValueError(f"{where} must end every equation with its unit, got none for {shown(left)}")
        place = unit.end()
        flags = _FLAGS.match(text, place)
        if flags is not None:
            place = flags.end()
        said = "" if flags is None else f" ({', '.join(' '.join(flag.split()) for flag in flags['flags'].split(','))})"
        yield _Equation(left, name, side, _unit(unit["unit"], f"{where}: the unit of {name}"), said)


def _unit(text: str, where: str) -> str:
    tree = tree_of(text, _UNIT, where)
    for part in ast.walk(tree):
        if isinstance(part, (ast.Add, ast.Sub, ast.UAdd)):
            raise ValueError(f"{where} must be {_UNIT.holds}, got {shown(text.strip())}")
        if isinstance(part, ast.Name) and part.id not in _UNIT_WORDS:
            guess = nearest(part.id, _UNIT_WORDS)
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise ValueError(f"{where} must be {_UNIT.holds}, got the unknown unit {shown(part.id)}{hint}")
    return " ".join(text.split())


@functools.lru_cache(maxsize=256)
def _statements(text: str, where: str, states: frozenset[str], known: tuple[tuple[str, float], ...]) -> str:
    lines = [line for line in re.split(r"[;\n]", text) if line.strip()]
    if len(lines) > MOST:
        raise ValueError(f"{where} must have at most {MOST} statements, got {len(lines)}")
    written, whole = [], dict(known)
    for line in lines:
        found = _STATEMENT.fullmatch(line)
        if found is None:
            raise ValueError(
                f"{where} must have statements such as 'v = 0*mV' or 'g += 0.1', got {shown(line.strip())}"
            )
        name, operation = found["name"], found["op"]
        tree = _side(found["side"], where)
        if operation == "**=":
            tree_of(f"{name}**({ast.unparse(tree)})", STATEMENT, where)
        side = floating_powers(tree, whole)
        value = _whole(tree, whole, where) if operation == "=" and name not in states else None
        if value is not None:
            whole[name] = value
            side = side if is_logical(tree) else ast.Constant(value)
        elif name not in states:
            whole.pop(name, None)
        written.append(f"{name} {operation} {ast.unparse(side)}")
    return "\n".join(written)


def _side(text: str, where: str) -> ast.expr:
    return tree_of(" ".join(text.split()), STATEMENT, where)
