"""Closed forms of synaptic stability for every rule of the family, in the quasi-steady-state (QSS) approximation.

With the activities at their quasi-steady state, a rule that vanishes at the set point has two zero eigenvalues
(motion along the plane of set-point weights) and two others. The functions here give trace and determinant of the
2 x 2 matrix with those two eigenvalues. Write x = g_E W_EE - 1, y = g_I W_II + 1, C = g_E g_I W_EI W_IE - x y,
P_E = E_set^2 alpha_EE + I_set^2 alpha_EI and P_I = E_set^2 alpha_IE + I_set^2 alpha_II.

Every function takes ``(model, parameters, W_EE, W_IE)``: the rule's parameters by name (floats or arrays) and the free
weights; all broadcast. Eigenvalues are in 1/ms when the rates are per ms.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Coefficients",
    "TraceDeterminant",
    "coefficients",
    "cross_homeostatic",
    "eigenvalue_pair",
    "forced_balance",
    "forced_balance_pinned",
    "homeostatic",
    "loss_gradient",
    "neural_region",
    "synaptic_scaling",
    "two_term",
]


class TraceDeterminant(NamedTuple):
    """Trace and determinant of the 2 x 2 matrix that holds the two nonzero eigenvalues."""

    trace: NDArray[np.float64]
    determinant: NDArray[np.float64]


class Coefficients(NamedTuple):
    """What the closed forms need of a set point: x, y, C and the two dependent weights."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    C: NDArray[np.float64]
    W_EI: NDArray[np.float64]
    W_II: NDArray[np.float64]


def coefficients(model: Any, W_EE: ArrayLike, W_IE: ArrayLike) -> Coefficients:
    """Give x, y, C and the dependent weights at the set point with the free weights W_EE and W_IE.

    References
    ----------
    003 Eqs. (19), (24).
    """
    ee = np.asarray(W_EE, dtype=np.float64)
    ie = np.asarray(W_IE, dtype=np.float64)
    theta_E = model.Theta_E - model.I_ext
    x = model.g_E * ee - 1
    y = (model.g_I / model.I_set) * (model.E_set * ie - model.Theta_I)
    ei = (x * model.E_set - model.g_E * theta_E) / (model.g_E * model.I_set)
    # C of Eq. (19) with the set-point weights put in: their product cancels, and so does its rounding error.
    C = _difference(model.Theta_I * x, model.g_E * theta_E * ie) * (model.g_I / model.I_set)
    return Coefficients(x, y, C, ei, (y - 1) / model.g_I)


def _difference(a: Any, b: Any) -> NDArray[np.float64]:
    """Subtract, giving exactly zero where nothing but rounding is left: there no sign can be told."""
    result = np.asarray(a - b)
    return np.where(np.abs(result) <= 8 * np.finfo(float).eps * (np.abs(a) + np.abs(b)), 0.0, result)


def neural_region(model: Any, W_EE: ArrayLike, W_IE: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give neural stability, Eqs. (22) and (23), and positivity of W_EI and W_II, Eqs. (25) and (26)."""
    c = coefficients(model, W_EE, W_IE)
    stable = (c.C > 0) & (c.y * model.tau_E > c.x * model.tau_I)
    return np.asarray(stable), np.asarray((c.W_EI > 0) & (c.W_II > 0))


def homeostatic(model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike) -> TraceDeterminant:
    """Give C tr = x g_I P_I - y g_E P_E and C det = g_E g_I P_E P_I for the homeostatic rule, rates of any sign.

    References
    ----------
    003 Eqs. (2) to (5) and (38) to (40). As printed, (4) and (5) hold for alpha_EE > 0 only (erratum E6).
    """
    P_E, P_I = _presynaptic(model, rates)
    return _homeostatic(model, P_E, P_I, coefficients(model, W_EE, W_IE))


def synaptic_scaling(model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike) -> TraceDeterminant:
    """Give the homeostatic form with weights in the place of presynaptic activities.

    References
    ----------
    003 Eqs. (13), (14), (44); W_II in (13) and (44) is the set-point weight (erratum E14).
    """
    c = coefficients(model, W_EE, W_IE)
    P_E = model.E_set * rates["alpha_EE"] * np.asarray(W_EE) + model.I_set * rates["alpha_EI"] * c.W_EI
    P_I = model.E_set * rates["alpha_IE"] * np.asarray(W_IE) + model.I_set * rates["alpha_II"] * c.W_II
    return _homeostatic(model, P_E, P_I, c)


def cross_homeostatic(model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike) -> TraceDeterminant:
    """Give C tr = -g_E g_I (W_EI P_I + W_IE P_E): stable at every valid set point, in this approximation only.

    References
    ----------
    003 Eqs. (7), (8), (41), (42).
    """
    c = coefficients(model, W_EE, W_IE)
    P_E, P_I = _presynaptic(model, rates)
    gain = model.g_E * model.g_I
    return TraceDeterminant(-gain * (c.W_EI * P_I + np.asarray(W_IE) * P_E) / c.C, gain * P_E * P_I / c.C)


def two_term(model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike) -> TraceDeterminant:
    """Give C tr = P [b (x g_I - y g_E) - a g_E g_I (W_EI + W_IE)], with a = alpha, b = beta, P = E_set^2 + I_set^2.

    References
    ----------
    003 Eqs. (10), (11), (43).
    """
    c = coefficients(model, W_EE, W_IE)
    a, b = rates["alpha"], rates["beta"]
    P = model.E_set**2 + model.I_set**2
    gain = model.g_E * model.g_I
    trace = P * (b * (c.x * model.g_I - c.y * model.g_E) - a * gain * (c.W_EI + np.asarray(W_IE))) / c.C
    return TraceDeterminant(trace, gain * P**2 * (a**2 + b**2) / c.C)


def forced_balance(ie_sign: int) -> Callable[..., TraceDeterminant]:
    """Give the closed form of the forced-balance rule with followers: eigenvalues mu - 1/tau_0.

    The mu are the eigenvalues with W_EI and W_II held: those of M^-1 diag(a_1 g_E^2, s a_3 g_I^2) E_set^2 with
    s = `ie_sign`.

    References
    ----------
    003 Eqs. (16), (45); errata E4 and E5.
    """
    return functools.partial(_forced_balance, ie_sign)


def _forced_balance(
    ie_sign: int, model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike
) -> TraceDeterminant:
    held = _inhibition_held(ie_sign, model, rates, W_EE, W_IE)
    relaxation = _relaxation(model, rates)
    determinant = held.determinant - held.trace * relaxation + relaxation**2
    return TraceDeterminant(held.trace - 2 * relaxation, determinant)


def forced_balance_pinned(ie_sign: int) -> Callable[..., NDArray[np.complex128]]:
    """Give the four eigenvalues of the forced-balance rule with constant targets: -1/tau_0 twice, and the two mu.

    The weights W_EI and W_II relax by themselves, so that the Jacobian is block triangular and the mu are those of
    `forced_balance`. None is zero; larger real part first, shape (..., 4).

    References
    ----------
    003 Eq. (15) with W_EIup and W_IIup constant; Eq. (16) does not apply (erratum E5).
    """
    return functools.partial(_forced_balance_pinned, ie_sign)


def _forced_balance_pinned(
    ie_sign: int, model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike
) -> NDArray[np.complex128]:
    pair = eigenvalue_pair(_inhibition_held(ie_sign, model, rates, W_EE, W_IE))
    decay = np.broadcast_to(-np.asarray(_relaxation(model, rates))[..., None], (*pair.shape[:-1], 2))
    values = np.concatenate([pair, decay.astype(np.complex128)], axis=-1)
    return np.take_along_axis(values, np.lexsort((-values.imag, -values.real), axis=-1), axis=-1)


def _relaxation(model: Any, rates: Mapping[str, Any]) -> Any:
    return 1 / rates["tau_0"] if "tau_0" in rates else forced_balance_rate(model, rates["alpha_1"])


def _inhibition_held(
    ie_sign: int, model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike
) -> TraceDeterminant:
    c = coefficients(model, W_EE, W_IE)
    first = rates["alpha_1"] * (model.g_E * model.E_set) ** 2
    second = ie_sign * rates["alpha_3"] * (model.g_I * model.E_set) ** 2
    trace = (c.x * second - c.y * first) / c.C
    return TraceDeterminant(trace, np.asarray(first * second / c.C))


def forced_balance_rate(model: Any, alpha_1: Any) -> Any:
    """Give 1/tau_0 = alpha_1 g_E g_I E_set I_set, with which Eq. (16) comes out (erratum E5)."""
    return alpha_1 * model.g_E * model.g_I * model.E_set * model.I_set


def loss_gradient(model: Any, rates: Mapping[str, Any], W_EE: ArrayLike, W_IE: ArrayLike) -> TraceDeterminant:
    """Give trace and determinant of -alpha V V^T with V = d(E, I)/dW: always stable, real eigenvalues.

    Both the exact gradient and its approximation about the same set point have this linearisation.

    References
    ----------
    003 Eqs. (55) to (57) with errata E1 to E3.
    """
    c = coefficients(model, W_EE, W_IE)
    alpha = rates["alpha"]
    P = (model.E_set**2 + model.I_set**2) / c.C**2
    onto_E = model.g_E**2 * (c.y**2 + model.g_I**2 * c.W_EI**2)
    onto_I = model.g_I**2 * (c.x**2 + model.g_E**2 * np.asarray(W_IE) ** 2)
    determinant = (alpha * P * model.g_E * model.g_I * c.C) ** 2
    return TraceDeterminant(-alpha * P * (onto_E + onto_I), determinant)


def eigenvalue_pair(pair: TraceDeterminant) -> NDArray[np.complex128]:
    """Give the two eigenvalues of a 2 x 2 matrix, larger real part first; shape (..., 2).

    The one of larger size is taken from the formula without cancellation and the other from the determinant, so that
    both keep their digits when they differ by orders of magnitude.
    """
    trace, determinant = np.broadcast_arrays(np.asarray(pair.trace), np.asarray(pair.determinant))
    half = trace / 2
    square = half**2 - determinant
    root = np.sqrt(np.abs(square))
    values = np.empty((*trace.shape, 2), dtype=np.complex128)
    real = square >= 0
    large = np.where(half < 0, half - root, half + root)
    with np.errstate(divide="ignore", invalid="ignore"):
        small = np.where(large == 0, 0.0, determinant / large)
    values.real[..., 0] = np.where(real, np.maximum(large, small), half)
    values.real[..., 1] = np.where(real, np.minimum(large, small), half)
    values.imag[..., 0] = np.where(real, 0.0, root)
    values.imag[..., 1] = np.where(real, 0.0, -root)
    return values


def _presynaptic(model: Any, rates: Mapping[str, Any]) -> tuple[Any, Any]:
    E2, I2 = model.E_set**2, model.I_set**2
    return E2 * rates["alpha_EE"] + I2 * rates["alpha_EI"], E2 * rates["alpha_IE"] + I2 * rates["alpha_II"]


def _homeostatic(model: Any, P_E: Any, P_I: Any, c: Coefficients) -> TraceDeterminant:
    trace = (c.x * model.g_I * P_I - c.y * model.g_E * P_E) / c.C
    return TraceDeterminant(trace, np.asarray(model.g_E * model.g_I * P_E * P_I / c.C))
