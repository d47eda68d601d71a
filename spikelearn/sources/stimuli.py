"""Stimuli of LN cells: frames drawn from a law whose moments are known, or frames that were recorded."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.sources.cubature import LARGEST_RANK, Moments, gaussian_moments

__all__ = ["BinaryFrames", "GaussianFrames", "GivenFrames", "Stimulus"]


_LARGEST_SUPPORT = 16
_SMALLEST = 1e-10  # relative singular value below which projections repeat each other


@dataclass(frozen=True, eq=False)
class GaussianFrames:
    """Independent Gaussian frames of covariance S, scaled by a contrast that is drawn anew for each trial or frame.

    With one contrast the stimulus is Gaussian; with several, of mean square 1, it is elliptical and not Gaussian. A
    window of several frames is elliptical only if all share their contrast, so that a trial has one; cells that see
    one frame alone get a contrast for each frame.

    Parameters
    ----------
    covariance : ndarray, shape (dimensions, dimensions)
        S, of one frame.
    contrasts : ndarray
        Equally probable factors.
    per_frame : bool
        Whether every frame has its own contrast.
    """

    covariance: Floats
    contrasts: Floats = field(default_factory=lambda: np.ones(1))
    per_frame: bool = False
    elliptical = True

    @property
    def dimensions(self) -> int:
        """Numbers in a frame."""
        return len(self.covariance)

    def draw(self, rng: np.random.Generator, trials: int, frames: int) -> Floats:
        """Draw stimuli, shape (trials, frames, dimensions)."""
        white = rng.standard_normal((trials, frames, self.dimensions))
        if len(self.contrasts) > 1:
            shape = (trials, frames if self.per_frame else 1, 1)
            white *= self.contrasts[rng.integers(len(self.contrasts), size=shape)]
        return white @ _root(self.covariance)

    def prior(self, window: int) -> tuple[Floats, Floats]:
        """Give mean and covariance of a window of frames, flattened with the lag first."""
        covariance = np.asarray(np.kron(np.eye(window), self.covariance), dtype=np.float64)
        return np.zeros(window * self.dimensions), covariance

    def moments(self, function: Callable[[Floats], Floats], projection: Floats, where: str) -> Moments:
        """Integrate ``w``, ``w x`` and ``w x x^T`` for a weight that depends on ``projection.T @ x`` alone.

        Raises
        ------
        ValueError
            The projections are too many, the window has frames of different contrast, or the integrals do not converge.
        """
        size = len(projection)
        if self.per_frame and size > self.dimensions and len(self.contrasts) > 1:
            raise ValueError(
                f"{where} must look at one frame where every frame has its own contrast, "
                f"got {size // self.dimensions}; only then is the stimulus elliptical"
            )
        root = np.kron(np.eye(size // self.dimensions), _root(self.covariance))
        basis, values, turn = np.linalg.svd(root @ projection, full_matrices=False)
        kept = values > _SMALLEST * values.max(initial=0.0)
        basis, mixing = basis[:, kept], values[kept, None] * turn[kept]
        if basis.shape[1] > LARGEST_RANK:
            raise ValueError(
                f"{where} must depend on at most {LARGEST_RANK} projections, got {basis.shape[1]} with its lags"
            )
        total, first, second = 0.0, np.zeros(size), np.zeros((size, size))
        for contrast in self.contrasts:
            found = gaussian_moments(_at(function, contrast * mixing), basis.shape[1], where)
            total += found.total
            first += contrast * basis @ found.first
            inside = found.second - found.total * np.eye(basis.shape[1])
            second += contrast**2 * (found.total * np.eye(size) + basis @ inside @ basis.T)
        share = 1 / len(self.contrasts)
        return Moments(share * total, share * root @ first, share * root @ second @ root)


@dataclass(frozen=True, eq=False)
class BinaryFrames:
    """Frames of independent numbers -1 and 1: spherical in covariance, and not in law.

    Parameters
    ----------
    dimensions : int
        Numbers in a frame.
    """

    dimensions: int
    elliptical = False

    def draw(self, rng: np.random.Generator, trials: int, frames: int) -> Floats:
        """Draw stimuli, shape (trials, frames, dimensions)."""
        signs: Floats = rng.integers(0, 2, size=(trials, frames, self.dimensions)).astype(np.float64)
        return 2 * signs - 1

    def prior(self, window: int) -> tuple[Floats, Floats]:
        """Give mean and covariance of a window of frames."""
        return np.zeros(window * self.dimensions), np.diag(np.ones(window * self.dimensions))

    def moments(self, function: Callable[[Floats], Floats], projection: Floats, where: str) -> Moments:
        """Sum over all patterns of the numbers that the filters weigh.

        Raises
        ------
        ValueError
            These are more than 16.
        """
        size = len(projection)
        support = np.flatnonzero((projection != 0).any(axis=1))
        if len(support) > _LARGEST_SUPPORT:
            raise ValueError(
                f"{where} must weigh at most {_LARGEST_SUPPORT} numbers of a binary stimulus, "
                f"got {len(support)}; sample instead"
            )
        patterns = np.array(list(itertools.product([-1.0, 1.0], repeat=len(support))))
        weight = _finite(function(patterns @ projection[support]), where) / len(patterns)
        total = float(weight.sum())
        first, second = np.zeros(size), total * np.eye(size)
        first[support] = weight @ patterns
        second[np.ix_(support, support)] = (patterns * weight[:, None]).T @ patterns
        return Moments(total, first, second)


@dataclass(frozen=True, eq=False)
class GivenFrames:
    """Frames that were recorded or made elsewhere; every trial repeats them, and moments are over them.

    Parameters
    ----------
    frames : ndarray, shape (frames, dimensions)
        The stimulus.
    """

    frames: Floats
    elliptical = False

    @property
    def dimensions(self) -> int:
        """Numbers in a frame."""
        return int(self.frames.shape[1])

    def windows(self, window: int) -> Floats:
        """Write all whole windows out: shape (windows, window * dimensions)."""
        views = np.lib.stride_tricks.sliding_window_view(self.frames, window, axis=0)
        rows: Floats = np.ascontiguousarray(views.swapaxes(1, 2)).reshape(len(views), -1)
        return rows

    def prior(self, window: int) -> tuple[Floats, Floats]:
        """Give mean and covariance of all whole windows."""
        rows = self.windows(window)
        center = rows.mean(axis=0)
        return center, np.asarray((rows - center).T @ (rows - center) / len(rows), dtype=np.float64)

    def moments(self, function: Callable[[Floats], Floats], projection: Floats, where: str) -> Moments:
        """Average ``w``, ``w x`` and ``w x x^T`` over all whole windows."""
        rows = self.windows(len(projection) // self.dimensions)
        weight = _finite(function(rows @ projection), where) / len(rows)
        return Moments(float(weight.sum()), weight @ rows, (rows * weight[:, None]).T @ rows)


Stimulus = GaussianFrames | BinaryFrames | GivenFrames


def _at(function: Callable[[Floats], Floats], mixing: Floats) -> Callable[[Floats], Floats]:
    return lambda y: function(y @ mixing)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def _finite(weight: Floats, where: str) -> Floats:
    if not np.isfinite(weight).all():
        raise ValueError(f"{where} must stay finite, got a rate that overflows; make the gain smaller")
    return weight
