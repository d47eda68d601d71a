"""Forward and backward pass of all examples at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.activation import Activation
from spikelearn.models.tangent_kernel.layers import Layers

__all__ = ["Pass", "both_passes", "forward"]


@dataclass(frozen=True, eq=False)
class Pass:
    """What one forward and one backward pass leave.

    The gradient of the output in w^l is the outer product of ``delta[l - 1]`` and ``x[l - 1]``, in the read-out x^L.

    Parameters
    ----------
    output : ndarray, shape (p,)
        f(w, x).
    x : tuple of ndarray, each (p, n)
        Activities x^0 (the input) ... x^L.
    h : tuple of ndarray, each (p, n)
        Drives h^1 ... h^L.
    delta : tuple of ndarray, each (p, n)
        df/dh^1 ... df/dh^L; empty after a forward pass alone.
    """

    output: Floats
    x: tuple[Floats, ...]
    h: tuple[Floats, ...]
    delta: tuple[Floats, ...] = ()


def forward(layers: Layers, phi: Activation, inputs: Floats, depth: int) -> tuple[Pass, list[Floats]]:
    """Give the forward pass and phi'(h^1) ... phi'(h^L).

    Raises
    ------
    ValueError
        An output overflows.

    References
    ----------
    Document 002 Q4, Eqs. (2), (14), (15); the read-out, layer L+1, is the linear one (erratum K1).
    """
    x, h, slopes = [inputs], [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in range(1, depth + 1):
            drive = layers.times(layer, x[-1])
            value, slope = phi.both(drive)
            h.append(drive)
            x.append(value)
            slopes.append(slope)
        output = x[-1] @ layers.readout()
    if not np.isfinite(output).all():
        raise ValueError("TangentKernel: the output must be finite; phi grows too fast for this depth")
    return Pass(output, tuple(x), tuple(h)), slopes


def both_passes(layers: Layers, phi: Activation, inputs: Floats, depth: int) -> Pass:
    """Give outputs, activities, drives and the derivatives of the output in the drives.

    Parameters
    ----------
    layers : Layers
        The weights.
    phi : Activation
        The nonlinearity.
    inputs : ndarray, shape (p, n)
        One row an example.
    depth : int
        Number L of nonlinear layers.

    References
    ----------
    Document 002 Q4, Eqs. (18), (43), (45). Component i of the backward step is
    sum_j (df/dh_j^(l+1)) w_ji^(l+1) phi'(h_i^l); the print of Eq. (43) has i and j exchanged (erratum K6).
    """
    made, slopes = forward(layers, phi, inputs, depth)
    delta = [layers.readout() * slopes[-1]]
    for layer in range(depth, 1, -1):
        delta.append(layers.back(layer, delta[-1]) * slopes[layer - 2])
    return Pass(made.output, made.x, made.h, tuple(reversed(delta)))
