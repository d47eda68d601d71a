"""How fast an input moves at each of its frames, and what the synapses must therefore give there."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.filters import derivative
from spikelearn.models.entropy_rule.frames import check_periodic
from spikelearn.parameters.names import unknown_name

__all__ = ["input_velocity", "target_of"]

_WAYS = ("frames", "spectral")


def input_velocity(frames: Floats, dt: float, xi: Any, where: str) -> Floats:
    """Give xi, the input's velocity at each frame of a period.

    Parameters
    ----------
    frames : ndarray, shape (frames, neurons)
        One period; the last frame is followed by the first.
    dt : float
        Time from frame to frame.
    xi : {"frames", "spectral"} or array_like
        "frames": the step to the next frame over dt, so that Euler's replay at this dt is exact. "spectral": the
        derivative of the trigonometric polynomial through the frames. An array: the velocities themselves.
    where : str
        Who asks, for messages.

    Raises
    ------
    ValueError
        An unknown word, an array of another shape or not finite, or frames that are no smooth period ("spectral").
    """
    if isinstance(xi, str):
        if xi not in _WAYS:
            raise ValueError(unknown_name(where, "xi", xi, _WAYS))
        if xi == "frames":
            return np.asarray((np.roll(frames, -1, axis=0) - frames) / dt)
        check_periodic(frames, where)
        return derivative(frames, dt)
    velocity = np.array(xi, dtype=np.float64)
    if velocity.shape != frames.shape:
        raise ValueError(f"{where}: xi must have the shape {frames.shape} of the frames, got {velocity.shape}")
    if not np.isfinite(velocity).all():
        k, i = np.argwhere(~np.isfinite(velocity))[0]
        raise ValueError(f"{where}: xi must be finite, got {velocity[k, i]} for neuron {i} in frame {k}")
    return velocity


def target_of(frames: Floats, dt: float, l: float, xi: Any, where: str) -> Floats:
    """Give xi + l u at each frame: what W S(u) equals where the network's field is that of the input."""
    return input_velocity(frames, dt, xi, where) + l * frames
