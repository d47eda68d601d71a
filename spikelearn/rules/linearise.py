"""Exact linearisation of any rule on any rate model about a state at which the rule rests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.formulas.formula import numpy_function, parse_expression, symbol
from spikelearn.rules.rate_model import RateModel
from spikelearn.rules.rule import Rule

__all__ = ["Linearisation", "linearise", "whole_spectrum"]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Linearisation:
    """Derivatives of a model of n activities r and m weights W, and of a rule F, at one state or an array of states.

    With tau dr/dt = -r + f(r, W) and dW/dt = F(r, W):

    Parameters
    ----------
    A : ndarray, shape (..., n, n)
        df/dr - 1; for `EIRates` the matrix M of x, y and the cross gains.
    B : ndarray, shape (..., n, m)
        df/dW.
    F_r : ndarray, shape (..., m, n)
        dF/dr.
    F_W : ndarray, shape (..., m, m)
        dF/dW at fixed activities.
    tau : ndarray, shape (n,)
        Time constants in ms.
    change : ndarray, shape (..., m)
        F itself, which is zero where the rule rests.
    """

    A: NDArray[np.float64]
    B: NDArray[np.float64]
    F_r: NDArray[np.float64]
    F_W: NDArray[np.float64]
    tau: NDArray[np.float64]
    change: NDArray[np.float64]

    @property
    def singular(self) -> NDArray[np.bool_]:
        """Whether the steady state has no unique response to the weights: det A is zero within its rounding error."""
        bound = np.prod(np.linalg.norm(self.A, axis=-1), axis=-1)
        return np.asarray(np.abs(np.linalg.det(self.A)) <= 8 * np.finfo(float).eps * bound)

    @property
    def response(self) -> NDArray[np.float64]:
        """Derivatives of the quasi-steady activities by the weights, -A^-1 B, shape (..., n, m); NaN where singular."""
        return -self._inverse @ self.B

    @property
    def qss(self) -> NDArray[np.float64]:
        """Jacobian of the weights with the activities at their quasi-steady state, shape (..., m, m)."""
        return np.asarray(self.F_W + self.F_r @ self.response)

    @property
    def full(self) -> NDArray[np.float64]:
        """Jacobian of activities and weights together, shape (..., n + m, n + m)."""
        rate = 1 / self.tau[:, None]
        top = np.concatenate([rate * self.A, rate * self.B], axis=-1)
        return np.concatenate([top, np.concatenate([self.F_r, self.F_W], axis=-1)], axis=-2)

    @property
    def rests_on_plane(self) -> bool:
        """Whether nothing drives the weights along directions that leave the activities alone: m - n zeros."""
        if not self.F_W.any():
            return True
        keeps = np.eye(self.B.shape[-1]) - self.right_inverse @ self.B
        with np.errstate(invalid="ignore"):
            size = np.abs(self.F_W).max(axis=(-1, -2), keepdims=True)
            driven = np.abs(self.F_W @ keeps) > _ROUNDING * size  # false where NaN: singular points tell nothing
        return not bool(driven.any())

    @property
    def qss_core(self) -> NDArray[np.float64]:
        """The n x n matrix with the nonzero eigenvalues of `qss`, valid where `rests_on_plane`.

        In the coordinates u = B dW, the drive that the weights give to the activities. It has the eigenvalues of
        K = M^-1 S, and needs no assumption on how the rule depends on the weights.
        """
        with np.errstate(invalid="ignore"):
            return np.asarray(self.drive_by_drive - self.B @ self.F_r @ self._inverse)

    @property
    def qss_core_determinant(self) -> NDArray[np.float64]:
        """Determinant of `qss_core` without the cancellation that its own entries would bring near det A = 0."""
        singular = self.singular
        with np.errstate(invalid="ignore"):
            numerator = np.linalg.det(self.drive_by_drive @ self.A - self.B @ self.F_r)
        return np.asarray(np.where(singular, np.nan, numerator / np.where(singular, 1.0, np.linalg.det(self.A))))

    @property
    def full_core(self) -> NDArray[np.float64]:
        """The 2 n x 2 n matrix with the nonzero eigenvalues of `full`, valid where `rests_on_plane`."""
        rate = 1 / self.tau[:, None]
        diagonal = np.broadcast_to(np.diag(1 / self.tau), self.A.shape)
        top = np.concatenate([rate * self.A, diagonal], axis=-1)
        return np.concatenate([top, np.concatenate([self.B @ self.F_r, self.drive_by_drive], axis=-1)], axis=-2)

    @functools.cached_property
    def _inverse(self) -> NDArray[np.float64]:
        singular = self.singular[..., None, None]
        inverse = np.linalg.inv(np.where(singular, np.eye(self.A.shape[-1]), self.A))
        return np.asarray(np.where(singular, np.nan, inverse))

    @functools.cached_property
    def right_inverse(self) -> NDArray[np.float64]:
        """The least weights that give a wanted drive, shape (..., m, n)."""
        transposed = np.swapaxes(self.B, -1, -2)
        return np.asarray(transposed @ np.linalg.inv(self.B @ transposed))

    @functools.cached_property
    def drive_by_drive(self) -> NDArray[np.float64]:
        """How the rule changes the drive by the drive itself, at fixed activities, shape (..., n, n)."""
        if not self.F_W.any():
            return np.zeros_like(self.A)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.B @ self.F_W @ self.right_inverse)


def linearise(
    model: RateModel, rule: Rule, weights: Sequence[ArrayLike], activities: Sequence[ArrayLike] | None = None
) -> Linearisation:
    """Linearise model and rule about a state; everything broadcasts.

    Parameters
    ----------
    model : RateModel
        Gives names, parameters and steady-state equations.
    rule : Rule
        The rule; names such as ``W_IE_up`` that it has not filled in take the value of the weight itself.
    weights : sequence of array_like
        In the order of ``model.weights``.
    activities : sequence of array_like, optional
        In the order of ``model.populations``; without it their set points.

    Returns
    -------
    Linearisation

    Raises
    ------
    ValueError
        The weights have no hold on the activities there: the drive's derivatives are rank-deficient. Or the rule has
        a kink there, as abs(E_set - E) has at the set point, or no finite derivative at a regular steady state.
    """
    p = model.parameters
    if activities is None:
        activities = [p[f"{name}_set"] for name in model.populations]
    n, m = len(model.populations), len(model.weights)
    constants = {**p, **rule.parameters}
    state = [np.asarray(v, dtype=np.float64) for v in (*activities, *weights)]
    values = [*state, *state[n:], *(np.asarray(v) for v in constants.values())]
    shape = np.broadcast_shapes(*(v.shape for v in values))
    function, kinks = _derivatives(_Texts(model, rule))
    if any(np.any(np.asarray(argument) == 0) for argument in kinks(*values)):
        raise ValueError(f"{rule.label} must have derivatives at the state, got a kink: abs() of zero")
    with np.errstate(divide="ignore", invalid="ignore"):  # some rules divide by C, which may be zero: NaN comes out
        flat = [np.broadcast_to(entry, shape) for entry in function(*values)]
    sizes = ((n, n), (n, m), (m, n), (m, m), (m, 1))
    parts, start = [], 0
    for rows, columns in sizes:
        block = np.stack(flat[start : start + rows * columns], axis=-1)
        parts.append(block.reshape(*shape, rows, columns))
        start += rows * columns
    rank_deficient = np.linalg.det(parts[1] @ np.swapaxes(parts[1], -1, -2)) == 0
    if np.any(rank_deficient):
        raise ValueError(
            "the weights must be able to change every activity (rank of the steady state's derivatives by the "
            f"weights {n}), got a state where they cannot"
        )
    tau = np.array([p[f"tau_{name}"] for name in model.populations])
    A, B, F_r, F_W, change = parts
    result = Linearisation(A, B, F_r, F_W, tau, change[..., 0])
    finite = np.isfinite(np.concatenate([F_r, F_W, change], axis=-1)).all(axis=(-1, -2))
    if not np.all(finite | result.singular):
        raise ValueError(
            f"{rule.label} must have finite values and derivatives at the state, got none; where it is a root or a "
            "logarithm of what is zero there, add a small eps inside"
        )
    return result


class _Texts:
    """Model and rule as a key of the cache: equal where all names and texts are, whatever the numbers."""

    def __init__(self, model: RateModel, rule: Rule) -> None:
        self.model, self.rule = model, rule
        self.key = (
            model.populations,
            model.weights,
            tuple(model.parameters),
            tuple(model.steady_state.items()),
            tuple(rule.parameters),
            tuple(rule.dW.items()),
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Texts) and self.key == other.key


@functools.lru_cache(maxsize=128)
def _derivatives(texts: _Texts) -> tuple[Callable[..., Any], Callable[..., Any]]:
    import sympy

    model, rule = texts.model, texts.rule
    names = [*model.populations, *model.weights, *model.parameters]
    activities = [symbol(name) for name in model.populations]
    weights = [symbol(name) for name in model.weights]
    steady = sympy.Matrix(
        [parse_expression(model.steady_state[x], names, f"steady_state[{x!r}]") for x in model.populations]
    )
    change = sympy.Matrix(list(rule.real_expressions(model).values()))
    blocks = (
        steady.jacobian(activities) - sympy.eye(len(activities)),
        steady.jacobian(weights),
        change.jacobian(activities),
        change.jacobian(weights),
        change,
    )
    # A value that `Rule.at` filled in takes the place of the weight's own.
    own = [name if (name := f"{w}_up") not in rule.parameters else f"_{name}" for w in model.weights]
    arguments = [*model.populations, *model.weights, *own, *model.parameters, *rule.parameters]
    kinks = sorted((part.args[0] for part in change.atoms(sympy.Abs)), key=str)
    return numpy_function(arguments, [entry for block in blocks for entry in block]), numpy_function(arguments, kinks)


def whole_spectrum(matrices: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Give all eigenvalues, larger real parts first; NaN for matrices that are not finite.

    Parameters
    ----------
    matrices : ndarray, shape (..., k, k)

    Returns
    -------
    ndarray of complex, shape (..., k)
    """
    finite = np.asarray(np.isfinite(matrices).all(axis=(-1, -2)))
    values = np.linalg.eigvals(np.where(finite[..., None, None], matrices, 0.0)).astype(np.complex128)
    # Conjugate pairs have equal real parts; the imaginary part settles their order.
    order = np.lexsort((-values.imag, -values.real), axis=-1)
    values = np.take_along_axis(values, order, axis=-1)
    values[~finite] = np.nan
    return values
