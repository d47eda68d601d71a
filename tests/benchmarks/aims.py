"""What a benchmark is wanted to reach, beside what it measured.

A benchmark calls `aim` where it has measured something that there is an aim for, and ends with ``aims.run(main)``.
Every aim prints one line, "met" or "MISSED", and a count of them is the last line. The exit status is 0 whatever was
missed, since a busy machine misses aims too; with ``--assert`` on the command line it is 1 if any was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

OPTION = "--assert"
found: list[bool] = []


def aim(name: str, measured: float, *, at_most: float | None = None, at_least: float | None = None) -> bool:
    """Print whether a number is what it should be, and keep it for the exit status.

    Parameters
    ----------
    name : str
        What was measured, with its unit.
    measured : float
        The number; NaN misses every aim.
    at_most, at_least : float
        The aim: one of them, or both.

    Returns
    -------
    bool
        Whether it is met.

    Raises
    ------
    ValueError
        Neither end is given.
    """
    if at_most is None and at_least is None:
        raise ValueError(f"aim: {name!r} must have at_most or at_least, got neither")
    ends = {"at least": at_least, "at most": at_most}
    met = (at_least is None or measured >= at_least) and (at_most is None or measured <= at_most)
    wanted = ", ".join(f"{word} {end:g}" for word, end in ends.items() if end is not None)
    print(f"  aim {'met' if met else 'MISSED'}: {name} {measured:.4g} ({wanted})", flush=True)
    found.append(bool(met))
    return bool(met)


def run(main: Callable[[], Any]) -> None:
    """Run a benchmark, count its aims, and end with its exit status, or 1 if one is missed and ``--assert`` given."""
    asked = OPTION in sys.argv
    sys.argv[:] = [argument for argument in sys.argv if argument != OPTION]
    found.clear()
    status = main()
    if found:
        print(f"{sum(found)} of {len(found)} aims met")
    sys.exit(status or int(asked and not all(found)))
