"""The online rule's exact end: its one periodic solution, ripple and bias of the learning rate included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.filters import low_pass
from spikelearn.models.entropy_rule.minimiser import check_decay
from spikelearn.models.entropy_rule.stationary import seen_input
from spikelearn.parameters.numbers import whole_number

__all__ = ["PeriodicSolution", "periodic_solution"]


@dataclass(frozen=True, eq=False)
class PeriodicSolution:
    """The weights to which the online rule tends, over one period of its input.

    Parameters
    ----------
    weights : ndarray, shape (frames, n, n)
        W at each frame of the period, the first at its begin.
    transfer : ndarray, shape (n, n)
        M: a deviation X of the weights at the begin of a period is X M at its end.
    period : float

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> t = 2 * np.pi * np.arange(64) / 64
    >>> circle = 0.1 * np.stack([np.cos(t), np.sin(t)], axis=1)
    >>> rule = sl.EntropyRule(l=1.0, gamma=100.0, activation="linear", l_net=100.0, epsilon=0.01)
    >>> end = rule.periodic(circle, 2 * np.pi / 64)
    >>> end.mean.round(2) + 0.0, bool(end.ripple.max() < 1e-3)  # l plus the rotation
    (array([[ 1., -1.],
           [ 1.,  1.]]), True)
    >>> np.allclose(end.after(end.weights[0], 3), end.weights[0])
    True
    """

    weights: Floats
    transfer: Floats
    period: float

    @property
    def mean(self) -> Floats:
        """Mean over the period, shape (n, n)."""
        return np.asarray(self.weights.mean(axis=0))

    @property
    def ripple(self) -> Floats:
        """Half the distance between highest and lowest value within the period, of each weight."""
        return np.asarray(0.5 * np.ptp(self.weights, axis=0))

    @property
    def multipliers(self) -> NDArray[np.complex128]:
        """Eigenvalues of `transfer`, slowest to fade first."""
        found = np.linalg.eigvals(self.transfer).astype(np.complex128)
        return np.asarray(found[np.argsort(-np.abs(found))])

    @property
    def time_constants(self) -> Floats:
        """Times after which deviations have fallen to 1/e, longest first."""
        return np.asarray(-self.period / np.log(np.abs(self.multipliers)))

    def after(self, W: ArrayLike, n_periods: int) -> Floats:
        """Give the weights n_periods after weights W at the begin of a period, the filters being settled."""
        there = self.weights[0]
        return np.asarray(
            there + (np.asarray(W, dtype=np.float64) - there) @ np.linalg.matrix_power(self.transfer, n_periods)
        )


def periodic_solution(
    frames: ArrayLike,
    dt: float,
    l: float,
    l_net: float,
    gamma: float,
    epsilon: float,
    activation: str = "tanh",
    *,
    refine: int = 4,
) -> PeriodicSolution:
    """Solve dW/dt = epsilon (A(t) - W B(t)) for its periodic solution.

    The rule reads the network only through v-bar = u * g_l_net, which does not depend on the weights; so A, the STDP
    and the Hebbian term, and B = S S' are periodic functions that Fourier transforms give, and the equation is linear.
    With W = P, M after one period from W = 0 and for the deviations, W(0) = P (1 - M)^-1.

    Parameters
    ----------
    frames, dt, l, l_net, gamma, activation
        As in `stationary`.
    epsilon : float
        Learning rate.
    refine : int
        How much more finely the period is integrated, by Runge-Kutta's fourth order.

    Raises
    ------
    ValueError
        Frames that are no smooth period, a value that does not fit, or an input that never acts along some direction,
        where every weight is a solution.

    References
    ----------
    004 Eq. (5) with (14); what the print calls exact convergence has a bias of order epsilon, too (erratum G5).
    """
    where = "EntropyRule.periodic"
    decay = check_decay(l, where)
    # Two points a step: Runge-Kutta's method needs the middle.
    refine = whole_number(f"{where}: refine", refine, at_least=1)
    x, S, half = seen_input(frames, dt, l_net, activation, 2 * refine, where)
    p, q = low_pass(x, half, gamma), low_pass(S, half, gamma)
    n_points, n = x.shape
    h = 2 * half
    M, P, eye = np.eye(n), np.zeros((n, n)), np.eye(n)
    into = np.empty((n_points // (2 * refine), 2, n, n))

    def parts(k: int) -> tuple[Floats, Floats]:
        k %= n_points
        drive = 0.5 * gamma * (np.outer(x[k], q[k]) - np.outer(p[k], S[k])) + decay * np.outer(x[k], S[k])
        return epsilon * drive, epsilon * np.outer(S[k], S[k])

    for k in range(0, n_points, 2):
        if k % (2 * refine) == 0:
            into[k // (2 * refine)] = P, M
        first, middle, last = parts(k), parts(k + 1), parts(k + 2)
        both = np.vstack([P, M])
        stages = []
        state = both
        for (drive, square), reach in ((first, 0.5), (middle, 0.5), (middle, 1.0), (last, 0.0)):
            slope = np.vstack([drive, np.zeros((n, n))]) - state @ square
            stages.append(slope)
            state = both + reach * h * slope
        both = both + h / 6.0 * (stages[0] + 2 * stages[1] + 2 * stages[2] + stages[3])
        P, M = both[:n], both[n:]
    singular = np.linalg.svd(eye - M, compute_uv=False)
    if singular[-1] < 1e-12 * singular[0]:
        raise ValueError(
            f"{where}: the input must act along every direction of the {n} neurons, got {n_points} samples of rank "
            f"{np.linalg.matrix_rank(S)}; every weight along the others is a solution"
        )
    first_weights = np.linalg.solve((eye - M).T, P.T).T
    weights = into[:, 0] + first_weights @ into[:, 1]
    return PeriodicSolution(weights, M, len(into) * refine * h)
