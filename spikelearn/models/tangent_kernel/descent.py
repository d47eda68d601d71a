"""Gradient descent and stochastic gradient descent, of the linearised loss and of the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.layers import Kept
from spikelearn.models.tangent_kernel.passes import both_passes, forward
from spikelearn.models.tangent_kernel.solution import Linearised
from spikelearn.parameters import seeds

__all__ = ["LinearisedDescent", "Trained", "descend", "descend_linearised", "sgd", "sgd_linearised"]

FLED = 1e3


@dataclass(frozen=True, eq=False)
class LinearisedDescent:
    """The end of a descent of the linearised loss.

    Parameters
    ----------
    a : ndarray, shape (p,)
        Delta w^l = (gamma^l/n) sum_mu a_mu x~^l_mu.
    residual : float
        |eps| relative to its begin, |y - f|.
    steps : int
        Updates made.
    converged : bool
        Whether the tolerance was reached.
    """

    a: Floats
    residual: float
    steps: int
    converged: bool


@dataclass(frozen=True, eq=False)
class Trained:
    """The end of a descent of the network itself.

    Parameters
    ----------
    weights : tuple of ndarray
        All weights, the read-out last.
    delta_w : tuple of ndarray
        What learning has changed.
    residual : float
        |y - f| relative to its begin.
    steps : int
        Updates made.
    converged : bool
        Whether the tolerance was reached.
    """

    weights: tuple[Floats, ...]
    delta_w: tuple[Floats, ...]
    residual: float
    steps: int
    converged: bool


def descend_linearised(solution: Linearised, tol: float = 1e-14, max_steps: int = 100_000) -> LinearisedDescent:
    """Descend the gradient of the linearised loss with the steps eta^l = gamma^l/(n lambda_max(C)), from zero.

    Every update Delta w^l += eta^l sum_mu eps_mu x~^l_mu stays in the span of the examples' gradients, and is
    a_mu += eps_mu/lambda_max there. It takes about cond(C) log(1/tol) updates.

    Parameters
    ----------
    solution : Linearised
        For its kernel and targets; its `a` is not used.
    tol : float
        Relative residual to stop at; rounding leaves about 1e-16 cond(C).
    max_steps : int
        The most updates.

    References
    ----------
    Document 002 Q4, Eqs. (27)-(31); in Eq. (27) the sum inside the bracket has its own index (erratum K5).
    """
    C, goal = solution.C, solution.y - solution.start
    rate = 1 / float(np.linalg.eigvalsh(C)[-1])
    a = np.zeros_like(goal)
    eps, size = goal, float(np.linalg.norm(goal))
    steps = 0
    while float(np.linalg.norm(eps)) > tol * size and steps < max_steps:
        a = a + rate * eps
        eps = goal - C @ a
        steps += 1
    reached = float(np.linalg.norm(eps)) / size if size else 0.0
    return LinearisedDescent(a, reached, steps, reached <= tol)


def sgd_linearised(
    solution: Linearised, seed: Any = 0, tol: float = 1e-14, max_steps: int = 100_000
) -> LinearisedDescent:
    """Descend by one random example at a time, each with the step gamma^l/(n C_mu,mu) that fits it exactly (Kaczmarz).

    Parameters
    ----------
    solution : Linearised
        For its kernel and targets; its `a` is not used.
    seed : int or sequence of int
        Of the order of examples.
    tol, max_steps
        As in `descend_linearised`; the residual of all examples is looked at once every p updates.

    References
    ----------
    Document 002 Q4, Eqs. (28)-(31).
    """
    C, goal = solution.C, solution.y - solution.start
    p, size = len(goal), float(np.linalg.norm(goal))
    generator = seeds.generator(seed)
    a = np.zeros_like(goal)
    reached, steps = (1.0 if size else 0.0), 0
    while reached > tol and steps < max_steps:
        for mu in generator.integers(p, size=p):
            a[mu] += (goal[mu] - C[mu] @ a) / C[mu, mu]
        steps += p
        reached = float(np.linalg.norm(goal - C @ a)) / size
    return LinearisedDescent(a, reached, steps, reached <= tol)


def descend(solution: Linearised, tol: float = 1e-10, max_steps: int = 10_000) -> Trained:
    """Descend the gradient of the network's own loss, with the steps of `descend_linearised`.

    Parameters
    ----------
    solution : Linearised
        For the network before learning, its examples, and the size of the steps.
    tol : float
        Relative residual to stop at.
    max_steps : int
        The most updates.

    Raises
    ------
    ValueError
        The residual grows: the network is too narrow for these steps.
    """
    network, y = solution.network, solution.y
    rate = network.rates / (network.n * float(np.linalg.eigvalsh(solution.C)[-1]))
    before = network.layers.arrays()
    weights = tuple(w.copy() for w in before)
    inputs, layers = solution.made.x[0], Kept(weights)
    made, size = solution.made, float(np.linalg.norm(solution.y - solution.start))
    reached, steps = (1.0 if size else 0.0), 0
    while reached > tol and steps < max_steps:
        eps = y - made.output
        for k, w in enumerate(weights[:-1]):
            w += (rate[k] * eps[:, None] * made.delta[k]).T @ made.x[k]
        weights[-1][:] += rate[-1] * eps @ made.x[-1]
        steps += 1
        made = both_passes(layers, network.activation, inputs, network.depth)
        reached = _reached(y - made.output, size)
    return Trained(weights, _differences(weights, before), reached, steps, reached <= tol)


def sgd(solution: Linearised, seed: Any = 0, tol: float = 1e-8, max_steps: int = 100_000) -> Trained:
    """Descend the network's own loss by one random example at a time, with the steps of `sgd_linearised`.

    Parameters
    ----------
    solution : Linearised
        For the network before learning, its examples, and the size of the steps.
    seed : int or sequence of int
        Of the order of examples.
    tol, max_steps
        As in `descend`; the residual of all examples is looked at once every p updates.

    Raises
    ------
    ValueError
        The residual grows: the network is too narrow for these steps.
    """
    network, y = solution.network, solution.y
    rates = network.rates[:, None] / (network.n * np.diag(solution.C))
    before = network.layers.arrays()
    weights = tuple(w.copy() for w in before)
    inputs, layers = solution.made.x[0], Kept(weights)
    size, p = float(np.linalg.norm(y - solution.start)), len(y)
    generator = seeds.generator(seed)
    reached, steps = (1.0 if size else 0.0), 0
    while reached > tol and steps < max_steps:
        for mu in generator.integers(p, size=p):
            made = both_passes(layers, network.activation, inputs[mu : mu + 1], network.depth)
            eps = float(y[mu] - made.output[0])
            for k, w in enumerate(weights[:-1]):
                w += np.outer(rates[k, mu] * eps * made.delta[k][0], made.x[k][0])
            weights[-1][:] += rates[-1, mu] * eps * made.x[-1][0]
        steps += p
        output = forward(layers, network.activation, inputs, network.depth)[0].output
        reached = _reached(y - output, size)
    return Trained(weights, _differences(weights, before), reached, steps, reached <= tol)


def _reached(eps: Floats, size: float) -> float:
    reached = float(np.linalg.norm(eps)) / size
    if not reached < FLED:
        raise ValueError("TangentKernel: descent must come down, but the residual grows; take a wider network")
    return reached


def _differences(weights: tuple[Floats, ...], before: tuple[Floats, ...]) -> tuple[Floats, ...]:
    return tuple(w - old for w, old in zip(weights, before, strict=True))
