"""A low-dimensional input on a grid of neurons, one neuron a box of its phase space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.models.entropy_rule.factored import FactoredWeights
from spikelearn.models.entropy_rule.fields import target_of
from spikelearn.models.entropy_rule.frames import check_step
from spikelearn.models.entropy_rule.minimiser import check_decay, least_squares
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number

__all__ = ["GridMovie", "grid_movie", "trajectory"]

_X, _Y = (-3.0, 3.0), (-2.0, 1.125)
_CODINGS = {"plus_minus": -1.0, "zero_one": 0.0}


def trajectory(t: Floats) -> Floats:
    """Give the source's input (-3 cos t, sin t + cos 2t), shape (len(t), 2); it does not cross itself."""
    return np.stack([-3.0 * np.cos(t), np.sin(t) + np.cos(2.0 * t)], axis=1)


@dataclass(frozen=True, eq=False)
class GridMovie:
    """An input as boxes of a grid that are active one after the other.

    Parameters
    ----------
    boxes : ndarray of int, shape (frames,)
        Box of each frame, as N y + x.
    N : int
        Boxes along each side.
    coding : str
        Of active and silent boxes: +1 and -1 ("plus_minus"), or 1 and 0 ("zero_one").

    Examples
    --------
    >>> import spikelearn as sl
    >>> movie = sl.entropy_rule.grid_movie(44)
    >>> movie.frames.shape, len(movie.active)  # 50 of 44 x 44 boxes are ever active
    ((50, 50), 50)
    >>> W = movie.learn(dt=0.1, l=1.0)
    >>> path = sl.entropy_rule.replay(W, movie.frames[0], 50, dt=0.1, l=1.0)
    >>> bool(sl.entropy_rule.cycle_errors(path, movie.frames)[0] < 1e-9)
    True
    """

    boxes: Integers
    N: int
    coding: str

    @property
    def active(self) -> Integers:
        """Boxes that are ever active, n_eff of them; only these learn and replay."""
        return np.unique(self.boxes)

    @property
    def frames(self) -> Floats:
        """Frames of the active neurons alone, shape (frames, n_eff)."""
        shown: NDArray[np.bool_] = self.boxes[:, None] == self.active
        return np.where(shown, 1.0, _CODINGS[self.coding])

    def learn(self, dt: float, l: float, activation: str = "tanh") -> FactoredWeights:
        """Minimise the relative entropy over the active neurons, `.spread(N**2, active)` places them in the grid.

        With silent boxes at -1, their S(-1) would act as a bias: the weights of active neurons would then differ, with
        the same replay. Silent neurons have zero rows and columns instead.
        """
        from spikelearn.models.entropy_rule.activation import get_activation

        where = "GridMovie.learn"
        frames, step = self.frames, check_step(dt, where)
        S = get_activation(activation).value(frames)
        return least_squares(S, target_of(frames, step, check_decay(l, where), "frames", where))

    def decode(self, path: Floats) -> Floats:
        """Give where in the phase plane each state of the active neurons points: the centre of its most active box."""
        box = self.active[np.argmax(path, axis=1)]
        y, x = np.divmod(box, self.N)
        scale = max(self.N - 1, 1)
        return np.stack([_X[0] + x / scale * (_X[1] - _X[0]), _Y[0] + y / scale * (_Y[1] - _Y[0])], axis=1)


def grid_movie(N: int, n_frames: int = 50, coding: str = "plus_minus") -> GridMovie:
    """Put the source's input on an N x N grid, nodes round((N-1)(x+3)/6), round((N-1)(y+2)/3.125).

    Parameters
    ----------
    N : int
        Boxes along each side of [-3, 3] x [-2, 1.125].
    n_frames : int
        Equal steps of one period 2 pi.
    coding : {"plus_minus", "zero_one"}

    Returns
    -------
    GridMovie

    References
    ----------
    004, "Learning the dynamics", figure 5b.

    Examples
    --------
    >>> len(grid_movie(44).active), len(grid_movie(43).active) < 50
    (50, True)
    """
    side, count = (
        whole_number("grid_movie: N", N, at_least=2),
        whole_number("grid_movie: n_frames", n_frames, at_least=2),
    )
    if coding not in _CODINGS:
        raise ValueError(unknown_name("grid_movie", "coding", str(coding), _CODINGS))
    points = trajectory(2.0 * np.pi * np.arange(count) / count)
    places = [
        np.clip(np.rint((side - 1) * (points[:, k] - low) / (high - low)), 0, side - 1).astype(np.int64)
        for k, (low, high) in enumerate((_X, _Y))
    ]
    return GridMovie(side * places[1] + places[0], side, coding)
