"""A user's own movie or time series: weights in factors, the replay, its error, and what could not be learned."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.factored import FactoredWeights
from spikelearn.models.entropy_rule.fields import target_of
from spikelearn.models.entropy_rule.frames import check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import check_decay, minimiser
from spikelearn.models.entropy_rule.replaying import cycle_errors, replay
from spikelearn.models.entropy_rule.stability import floquet
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number

__all__ = ["MovieFit", "learn_movie", "read_movie"]

_CODINGS = {"raw": None, "plus_minus": (-1.0, 1.0), "zero_one": (0.0, 1.0)}


@dataclass(frozen=True, eq=False)
class MovieFit:
    """A learned movie.

    Parameters
    ----------
    frames : ndarray, shape (frames, neurons)
        What was shown to the network, after coding.
    shape : tuple of int
        Shape of one frame as it was given.
    weights : FactoredWeights
        (n x r)(r x n); `.dense()` multiplies them out.
    path : ndarray, shape (cycles * frames + 1, neurons)
        Replay from the first frame.
    errors : ndarray, shape (cycles,)
        Largest difference between replay and movie in each cycle.
    lost : ndarray, shape (frames,)
        Share of what synapses must give in a frame that no weights can give, from 0 to 1.
    multipliers : ndarray of complex
        Floquet multipliers of replay, largest first.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> found = sl.entropy_rule.learn_movie(np.eye(8).reshape(8, 2, 4))
    >>> found.weights.rank, found.images().shape, found.stable
    (8, (25, 2, 4), True)
    >>> bool(found.errors.max() < 1e-9)
    True
    """

    frames: Floats
    shape: tuple[int, ...]
    weights: FactoredWeights
    path: Floats
    errors: Floats
    lost: Floats
    multipliers: NDArray[np.complex128]

    def images(self) -> Floats:
        """Give the replay as images, shape (steps, ...)."""
        return self.path.reshape(-1, *self.shape)

    @property
    def stable(self) -> bool:
        """Whether replay returns to the movie after small disturbances."""
        return bool(np.abs(self.multipliers[0]) < 1.0)

    def summary(self) -> str:
        """Say in a few lines what was learned and what was not."""
        w = self.weights
        holds = "returns to the movie" if self.stable else "leaves the movie"
        lines = [
            f"{w.n_frames} frames of {len(w.left)} neurons, {w.rank} of them independent",
            f"lost: {100 * self.lost.max():.2g} % of the worst frame ({int(np.argmax(self.lost))}), "
            f"{100 * float(np.sqrt(np.mean(self.lost**2))):.2g} % overall",
            f"replay differs by {', '.join(f'{e:.2g}' for e in self.errors)} in cycles 1 to {len(self.errors)}",
            f"largest multiplier {abs(self.multipliers[0]):.3g}: replay {holds}",
        ]
        lines += [f"frames {a} and {b} are equal but are followed by different ones" for a, b in w.conflicts[:5]]
        return "\n".join(lines)


def read_movie(data: ArrayLike, coding: str = "plus_minus") -> tuple[Floats, tuple[int, ...]]:
    """Read frames of any shape, such as (frames, height, width) or (frames, neurons), into rows of neurons.

    Parameters
    ----------
    data : array_like, shape (frames, ...)
        Numbers of any kind: pixels of 0 to 255, booleans, recorded rates.
    coding : {"plus_minus", "zero_one", "raw"}
        The movie's lowest and highest value become -1 and +1, or 0 and 1; or values are taken as they are.

    Returns
    -------
    frames : ndarray, shape (frames, neurons)
    shape : tuple of int
        Of one frame.

    Raises
    ------
    ValueError
        One value throughout, NaN, no frames, or an unknown coding.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> pixels = np.array([[[0, 255], [0, 0]], [[0, 0], [255, 0]]])  # two frames of 2 x 2 pixels
    >>> sl.entropy_rule.read_movie(pixels)
    (array([[-1.,  1., -1., -1.],
           [-1., -1.,  1., -1.]]), (2, 2))
    """
    if coding not in _CODINGS:
        raise ValueError(unknown_name("read_movie", "coding", str(coding), _CODINGS))
    try:
        array = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"read_movie: data must be numbers, all frames of one shape, got {error}") from error
    if array.ndim < 2:
        raise ValueError(f"read_movie: data must have the shape (frames, ...), got {array.shape}")
    flat = array.reshape(len(array), int(np.prod(array.shape[1:])))
    frames = read_frames(flat, "read_movie")
    span = _CODINGS[coding]
    if span is not None:
        low, high = float(frames.min()), float(frames.max())
        if low == high:
            raise ValueError(f"read_movie: data must change, got {low:g} everywhere")
        frames = span[0] + (frames - low) / (high - low) * (span[1] - span[0])
    return frames, array.shape[1:]


def learn_movie(
    data: ArrayLike,
    dt: float = 0.1,
    l: float = 1.0,
    activation: str = "tanh",
    *,
    coding: str = "plus_minus",
    cycles: int = 3,
    xi: Any = "frames",
) -> MovieFit:
    """Learn a movie in one go, replay it, and say what was lost.

    Nothing of size neurons x neurons is made: 10,000 neurons and 100 frames take some tens of megabytes.

    Parameters
    ----------
    data : array_like, shape (frames, ...)
        As in `read_movie`; the last frame is followed by the first.
    dt, l, activation, xi
        As in `minimiser`.
    coding : {"plus_minus", "zero_one", "raw"}
        As in `read_movie`.
    cycles : int
        How many times the movie is replayed.

    Returns
    -------
    MovieFit

    Raises
    ------
    ValueError
        Data that are no movie, or a replay that leaves all bounds.

    Examples
    --------
    >>> clock = np.eye(8).reshape(8, 2, 4)
    >>> print(learn_movie(clock).summary())
    8 frames of 8 neurons, 8 of them independent
    lost: ... % of the worst frame (...), ... % overall
    replay differs by ... in cycles 1 to 3
    largest multiplier ...: replay returns to the movie
    """
    where = "learn_movie"
    frames, shape = read_movie(data, coding)
    count = whole_number(f"{where}: cycles", cycles, at_least=1)
    step, decay = check_step(dt, where), check_decay(l, where)
    with warnings.catch_warnings():
        # The summary says the same and more.
        warnings.simplefilter("ignore", UserWarning)
        weights = minimiser(frames, step, decay, activation, xi, factored=True)
    target = np.linalg.norm(target_of(frames, step, decay, xi, where), axis=1)
    lost = weights.residual / np.maximum(target, 1e-300)
    path = replay(weights, frames[0], count * len(frames), step, decay, activation)
    multipliers = floquet(weights, frames, step, decay, activation)
    return MovieFit(frames, shape, weights, path, cycle_errors(path, frames), lost, multipliers)
