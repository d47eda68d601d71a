"""Weights in factored form: as many columns as there are independent frames, however many neurons there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.numbers import whole_number

__all__ = ["FactoredWeights"]


@dataclass(frozen=True, eq=False)
class FactoredWeights:
    """The weights W = left right that minimise the relative entropy, and what of the input they cannot follow.

    Parameters
    ----------
    left : ndarray, shape (n, rank)
    right : ndarray, shape (rank, n)
        Rows are orthonormal: the directions of S(u) in which anything was seen.
    n_frames : int
        Frames that were learned from.
    singular_values : ndarray
        Those of S(u), frames by neurons, largest first, cut ones included.
    residual : ndarray, shape (n_frames,)
        Length of W S(u) - l u - xi in each frame: what was lost.
    conflicts : tuple of (int, int)
        Pairs of equal frames that must be followed differently.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> W = sl.entropy_rule.minimiser(2 * np.eye(4) - 1, dt=0.1, l=1.0, factored=True)
    >>> W.rank, W.shape, bool(W.residual.max() < 1e-12)  # nothing was lost
    (4, (4, 4), True)
    >>> np.allclose(W.apply(np.ones(4)), W.dense() @ np.ones(4))
    True
    """

    left: Floats
    right: Floats
    n_frames: int
    singular_values: Floats
    residual: Floats
    conflicts: tuple[tuple[int, int], ...] = ()

    @property
    def rank(self) -> int:
        """Number of independent frames: singular values above the cut."""
        return int(self.left.shape[1])

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the dense matrix."""
        return len(self.left), self.right.shape[1]

    def dense(self) -> Floats:
        """Multiply out: W, shape (n, n)."""
        return np.asarray(self.left @ self.right)

    def apply(self, s: Floats) -> Floats:
        """Give W s for a vector of shape (n,), without the matrix."""
        return np.asarray(self.left @ (self.right @ s))

    def spread(self, n: int, active: ArrayLike) -> FactoredWeights:
        """Place weights between some neurons into a network of n, all others with zero rows and columns.

        Parameters
        ----------
        n : int
            Size of the whole network.
        active : array_like of int
            Where these neurons are in it.
        """
        size = whole_number("FactoredWeights.spread: n", n, at_least=1)
        where: Integers = np.asarray(active, dtype=np.int64)
        if where.shape != (len(self.left),) or where.min() < 0 or where.max() >= size:
            raise ValueError(
                f"FactoredWeights.spread: active must be {len(self.left)} places below {size}, got shape {where.shape}"
            )
        left, right = np.zeros((size, self.rank)), np.zeros((self.rank, size))
        left[where], right[:, where] = self.left, self.right
        return FactoredWeights(left, right, self.n_frames, self.singular_values, self.residual, self.conflicts)

    def __repr__(self) -> str:
        return (
            f"FactoredWeights({len(self.left)} neurons, {self.rank} of {self.n_frames} frames independent, "
            f"largest residual {self.residual.max():.3g})"
        )
