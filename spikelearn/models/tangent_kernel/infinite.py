"""Layer kernels of infinitely wide networks: closed forms, and the trapezoid rule for any smooth nonlinearity."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.models.tangent_kernel.activation import Activation

__all__ = ["closed", "infinite_kernels", "step_of_recursion", "trapezoid"]

LEVELS = ((9.0, 0.2), (11.0, 0.1), (13.0, 0.05), (13.0, 0.025))
"""Reach and step of the trapezoid rule, refined until two levels agree."""
AGREEMENT = 1e-13


def infinite_kernels(q: Floats, phi: Activation, depth: int) -> tuple[Floats, Floats]:
    """Give the kernels in the limit of infinite width.

    Parameters
    ----------
    q : ndarray, shape (p, p)
        q^0 = x . x / n between the inputs.
    phi : Activation
        The nonlinearity.
    depth : int
        Number L of nonlinear layers.

    Returns
    -------
    kernels : ndarray, shape (depth + 1, p, p)
        C^l = q^(l-1) times the product of kdot^m over m = l ... L; last that of the read-out, q^L.
    covariance : ndarray, shape (p, p)
        q^L, also the covariance of outputs over initialisations.

    Raises
    ------
    ValueError
        `phi` is too steep or grows too fast for the trapezoid rule.
    """
    activity, slope = [q], []
    for _ in range(depth):
        value, derivative = step_of_recursion(activity[-1], phi)
        activity.append(value)
        slope.append(derivative)
    product = np.ones_like(q)
    found = [activity[-1]]
    for layer in range(depth, 0, -1):
        product = product * slope[layer - 1]
        found.append(activity[layer - 1] * product)
    return np.array(found[::-1]), activity[-1]


def step_of_recursion(q: Floats, phi: Activation) -> tuple[Floats, Floats]:
    """Give E[phi(h_1) phi(h_2)] and E[phi'(h_1) phi'(h_2)] for drives of covariance q, closed where that is known."""
    return closed(q, phi.name) if phi.name in ("erf", "relu") else trapezoid(q, phi)


def closed(q: Floats, name: str) -> tuple[Floats, Floats]:
    """Give both expectations for the error function and the rectifier.

    Parameters
    ----------
    q : ndarray, shape (p, p)
        Covariance of the drives.
    name : {"erf", "relu"}
        The nonlinearity.

    References
    ----------
    Williams 1997, Computing with infinite networks (erf); Cho & Saul 2009, Kernel methods for deep learning.

    Examples
    --------
    >>> value, slope = closed(np.eye(2), "relu")
    >>> value.round(4).tolist(), slope.round(4).tolist()
    ([[0.5, 0.1592], [0.1592, 0.5]], [[0.5, 0.25], [0.25, 0.5]])
    """
    variance = np.diag(q)
    if name == "erf":
        one = 1 + 2 * variance
        outer = one[:, None] * one[None, :]
        angle = np.arcsin(np.clip(2 * q / np.sqrt(outer), -1, 1))
        return 2 / np.pi * angle, 4 / np.pi / np.sqrt(outer - 4 * q * q)
    scale = np.sqrt(variance[:, None] * variance[None, :])
    cosine = np.clip(q / np.where(scale > 0, scale, 1), -1, 1)
    # arccos loses half of the digits near 1, where examples are alike; 1 - cosine is exact there.
    angle = 2 * np.arctan2(np.sqrt(1 - cosine), np.sqrt(1 + cosine))
    sine = np.sqrt((1 - cosine) * (1 + cosine))
    return scale / (2 * np.pi) * (sine + (np.pi - angle) * cosine), (np.pi - angle) / (2 * np.pi)


def trapezoid(q: Floats, phi: Activation) -> tuple[Floats, Floats]:
    """Give both expectations for any smooth nonlinearity, by the trapezoid rule in two dimensions.

    For analytic integrands the rule converges faster than any power of its step, where Gauss-Hermite quadrature with
    80 points still errs by 5e-12. The step is halved until the hardest pairs of examples change by less than 1e-13.

    Parameters
    ----------
    q : ndarray, shape (p, p)
        Covariance of the drives.
    phi : Activation
        The nonlinearity.

    Raises
    ------
    ValueError
        Two levels do not come to agree.
    """
    p = len(q)
    pairs = np.asarray(np.triu_indices(p), dtype=np.int64)
    root = np.sqrt(np.diag(q))
    scale = root[pairs[0]] * root[pairs[1]]
    cosine = np.clip(q[pairs[0], pairs[1]] / np.where(scale > 0, scale, 1), -1, 1)
    hardest = [int(np.argmax(scale * sign * cosine)) for sign in (1, -1)] + [int(np.argmin(np.abs(cosine)))]
    probe = np.unique(hardest)
    before = _at(LEVELS[0], phi, root, pairs[:, probe], cosine[probe])
    for level in LEVELS[1:]:
        now = _at(level, phi, root, pairs[:, probe], cosine[probe])
        # One condition for the values and one for the slopes, each relative to its own size.
        gap = np.abs(now - before).max(axis=1) / np.maximum(np.abs(now).max(axis=1), 1e-300)
        if np.isfinite(gap).all() and gap.max() < AGREEMENT:
            return _square(_at(level, phi, root, pairs, cosine), pairs, p)
        before = now
    raise ValueError(
        f"TangentKernel.phi must be smooth and grow slowly for kernels at infinite width, got {phi.name!r}: "
        f"steps of {LEVELS[-2][1]:g} and {LEVELS[-1][1]:g} differ by {gap.max():.1e}"
    )


def _at(level: tuple[float, float], phi: Activation, root: Floats, pairs: Integers, cosine: Floats) -> Floats:
    """Both expectations for pairs of examples, shape (2, pairs)."""
    reach, step = level
    count = round(reach / step)
    z = np.arange(-count, count + 1) * step
    weight = step / np.sqrt(2 * np.pi) * np.exp(-z * z / 2)
    found = np.empty((2, pairs.shape[1]))
    last, first = -1, (weight, weight)
    for k, (i, j) in enumerate(pairs.T):
        if i != last:
            value, slope = phi.both(root[i] * z)
            last, first = i, (weight * value, weight * slope)
        c = cosine[k]
        aside = np.sqrt((1 - c) * (1 + c))
        if aside == 0.0:
            inner = [part * weight.sum() for part in phi.both(root[j] * c * z)]
        else:
            inner = [part @ weight for part in phi.both(root[j] * (c * z[:, None] + aside * z))]
        found[:, k] = [a @ b for a, b in zip(first, inner, strict=True)]
    return found


def _square(values: Floats, pairs: Integers, p: int) -> tuple[Floats, Floats]:
    whole = np.empty((2, p, p))
    whole[:, pairs[0], pairs[1]] = values
    whole[:, pairs[1], pairs[0]] = values
    return whole[0], whole[1]
