"""What came out of one point: arrays in SI units, or the error that ended it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.sweeps.values import unit_of

__all__ = ["Outcome", "Rows", "attempt", "failure", "read_result"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of one point.

    Parameters
    ----------
    values : dict of str to ndarray
        Float64 or complex128, in SI units; empty where the point failed.
    units : dict of str to str
        Units of those that have one.
    error, traceback : str
        One line, and where it came from; empty where the point succeeded.
    """

    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    error: str = ""
    traceback: str = ""


@dataclass(frozen=True, eq=False)
class Rows:
    """The results of many points, all with the same names, shapes and units.

    Parameters
    ----------
    values : dict of str to ndarray
        Results by name, the points along the first axis, in SI units.
    units : dict of str to str
        Units of those that have one.
    failures : dict of int to Outcome
        Points that failed, by their place along that axis; what stands in their rows means nothing.
    """

    values: dict[str, NDArray[Any]]
    units: dict[str, str] = field(default_factory=dict)
    failures: dict[int, Outcome] = field(default_factory=dict)

    def split(self) -> list[Outcome]:
        """Give the outcomes one by one."""
        n = len(next(iter(self.values.values()))) if self.values else len(self.failures)
        taken = ({name: array[k] for name, array in self.values.items()} for k in range(n))
        return [self.failures.get(k) or Outcome(values, self.units) for k, values in enumerate(taken)]


def failure(error: BaseException) -> Outcome:
    """Give the outcome of a point that raised, whatever its error says of itself."""
    try:
        said = " ".join(str(error).split())
    except Exception as another:  # that of a user's __str__
        said = f"its text cannot be made, {type(another).__name__}"
    name = type(error).__name__
    lines = "".join(traceback.format_exception(error))
    return Outcome(error=_writable(f"{name}: {said}" if said else name), traceback=_writable(lines))


def _writable(text: str) -> str:
    """Escape halves of characters, which no file takes."""
    return text.encode("utf-8", "backslashreplace").decode()


def attempt(function: Callable[[], Mapping[str, Any]]) -> Outcome:
    """Call a function of no arguments; what it raises, sys.exit() too, becomes the outcome of the point."""
    try:
        return read_result(function())
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # whatever a user's function raises is recorded by name
        return failure(error)


def read_result(given: Any) -> Outcome:
    """Read what a function returned: a mapping of names to numbers, arrays or quantities.

    Raises
    ------
    TypeError
        It is no mapping, or holds something that is no number.
    ValueError
        It holds whole numbers that float64 would change, or masked values.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"a sweep's function must return a dict of numbers or arrays, got {type(given).__name__}")
    values, units = {}, {}
    for name, value in given.items():
        if not isinstance(name, str) or not name or name in ("failed", "error", "done"):
            raise TypeError(f"a sweep's result must have names other than failed, error and done, got {name!r}")
        if np.ma.is_masked(value):
            raise ValueError(f"{name} must have no masked values, which would come back as numbers; fill them with nan")
        array = np.asarray(value)
        if array.dtype.kind not in "fiubc":
            raise TypeError(f"{name} must be a number or an array of numbers, got {str(value)[:60]!r}")
        if hasattr(value, "dim") and not value.dim.is_dimensionless:
            units[name] = unit_of(value)
        # One type whatever the points return, so that a result does not depend on which of them failed.
        values[name] = np.array(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64)
        if array.dtype.kind in "iu" and not _kept(array, values[name]):
            raise ValueError(f"{name} must be whole numbers that float64 holds, such as those up to 2**53 in size")
    return Outcome(values, units)


def _kept(whole: NDArray[Any], floats: NDArray[Any]) -> bool:
    large = np.abs(floats) >= 2.0**53
    return all(int(number) == int(given) for number, given in zip(floats[large], whole[large], strict=True))
