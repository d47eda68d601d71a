"""Spike sequences to learn: a staircase, a sequence that turns round, and a circular corridor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Bins
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator

__all__ = ["corridor", "corridor_patterns", "reversing_sequence", "staircase"]


def _blocks(
    rng: np.random.Generator, n_bins: int, n_units: int, order: list[int], n_blocks: int, dwell: tuple[float, float],
    p: tuple[float, float], first: int,
) -> Bins:  # fmt: skip
    """Walk through the blocks of units in the given order, staying in each for a normal number of bins."""
    n_bins, n_units = whole_number("n_bins", n_bins), whole_number("n_units", n_units)
    edges = np.linspace(0, n_units, n_blocks + 1).round().astype(int)
    active = np.empty(0, dtype=np.int64)
    step = first
    while len(active) < n_bins:
        stay = max(1, round(float(rng.normal(*dwell))))
        active = np.append(active, np.full(stay, order[step % len(order)]))
        step += 1
    chance = np.full((n_bins, n_units), p[1])
    for k in range(n_bins):
        chance[k, edges[active[k]] : edges[active[k] + 1]] = p[0]
    return (rng.random((n_bins, n_units)) < chance).astype(np.uint8)


def staircase(
    n_trials: int,
    n_bins: int,
    *,
    n_units: int = 30,
    n_blocks: int = 3,
    dwell: tuple[float, float] = (30.0, 2.0),
    p: tuple[float, float] = (0.7, 0.001),
    seed: int | np.random.SeedSequence = 0,
) -> Bins:
    """Draw trials in which blocks of units fire one after the other, round and round.

    Parameters
    ----------
    n_trials, n_bins : int
        How much to draw; every trial begins with the first block.
    n_units, n_blocks : int
        Units, split evenly among the blocks.
    dwell : tuple of two floats
        Mean and standard deviation, in bins, of the normal stay in a block.
    p : tuple of two floats
        Probability of a spike in a bin within the active block and outside.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of uint8, shape (trials, bins, units)

    Examples
    --------
    >>> staircase(1, 90, dwell=(30, 0), p=(1.0, 0.0))[0, [0, 30, 60]].sum(axis=1)
    array([10, 10, 10], dtype=uint64)
    """
    rng, n_trials = generator(seed), whole_number("staircase: n_trials", n_trials, at_least=1)
    order = list(range(whole_number("staircase: n_blocks", n_blocks, at_least=1)))
    return np.stack([_blocks(rng, n_bins, n_units, order, n_blocks, dwell, p, 0) for _ in range(n_trials)])


def reversing_sequence(
    n_trials: int,
    n_bins: int,
    *,
    n_units: int = 30,
    n_blocks: int = 5,
    dwell: tuple[float, float] = (20.0, 2.0),
    p: tuple[float, float] = (0.5, 0.001),
    seed: int | np.random.SeedSequence = 0,
) -> Bins:
    """Draw trials of a sequence of blocks that runs forward in the first half of the trials and backward in the second.

    Parameters
    ----------
    n_trials, n_bins, n_units, n_blocks, dwell, p, seed
        As in `staircase`.

    Returns
    -------
    ndarray of uint8, shape (trials, bins, units)
        The order of the blocks reverses at trial ``n_trials // 2``.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import reversing_sequence
    >>> X = reversing_sequence(2, 50, n_units=5, dwell=(10, 0), p=(1.0, 0.0))
    >>> X[0, ::10].argmax(axis=1), X[1, ::10].argmax(axis=1)  # forward, backward
    (array([0, 1, 2, 3, 4]), array([4, 3, 2, 1, 0]))
    """
    rng, n_trials = generator(seed), whole_number("reversing_sequence: n_trials", n_trials, at_least=1)
    forward = list(range(whole_number("reversing_sequence: n_blocks", n_blocks, at_least=1)))
    half = n_trials // 2
    return np.stack(
        [
            _blocks(rng, n_bins, n_units, forward if n < half else forward[::-1], n_blocks, dwell, p, 0)
            for n in range(n_trials)
        ]
    )


def corridor_patterns(
    n_places: int, n_units: int, active: int, *, seed: int | np.random.SeedSequence = 0
) -> NDArray[np.bool_]:
    """Give every place of a track a random set of `active` units: booleans of shape (places, units)."""
    rng = generator(seed)
    patterns = np.zeros((n_places, n_units), dtype=np.bool_)
    for place in patterns:
        place[rng.choice(n_units, active, replace=False)] = True
    return patterns


def corridor(
    patterns: NDArray[np.bool_],
    n_laps: int,
    *,
    stay: int = 20,
    p: tuple[float, float] = (0.3, 0.005),
    seed: int | np.random.SeedSequence = 0,
) -> Bins:
    """Draw the spikes of an animal that runs laps on a circular track.

    Parameters
    ----------
    patterns : ndarray of bool, shape (places, units)
        Which units are active at each place, in the order of the track.
    n_laps : int
        How many laps.
    stay : int
        Bins spent at each place.
    p : tuple of two floats
        Probability of a spike in a bin of a unit within and outside the pattern.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of uint8, shape (laps, places * stay, units)

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import corridor
    >>> laps = corridor(np.eye(3, dtype=bool), 2, stay=4, p=(1.0, 0.0))
    >>> laps.shape, laps[0].argmax(axis=1)  # laps, bins, units; who fires in each bin
    ((2, 12, 3), array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]))
    """
    rng, n_laps = generator(seed), whole_number("corridor: n_laps", n_laps)
    chance = np.where(np.repeat(patterns, whole_number("corridor: stay", stay, at_least=1), axis=0), *p)
    return (rng.random((n_laps, *chance.shape)) < chance).astype(np.uint8)
