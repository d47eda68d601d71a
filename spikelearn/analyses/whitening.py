"""Whitening of a coloured stimulus, with the two regularisations that recorded stimuli need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["Whitening", "whitening"]


@dataclass(frozen=True, eq=False)
class Whitening:
    """Coordinates in which the prior stimulus has unit variance in every direction that is kept.

    Parameters
    ----------
    directions : ndarray, shape (size, kept)
        Orthonormal principal directions of the prior.
    variances : ndarray, shape (kept,)
        Prior variance along each.
    added : float
        The ridge, as a variance.
    """

    directions: Floats
    variances: Floats
    added: float

    @property
    def matrix(self) -> Floats:
        """Shape (size, kept): ``matrix.T @ x`` are the whitened coordinates of x."""
        scaled: Floats = self.directions / np.sqrt(self.variances + self.added)
        return scaled

    @property
    def inverse(self) -> Floats:
        """Shape (size, kept): ``inverse @ z`` is the stimulus with the whitened coordinates z."""
        scaled: Floats = self.directions * np.sqrt(self.variances + self.added)
        return scaled

    @property
    def prior(self) -> Floats:
        """Shape (kept,): variance of the prior in the whitened coordinates, 1 without a ridge."""
        share: Floats = self.variances / (self.variances + self.added)
        return share

    def solve(self, vectors: Floats) -> Floats:
        """Apply the regularised inverse of the prior covariance to vectors of shape (..., size)."""
        solved: Floats = vectors @ self.matrix @ self.matrix.T
        return solved


def whitening(covariance: Floats, ridge: float = 0.0, variance_floor: float = 1e-9, *, scale: float = 0.0) -> Whitening:
    """Find whitened coordinates of a stimulus from its covariance.

    Parameters
    ----------
    covariance : ndarray, shape (size, size)
        Of the prior stimulus vectors.
    ridge : float
        This fraction of the mean variance is added to the variance of every direction.
    variance_floor : float
        Directions with less than this fraction of the largest variance are left out.
    scale : float
        Size of the stimulus itself; a standard deviation below 1e-12 of it is rounding.

    Raises
    ------
    ValueError
        The ridge is negative, the floor is not in [0, 1), or the stimulus does not vary at all.
    """
    if not ridge >= 0:
        raise ValueError(f"ridge must not be negative, got {ridge}")
    if not 0 <= variance_floor < 1:
        raise ValueError(f"variance_floor must lie in [0, 1), got {variance_floor}")
    variances, directions = np.linalg.eigh(covariance)
    if not variances[-1] > (1e-12 * scale) ** 2:
        raise ValueError("stimulus must vary, got one that is constant")
    kept = (variances > variance_floor * variances[-1]) & (variances > 0)
    return Whitening(directions[:, kept], variances[kept], ridge * float(np.trace(covariance)) / len(covariance))
