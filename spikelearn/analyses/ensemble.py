"""The stimuli that a spike-triggered analysis averages over: which frames, which lags, which weights.

A stimulus vector ``x_k`` holds the frames from ``k + first_lag`` to ``k + last_lag``, each with all its dimensions.
Vectors that would reach over the edge of the recording do not exist here: the weights on their frames are counted
as dropped. The vectors are never all written out; `Ensemble.rows` copies the few that are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.foreign import unmasked
from spikelearn.parameters.units import seconds

__all__ = ["Ensemble", "check_time_axis", "lag_range", "make_ensemble", "whole_steps"]


# About 8 MB of float64 at a time: fits the caches of a desktop processor and keeps BLAS busy.
CHUNK_NUMBERS = 1_000_000


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Stimulus vectors of all frames whose window lies within the recording.

    Parameters
    ----------
    stimulus : ndarray, shape (n_stimuli, frames, dimensions)
        One stimulus that every trial repeats, or one for each trial; the caller's numbers, not copied.
    center : ndarray, shape (dimensions,)
        Mean of every dimension over all frames; rows and moments are taken about it so that a large mean costs no
        digits.
    first_lag, n_lags : int
        The window covers the lags ``first_lag`` to ``first_lag + n_lags - 1``, in frames.
    dt : float
        Frame length in seconds.
    labelled : {"lag", "dimension", "both"}
        Which axes the stimulus vector shows in results.
    """

    stimulus: NDArray[Any]
    center: Floats
    first_lag: int
    n_lags: int
    dt: float
    labelled: str

    @property
    def n_frames(self) -> int:
        """Frames of one stimulus."""
        return int(self.stimulus.shape[1])

    @property
    def n_dimensions(self) -> int:
        """Dimensions of one frame."""
        return int(self.stimulus.shape[2])

    @property
    def size(self) -> int:
        """Length of a stimulus vector: lags times dimensions."""
        return self.n_lags * self.n_dimensions

    @property
    def scale(self) -> float:
        """Largest mean of a dimension: what rounding is relative to."""
        return float(np.abs(self.center).max())

    @property
    def begin(self) -> int:
        """First frame that has a whole window."""
        return max(0, -self.first_lag)

    @property
    def per_stimulus(self) -> int:
        """Frames with a whole window in one stimulus."""
        end = min(self.n_frames, self.n_frames - (self.first_lag + self.n_lags - 1))
        return end - self.begin

    @property
    def n_vectors(self) -> int:
        """Frames with a whole window in all stimuli together."""
        return len(self.stimulus) * self.per_stimulus

    @property
    def offset(self) -> int:
        """Frame at which the window of the first whole vector begins."""
        return self.begin + self.first_lag

    def valid(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Cut weights of shape (..., n_stimuli, frames) to the whole windows: shape (..., n_vectors)."""
        kept = weights[..., self.begin : self.begin + self.per_stimulus]
        return kept.reshape(*weights.shape[:-2], -1)

    def rows(self, index: Integers) -> Floats:
        """Copy the stimulus vectors of some of the `n_vectors` frames, about `center`: shape (len(index), size)."""
        which, start = np.divmod(index, self.per_stimulus)
        start = start + self.offset
        if self.n_lags == 1:
            frames: Floats = np.subtract(self.stimulus[which, start], self.center, dtype=np.float64)
            return frames
        windows = np.lib.stride_tricks.sliding_window_view(self.stimulus, self.n_lags, axis=1)
        picked = windows[which, start].swapaxes(1, 2)
        vectors: Floats = np.subtract(picked, self.center, dtype=np.float64).reshape(len(index), -1)
        return vectors

    def blocks(self, frames: int) -> Iterator[tuple[int, int, int]]:
        """Go through (stimulus, first, last) ranges of whole windows, `frames` at a time; numbered within one."""
        for which in range(len(self.stimulus)):
            for first in range(0, self.per_stimulus, frames):
                yield which, first, min(first + frames, self.per_stimulus)

    def span(self, which: int, first: int, last: int) -> Floats:
        """Copy the frames that the windows `first` to ``last - 1`` cover, about `center`.

        Window j, numbered from `first`, is ``span[j : j + n_lags]``; shape (last - first + n_lags - 1, dimensions).
        """
        start = self.offset + first
        stop = self.offset + last + self.n_lags - 1
        covered: Floats = np.subtract(self.stimulus[which, start:stop], self.center, dtype=np.float64)
        return covered

    def shaped(self, vectors: Floats) -> tuple[Floats, tuple[str, ...]]:
        """Fold vectors of shape (..., size) into (..., lag, dimension) as far as the axes are labelled."""
        if self.labelled != "both":
            return vectors, (self.labelled,)
        return vectors.reshape(*vectors.shape[:-1], self.n_lags, self.n_dimensions), ("lag", "dimension")

    def coordinates(self) -> dict[str, Any]:
        """Coordinates of the stimulus axes: lag in seconds, negative before the spike, and dimension."""
        found: dict[str, Any] = {}
        if self.labelled != "dimension":
            found["lag"] = ("lag", (self.first_lag + np.arange(self.n_lags)) * self.dt, {"units": "s"})
        if self.labelled != "lag":
            found["dimension"] = np.arange(self.n_dimensions)
        return found


def whole_steps(time: Any, dt: float, where: str) -> int:
    """Give a time as a whole number of steps, refusing one that is none.

    Raises
    ------
    ValueError
        The time is not a multiple of the step to within a millionth of a step.
    """
    value = seconds(time, where)
    steps = round(value / dt)
    if abs(value / dt - steps) > 1e-6 * max(1.0, abs(steps)):
        raise ValueError(f"{where} must be a whole multiple of {dt:g} s, got {value:g} s")
    return steps


def lag_range(window: Any, dt: float) -> tuple[int, int]:
    """Read a half-open window in seconds into its first lag and the number of lags, in frames.

    Raises
    ------
    ValueError
        The window is no pair of times, is empty, or does not lie on whole frames.
    """
    if window is None:
        return 0, 1
    try:
        begin, end = window
    except (TypeError, ValueError) as error:
        raise ValueError(f"window must be a pair of times such as (-0.1, 0.0), got {window!r}") from error
    first, last = whole_steps(begin, dt, "window begin"), whole_steps(end, dt, "window end")
    if last <= first:
        raise ValueError(f"window must end after it begins, got {window!r}")
    return first, last - first


def check_time_axis(given: Any, where: str) -> None:
    """Refuse a labelled array of which another axis than that of the frames is called time.

    Frames are the only axis, the first of two, or the second of three.

    Raises
    ------
    ValueError
        The axes stand in another order.
    """
    names = getattr(given, "dims", None)
    if not isinstance(names, tuple):
        return
    frames = 1 if len(names) == 3 else 0
    found = [place for place, name in enumerate(names) if str(name) in ("time", "frame", "frames")]
    if found and frames not in found:
        raise ValueError(f"{where} must have its axis {names[found[0]]!r} in place {frames}, got the axes {names}")


def make_ensemble(stimulus: ArrayLike, dt: Any, window: Any) -> Ensemble:
    """Check a stimulus, its step and the window, and lay out the stimulus vectors.

    Parameters
    ----------
    stimulus : array_like, shape (frames,), (frames, dimensions) or (trials, frames, dimensions)
        The stimulus; with one or two axes every trial repeats it.
    dt : float or Quantity
        Frame length in seconds.
    window : pair of float or Quantity, or None
        Half-open range of lags in seconds; None takes the frame of the spike alone.

    Raises
    ------
    ValueError
        The stimulus holds NaN or infinity or has the wrong number of axes or labelled ones in the wrong order, or the
        window is longer than it.
    """
    step = seconds(dt, "dt")
    if step <= 0:
        raise ValueError(f"dt must be positive, got {step} s")
    first, n_lags = lag_range(window, step)
    check_time_axis(stimulus, "stimulus")
    given = np.asarray(unmasked(stimulus, "stimulus"))
    if given.dtype.kind not in "fiub":
        raise TypeError(f"stimulus must hold real numbers, got dtype {given.dtype}")
    if not 1 <= given.ndim <= 3 or given.size == 0:
        raise ValueError(
            "stimulus must have the shape (frames,), (frames, dimensions) or (trials, frames, dimensions), "
            f"got {given.shape}"
        )
    labelled = "lag" if given.ndim == 1 else "dimension" if window is None else "both"
    cube = given.reshape(1, -1, 1) if given.ndim == 1 else given if given.ndim == 3 else given[np.newaxis]
    ensemble = Ensemble(cube, _checked_mean(cube), first, n_lags, step, labelled)
    if ensemble.per_stimulus < 1:
        raise ValueError(
            f"window of {n_lags} frames beginning at {first * step:g} s must fit into the recording, "
            f"got a stimulus of {cube.shape[1]} frames"
        )
    return ensemble


def _checked_mean(cube: NDArray[Any]) -> Floats:
    """Mean over all frames, refusing NaN; a piece at a time, because a mask of it all would cost an eighth of it."""
    frames = max(1, CHUNK_NUMBERS // cube.shape[2])
    total = np.zeros(cube.shape[2])
    for trial, one in enumerate(cube):
        for first in range(0, len(one), frames):
            piece = one[first : first + frames]
            partial = piece.sum(axis=0, dtype=np.float64)
            if not np.isfinite(partial).all():
                bad = ~np.isfinite(piece).all(axis=1)
                if bad.any():
                    frame = first + int(np.argmax(bad))
                    raise ValueError(f"stimulus must be finite, got NaN or infinity in frame {frame} of trial {trial}")
            total += partial
    if not math.isfinite(float(np.abs(total).max())):
        raise ValueError("stimulus must stay within the range of float64 sums; rescale it")
    mean: Floats = total / (cube.shape[0] * cube.shape[1])
    return mean
