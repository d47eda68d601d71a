"""Reading frames: one period of an input, one row a moment, and what cannot be learned from them said by name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.foreign import bare

__all__ = ["check_matrix", "check_periodic", "check_step", "conflicts", "read_frames"]

# A smooth, well-sampled period has no step across its seam that is longer than this many times the longest elsewhere.
_SEAM = 2.0


def read_frames(given: ArrayLike, where: str, *, at_least: int = 2) -> Floats:
    """Read frames into an array of shape (frames, neurons).

    Raises
    ------
    ValueError
        Another shape, too few frames, NaN or infinity; the message names the first such entry.
    TypeError
        Something that is not numbers.
    """
    given = bare(given, f"{where}: frames")
    try:
        frames = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where}: frames must be numbers, all frames of one length, got {error}") from error
    if frames.ndim != 2 or frames.shape[1] < 1:
        raise ValueError(f"{where}: frames must have the shape (frames, neurons), got {frames.shape}")
    if len(frames) < at_least:
        raise ValueError(f"{where}: frames must be at least {at_least}, got {len(frames)}")
    if not np.isfinite(frames).all():
        k, i = np.argwhere(~np.isfinite(frames))[0]
        raise ValueError(f"{where}: frames must be finite, got {frames[k, i]} for neuron {i} in frame {k}")
    return frames


def check_step(dt: Any, where: str) -> float:
    """Read the time from one frame to the next: a positive number in the model's unit of time."""
    try:
        step = float(dt)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where}: dt must be a number, got {dt!r}") from error
    if not 0.0 < step < np.inf:
        raise ValueError(f"{where}: dt must be positive and finite, got {dt}")
    return step


def check_matrix(W: Any, n: int, where: str) -> Any:
    """Read weights W[i, j] from j to i: an array of shape (n, n), or factors of that size, which are passed on."""
    if hasattr(W, "left") and hasattr(W, "right"):
        size = len(W.left)
        if size != n:
            raise ValueError(f"{where}: W must have the shape ({n}, {n}), got factors of ({size}, {size})")
        return W
    weights = np.array(bare(W, f"{where}: W"), dtype=np.float64)
    if weights.shape != (n, n):
        raise ValueError(f"{where}: W must have the shape ({n}, {n}), got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError(f"{where}: W must be finite, got {weights[~np.isfinite(weights)][0]}")
    return weights


def check_periodic(frames: Floats, where: str) -> None:
    """Refuse samples that are not one whole period of a smooth signal, as a Fourier transform takes them.

    The step from the last frame back to the first, and the bends there, must not stand out among the others.

    Raises
    ------
    ValueError
        With the size of the step across the seam beside the longest other one.
    """
    closed = np.vstack([frames, frames[:2]])
    steps = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    inner, seam = steps[: len(frames) - 1].max(), steps[len(frames) - 1]
    if seam > _SEAM * inner:
        raise ValueError(
            f"{where}: frames must be one whole period of a smooth input, got a step of {seam:.3g} from the last frame "
            f"to the first where the longest other one is {inner:.3g}"
        )
    bends = np.linalg.norm(np.diff(np.vstack([frames[-1:], closed]), n=2, axis=0), axis=1)
    at_seam, elsewhere = max(bends[0], bends[len(frames) - 1]), bends[1 : len(frames) - 1].max(initial=0.0)
    if len(frames) > 4 and at_seam > 2 * _SEAM * elsewhere and at_seam > 1e-9 * steps.max():
        raise ValueError(
            f"{where}: frames must be one whole period of a smooth input, got a bend of {at_seam:.3g} between the last "
            f"and the first frame where the sharpest other one is {elsewhere:.3g}"
        )


def conflicts(S: Floats, target: Floats) -> list[tuple[int, int]]:
    """Find frames that are the same to the network but must be followed differently.

    Parameters
    ----------
    S : ndarray, shape (frames, neurons)
        What the other neurons see of each frame.
    target : ndarray, shape (frames, neurons)
        What W S must be in each frame.

    Returns
    -------
    list of (int, int)
        First frame of each group of equal ones, and the first one in it that must be followed differently.
    """
    seen: dict[bytes, int] = {}
    # Adding zero makes -0.0 the same as 0.0, byte by byte.
    origin = np.array([seen.setdefault(row.tobytes(), k) for k, row in enumerate(S + 0.0)])
    if len(seen) == len(S):
        return []
    size = max(float(np.abs(target).max()), 1e-300)
    found: dict[int, int] = {}
    for k in np.flatnonzero(origin != np.arange(len(S))):
        if np.abs(target[k] - target[origin[k]]).max() > 1e-12 * size:
            found.setdefault(int(origin[k]), int(k))
    return sorted(found.items())
