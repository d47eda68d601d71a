"""Who is connected to whom: listed, or drawn with a fixed probability or in-degree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Shorts
from spikelearn.parameters.copies import private
from spikelearn.parameters.numbers import flat, one_number, whole_number, whole_numbers

__all__ = ["Connections", "FixedInDegree", "FixedProbability", "OneToOne", "Pairs"]

# Sources and targets, one entry a synapse.
Pairs = tuple[Shorts, Shorts]

# Rows of targets that are drawn together: keeps the temporary arrays small.
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Connections:
    """Connections one by one.

    Parameters
    ----------
    sources, targets : array_like of int, shape (n_synapses,)
        Indices within the source and the target population; a pair may come more than once.
    sizes : tuple of int, optional
        How many neurons the source and the target population must have.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    >>> ring = sl.network.Projection("ring", "ring", sl.network.Connections([0, 1, 2], [1, 2, 0]), "1 mV", "2 ms")
    >>> recording = sl.simulate(sl.Network({"ring": sl.network.Population(neuron, 3)}, [ring]), "10 ms")
    >>> recording.sources, recording.targets
    (array([0, 1, 2], dtype=int32), array([1, 2, 0], dtype=int32))
    """

    sources: ArrayLike
    targets: ArrayLike
    sizes: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("sources", "targets"):
            object.__setattr__(self, name, private(flat(f"Connections.{name}", getattr(self, name))))

    @classmethod
    def from_csr(cls, offsets: ArrayLike, targets: ArrayLike) -> Connections:
        """Read compressed rows: source i has the targets ``targets[offsets[i]:offsets[i + 1]]``.

        Raises
        ------
        ValueError
            The offsets do not rise from 0 to the number of targets.
        """
        edges = whole_numbers("Connections.offsets", flat("Connections.offsets", offsets))
        post = flat("Connections.targets", targets)
        if len(edges) < 1 or edges[0] != 0 or edges[-1] != len(post) or (np.diff(edges) < 0).any():
            raise ValueError(f"Connections.offsets must rise from 0 to the number of targets, {len(post)}")
        return cls(np.repeat(np.arange(len(edges) - 1, dtype=np.int32), np.diff(edges)), post)

    @classmethod
    def from_synapses(cls, synapses: Any) -> Connections:
        """Take the connections of a Brian2 Synapses object, which must not be of a standalone device.

        Neurons are numbered as in the whole groups, also where the Synapses join parts of them such as ``G[2:4]``.

        Raises
        ------
        ValueError
            The Synapses have not been connected.
        """
        if not getattr(synapses, "_connect_called", True):
            raise ValueError("Connections.from_synapses must get connected Synapses: call synapses.connect() first")
        first, sizes = zip(*(_place(group) for group in (synapses.source, synapses.target)), strict=True)
        pre, post = (np.asarray(index[:]) + start for index, start in zip((synapses.i, synapses.j), first, strict=True))
        return cls(pre.astype(np.int32), post.astype(np.int32), (sizes[0], sizes[1]))

    def pairs(self, n_sources: int, n_targets: int, same: bool, rng: np.random.Generator, where: str) -> Pairs:
        """Give the pairs as arrays of int32; see `FixedProbability.pairs`."""
        pre, post = np.asarray(self.sources), np.asarray(self.targets)
        if self.sizes is not None and self.sizes != (n_sources, n_targets):
            raise ValueError(
                f"{where}: populations must have {self.sizes[0]} and {self.sizes[1]} neurons, as the groups that the "
                f"Synapses join, got {n_sources} and {n_targets}"
            )
        if pre.shape != post.shape:
            raise ValueError(
                f"{where}: sources and targets must have the same length, got {pre.shape} and {post.shape}"
            )
        for name, index, size in (("sources", pre, n_sources), ("targets", post, n_targets)):
            if len(index) and not np.issubdtype(index.dtype, np.integer):
                raise ValueError(f"{where}: {name} must be whole numbers, got {index.dtype}")
            wrong = (index < 0) | (index >= size)
            if wrong.any():
                raise ValueError(f"{where}: {name} must lie in 0 to {size - 1}, got {index[wrong][0]}")
        if same and (pre == post).any():
            which = int(pre[(pre == post).argmax()])
            raise ValueError(
                f"{where}: neuron {which} must not connect to itself; pass allow_self=True if that is meant"
            )
        return pre.astype(np.int32), post.astype(np.int32)


@dataclass(frozen=True)
class OneToOne:
    """Source i to target i; both populations must have the same size.

    Examples
    --------
    >>> import spikelearn as sl
    >>> kinds = {name: sl.network.Population(sl.AdaptiveLIF(delta_g=0.0), 3) for name in ("a", "b")}
    >>> wiring = sl.network.Projection("a", "b", sl.network.OneToOne(), "1 mV", "2 ms")
    >>> recording = sl.simulate(sl.Network(kinds, [wiring]), "10 ms")
    >>> recording.sources, recording.targets  # units of b come after those of a
    (array([0, 1, 2], dtype=int32), array([3, 4, 5], dtype=int32))
    """

    def pairs(self, n_sources: int, n_targets: int, same: bool, rng: np.random.Generator, where: str) -> Pairs:
        """Give the pairs as arrays of int32; see `FixedProbability.pairs`."""
        if n_sources != n_targets:
            raise ValueError(f"{where}: OneToOne must join populations of one size, got {n_sources} and {n_targets}")
        if same:
            raise ValueError(f"{where}: neuron 0 must not connect to itself; pass allow_self=True if that is meant")
        index = np.arange(n_sources, dtype=np.int32)
        return index, index.copy()


@dataclass(frozen=True)
class FixedProbability:
    """Every pair is connected with the same probability, independently.

    Parameters
    ----------
    p : float
        From 0 to 1.

    Examples
    --------
    >>> import spikelearn as sl
    >>> cells = sl.network.Population(sl.AdaptiveLIF(delta_g=0.0), 50)
    >>> wiring = sl.network.Projection("cells", "cells", sl.network.FixedProbability(0.1), "0.1 mV", "2 ms")
    >>> recording = sl.simulate(sl.Network({"cells": cells}, [wiring]), "10 ms", seed=1)
    >>> len(recording.sources), 50 * 49 * 0.1  # drawn, expected with a standard deviation of 15
    (263, 245.0)
    """

    p: float

    def __post_init__(self) -> None:
        if not 0.0 <= one_number("FixedProbability.p", self.p) <= 1.0:
            raise ValueError(f"FixedProbability.p must lie in 0 to 1, got {self.p}")

    def pairs(self, n_sources: int, n_targets: int, same: bool, rng: np.random.Generator, where: str) -> Pairs:
        """Draw the pairs.

        Parameters
        ----------
        n_sources, n_targets : int
            Sizes of the populations.
        same : bool
            Whether both are one population whose neurons must not connect to themselves.
        rng : Generator
            Source of randomness.
        where : str
            The projection's name for errors.

        Returns
        -------
        sources, targets : ndarray of int32
        """
        total = n_sources * n_targets
        if self.p > 1.0 / 3.0:
            chosen = np.flatnonzero(rng.random(total) < self.p)
        else:
            # Given their number, the pairs are a random subset; numbers of pairs are drawn and repeats thrown out.
            count = int(rng.binomial(total, self.p))
            chosen = np.unique(rng.integers(0, max(total, 1), count))
            while len(chosen) < count:
                chosen = np.unique(np.concatenate([chosen, rng.integers(0, total, count - len(chosen))]))
        pre, post = (chosen // max(n_targets, 1)).astype(np.int32), (chosen % max(n_targets, 1)).astype(np.int32)
        if same:
            keep = pre != post
            pre, post = pre[keep], post[keep]
        return pre, post


@dataclass(frozen=True)
class FixedInDegree:
    """Every target gets the same number of different sources, drawn at random.

    Parameters
    ----------
    k : int
        Sources of each target.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> cells = sl.network.Population(sl.AdaptiveLIF(delta_g=0.0), 50)
    >>> wiring = sl.network.Projection("cells", "cells", sl.network.FixedInDegree(5), "0.1 mV", "2 ms")
    >>> recording = sl.simulate(sl.Network({"cells": cells}, [wiring]), "10 ms", seed=1)
    >>> set(np.bincount(recording.targets).tolist())
    {5}
    """

    k: int

    def __post_init__(self) -> None:
        whole_number("FixedInDegree.k", self.k)

    def _check_size(self, n_sources: int, same: bool, where: str) -> int:
        """Count the possible sources of a target, refusing fewer than it is to have."""
        choices = n_sources - 1 if same else n_sources
        if self.k > choices:
            raise ValueError(f"{where}: FixedInDegree.k must be at most the {choices} possible sources, got {self.k}")
        return choices

    def pairs(self, n_sources: int, n_targets: int, same: bool, rng: np.random.Generator, where: str) -> Pairs:
        """Draw the pairs; see `FixedProbability.pairs`."""
        choices = self._check_size(n_sources, same, where)
        rows = []
        for start in range(0, n_targets, _CHUNK):
            size = min(_CHUNK, n_targets - start)
            drawn = _distinct(choices, size, self.k, rng)
            if same:
                # Leave out the target itself by numbering the others past it one up.
                drawn += drawn >= np.arange(start, start + size)[:, None]
            rows.append(drawn.astype(np.int32))
        pre = np.concatenate(rows).ravel() if rows else np.empty(0, dtype=np.int32)
        return pre, np.repeat(np.arange(n_targets, dtype=np.int32), self.k)


def _place(group: Any) -> tuple[int, int]:
    """Give where a Brian2 group begins within the whole group that it is a part of, and the size of that."""
    whole = getattr(group, "source", None)
    if hasattr(group, "start") and hasattr(group, "stop") and whole is not None:
        return int(group.start), len(whole)
    return 0, len(group)


def _distinct(choices: int, rows: int, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `k` different numbers below `choices` in each row."""
    if k == 0:
        return np.empty((rows, 0), dtype=np.int64)
    if 4 * k * k > 8 * choices:
        return np.argsort(rng.random((rows, choices)), axis=1)[:, :k].astype(np.int64)
    drawn = rng.integers(0, choices, (rows, k))
    while True:
        repeated = (np.diff(np.sort(drawn, axis=1), axis=1) == 0).any(axis=1)
        if not repeated.any():
            return drawn
        # Whole rows again: to redraw only the repeats would favour some subsets.
        drawn[repeated] = rng.integers(0, choices, (int(repeated.sum()), k))
