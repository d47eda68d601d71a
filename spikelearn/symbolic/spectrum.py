"""Stability of a derived rule for any number of populations, in quasi-steady state or together with the activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.parameters.names import nearest
from spikelearn.symbolic.approximate import set_point_weights
from spikelearn.symbolic.numeric import Vector, weight_function

if TYPE_CHECKING:
    from spikelearn.symbolic.derive import DerivedRule

__all__ = ["RuleSpectrum", "require_free_weights", "rest_point", "rule_spectrum"]


@dataclass(frozen=True, eq=False, repr=False)
class RuleSpectrum:
    """Eigenvalues of a rule at a point where it rests, and what must hold beside them.

    Parameters
    ----------
    weights, activities : dict of str to float
        The point.
    eigenvalues : ndarray, shape (weights,) or, for the method "full", (populations + weights,)
        Of the rule's Jacobian in quasi-steady state, or of that of activities and weights together, in 1/ms, largest
        in magnitude first. A rule that rests on all weights that hold the set points has as many nonzero ones as there
        are populations, and with the activities twice as many.
    stable : bool
        As in ``spikelearn.Stability``: with the method "qss" the rule is stable, and so are the activities where their
        time constants are known, each by itself, which holds for both together only while the rule is slow beside the
        activities; with "full" both are stable together.
    rule_stable : bool
        The rule alone, in quasi-steady state: no eigenvalue has a positive real part, and as many as there are
        populations have a negative one.
    neutral : int
        In how many directions that change the activities the rule does nothing (a loss that leaves one out).
    neural_stable : bool or None
        The activities return to the steady state with the weights held; None without ``tau_<population>``.
    positive : bool
        All weights are positive.
    paradoxical : dict of str to bool
        Whether more drive into a population lowers its own activity.
    rests : bool
        Whether the rule rests at this point. False where it was followed in search of its rest and carried the weights
        out of the region in which the activities are stable: the point is the last one inside, and nothing is stable.
    method : {"qss", "full"}
        How it was judged.

    Examples
    --------
    >>> import spikelearn as sl
    >>> one = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0, "tau_r": 10.0})
    >>> found = sl.derive_rule("(r - r_set)**2/2", one).stability()
    >>> found.activities, found.rule_stable, found.neural_stable, found.paradoxical
    ({'r': 5.0}, True, True, {'r': False})
    """

    weights: dict[str, float]
    activities: dict[str, float]
    eigenvalues: np.ndarray[Any, Any]
    stable: bool
    rule_stable: bool
    neutral: int
    neural_stable: bool | None
    positive: bool
    paradoxical: dict[str, bool]
    rests: bool = True
    method: str = "qss"

    def __repr__(self) -> str:
        place = ", ".join(f"{name} = {value:.4g}" for name, value in {**self.activities, **self.weights}.items())
        paradoxical = [name for name, yes in self.paradoxical.items() if yes]
        verdict = "unstable"
        if not self.rests:
            verdict = "no rest: it carries the weights from here out of the region in which the activities are stable"
        elif self.rule_stable:
            verdict = "stable"
        elif self.neutral:
            verdict = f"neutral in {self.neutral} direction(s)"
        neural = {True: "stable", False: "unstable", None: "unknown (no time constants)"}[self.neural_stable]
        return "\n".join(
            (
                f"at {place}",
                f"{_SENSES[self.method]}: {'stable' if self.stable else 'not stable'}",
                f"rule in quasi-steady state: {verdict}; activities: {neural}; "
                f"weights {'all positive' if self.positive else 'not all positive'}; "
                f"paradoxical: {', '.join(paradoxical) or 'none'}",
                f"eigenvalues (1/ms): {', '.join(f'{value:.4g}' for value in self.eigenvalues)}",
            )
        )


# What the verdict `stable` is about.
_SENSES = {"qss": "each by itself", "full": "together"}


def rule_spectrum(derived: DerivedRule, method: str = "qss", **free: float) -> RuleSpectrum:
    """Give the eigenvalues of a derived rule where it rests: at the set point, or where its loss is least.

    Parameters
    ----------
    derived : DerivedRule
    method : {"qss", "full"}
        "qss": the rule where activities follow the weights at once. "full": the Jacobian of activities and weights
        together, which knows how fast the rule is beside the activities; it needs their time constants.
    **free : float
        The free weights, for example ``W_EE=5, W_IE=10``; the others follow from the set point.

    Returns
    -------
    RuleSpectrum

    Raises
    ------
    ValueError
        A free weight is missing, unknown, or one that the set point fixes; or "full" lacks a time constant.

    Notes
    -----
    A loss whose gradient is not zero at the set point (a penalty on the weights) has its rest point searched for from
    there, see `rest_point`.

    Examples
    --------
    >>> import spikelearn as sl
    >>> one = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    >>> found = sl.symbolic.rule_spectrum(sl.derive_rule("(r - r_set)**2/2", one))
    >>> found.weights, found.eigenvalues.round(7), found.stable
    ({'W_rr': 0.4}, array([-6.94e-05]), True)
    """
    weights, x = _set_point(derived, free)
    rests = True
    if not derived.rests_at_set_point:
        weights, x, rests = rest_point(derived, weights, x)
    functions, state = derived.functions, derived.state
    taus = _time_constants(derived)
    if method == "full" and taus is None:
        names = ", ".join(f"tau_{name}" for name in state.populations)
        raise ValueError(f"stability by method 'full' must have the time constants {names} among the parameters")
    jacobian = functions.jacobian(x, weights)
    if not np.isfinite(jacobian).all():
        raise ValueError("stability must be asked where the rule has finite derivatives, got none at this point")
    moves = np.abs(functions.changes(x, weights)).max()
    if rests and not moves <= 1e-6 * np.abs(jacobian).max() * np.abs(weights).max():
        raise ValueError(f"stability must be asked of a rule that rests, got {derived.approximation} rule that moves")
    eigenvalues = np.linalg.eigvals(jacobian)
    eigenvalues = np.real_if_close(eigenvalues[np.argsort(-np.abs(eigenvalues))])
    # Zero eigenvalues come out at rounding size; the margin is far below any rate of a rule that does something.
    margin = 1e-9 * np.abs(eigenvalues).max()
    decaying, growing = int((eigenvalues.real < -margin).sum()), int((eigenvalues.real > margin).sum())
    n = len(state.populations)
    own = np.diag(np.linalg.inv(np.eye(n) - functions.slopes(x, weights)))
    growth = _neural_growth(derived, weights, x)
    neural = None if growth is None else growth < 0 and rests
    rule_stable = rests and growing == 0 and decaying >= n
    stable = rule_stable and neural is not False
    if method == "full" and taus is not None:
        joint = _joint_eigenvalues(derived, weights, x, taus)
        # Of directions in which the rule does nothing eigenvalues are zero, of rounding size in a matrix of both.
        small = 1e-9 * np.abs(joint).max()
        stable = rests and int((joint.real < -small).sum()) >= 2 * n and not (joint.real > small).any()
        eigenvalues = joint
    return RuleSpectrum(
        dict(zip(state.weights, weights.tolist(), strict=True)),
        dict(zip(state.populations, x.tolist(), strict=True)),
        eigenvalues,
        stable,
        rule_stable,
        max(n - decaying - growing, 0),
        neural,
        bool((weights > 0).all()),
        {name: bool(gain < 0) for name, gain in zip(state.populations, own, strict=True)},
        rests,
        method,
    )


def _joint_eigenvalues(derived: DerivedRule, weights: Vector, x: Vector, taus: Vector) -> Any:
    """Give those of dX/dt = (f(X, W) - X)/tau and dW/dt = rule(X, W), in 1/ms, largest in magnitude first."""
    functions, n = derived.functions, x.size
    above = np.hstack([functions.slopes(x, weights) - np.eye(n), functions.drive(x, weights)]) / taus[:, None]
    below = np.hstack([functions.by_activity(x, weights), functions.by_weight(x, weights)])
    eigenvalues = np.linalg.eigvals(np.vstack([above, below]))
    return np.real_if_close(eigenvalues[np.argsort(-np.abs(eigenvalues))])


def rest_point(derived: DerivedRule, weights: Vector, x: Vector) -> tuple[Vector, Vector, bool]:
    """Follow the rule from given weights to where it rests, or to where the activities lose their stability.

    Beyond that place no activities follow the weights, so that a rest found there would mean nothing.

    Returns
    -------
    weights, activities : ndarray
        The last point.
    rests : bool
        Whether the rule rests there; False at the border of the region in which the activities are stable. Without
        time constants no border is known and none is looked for.

    Raises
    ------
    ValueError
        The rule does not come to rest.
    """
    from scipy.integrate import solve_ivp

    functions = derived.functions
    guess = [x]

    def flow(_time: float, w: Vector) -> Vector:
        guess[0] = functions.steady_state(w, guess[0])
        return functions.changes(guess[0], w) / derived.alpha

    def border(_time: float, w: Vector) -> float:
        growth = _neural_growth(derived, w, functions.steady_state(w, guess[0]))
        return -1.0 if growth is None else growth

    border.terminal = True  # type: ignore[attr-defined]
    if border(0.0, weights) >= 0:
        return weights, x, False
    speed = np.abs(np.linalg.eigvals(functions.jacobian(x, weights))).max() / derived.alpha
    w = weights
    for stretch in range(1, 10):
        run = solve_ivp(flow, (0.0, 10.0**stretch / speed), w, method="LSODA", rtol=1e-9, atol=1e-12, events=[border])
        w = run.y[:, -1]
        if run.status == 1:
            return w, functions.steady_state(w, guess[0]), False
        if np.abs(flow(0.0, w)).max() <= 1e-7 * speed * np.abs(w).max():
            return w, functions.steady_state(w, guess[0]), True
    raise ValueError("rule must come to rest for a verdict, got weights that keep moving")


def _neural_growth(derived: DerivedRule, weights: Vector, x: Vector) -> float | None:
    """Largest real part of the activities' own eigenvalues at held weights, in 1/ms; None without time constants."""
    taus = _time_constants(derived)
    if taus is None:
        return None
    a = np.eye(x.size) - derived.functions.slopes(x, weights)
    return float(np.linalg.eigvals(-a / taus[:, None]).real.max())


def _time_constants(derived: DerivedRule) -> Vector | None:
    """Time constants of the populations in ms; None where one is missing."""
    taus = [derived.state.parameters.get(f"tau_{name}") for name in derived.state.populations]
    return None if None in taus else np.array(taus, dtype=np.float64)


def _set_point(derived: DerivedRule, free: Mapping[str, float]) -> tuple[Vector, Vector]:
    state = derived.state
    held = set_point_weights(state, derived.solve_for)
    order = [name for name in state.weights if name not in held]
    require_free_weights(free, order)
    for name, value in free.items():
        if np.ndim(value) > 0:
            raise TypeError(
                f"stability of this model and loss must be asked for one point at a time, got {name} of shape "
                f"{np.shape(value)}: loop over the points"
            )
    values = np.array([_one_weight(name, free[name]) for name in order])
    found = dict(zip(order, values.tolist(), strict=True)) | weight_function(held, order, state.parameters)(values)
    weights = np.array([found[name] for name in state.weights], dtype=np.float64)
    return weights, np.array([state.parameters[name] for name in state.set_points.values()])


def require_free_weights(free: Mapping[str, Any], order: Sequence[str]) -> None:
    """Refuse free weights that are unknown or missing, with the nearest name.

    Raises
    ------
    ValueError
        See above.
    """
    for name in free:
        if name not in order:
            guess = nearest(name, order)
            hint = f"; did you mean {guess!r}?" if guess else ""
            wanted = ", ".join(order) or "none"
            raise ValueError(f"stability must be given the free weights {wanted}, got {name!r}{hint}")
    if set(free) != set(order):
        given = ", ".join(free) or "none"
        raise ValueError(f"stability must be given the free weights {', '.join(order)}, got {given}")


def _one_weight(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"stability must be given numbers, got {name} = {value!r}") from error
    if not 0 <= number < np.inf:
        raise ValueError(f"stability must be given finite weights that are not negative, got {name} = {number:g}")
    return number
