"""The weights of all layers: kept in memory, or drawn again whenever they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters import seeds

__all__ = ["Kept", "Layers", "Redrawn", "drawn"]

BLOCK = 2**22
"""Numbers that are drawn at a time where weights are not kept: 32 MB."""


class Layers(Protocol):
    """What the passes need of the weights w^1 ... w^L, each (n, n), and of the read-out w^(L+1)."""

    def times(self, layer: int, x: Floats) -> Floats:
        """Give w^layer . x for every row of x."""

    def back(self, layer: int, delta: Floats) -> Floats:
        """Give delta . w^layer for every row of delta."""

    def readout(self) -> Floats:
        """Give w^(L+1), shape (n,)."""

    def arrays(self) -> tuple[Floats, ...]:
        """Give all weights as arrays, the read-out last."""


class Kept:
    """Weights in memory, 8 n^2 bytes a layer.

    Parameters
    ----------
    weights : sequence of ndarray
        L matrices (n, n) and a read-out (n,).
    """

    def __init__(self, weights: Sequence[Floats]) -> None:
        self._weights = tuple(weights)

    def times(self, layer: int, x: Floats) -> Floats:
        """Give w^layer . x for every row of x."""
        return x @ self._weights[layer - 1].T

    def back(self, layer: int, delta: Floats) -> Floats:
        """Give delta . w^layer for every row of delta."""
        return delta @ self._weights[layer - 1]

    def readout(self) -> Floats:
        """Give w^(L+1), shape (n,)."""
        return self._weights[-1]

    def arrays(self) -> tuple[Floats, ...]:
        """Give all weights as arrays, the read-out last."""
        return self._weights


class Redrawn:
    """Weights that are never held: some rows at a time come out of the generator, again in every pass.

    The generator's state at the begin of every layer is kept, so that every pass sees the numbers that `drawn` would
    hold in memory.

    Parameters
    ----------
    n, depth : int
        Size and number of the layers.
    seed : int or sequence of int
        For ``numpy.random.default_rng``.
    """

    def __init__(self, n: int, depth: int, seed: Any) -> None:
        self._n, self._depth = n, depth
        self._generator = seeds.generator(seed)
        self._states: list[Any] = [self._generator.bit_generator.state]

    def _rows(self, layer: int) -> Iterator[tuple[slice, Floats]]:
        """Yield the rows of one layer, block by block."""
        self._go_to(layer)
        n, step = self._n, max(1, BLOCK // self._n)
        scale = 1 / np.sqrt(n)
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            block = self._generator.standard_normal((rows.stop - rows.start, n))
            block *= scale
            yield rows, block
        if len(self._states) == layer:
            self._states.append(self._generator.bit_generator.state)

    def _go_to(self, layer: int) -> None:
        while len(self._states) < layer:
            for _ in self._rows(len(self._states)):
                pass
        self._generator.bit_generator.state = self._states[layer - 1]

    def times(self, layer: int, x: Floats) -> Floats:
        """Give w^layer . x for every row of x."""
        found = np.empty((len(x), self._n))
        for rows, block in self._rows(layer):
            found[:, rows] = x @ block.T
        return found

    def back(self, layer: int, delta: Floats) -> Floats:
        """Give delta . w^layer for every row of delta."""
        found = np.zeros((len(delta), self._n))
        for rows, block in self._rows(layer):
            found += delta[:, rows] @ block
        return found

    def readout(self) -> Floats:
        """Give w^(L+1), shape (n,)."""
        self._go_to(self._depth + 1)
        w = self._generator.standard_normal(self._n)
        w *= 1 / np.sqrt(self._n)
        return w

    def arrays(self) -> tuple[Floats, ...]:
        """Give all weights as arrays, the read-out last."""
        whole = []
        for layer in range(1, self._depth + 1):
            matrix = np.empty((self._n, self._n))
            for rows, block in self._rows(layer):
                matrix[rows] = block
            whole.append(matrix)
        return (*whole, self.readout())


def drawn(n: int, depth: int, seed: Any) -> tuple[Floats, ...]:
    """Draw all weights from N(0, 1/n), in the order w^1 ... w^(L+1).

    Parameters
    ----------
    n, depth : int
        Size and number of the layers.
    seed : int or sequence of int
        For ``numpy.random.default_rng``.

    Returns
    -------
    tuple of ndarray
        `depth` matrices (n, n) and the read-out (n,).

    References
    ----------
    Document 002 Q4, Eq. (20): w ~ 1/sqrt(n).

    Examples
    --------
    >>> [w.shape for w in drawn(3, 2, seed=0)]
    [(3, 3), (3, 3), (3,)]
    """
    generator = seeds.generator(seed)
    scale = 1 / np.sqrt(n)
    weights = []
    for shape in [(n, n)] * depth + [(n,)]:
        w = generator.standard_normal(shape)
        w *= scale
        weights.append(w)
    return tuple(weights)
