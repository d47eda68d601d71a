"""The rule's average on simulated noisy inputs, with its sampling error: many independent inputs side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.frames import check_step
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator

__all__ = ["NoisyEstimate", "learn_from_noise"]

_GROUPS = 20
_Stepper = tuple[Callable[[Floats], Floats], Callable[[Floats], tuple[Floats, Floats, Floats]], int]


@dataclass(frozen=True, eq=False)
class NoisyEstimate:
    """Weights at which the rule, averaged over a simulation, rests.

    Parameters
    ----------
    weights, standard_error : ndarray, shape (n, n)
        The error by leaving out one of twenty groups of inputs at a time.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> A, Q = np.array([[-1.0, -2.0], [2.0, -1.0]]), np.eye(2)
    >>> found = sl.entropy_rule.learn_from_noise(A, Q, 0.02, 2.0, l=1.0, gamma=50.0, n_inputs=200, settle=2.0, seed=0)
    >>> exact = sl.entropy_rule.learned_from_linear(A, Q, l=1.0, gamma=50.0)
    >>> bool((abs(found.weights - exact) < 4 * found.standard_error).all())
    True
    """

    weights: Floats
    standard_error: Floats


def learn_from_noise(
    drift: ArrayLike | Callable[[Floats], Floats],
    Q: ArrayLike,
    dt: float,
    duration: float,
    *,
    l: float,
    gamma: float,
    l_net: float | None = None,
    activation: str = "linear",
    window: str = "antisymmetric",
    n_inputs: int = 1000,
    settle: float = 20.0,
    seed: int | None = None,
) -> NoisyEstimate:
    """Simulate du = xi(u) dt + Q^(1/2) dB with the rule's filters and average its terms.

    A matrix as `drift` is stepped exactly, noise and filters together, so that dt is only how often terms are sampled.
    A function is stepped by Euler and Maruyama, with an error of order dt; its filters are exact for inputs that are
    straight between the steps.

    Parameters
    ----------
    drift : array_like, shape (n, n), or callable
        A, or a function from states (inputs, n) to velocities of that shape.
    Q : array_like, shape (n, n)
        Diffusion.
    dt, duration : float
        Step, and how long terms are averaged for each input.
    l, gamma, l_net, activation, window
        As in `learned_from_linear`; a matrix needs the activation "linear", a function no `l_net`.
    n_inputs : int
        Independent inputs, at least 40.
    settle : float
        How long they run before.
    seed : int, optional

    Returns
    -------
    NoisyEstimate
        The weights and their standard errors.

    Raises
    ------
    ValueError
        A shape or a value does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> A, Q = np.array([[-1.0, -2.0], [2.0, -1.0]]), np.eye(2)
    >>> found = sl.entropy_rule.learn_from_noise(A, Q, 0.02, 2.0, l=1.0, gamma=50.0, n_inputs=200, settle=2.0, seed=0)
    >>> exact = sl.entropy_rule.learned_from_linear(A, Q, l=1.0, gamma=50.0)
    >>> exact.round(2), bool(abs(found.weights - exact).max() < 0.2)  # the rotation, simulated and by formula
    (array([[ 1.  , -1.92],
           [ 1.92,  1.  ]]), True)
    """
    where = "learn_from_noise"
    step = check_step(dt, where)
    count = whole_number(f"{where}: n_inputs", n_inputs, at_least=2 * _GROUPS)
    n_steps, n_before = (max(1, round(time / step)) for time in (duration, settle))
    if window not in ("antisymmetric", "one_sided"):
        raise ValueError(f"{where}: window must be 'antisymmetric' or 'one_sided', got {window!r}")
    rng, noise = generator(seed), np.asarray(Q, dtype=np.float64)
    n = len(noise)
    S = get_activation(activation).value
    if callable(drift):
        if l_net is not None:
            raise ValueError(f"{where}: l_net must be left out where the drift is a function, got {l_net}")
        move, show, size = _euler(drift, noise, step, gamma, S, rng)
    else:
        if activation != "linear":
            raise ValueError(f"{where}: activation must be 'linear' where the drift is a matrix, got {activation!r}")
        move, show, size = _exact(np.asarray(drift, dtype=np.float64), noise, step, gamma, l_net, rng)
    state = np.zeros((count, size))
    for _ in range(n_before):
        state = move(state)
    groups = np.arange(count) * _GROUPS // count
    edges = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=_GROUPS))])
    timing, second, hebb = (np.zeros((_GROUPS, n, n)) for _ in range(3))
    for _ in range(n_steps):
        state = move(state)
        x, p, q = show(state)
        seen = S(x)
        right = np.concatenate([q, seen], axis=1)
        for g in range(_GROUPS):
            rows = slice(edges[g], edges[g + 1])
            both = x[rows].T @ right[rows]
            hebb[g] += both[:, n:]
            second[g] += seen[rows].T @ seen[rows]
            if window == "antisymmetric":
                timing[g] += 0.5 * gamma * (both[:, :n] - p[rows].T @ seen[rows])
            else:
                timing[g] += gamma * (both[:, :n] - both[:, n:])
    total = timing + l * hebb
    whole = np.linalg.solve(second.sum(axis=0).T, total.sum(axis=0).T).T
    rest, others = second.sum(axis=0) - second, total.sum(axis=0) - total
    without = np.stack([np.linalg.solve(rest[g].T, others[g].T).T for g in range(_GROUPS)])
    error = np.sqrt((_GROUPS - 1) / _GROUPS * np.sum((without - without.mean(axis=0)) ** 2, axis=0))
    return NoisyEstimate(whole, error)


def _exact(A: Floats, Q: Floats, dt: float, gamma: float, l_net: float | None, rng: Any) -> _Stepper:
    """Step (u, x, p), or (u, p) with a network that is infinitely fast, by transition matrix and covariance."""
    from scipy.linalg import expm

    n, eye = len(A), np.eye(len(A))
    size = 2 * n if l_net is None else 3 * n
    F, D = np.zeros((size, size)), np.zeros((size, size))
    F[:n, :n], D[:n, :n] = A, Q
    if l_net is not None:
        F[n : 2 * n, :n], F[n : 2 * n, n : 2 * n] = l_net * eye, -l_net * eye
    F[-n:, size - 2 * n : size - n], F[-n:, -n:] = gamma * eye, -gamma * eye
    # Van Loan: transition and covariance of one step from one exponential.
    block = expm(dt * np.block([[-F, D], [np.zeros((size, size)), F.T]]))
    forward = block[size:, size:].T
    covariance = forward @ block[:size, size:]
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    spread = vectors * np.sqrt(np.maximum(values, 0.0))

    def move(state: Floats) -> Floats:
        return np.asarray(state @ forward.T + rng.standard_normal(state.shape) @ spread.T)

    def show(state: Floats) -> tuple[Floats, Floats, Floats]:
        p = state[:, size - n :]
        return state[:, size - 2 * n : size - n], p, p

    return move, show, size


def _euler(
    drift: Callable[[Floats], Floats], Q: Floats, dt: float, gamma: float, S: Callable[[Floats], Floats], rng: Any
) -> _Stepper:
    """Step (u, p, q) with p and q the filters of u and S(u)."""
    n = len(Q)
    values, vectors = np.linalg.eigh(Q)
    spread = vectors * np.sqrt(np.maximum(values, 0.0) * dt)
    fall = float(np.exp(-gamma * dt))
    # Weights of both ends of a straight piece in exp(-gamma t) convolved with it.
    late = 1.0 - (1.0 - fall) / (gamma * dt)
    early = (1.0 - fall) - late

    def move(state: Floats) -> Floats:
        u = state[:, :n]
        after = u + dt * drift(u) + rng.standard_normal(u.shape) @ spread.T
        p = fall * state[:, n : 2 * n] + early * u + late * after
        q = fall * state[:, 2 * n :] + early * S(u) + late * S(after)
        return np.concatenate([after, p, q], axis=1)

    def show(state: Floats) -> tuple[Floats, Floats, Floats]:
        return state[:, :n], state[:, n : 2 * n], state[:, 2 * n :]

    return move, show, 3 * n
