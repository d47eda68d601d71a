"""The network left to itself after learning: replay of the input, and how far it is from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.distance import times
from spikelearn.models.entropy_rule.frames import check_matrix, check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import check_decay
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number

__all__ = ["cycle_errors", "mean_deviation", "nearest_frame", "replay"]

_METHODS = ("euler", "rk4")


def replay(
    W: Any,
    start: ArrayLike,
    n_steps: int,
    dt: float,
    l: float,
    activation: str = "tanh",
    *,
    method: str = "euler",
) -> Floats:
    """Run v' = -l v + W S(v) from a start, without input.

    Parameters
    ----------
    W : array_like, shape (n, n), or FactoredWeights
        Weights W[i, j] from j to i.
    start : array_like, shape (n,)
        First state, for example a frame of the movie or a part of one.
    n_steps : int
        Steps of length dt.
    dt : float
        Step, in the model's unit of time; that of the movie for a replay frame by frame.
    l : float
        Decay constant.
    activation : str
        "tanh", "linear", or a formula in x.
    method : {"euler", "rk4"}
        Euler for movies learned with xi = "frames", Runge-Kutta's fourth order for functions of time.

    Returns
    -------
    ndarray, shape (n_steps + 1, n)
        The start and the state after every step.

    Raises
    ------
    ValueError
        Shapes that do not fit, or a state that has left all bounds: the message names the step.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> W = sl.entropy_rule.minimiser(frames, dt=0.1, l=1.0)
    >>> sl.entropy_rule.replay(W, frames[0], 4, dt=0.1, l=1.0).argmax(axis=1)  # the pulse runs round
    array([0, 1, 2, 3, 0])
    """
    where = "entropy_rule.replay"
    state = np.array(start, dtype=np.float64)
    if state.ndim != 1 or not np.isfinite(state).all():
        raise ValueError(f"{where}: start must be one finite number a neuron, got shape {state.shape}")
    weights, step, decay = check_matrix(W, len(state), where), check_step(dt, where), check_decay(l, where)
    count = whole_number(f"{where}: n_steps", n_steps)
    if method not in _METHODS:
        raise ValueError(unknown_name(where, "method", str(method), _METHODS))
    S = get_activation(activation).value

    def field(v: Floats) -> Floats:
        return np.asarray(times(weights, S(v)) - decay * v)

    path = np.empty((count + 1, len(state)))
    path[0] = state
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(count):
            if method == "euler":
                state = state + step * field(state)
            else:
                a = field(state)
                b = field(state + 0.5 * step * a)
                c = field(state + 0.5 * step * b)
                state = state + step / 6.0 * (a + 2.0 * b + 2.0 * c + field(state + step * c))
            path[k + 1] = state
            if not np.isfinite(state).all():
                raise ValueError(f"{where}: the state leaves all bounds in step {k + 1}; dt = {step:g} may be too long")
    return path


def nearest_frame(path: ArrayLike, frames: ArrayLike) -> tuple[Integers, Floats]:
    """Find for every state the frame most like it.

    Parameters
    ----------
    path : array_like, shape (steps, n)
    frames : array_like, shape (frames, n)

    Returns
    -------
    index : ndarray of int, shape (steps,)
    rms : ndarray, shape (steps,)
        Root mean square over neurons of the difference to that frame.

    Raises
    ------
    ValueError
        Shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> index, rms = sl.entropy_rule.nearest_frame(frames[[2, 0]] + 0.1, frames)
    >>> index, rms.round(6)
    (array([2, 0]), array([0.1, 0.1]))
    """
    states, given = _pair(path, frames, "entropy_rule.nearest_frame")
    # By differences, not by scalar products: those cancel to 1e-8 where state and frame agree.
    squares = np.stack([np.mean((states - frame) ** 2, axis=1) for frame in given], axis=1)
    index = np.argmin(squares, axis=1)
    return index, np.sqrt(squares[np.arange(len(states)), index])


def cycle_errors(path: ArrayLike, frames: ArrayLike) -> Floats:
    """Give the largest difference to the movie in each whole cycle of a replay that began at its first frame.

    Parameters
    ----------
    path : array_like, shape (steps + 1, n)
        What `replay` gave.
    frames : array_like, shape (frames, n)
        The movie.

    Returns
    -------
    ndarray, shape (cycles,)

    Raises
    ------
    ValueError
        Shapes do not fit, or there is no whole cycle.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> W = sl.entropy_rule.minimiser(frames, dt=0.1, l=1.0)
    >>> path = sl.entropy_rule.replay(W, frames[0], 8, dt=0.1, l=1.0)
    >>> bool(sl.entropy_rule.cycle_errors(path, frames).max() < 1e-9)
    True
    """
    states, given = _pair(path, frames, "entropy_rule.cycle_errors")
    T = len(given)
    n_cycles = (len(states) - 1) // T
    if n_cycles < 1:
        raise ValueError(f"entropy_rule.cycle_errors: path must hold a whole cycle of {T} steps, got {len(states) - 1}")
    later = states[1 : n_cycles * T + 1].reshape(n_cycles, T, -1)
    return np.asarray(np.abs(later - np.roll(given, -1, axis=0)).max(axis=(1, 2)))


def mean_deviation(path: ArrayLike, frames: ArrayLike) -> float:
    """Give the mean over active neurons and steps of |v - u| in the first cycle of a replay from the first frame.

    Parameters
    ----------
    path : array_like, shape (steps + 1, n)
        What `replay` gave, from the first frame on; a cycle at least.
    frames : array_like, shape (frames, n)
        The movie.

    Returns
    -------
    float
        In the unit of the frames.

    Raises
    ------
    ValueError
        Shapes do not fit, or there is no whole cycle.

    References
    ----------
    004, d(u, v) in "Learning the dynamics": the sum runs over T terms and needs 1/(n_eff T) (erratum G7).

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> path = np.vstack([frames, frames[:1]]) + 0.1
    >>> round(sl.entropy_rule.mean_deviation(path, frames), 12)
    0.1
    """
    states, given = _pair(path, frames, "entropy_rule.mean_deviation")
    if len(states) < len(given) + 1:
        raise ValueError(
            f"entropy_rule.mean_deviation: path must hold a cycle of {len(given)} steps, got {len(states) - 1}"
        )
    return float(np.mean(np.abs(states[1 : len(given) + 1] - np.roll(given, -1, axis=0))))


def _pair(path: ArrayLike, frames: ArrayLike, where: str) -> tuple[Floats, Floats]:
    given, states = read_frames(frames, where), np.asarray(path, dtype=np.float64)
    if states.ndim != 2 or states.shape[1] != given.shape[1]:
        raise ValueError(f"{where}: path must have {given.shape[1]} neurons, got shape {states.shape}")
    return states, given
