"""Model and rule in continuous time: runs from a state beside a set point, and the mode that will lead them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.rules.linearise import linearise
from spikelearn.rules.rule import Rule

__all__ = ["Mode", "brian_trajectory", "leading_mode", "trajectory"]


@dataclass(frozen=True, eq=False)
class Mode:
    """The nonzero mode of activities and weights that grows fastest or decays slowest.

    Parameters
    ----------
    eigenvalue : complex
        In 1/ms.
    right, left : ndarray of complex, shape (6,)
        Eigenvectors with ``left @ right == 1``; ``left @ deviation`` is the mode's amplitude.
    state : ndarray, shape (6,)
        The set point: E, I and the four weights.
    """

    eigenvalue: complex
    right: NDArray[np.complex128]
    left: NDArray[np.complex128]
    state: NDArray[np.float64]

    def kicked(self, size: float) -> NDArray[np.float64]:
        """Give the state displaced along the mode, by `size` in the entry that moves most."""
        direction = self.right / self.right[np.argmax(np.abs(self.right))]
        return np.asarray(self.state + size * direction.real)


def leading_mode(model: EIRates, rule: Rule, weights: Weights) -> Mode:
    """Find the leading nonzero mode of the 6-D linearisation at one set point.

    Parameters
    ----------
    model, rule
        The rule must rest at the set point.
    weights : Weights
        The set point's weights, one number each.
    """
    linear = linearise(model, rule, weights)
    values, vectors = np.linalg.eig(linear.full)
    zeros = 2 if linear.rests_on_plane else 0
    nonzero = np.argsort(np.abs(values))[zeros:]
    lead = nonzero[np.argmax(values[nonzero].real)]
    left = np.linalg.inv(vectors)[lead]
    state = np.array([model.E_set, model.I_set, *map(float, weights)])
    return Mode(complex(values[lead]), vectors[:, lead], left, state)


def trajectory(model: EIRates, rule: Rule | None, start: NDArray[np.float64], n: int, dt: float) -> Floats:
    """Run model and rule in continuous time by the Runge-Kutta method of fourth order.

    Parameters
    ----------
    model : EIRates
        The activities, rectified and cut off.
    rule : Rule or None
        None holds the weights.
    start : ndarray, shape (6,)
        E, I and the four weights.
    n : int
        Number of states, the first of which is `start`.
    dt : float
        Step in ms.

    Returns
    -------
    ndarray, shape (n, 6)
    """
    step = rule.update(model) if rule is not None else None
    states = np.empty((n, 6))
    states[0] = start
    for k in range(n - 1):
        s = states[k]
        a = _right_side(model, step, s)
        b = _right_side(model, step, s + 0.5 * dt * a)
        c = _right_side(model, step, s + 0.5 * dt * b)
        d = _right_side(model, step, s + dt * c)
        states[k + 1] = s + dt / 6 * (a + 2 * b + 2 * c + d)
    return states


def _right_side(model: EIRates, step: Any, s: NDArray[np.float64]) -> NDArray[np.float64]:
    E, I, ee, ei, ie, ii = s.tolist()  # noqa: E741
    drive_E = model.g_E * (ee * E - ei * I - model.Theta_E + model.I_ext)
    drive_I = model.g_I * (ie * E - ii * I - model.Theta_I)
    rates = (
        (-E + min(max(drive_E, 0.0), model.E_max)) / model.tau_E,
        (-I + min(max(drive_I, 0.0), model.I_max)) / model.tau_I,
    )
    return np.array([*rates, *(step(E, I, ee, ei, ie, ii) if step is not None else (0.0,) * 4)])


def brian_trajectory(
    model: Any,
    rule: Rule | None,
    start: NDArray[np.float64],
    n: int,
    dt: float,
    *,
    target: str = "numpy",
    method: str = "rk4",
) -> Floats:
    """Run the same on Brian2, whose rk4 is the same method; arguments and result as for `trajectory`."""
    from brian2 import Network, NeuronGroup, StateMonitor, ms

    from spikelearn.brian.session import session

    names = (*model.populations, *model.weights)
    equations = model.equations if rule is None else rule.brian_equations(model)
    namespace = {**model.parameters, "ms": ms} if rule is None else rule.namespace(model)
    with session(target) as brian:
        group = NeuronGroup(1, equations, method=method, dt=dt * ms)
        for name, value in zip(names, start, strict=True):
            setattr(group, name, float(value))
        monitor = StateMonitor(group, names, record=True, dt=dt * ms)
        # The monitor reads at the start of each step.
        brian.run(Network(group, monitor), n * dt * ms, namespace=namespace)
        return np.column_stack([np.asarray(getattr(monitor, name)[0]) for name in names])[:n]
