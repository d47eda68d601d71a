"""Tables of points spread over ranges: at random, or as a Latin hypercube."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.arrays import Floats
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.sweeps.values import Value, read_value

__all__ = ["latin_hypercube", "random"]


def random(ranges: Mapping[str, Any], n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Draw points uniformly from ranges.

    Parameters
    ----------
    ranges : mapping of str to pair
        Name -> (low, high), with units; values lie in [low, high).
    n : int
        How many points.
    seed : int
        Seed of the draw.

    Returns
    -------
    list of dict
        A table for `sweep`.

    Raises
    ------
    ValueError
        A range that is no pair of numbers of one unit, rising; a negative seed.
    TypeError
        A seed that is no whole number.

    Examples
    --------
    >>> [sorted(point) for point in random({"tau": ("5 ms", "20 ms"), "gain": (0, 1)}, n=2)]
    [['gain', 'tau'], ['gain', 'tau']]
    """
    count = whole_number("random: n", n, at_least=1)
    return _scaled("random", ranges, generator(seed).random((count, len(ranges))))


def latin_hypercube(ranges: Mapping[str, Any], n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Draw points of which each lies in another of n equal parts of every range (`scipy.stats.qmc.LatinHypercube`).

    Parameters
    ----------
    ranges, n, seed
        As for `random`.

    Returns
    -------
    list of dict
        A table for `sweep`.

    Raises
    ------
    ValueError
        A range that is no pair of numbers of one unit, rising; a negative seed.
    TypeError
        A seed that is no whole number.

    Examples
    --------
    >>> points = latin_hypercube({"gain": (0, 4)}, n=4)
    >>> sorted(int(point["gain"]) for point in points)
    [0, 1, 2, 3]
    """
    from scipy.stats import qmc

    count = whole_number("latin_hypercube: n", n, at_least=1)
    # Given by position: SciPy has renamed the argument that takes the seed.
    drawn = qmc.LatinHypercube(len(ranges), **_generator(qmc, seed)).random(count)
    return _scaled("latin_hypercube", ranges, drawn)


def _generator(qmc: Any, seed: int) -> dict[str, Any]:
    import inspect

    name = "rng" if "rng" in inspect.signature(qmc.LatinHypercube.__init__).parameters else "seed"
    return {name: generator(seed)}


def _scaled(where: str, ranges: Mapping[str, Any], drawn: Floats) -> list[dict[str, Any]]:
    if not isinstance(ranges, Mapping) or not ranges:
        raise ValueError(f"{where}: ranges must be a mapping of name -> (low, high), got {ranges!r}")
    columns = {}
    for k, (name, pair) in enumerate(ranges.items()):
        if isinstance(pair, str) or len(pair) != 2:
            raise ValueError(f"{where}: the range of {name} must be (low, high), got {pair!r}")
        low, high = (read_value(edge, f"{where}: {name}") for edge in pair)
        if isinstance(low.plain, (str, bool)) or isinstance(high.plain, (str, bool)) or low.unit != high.unit:
            raise ValueError(f"{where}: the range of {name} must be two numbers of one unit, got {pair!r}")
        if not low.plain < high.plain:
            raise ValueError(f"{where}: the range of {name} must rise, got {low.text} to {high.text}")
        columns[name] = [
            Value(float(value), low.unit).given for value in low.plain + drawn[:, k] * (high.plain - low.plain)
        ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
