"""Parameters with units: text to quantities, unit checks, and the one dataclass field that holds a quantity.

Brian2 is imported only where a quantity is built or checked, so that a program that never uses units
never pays for them.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = [
    "check_delay",
    "fitting_step",
    "nearest",
    "parse_quantity",
    "quantity",
    "seconds",
    "si_value",
    "unknown_name",
    "validate_parameters",
]

_NUMBER = re.compile(r"\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\d._])|inf(?!\w)))")
# SI symbols that Brian2 leaves out because they would shadow variables of one letter.
_SHORT_UNITS = {"s": "second", "V": "volt", "A": "amp", "S": "siemens", "F": "farad", "m": "metre"}
_FACTOR = re.compile(r"\s*([*/]?)\s*([A-Za-z_]\w*)\s*(?:(?:\*\*|\^)\s*(-?\d+(?:\.\d+)?))?")
# The micro sign and the Greek letter mu look alike; Brian2 writes the prefix as u.
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})
# As many names as an error lists before it says where the rest are.
_LISTED = 8


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Give the choice most like `name`, or None where none is alike.

    Examples
    --------
    >>> nearest("tauK", ["tau", "tau_K", "t_d"])
    'tau_K'
    """
    pool = list(choices)
    same = [choice for choice in pool if choice.lower() == name.lower()]
    if same:
        return min(same, key=lambda choice: sum(a != b for a, b in zip(choice, name, strict=False)))
    found = difflib.get_close_matches(name, pool, n=1, cutoff=0.5)
    if found:
        return found[0]
    lowered = {choice.lower(): choice for choice in pool}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def unknown_name(where: str, kind: str, name: str, choices: Iterable[str], *, more: str = "") -> str:
    """Word the error for a name that is not among the choices, with the nearest one.

    Parameters
    ----------
    where, kind, name : str
        What was asked, for what, and the name that it does not have.
    choices : iterable of str
        The names that it has.
    more : str
        How to see all of them, where they may be many: then only the eight most alike are listed.

    Examples
    --------
    >>> unknown_name("AdaptiveLIF", "parameter", "tauK", ["tau_K", "t_d"])
    "AdaptiveLIF has no parameter 'tauK'; did you mean 'tau_K'? Known: t_d, tau_K"
    """
    pool = sorted(choices)
    guess = nearest(name, pool)
    hint = f"; did you mean {guess!r}?" if guess else "."
    shown = ", ".join(pool)
    if more and len(pool) > _LISTED:
        alike = difflib.get_close_matches(name, pool, n=_LISTED, cutoff=0.0)
        shown = f"{', '.join(alike)}, ... ({more})"
    return f"{where} has no {kind} {name!r}{hint} Known: {shown}"


def _unit(name: str, text: str) -> Any:
    from brian2 import units
    from brian2.units.fundamentalunits import Unit

    full_name = _SHORT_UNITS.get(name, name)
    unit = getattr(units, full_name, None)
    if unit is None and name[-1] in _SHORT_UNITS:
        # Brian2 has uvolt but no uV.
        unit = getattr(units, name[:-1] + _SHORT_UNITS[name[-1]], None)
    if isinstance(unit, Unit):
        return unit
    known = [n for n, u in vars(units).items() if isinstance(u, Unit)] + list(_SHORT_UNITS)
    guess = nearest(name, known)
    raise ValueError(f"{text!r} has the unknown unit {name!r}" + (f"; did you mean {guess!r}?" if guess else ""))


def parse_quantity(text: str | float | int) -> Any:
    """Read text such as "10 ms" or "2 nS/cm**2" into a quantity.

    Names are looked up among Brian2's units; nothing is evaluated.

    Parameters
    ----------
    text : str or number
        A number, optionally followed by units joined by a space, ``*`` or ``/`` with integer powers.
        ``inf`` is a number.

    Returns
    -------
    brian2.Quantity or float
        A float where the text has no unit.

    Raises
    ------
    ValueError
        The text is not a number with units, or a unit is unknown.

    Examples
    --------
    >>> parse_quantity("10 ms")
    10. * msecond
    >>> parse_quantity("0.05")
    0.05
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)
    if not isinstance(text, str):
        raise TypeError(f"a quantity must be text such as '10 ms' or a number, got {text!r}")
    text = text.translate(_MICRO)
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f"a quantity must start with a number, as in '10 ms', got {text!r}")
    value: Any = float(match.group(1))
    rest = text[match.end() :]
    while rest.strip():
        factor = _FACTOR.match(rest)
        if factor is None:
            raise ValueError(f"a quantity must read like '10 ms' or '2 nS/cm**2', got {text!r}")
        unit = _unit(factor.group(2), text) ** _power(factor.group(3))
        value = value / unit if factor.group(1) == "/" else value * unit
        rest = rest[factor.end() :]
    return value


def _power(text: str | None) -> int | float:
    if text is None:
        return 1
    return float(text) if "." in text else int(text)


def si_value(value: Any, unit: str, where: str) -> Any:
    """Strip a quantity to plain float64 numbers in SI units after checking its unit.

    Parameters
    ----------
    value : Quantity, float, array or str
        What the user handed in; text is read by `parse_quantity`.
    unit : str
        A quantity with the right dimension, for example ``"1 ms"``; ``"1"`` for a pure number.
    where : str
        The name for the error message, for example ``"AdaptiveLIF.tau_K"``.

    Returns
    -------
    float or ndarray
        In SI base units.

    Raises
    ------
    ValueError
        The dimension is not that of `unit`, or the text is no quantity.
    TypeError
        Something that is no number.

    Examples
    --------
    >>> si_value("10 ms", "1 ms", "tau")
    0.01
    """
    from brian2.units.fundamentalunits import get_dimensions

    try:
        checked = parse_quantity(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    example = parse_quantity(unit)
    try:
        same = get_dimensions(checked) == get_dimensions(example)
        plain = np.asarray(checked, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be a number with the unit of {unit}, got {value!r}") from error
    if not same:
        expected = "be a pure number" if unit == "1" else f"have the unit of {unit}"
        raise ValueError(f"{where} must {expected}, got {value}")
    return float(plain) if plain.ndim == 0 else plain


def seconds(value: Any, where: str) -> float:
    """Read a time given as a quantity, as text, or as a plain number of seconds.

    Raises
    ------
    ValueError
        The value is not finite or has another unit than time.
    TypeError
        The value is True or False.

    Examples
    --------
    >>> seconds(0.25, "bin_size")
    0.25
    >>> seconds("5 ms", "bin_size")
    0.005
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{where} must be a time, got {value}")
    if isinstance(value, (int, float, np.floating, np.integer)) and not hasattr(value, "dim"):
        plain = float(value)
    else:
        result = si_value(value, "1 second", where)
        if not isinstance(result, float):
            raise ValueError(f"{where} must be one time, got an array of shape {result.shape}")
        plain = result
    if not math.isfinite(plain):
        raise ValueError(f"{where} must be a finite time, got {value}")
    return plain


def quantity(
    default: str | float,
    *,
    positive: bool = False,
    nonnegative: bool = False,
    infinite: bool = False,
    doc: str = "",
) -> Any:
    """Declare a dataclass field that holds a quantity.

    A Brian2 quantity cannot be hashed, so a dataclass refuses it as a default; text stands in for it
    until `validate_parameters` turns it into a quantity.

    Parameters
    ----------
    default : str or float
        ``"10 ms"``; its unit is the unit that every value must have.
    positive, nonnegative : bool
        The range that is checked.
    infinite : bool
        Whether infinity is allowed.
    doc : str
        What the parameter is, for help texts.
    """
    metadata = {
        "quantity": default,
        "positive": positive,
        "nonnegative": nonnegative,
        "infinite": infinite,
        "doc": doc,
    }
    return dataclasses.field(default=default, metadata=metadata)


def validate_parameters(instance: Any) -> None:
    """Turn every `quantity` field of a frozen dataclass into a checked quantity; call it in ``__post_init__``.

    Raises
    ------
    ValueError
        A wrong unit, NaN, an infinity that is not allowed, or a value outside the field's range. The message reads
        ``AdaptiveLIF.tau_K must be positive, got -5. ms``.
    TypeError
        A value that is no number, or an array where one value is needed.
    """
    owner = type(instance).__name__
    for field in dataclasses.fields(instance):
        if "quantity" not in field.metadata:
            continue
        where = f"{owner}.{field.name}"
        given = getattr(instance, field.name)
        try:
            value = parse_quantity(given) if isinstance(given, str) else given
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        example = field.metadata["quantity"]
        unit = example if isinstance(example, str) and not _is_number(example) else "1"
        plain = si_value(value, unit, where)
        if not isinstance(plain, float):
            raise TypeError(
                f"{where} must be one value, got an array of shape {plain.shape}; pass arrays through vary="
            )
        check_range(plain, field.metadata, where, given)
        object.__setattr__(instance, field.name, _as_quantity(plain, unit))


def check_range(plain: Any, metadata: Mapping[str, Any], where: str, given: Any) -> None:
    """Check finite, positive and nonnegative as a field's metadata ask; `plain` may be an array."""
    values = np.asarray(plain, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError(f"{where} must be a number, got {given}")
    if not metadata["infinite"] and np.isinf(values).any():
        raise ValueError(f"{where} must be finite, got {given}")
    if metadata["positive"] and (values <= 0).any():
        raise ValueError(f"{where} must be positive, got {given}")
    if metadata["nonnegative"] and (values < 0).any():
        raise ValueError(f"{where} must not be negative, got {given}")


def check_delay(delay: Any, dt: float) -> None:
    """Refuse a delay above zero that is shorter than a step: Brian2 would round it to none or to a whole step.

    Parameters
    ----------
    delay : float or ndarray
        Delays in seconds.
    dt : float
        Time step in seconds.

    Raises
    ------
    ValueError
        Naming the delay and the step that it needs.
    """
    short = (np.asarray(delay) > 0) & (np.asarray(delay) < dt * (1 - 1e-9))
    if short.any():
        value = float(np.asarray(delay)[short].flat[0])
        raise ValueError(
            f"t_d must be 0 or at least one step dt = {dt:g} s on the brian2 engine, got {value:g} s; "
            f"take dt <= {value:g} s"
        )


def fitting_step(dt: Any, delay: Any) -> Any:
    """Read the time step of Brian2 objects with a delay: a Quantity, or None for the default clock's.

    Raises
    ------
    ValueError
        `dt` has no unit of time or is not positive, or a delay above zero is shorter than it.
    """
    from brian2 import defaultclock, second

    step = float(defaultclock.dt) if dt is None else seconds(si_value(dt, "1 ms", "dt"), "dt")
    if step <= 0:
        raise ValueError(f"dt must be positive, got {dt}")
    check_delay(delay, step)
    return None if dt is None else step * second


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_quantity(plain: float, unit: str) -> Any:
    if unit == "1":
        return plain
    from brian2.units.fundamentalunits import Quantity, get_dimensions

    return Quantity(plain, dim=get_dimensions(parse_quantity(unit)))
