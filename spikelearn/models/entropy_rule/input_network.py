"""An input that is itself a rate network on a limit cycle: its period, its multipliers, and samples of the cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.frames import check_matrix, check_step
from spikelearn.parameters.numbers import whole_number

__all__ = ["Cycle", "InputNetwork"]

# Relative tolerances: of results, and of the way to a first guess of them.
_TIGHT, _LOOSE = 1e-13, 1e-7


@dataclass(frozen=True, eq=False)
class Cycle:
    """A limit cycle of an `InputNetwork`.

    Parameters
    ----------
    start : ndarray, shape (n,)
        A point on it.
    period : float
    multipliers : ndarray of complex, shape (n,)
        Of small deviations over a period, largest first; one of them is 1.
    network : InputNetwork

    Examples
    --------
    >>> import spikelearn as sl
    >>> cycle = sl.entropy_rule.source_network().cycle(sl.entropy_rule.START, settle=0.0)
    >>> round(cycle.period, 4), abs(cycle.multipliers).round(6)  # one multiplier is 1: a shift along the cycle
    (5.7352, array([1.      , 0.035739, 0.00478 ]))
    >>> cycle.frames(4).shape
    (4, 3)
    """

    start: Floats
    period: float
    multipliers: NDArray[np.complex128]
    network: InputNetwork = field(repr=False)

    def frames(self, n_frames: int) -> Floats:
        """Sample one period at n_frames equal steps from `start`, shape (n_frames, n); to about 1e-12."""
        count = whole_number("Cycle.frames: n_frames", n_frames, at_least=2)
        times = self.period * np.arange(count) / count
        return self.network.run(self.start, times)


@dataclass(frozen=True, eq=False)
class InputNetwork:
    """The autonomous network u' = -l u + W S(u) that another one listens to.

    Parameters
    ----------
    W : array_like, shape (n, n)
        Weights W[i, j] from j to i.
    l : float
        Decay constant.
    activation : str
        "tanh", "linear", or a formula in x.

    References
    ----------
    004, "From activity to connectivity".

    Examples
    --------
    >>> import spikelearn as sl
    >>> turning = sl.entropy_rule.InputNetwork([[1.0, -1.0], [1.0, 1.0]], l=1.0, activation="linear")
    >>> turning.run([1.0, 0.0], [0.0, 3.141592653589793]).round(6) + 0.0  # u' = (W - l) u is a rotation
    array([[ 1.,  0.],
           [-1.,  0.]])
    """

    W: Floats
    l: float = 1.0
    activation: str = "tanh"

    def __post_init__(self) -> None:
        size = len(np.atleast_1d(np.asarray(self.W, dtype=np.float64)))
        object.__setattr__(self, "W", check_matrix(self.W, size, "InputNetwork"))
        object.__setattr__(self, "l", check_step(self.l, "InputNetwork: l"))
        get_activation(self.activation)

    def velocity(self, u: Floats) -> Floats:
        """Give du/dt at a state of shape (n,), or at each of many of shape (m, n)."""
        return np.asarray(get_activation(self.activation).value(u) @ self.W.T - self.l * u)

    def run(self, start: ArrayLike, times: ArrayLike) -> Floats:
        """Integrate from a start at time 0 and give the states at rising times; adaptive, of order eight."""
        return self._run(np.asarray(start, dtype=np.float64), np.asarray(times), _TIGHT)

    def _run(self, start: Floats, times: Any, rtol: float) -> Floats:
        S, W, decay = get_activation(self.activation).value, self.W, self.l
        return _solve(lambda _, u: W @ S(u) - decay * u, start, np.asarray(times), rtol)

    def cycle(self, start: ArrayLike, *, settle: float = 100.0, longest: float = 100.0) -> Cycle:
        """Find the limit cycle that a start leads to, by letting it settle and then by Newton's method.

        Parameters
        ----------
        start : array_like, shape (n,)
            Where from; networks may have several cycles, and odd activations give mirror images.
        settle : float
            How long it may approach the cycle first.
        longest : float
            The longest period that is looked for.

        Raises
        ------
        ValueError
            The activity comes to rest, grows, or does not return: the input is not periodic.
        """
        where = "InputNetwork.cycle"
        given = np.array(start, dtype=np.float64)
        if given.shape != (len(self.W),) or not np.isfinite(given).all():
            raise ValueError(f"{where}: start must be {len(self.W)} finite numbers, got shape {given.shape}")
        settled = self._run(given, [settle], _LOOSE)[0]
        speed = self.velocity(settled)
        if not np.isfinite(settled).all() or np.linalg.norm(speed) < 1e-6 * max(1.0, float(np.linalg.norm(settled))):
            raise ValueError(f"{where}: activity must be periodic, got one that comes to rest or leaves all bounds")
        # The first return to the plane through the point, in the same direction and close by.
        times = np.linspace(0.0, longest, max(2000, int(longest * 40)))
        path = self._run(settled, times, _LOOSE)
        side = (path - settled) @ speed
        near = np.linalg.norm(path - settled, axis=1) < 0.2 * np.ptp(path, axis=0).max()
        returns = np.flatnonzero((side[:-1] < 0.0) & (side[1:] >= 0.0) & near[1:])
        if not len(returns):
            raise ValueError(f"{where}: activity must be periodic, got one that does not return within {longest:g}")
        point, period, monodromy = self._newton(settled, float(times[returns[0] + 1]), where)
        multipliers = np.linalg.eigvals(monodromy).astype(np.complex128)
        return Cycle(point, period, np.asarray(multipliers[np.argsort(-np.abs(multipliers))]), self)

    def _newton(self, point: Floats, period: float, where: str) -> tuple[Floats, float, Floats]:
        n = len(point)
        slope = get_activation(self.activation).slope

        def both(_: float, y: Floats) -> Floats:
            u, M = y[:n], y[n:].reshape(n, n)
            return np.concatenate([self.velocity(u), ((self.W * slope(u) - self.l * np.eye(n)) @ M).ravel()])

        for _ in range(20):
            end = _solve(both, np.concatenate([point, np.eye(n).ravel()]), np.array([period]), _TIGHT)[0]
            miss, monodromy = end[:n] - point, end[n:].reshape(n, n)
            if np.abs(miss).max() < 3e-13 * max(1.0, float(np.abs(point).max())):
                return point, period, monodromy
            system = np.zeros((n + 1, n + 1))
            system[:n, :n], system[:n, n] = monodromy - np.eye(n), self.velocity(end[:n])
            system[n, :n] = self.velocity(point)
            change = np.linalg.solve(system, np.append(-miss, 0.0))
            point, period = point + change[:n], period + float(change[n])
            if not 0.0 < period < np.inf:
                break
        raise ValueError(f"{where}: activity must be periodic, got no closed orbit near period {period:.4g}")


def _solve(field_of: Any, start: Floats, times: Floats, rtol: float) -> Floats:
    from scipy.integrate import solve_ivp

    end = float(times[-1])
    if end == 0.0:
        return start[None, :].copy()
    found = solve_ivp(field_of, (0.0, end), start, t_eval=times, method="DOP853", rtol=rtol, atol=0.1 * rtol)
    if not found.success:
        raise ValueError(f"InputNetwork: integration stopped at time {found.t[-1]:.4g}: {found.message}")
    return np.asarray(found.y.T)
