"""Layer kernels of a finite network, without its Jacobian."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.passes import Pass

__all__ = ["layer_kernels", "naive_rank", "weighted"]


def layer_kernels(left: Pass, right: Pass | None = None) -> Floats:
    """Give C^l = x~^l . x~^l / n between all pairs of examples.

    The gradient x~^l is an outer product, so that its dot products are products of two dot products of vectors:
    memory O(n p) instead of O(n^2 p).

    Parameters
    ----------
    left : Pass
        Of q examples.
    right : Pass, optional
        Of p examples; those of `left` if not given.

    Returns
    -------
    ndarray, shape (depth + 1, q, p)
        C^1 ... C^L and, last, that of the read-out.

    References
    ----------
    Document 002 Q4, Eqs. (13), (16), (17); after Eq. (37) the print asks for x^l . x^l where it means x~^l . x~^l.
    """
    other = left if right is None else right
    n = left.x[0].shape[1]
    found = [
        (delta @ delta_2.T) * (x @ x_2.T) / n
        for delta, delta_2, x, x_2 in zip(left.delta, other.delta, left.x[:-1], other.x[:-1], strict=True)
    ]
    return np.array([*found, left.x[-1] @ other.x[-1].T / n])


def weighted(kernels: Floats, gamma: Floats) -> Floats:
    """Give C = sum over layers of gamma^l C^l.

    References
    ----------
    Document 002 Q4, Eq. (36).
    """
    return np.asarray(np.tensordot(gamma, kernels, axes=1))


def naive_rank(kernels: Floats) -> tuple[int, int]:
    """Give the rank of the equations for layer-dependent a_mu^l, and the number of unknowns.

    The equations y~_mu = sum over nu and l of C^l_mu,nu a^l_nu are p for p (L + 1) unknowns: they hold for many a^l,
    of which gradient descent takes the one that does not depend on l (up to gamma^l).

    Parameters
    ----------
    kernels : ndarray, shape (depth + 1, p, p)
        Of `layer_kernels`.

    Returns
    -------
    rank, unknowns : int

    References
    ----------
    Document 002 Q4, Eqs. (12) and (31); erratum K3.
    """
    equations = np.concatenate(list(kernels), axis=1)
    return int(np.linalg.matrix_rank(equations)), equations.shape[1]
