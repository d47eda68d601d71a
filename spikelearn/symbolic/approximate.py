"""Three approximations of a gradient rule: small weights, near the Up state, and the full first-order polynomial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spikelearn.symbolic.implicit import Response, adjugate_and_determinant, is_identically_zero
from spikelearn.symbolic.populations import SteadyState

__all__ = ["full", "set_point_weights", "small_weights", "steady_state_without_weights", "up_state"]

Tidy = Callable[[Any], Any]


def small_weights(state: SteadyState, response: Response) -> Response:
    """Expand dX/dW to first order in the weights about zero, with the activities X held.

    With A = A_0 + A_1 and drive B = B_0 + B_1 (orders in the weights), A^-1 B is
    S_0 B_0 + S_0 B_1 - S_0 A_1 S_0 B_0 with S_0 = A_0^-1.

    References
    ----------
    000, "Approximation: small weights".
    """
    import sympy

    n = len(state.populations)
    a = [
        [int(p == q) - state.right_hand_sides[row].diff(sympy.Symbol(x)) for q, x in enumerate(state.populations)]
        for p, row in enumerate(state.populations)
    ]
    drive = response.terms[0][1]
    a_0, a_1 = _orders(a, state)
    b_0, b_1 = _orders(drive, state)
    adjugate, determinant = adjugate_and_determinant(a_0)
    if is_identically_zero(determinant):
        raise ValueError(
            "small_weights must start from a regular steady state, got a singular Jacobian at zero weights"
        )
    correction = _product(_product(adjugate, a_1), adjugate)
    s_0 = [[determinant * adjugate[p][q] for q in range(n)] for p in range(n)]
    s_1 = [[determinant * adjugate[p][q] - correction[p][q] for q in range(n)] for p in range(n)]
    terms = [(s_1, b_0)] + ([(s_0, b_1)] if any(entry != 0 for row in b_1 for entry in row) else [])
    return Response(tuple(terms), determinant**2)


def up_state(state: SteadyState, response: Response, dependent: Sequence[str] | None, tidy: Tidy) -> Response:
    """Replace the weights in dX/dW by those that hold the set point, with the activities X held (zeroth order).

    References
    ----------
    003 Eq. (57); 000, "weights are not small but near the Up state".
    """
    import sympy

    weights = {sympy.Symbol(k): v for k, v in set_point_weights(state, dependent).items()}

    def entry(old: Any) -> Any:
        return tidy(sympy.sympify(old).xreplace(weights))

    determinant = entry(response.denominator)
    # What the numerators share with the determinant goes, so that the one sum that is left is the paper's D.
    common = sympy.Mul(*(factor for factor in sympy.Mul.make_args(determinant) if not factor.is_Add))
    terms = tuple(
        ([[entry(e) / common for e in row] for row in gain], [[entry(e) for e in row] for row in drive])
        for gain, drive in response.terms
    )
    return Response(terms, determinant / common)


def full(state: SteadyState, changes: Mapping[str, Any], response: Response, tidy: Tidy) -> dict[str, Any]:
    """Substitute X = X_ss(W) in a rule and expand it to first order in the weights about zero.

    X_ss need not be solved for: its value and first derivatives at zero weights are all that enters.

    References
    ----------
    000, "Full approximation". The expansion point has E, I < 0 for the paper's parameters, outside the range where
    the steady-state equations hold (erratum F3): the algebra is right and says nothing about the dynamics.
    """
    import sympy

    weights = [sympy.Symbol(name) for name in state.weights]
    at_zero = steady_state_without_weights(state)
    here = {**dict.fromkeys(weights, sympy.Integer(0)), **at_zero}
    slopes = [[response.derivative(p, k).xreplace(here) for k in range(len(weights))] for p in range(len(at_zero))]
    result = {}
    for name, change in changes.items():
        total = tidy(change.xreplace(here))
        for k, weight in enumerate(weights):
            slope = change.diff(weight).xreplace(here)
            for p, activity in enumerate(at_zero):
                slope = slope + change.diff(activity).xreplace(here) * slopes[p][k]
            total = total + tidy(slope) * weight
        if total.has(sympy.zoo, sympy.nan):
            raise ValueError(f"full must expand a rule that is finite at zero weights, got none for {name}")
        result[name] = total
    return result


def set_point_weights(state: SteadyState, dependent: Sequence[str] | None = None) -> dict[str, Any]:
    """Solve f(X_set, W) = X_set for one weight into each population; the other weights stay free.

    Parameters
    ----------
    state : SteadyState
    dependent : sequence of str, optional
        The weights to solve for; by default the last one of each population's equation: W_EI and W_II.

    Returns
    -------
    dict of str to sympy.Expr
        In set points, parameters and the free weights.

    Raises
    ------
    ValueError
        A population has no set point among the parameters, or no weight that could hold it there; or a nonlinear
        steady state leaves several real choices of weights, or none.

    References
    ----------
    003 Eq. (24).
    """
    import sympy

    missing = [f"{name}_set" for name in state.populations if name not in state.set_points]
    if missing:
        raise ValueError(f"model.parameters must give every set point for this, got none named {', '.join(missing)}")
    at_set = {sympy.Symbol(name): sympy.Symbol(target) for name, target in state.set_points.items()}
    sides = {name: state.right_hand_sides[name].xreplace(at_set) for name in state.populations}
    chosen = tuple(dependent) if dependent is not None else _last_weights(state, sides)
    for name in chosen:
        if name not in state.weights:
            raise ValueError(f"solve_for must name weights, got {name!r}. Known: {', '.join(state.weights)}")
    unknown = [sympy.Symbol(name) for name in chosen]
    equations = [sides[name] - sympy.Symbol(target) for name, target in state.set_points.items()]
    try:
        found = sympy.solve(equations, unknown, dict=True, simplify=False)
    except NotImplementedError:
        found = []
    if len(chosen) != len(equations) or not found or set(found[0]) != set(unknown):
        raise ValueError(f"solve_for must be weights that hold every set point, got {', '.join(chosen) or 'none'}")
    roots = [[root[symbol] for symbol in unknown] for root in found if set(root) == set(unknown)]
    return dict(zip(chosen, _usable_root(state, unknown, equations, roots), strict=True))


def _usable_root(state: SteadyState, unknown: Sequence[Any], equations: Sequence[Any], roots: list[Any]) -> Any:
    """Choose the root that is real and solves the equations at the parameters; positive ones come first.

    A root of a nonlinear steady state may hold for some free weights only, so that each is tried at free weights
    spread over [0, 20], at which `spikelearn.symbolic.verify` draws them too.
    """
    import numpy as np
    import sympy

    free = [symbol for name in state.weights if (symbol := sympy.Symbol(name)) not in unknown]
    names = list(state.parameters)
    arguments = [*free, *(sympy.Symbol(name) for name in names)]
    # An irrational stride spreads the points without a random generator; complex numbers let roots leave the real axis.
    steps = np.arange(1, 101)[:, None] * np.sqrt(np.array([sympy.prime(k + 1) for k in range(len(free))], dtype=float))
    points = (20 * (steps % 1.0)).T.astype(complex)
    numbers = [np.complex128(state.parameters[name]) for name in names]
    usable, positive = [], []
    for root in roots:
        sides = [equation.subs(dict(zip(unknown, root, strict=True))) for equation in equations]
        function = sympy.lambdify(arguments, [*root, *sides], modules=["scipy", "numpy"])
        with np.errstate(all="ignore"):
            found = [np.broadcast_to(v, len(steps)) for v in function(*points, *numbers)]
        weights, left = np.array(found[: len(root)]), np.array(found[len(root) :])
        real = np.abs(weights.imag) <= 1e-9 * (1 + np.abs(weights))
        size = 1 + max(abs(state.parameters[target]) for target in state.set_points.values())
        holds = np.isfinite(weights).all(axis=0) & real.all(axis=0) & (np.abs(left) <= 1e-8 * size).all(axis=0)
        if holds.any():
            usable.append(root)
            positive += [root] * bool((holds & (weights.real > 0).all(axis=0)).any())
    left_over = positive or usable
    if len(left_over) == 1:
        return left_over[0]
    chosen = ", ".join(str(symbol) for symbol in unknown)
    if not left_over:
        raise ValueError(f"set point must be held by real weights, got none for {chosen} at the model's parameters")
    several = "; ".join(", ".join(f"{k} = {v}" for k, v in zip(unknown, root, strict=True)) for root in left_over)
    raise ValueError(f"set point must be held by one choice of {chosen}, got {len(left_over)}: {several}")


def steady_state_without_weights(state: SteadyState) -> dict[Any, Any]:
    """Solve X = f(X, 0), the point about which small weights are expanded."""
    import sympy

    activities = [sympy.Symbol(name) for name in state.populations]
    none = dict.fromkeys((sympy.Symbol(name) for name in state.weights), sympy.Integer(0))
    sides = [state.right_hand_sides[name].xreplace(none) for name in state.populations]
    if not any(side.has(*activities) for side in sides):
        return dict(zip(activities, sides, strict=True))
    try:
        found = sympy.solve([s - x for s, x in zip(sides, activities, strict=True)], activities, dict=True)
    except NotImplementedError:
        found = []
    if len(found) != 1 or set(found[0]) != set(activities):
        raise ValueError("full must know the steady state at zero weights, which could not be solved for here")
    return dict(found[0])


def _last_weights(state: SteadyState, sides: Mapping[str, Any]) -> tuple[str, ...]:
    import sympy

    chosen: list[str] = []
    for name in state.populations:
        into = [w for w in state.weights if sides[name].has(sympy.Symbol(w)) and w not in chosen]
        if not into:
            raise ValueError(f"set point of {name} must be held by a weight, got none in its steady state")
        chosen.append(into[-1])
    return tuple(chosen)


def _orders(matrix: Sequence[Sequence[Any]], state: SteadyState) -> tuple[list[list[Any]], list[list[Any]]]:
    import sympy

    weights = [sympy.Symbol(name) for name in state.weights]
    none = dict.fromkeys(weights, sympy.Integer(0))
    entries = [[sympy.sympify(entry) for entry in row] for row in matrix]
    zeroth = [[entry.xreplace(none) for entry in row] for row in entries]
    first = [[sum((w * e.diff(w).xreplace(none) for w in weights), sympy.Integer(0)) for e in row] for row in entries]
    return zeroth, first


def _product(left: Sequence[Sequence[Any]], right: Sequence[Sequence[Any]]) -> list[list[Any]]:
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left]
