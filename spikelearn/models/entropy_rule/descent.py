"""Gradient descent on the distance: step by step, and in the eigenbasis for any number of steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.fields import target_of
from spikelearn.models.entropy_rule.frames import check_matrix, check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import RANK_CUT, check_decay
from spikelearn.parameters.numbers import whole_number

__all__ = ["descend", "descent_formula", "largest_step"]


def descend(
    frames: ArrayLike,
    dt: float,
    l: float,
    n_steps: Sequence[int],
    activation: str = "tanh",
    xi: Any = "frames",
    *,
    h: float | None = None,
    start: ArrayLike | None = None,
) -> Floats:
    """Go down the gradient, W += h (B - W G), and give the weights after certain numbers of steps.

    Parameters
    ----------
    frames, dt, l, activation, xi
        As in `minimiser`.
    n_steps : sequence of int
        After how many steps the weights are kept; not falling.
    h : float, optional
        Length of a step; 1/lambda_max(G) if not given, below twice of which descent converges.
    start : array_like, shape (n, n), optional
        First weights; zero if not given. What of them acts on no frame never changes.

    Returns
    -------
    ndarray, shape (len(n_steps), n, n)

    Raises
    ------
    ValueError
        Numbers of steps that fall, or a step so long that descent diverges.

    References
    ----------
    004 Eq. (4) and the gradient descent below it; the null space of erratum G1.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = np.array([[1.0, -1.0, 0.5], [-0.5, 1.0, -1.0], [0.2, -0.3, 1.0]])
    >>> down = sl.entropy_rule.descend(frames, 0.1, 1.0, [0, 100, 10_000])
    >>> best = sl.entropy_rule.minimiser(frames, 0.1, 1.0)
    >>> [float(abs(W - best).max().round(2)) for W in down]
    [43.75, 20.29, 0.0]
    """
    where = "entropy_rule.descend"
    S, target, step, counts, length, W = _read(frames, dt, l, n_steps, activation, xi, h, start, where)
    kept = np.empty((len(counts), *W.shape))
    done = 0
    for place, count in enumerate(counts):
        for _ in range(count - done):
            W += length * step * ((target - S @ W.T).T @ S)
        done = count
        kept[place] = W
    return kept


def descent_formula(
    frames: ArrayLike,
    dt: float,
    l: float,
    n_steps: Sequence[int],
    activation: str = "tanh",
    xi: Any = "frames",
    *,
    h: float | None = None,
    start: ArrayLike | None = None,
) -> Floats:
    """Give what `descend` gives, at once: along the eigenvector of G with eigenvalue lambda, W* (1 - (1 - h lambda)^K).

    What `start` has there falls as (1 - h lambda)^K, and stays where lambda is zero.

    Parameters
    ----------
    frames, dt, l, n_steps, activation, xi, h, start
        As in `descend`.

    Returns
    -------
    ndarray, shape (len(n_steps), n, n)

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = np.array([[1.0, -1.0, 0.5], [-0.5, 1.0, -1.0], [0.2, -0.3, 1.0]])
    >>> steps = [1, 10, 100]
    >>> walked = sl.entropy_rule.descend(frames, 0.1, 1.0, steps)
    >>> np.allclose(sl.entropy_rule.descent_formula(frames, 0.1, 1.0, steps), walked, rtol=1e-12)
    True
    """
    where = "entropy_rule.descent_formula"
    S, target, step, counts, length, W = _read(frames, dt, l, n_steps, activation, xi, h, start, where)
    U, s, V = np.linalg.svd(S, full_matrices=False)
    rank = int(np.count_nonzero(s > RANK_CUT * s[0]))
    left, right = target.T @ (U[:, :rank] / s[:rank]), V[:rank]
    seen = W @ right.T
    kept = np.empty((len(counts), *W.shape))
    for place, count in enumerate(counts):
        remaining = (1.0 - length * step * s[:rank] ** 2) ** count
        kept[place] = W + (left * (1.0 - remaining) - seen * (1.0 - remaining)) @ right
    return kept


def largest_step(frames: ArrayLike, dt: float, activation: str = "tanh") -> float:
    """Give 1/lambda_max of G = dt sum S S', the step of `descend` where none is named.

    Parameters
    ----------
    frames, dt, activation
        As in `minimiser`.

    Returns
    -------
    float

    Examples
    --------
    >>> import spikelearn as sl
    >>> round(sl.entropy_rule.largest_step([[1.0], [-1.0]], 0.25, "linear"), 12)  # 1/(0.25 (1 + 1))
    2.0
    """
    where = "entropy_rule.largest_step"
    S = get_activation(activation).value(read_frames(frames, where))
    return 1.0 / (check_step(dt, where) * float(np.linalg.norm(S, 2)) ** 2)


def _read(
    frames: ArrayLike, dt: float, decay: float, n_steps: Sequence[int], activation: str, xi: Any, h: float | None,
    start: ArrayLike | None, where: str,
) -> tuple[Floats, Floats, float, list[int], float, Floats]:  # fmt: skip
    given, step = read_frames(frames, where), check_step(dt, where)
    counts = [whole_number(f"{where}: n_steps", count) for count in n_steps]
    if counts != sorted(counts):
        raise ValueError(f"{where}: n_steps must not fall, got {counts}")
    S = get_activation(activation).value(given)
    target = target_of(given, step, check_decay(decay, where), xi, where)
    longest = 1.0 / (step * float(np.linalg.norm(S, 2)) ** 2)
    length = longest if h is None else check_step(h, f"{where}: h")
    if length >= 2.0 * longest:
        raise ValueError(f"{where}: h must be below {2.0 * longest:.4g}, where descent diverges, got {h}")
    n = given.shape[1]
    W = np.zeros((n, n)) if start is None else np.array(check_matrix(start, n, where))
    return S, target, step, counts, length, W
