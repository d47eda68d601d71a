"""What the theory says of sizes: exponents of the width, and exact identities of the linearised solution."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.solution import Linearised

__all__ = ["exponents", "rms_of_change", "weighted_square"]


def exponents(depth: int, smooth: bool = True) -> dict[str, float]:
    """Give the power of n by which each quantity of a width study goes.

    With a kink, as in the rectifier, two of them change. Learning moves drives by about n^-1/2, so that a share n^-1/2
    of the units crosses the kink for some example. Their derivatives jump: the gradient changes by n^-1/4 relative to
    its size, and with it the way of descent. Of the output each of them misses about n^-1, and these do not cancel,
    because a unit that is on moves by its own example's gradient as well and one that is off does not: n^-1/2 in all.

    Parameters
    ----------
    depth : int
        Number L of nonlinear layers.
    smooth : bool
        Whether phi is differentiable everywhere.

    Returns
    -------
    dict of str to float
        ``delta_w_1`` ... ``delta_w_L`` and ``delta_w_readout`` (rms of the entries of Delta w), ``a``, ``gradient``
        (df/dh), ``kernel`` (C), ``kernel_error`` (C less its limit), ``residual`` (of the full network at the
        linearised solution) and ``descent_distance`` (from the trained network's Delta w to the linearised one,
        relative).

    References
    ----------
    Document 002 Q4, Eqs. (21)-(24) with erratum K4, and the text after them. Exponents of residual and distance, and
    those with a kink, are ours.
    """
    return {
        **{f"delta_w_{k}": -1.5 for k in range(1, depth + 1)},
        "delta_w_readout": -1.0,
        "a": 0.0,
        "gradient": -0.5,
        "kernel": 0.0,
        "kernel_error": -0.5,
        "residual": -1.0 if smooth else -0.5,
        "descent_distance": -0.5 if smooth else -0.25,
    }


def rms_of_change(solution: Linearised) -> Floats:
    """Give the root mean square of the entries of Delta w in every layer, without forming them.

    gamma^l n^(-3/2) sqrt(a^T C^l a) for the layers, gamma^(L+1) n^-1 sqrt(a^T C^(L+1) a) for the read-out; exact at
    any n.
    """
    n = solution.network.n
    size = np.sqrt(np.einsum("i,lij,j->l", solution.a, solution.kernels, solution.a))
    power = np.full(len(size), n**-1.5)
    power[-1] = 1 / n
    return np.asarray(solution.network.rates * power * size)


def weighted_square(solution: Linearised) -> float:
    """Give the sum over layers of |Delta w^l|^2/gamma^l, which is y~^T C^-1 y~/n at any n."""
    return float((solution.y - solution.start) @ solution.a) / solution.network.n
