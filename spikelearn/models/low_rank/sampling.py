"""Connectivity vectors drawn with the covariance that was asked for, in the population or in the very sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.models.low_rank.admissible import residual_root
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["Vectors", "sample"]

_LARGEST_DENSE = 4000


@dataclass(frozen=True, eq=False)
class Vectors:
    """The connectivity of one network; J_ij = (1/n) sum_mu eta_mu,i xi_mu,j is never formed.

    Parameters
    ----------
    eta, xi : ndarray, shape (p, n)
        Output and input vectors.
    inputs : ndarray, shape (q, n)
        Vectors along which the external input comes.
    chi : ndarray of shape (n, n), or None
        Standard normal numbers of the random part g chi/sqrt(n).
    population : ndarray of int64, shape (n,), or None
        Component of the mixture that each neuron belongs to.

    Examples
    --------
    >>> import spikelearn as sl
    >>> vectors = sl.LowRank([[0.9]]).sample(1000, seed=0, whiten=True)
    >>> vectors.n, vectors.eta.shape, round(float(vectors.xi[0] @ vectors.eta[0]) / 1000, 9)  # C
    (1000, (1, 1000), 0.9)
    """

    eta: Floats
    xi: Floats
    inputs: Floats
    chi: Floats | None = None
    population: Integers | None = None

    @property
    def n(self) -> int:
        """Number of neurons."""
        return int(self.eta.shape[1])

    def overlaps(self, x: Floats) -> Floats:
        """Give m = (1/n) xi x, for x of shape (..., n); Eq. (4)."""
        return np.asarray(np.asarray(x) @ self.xi.T / self.n)

    def state(self, m: Floats) -> Floats:
        """Give the shortest state x = xi^T (xi xi^T/n)^-1 m that has the overlaps m, shape (n,)."""
        gram = self.xi @ self.xi.T / self.n
        return np.asarray(np.linalg.solve(gram, np.asarray(m, dtype=np.float64)) @ self.xi)

    def connectivity(self) -> Floats:
        """Give the dense matrix J, without the random part, for small networks and for checks."""
        return np.asarray(self.eta.T @ self.xi / self.n)


def sample(model: LowRank, n: int, seed: int | None = None, *, whiten: bool = False) -> Vectors:
    """Draw the vectors of a network of n neurons.

    Given (eta, inputs), which are independent standard normal, xi = D (eta, inputs) + S w with D = [C B], w standard
    normal and S the square root of I - D D^T.

    Parameters
    ----------
    model : LowRank
        Gives C, B, g and the mixture.
    n : int
        Number of neurons.
    seed : int, optional
        Seed of the random numbers.
    whiten : bool
        Whether the second moments of the sample, about zero, are exactly those of the population. It takes n of at
        least 2 p + q.

    Returns
    -------
    Vectors

    Raises
    ------
    ValueError
        Too few neurons for `whiten`, too many for a random part, or a mixture with `whiten`.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import sample
    >>> vectors = sample(sl.LowRank([[0.9]]), 10_000, seed=0)
    >>> round(float(vectors.xi[0] @ vectors.eta[0]) / 10_000, 1)  # C, within 1/sqrt(n)
    0.9
    """
    count = whole_number("LowRank.sample: n", n, at_least=1)
    rng = generator(seed)
    if model.mixture is not None:
        return _mixture(model, count, rng, whiten)
    if model.g and count > _LARGEST_DENSE:
        raise ValueError(
            f"LowRank.sample: n must be at most {_LARGEST_DENSE} with a random part, which has n**2 numbers, "
            f"got {count}"
        )
    D, p, q = model.joint, model.p, model.q
    normal = rng.standard_normal((2 * p + q, count))
    if whiten:
        if count < 2 * p + q:
            raise ValueError(f"LowRank.sample: n must be at least {2 * p + q} for whiten=True, got {count}")
        normal = _whitened(normal)
    xi = D @ normal[: p + q] + residual_root(D) @ normal[p + q :]
    chi = rng.standard_normal((count, count)) if model.g else None
    return Vectors(normal[:p], xi, normal[p : p + q], chi)


def _whitened(normal: Floats) -> Floats:
    """Give rows whose second moments are the identity to rounding, by the symmetric root; twice, for digits."""
    for _ in range(2):
        values, vectors = np.linalg.eigh(normal @ normal.T / normal.shape[1])
        normal = (vectors / np.sqrt(values)) @ vectors.T @ normal
    return normal


def _mixture(model: LowRank, n: int, rng: np.random.Generator, whiten: bool) -> Vectors:
    """Every neuron belongs to a component at random; within it the vectors are Gaussian about its means."""
    if whiten:
        raise ValueError("LowRank.sample: whiten must be False for a mixture")
    parts = model.mixture or ()
    population = rng.choice(len(parts), size=n, p=[part.weight for part in parts]).astype(np.int64)
    eta = rng.standard_normal((model.p, n))
    w = rng.standard_normal((model.p, n))
    xi = np.empty_like(eta)
    for k, part in enumerate(parts):
        own = population == k
        xi[:, own] = part.C @ eta[:, own] + residual_root(part.C) @ w[:, own] + part.mean_xi[:, None]
        eta[:, own] += part.mean_eta[:, None]
    return Vectors(eta, xi, np.empty((0, n)), None, population)
