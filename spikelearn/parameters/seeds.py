"""One reader of seeds: whole numbers, or generators that exist already."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.parameters.numbers import whole_number

__all__ = ["generator"]


def generator(seed: Any) -> np.random.Generator:
    """Give a generator of random numbers.

    Parameters
    ----------
    seed : int, sequence of int, Generator, SeedSequence or None
        None for one that is different each time; a generator is handed back, and goes on.

    Raises
    ------
    TypeError
        The seed is something else: NumPy takes True for 1.
    ValueError
        It is negative.

    Examples
    --------
    >>> generator(1).integers(10)
    np.int64(4)
    """
    if seed is None or isinstance(seed, (np.random.Generator, np.random.SeedSequence, np.random.BitGenerator)):
        return np.random.default_rng(seed)
    if isinstance(seed, (list, tuple)):
        if not seed:
            raise TypeError("seed must be a whole number or a sequence of them, got an empty one")
        return np.random.default_rng([whole_number(f"seed[{k}]", part) for k, part in enumerate(seed)])
    return np.random.default_rng(whole_number("seed", seed))
