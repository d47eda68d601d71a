"""Seeds for the runs of a compiled program, which Brian2 itself seeds once, when it is built."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import numpy as np

__all__ = ["SEEDING", "seeds_for_a_run"]

_SEED = "SPIKELEARN_SEEDS"
# One seed for each generator (a thread has its own), all drawn from the seed of the run: consecutive numbers would give
# runs with seeds 1 and 2 a stream in common, and a generator keeps no more than 32 bits of its seed.
SEEDING = f"""
if (const char* text = std::getenv("{_SEED}")) {{
    char* next = const_cast<char*>(text);
    for (size_t i = 0; i < brian::_random_generators.size(); i++)
        brian::_random_generators[i].seed(std::strtoul(next, &next, 10));
}}
"""


@contextlib.contextmanager
def seeds_for_a_run(entropy: np.random.SeedSequence, generators: int = 1) -> Iterator[None]:
    """Hand seeds to a program that has `SEEDING` in it ("after_start") and is run inside.

    Parameters
    ----------
    entropy : SeedSequence
        Where the seeds come from.
    generators : int
        How many the program has, one a thread.
    """
    old = os.environ.get(_SEED)
    os.environ[_SEED] = " ".join(str(word) for word in entropy.generate_state(max(generators, 1)))
    try:
        yield
    finally:
        os.environ.pop(_SEED) if old is None else os.environ.__setitem__(_SEED, old)
