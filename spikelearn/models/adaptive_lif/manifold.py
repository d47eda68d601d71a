"""The slow manifold: the voltage that a membrane follows while its conductance decays.

Between events the model is linear. With A = V_0 + Delta, kappa = tau_K/tau and x = kappa g, the voltage forgets its
start as exp(-t/tau - kappa (g_0 - g)) and settles on u + Delta = A Q(g), a function of g and kappa alone:

    Q(g) = kappa exp(x) E_{kappa+1}(x) = <S/(S + x)>,  S ~ Gamma(kappa),        phi = 1 - Q = x exp(x) E_kappa(x)

with E the generalised exponential integral. Q(0) = 1, and Q -> 1/(1 + g) as kappa grows: the steady state at fixed g.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from spikelearn.models.adaptive_lif.theory import critical_conductance

__all__ = ["deficit_of_log", "manifold_deficit", "slow_manifold", "threshold_conductance"]

# Largest kappa for which small x goes to the integral, and largest for which it goes to the power series.
_FRACTION_FROM = 20.0
_SERIES_TO = 0.5
_SMALLEST = -690.0  # exp of it is still a normal float
_TAIL = 40.0  # exp(-40) = 4e-18: below the last place of a double


def slow_manifold(g: ArrayLike, *, kappa: ArrayLike) -> Any:
    """Slow manifold Q(g) = (u + Delta)/(V_0 + Delta) of a membrane whose conductance decays freely.

    Parameters
    ----------
    g : array_like
        Conductance in units of the leak, 0 or more.
    kappa : array_like
        tau_K/tau, positive; ``inf`` gives the steady state 1/(1 + g).

    Returns
    -------
    float or ndarray
        Q in (0, 1], decreasing in g; relative error about 1e-14.

    References
    ----------
    002 Q1: replaces Eq. (12), which is its limit of slow decay. Incomplete gamma functions for synaptic conductances:
    Brette, Neural Comput. 18:2004 (2006), doi 10.1162/neco.2006.18.8.2004.

    Examples
    --------
    >>> float(round(slow_manifold(0.5, kappa=10.0), 12))
    0.651893367726
    """
    return np.vectorize(_manifold, otypes=[float])(g, kappa)[()]


def manifold_deficit(g: ArrayLike, *, kappa: ArrayLike) -> Any:
    """Distance phi(g) = 1 - Q(g) of the slow manifold below its value at rest, without cancellation at small g.

    Parameters
    ----------
    g : array_like
        Conductance in units of the leak, 0 or more.
    kappa : array_like
        tau_K/tau, positive; ``inf`` gives g/(1 + g).

    Returns
    -------
    float or ndarray
        phi in [0, 1), increasing in g; relative error about 1e-14.
    """
    return np.vectorize(_deficit, otypes=[float])(g, kappa)[()]


def deficit_of_log(log_g: float, *, kappa: float) -> float:
    """Give phi at g = e^log_g, also where g is smaller than any float and phi ~ x^kappa is still felt.

    Parameters
    ----------
    log_g : float
        Logarithm of the conductance.
    kappa : float
        tau_K/tau, positive.

    Returns
    -------
    float
        phi in [0, 1).
    """
    if log_g + min(math.log(kappa), 0.0) > _SMALLEST:
        return _deficit(math.exp(log_g), kappa)
    # For kappa above 1/2 phi < 1e-149, invisible beside anything.
    return math.gamma(1.0 - kappa) * math.exp(kappa * (log_g + math.log(kappa))) if kappa <= _SERIES_TO else 0.0


def threshold_conductance(
    *,
    V_0: ArrayLike,
    theta: ArrayLike,
    Delta: ArrayLike,
    tau: ArrayLike,
    tau_K: ArrayLike,
    order: Literal["series", "exact"] = "exact",
) -> Any:
    """Conductance g_th at which a membrane that has forgotten its start crosses threshold.

    It lies below g*: while g falls through g*, the voltage still lags behind.

    Parameters
    ----------
    V_0, theta, Delta : array_like
        In volt.
    tau, tau_K : array_like
        In seconds; ``tau_K`` may be ``inf``.
    order : {"series", "exact"}
        The root of Q(g_th) = (theta + Delta)/(V_0 + Delta), or its expansion to third order in tau/tau_K.

    Returns
    -------
    float or ndarray
        g_th in units of the leak; g* (0 or less) where ``V_0 <= theta``, where no conductance lets the neuron fire.

    References
    ----------
    002 Q1, before Eq. (13): the print has the spike at g*, which is the limit tau/tau_K -> 0.
    """
    if order == "exact":
        return np.vectorize(_threshold, otypes=[float])(V_0, theta, Delta, tau, tau_K)[()]
    if order != "series":
        raise ValueError(f'threshold_conductance: order must be "series" or "exact", got {order!r}')
    q = np.asarray(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    eps = np.asarray(tau, float) / np.asarray(tau_K, float)
    s = 1.0 + q
    series = q - eps * q / s + eps**2 * q**2 / s**3 - 2.0 * eps**3 * q**2 * (q - 1.0) / s**5
    return np.where(q > 0.0, series, q)[()]


def _threshold(V_0: float, theta: float, Delta: float, tau: float, tau_K: float) -> float:
    """Solve phi(g) = (V_0 - theta)/(V_0 + Delta) in the logarithm of g, below g*."""
    top = float(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    if not top > 0.0 or math.isinf(tau_K):
        return top
    kappa, target = tau_K / tau, (V_0 - theta) / (V_0 + Delta)

    def excess(z: float) -> float:
        return _deficit(top * math.exp(-z), kappa) - target

    # Q <= 1/(1 + g) by Jensen's inequality, so the root is below g*: start there and step down.
    low, high = 0.0, 2.0 / max(kappa, 1.0)
    while excess(high) > 0.0:
        low, high = high, 2.0 * high
    if excess(low) <= 0.0:  # kappa so large that g_th rounds to g*
        return top * math.exp(-low)
    return top * math.exp(-brentq(excess, low, high, xtol=1e-300, rtol=8.9e-16, maxiter=500))


def _manifold(g: float, kappa: float) -> float:
    """Return Q(g) from whichever of 1 - phi and the next order does not cancel."""
    if math.isinf(kappa):
        return 1.0 / (1.0 + g)
    deficit = _deficit(g, kappa)
    return 1.0 - deficit if deficit < 0.5 else _phi(kappa * g, kappa + 1.0) / g


def _deficit(g: float, kappa: float) -> float:
    """Return phi as a function of the conductance."""
    if math.isinf(kappa) or math.isinf(g):
        return 1.0 if math.isinf(g) else g / (1.0 + g)
    return _phi(kappa * g, kappa)


def _phi(x: float, kappa: float) -> float:
    """Return x exp(x) E_kappa(x) by the method that converges where (x, kappa) lies."""
    if x == 0.0 or math.isnan(x):
        return x
    if x > 1.0 or kappa > _FRACTION_FROM:
        return _fraction(x, kappa)
    return _series(x, kappa) if kappa <= _SERIES_TO else _integral(x, kappa)


def _fraction(x: float, kappa: float) -> float:
    """Stieltjes' continued fraction, all of whose terms are positive, from the back: rounding dies out on the way.

    The number of levels leaves less than 1e-17 for x > 1 (error exp(-4 sqrt(n x))) and for kappa > 20.
    """
    tail = x
    for k in range(int(min(110.0 / x, 150.0)) + 15, 0, -1):
        tail = x + (kappa + k - 1.0) / (1.0 + k / tail)
    return x / tail


def _series(x: float, kappa: float) -> float:
    """Power series for kappa <= 1/2, x <= 1: phi = Gamma(1 - kappa) x^kappa e^x - sum x^k/prod(j - kappa)."""
    total, term, k = 0.0, 1.0, 1
    while term > 1e-18 * total or k == 1:
        term *= x / (k - kappa)
        total += term
        k += 1
    return math.gamma(1.0 - kappa) * math.exp(kappa * math.log(x) + x) - total


def _integral(x: float, kappa: float) -> float:
    """Mean of x/(x + S) over S ~ Gamma(kappa), by the trapezoidal rule in log S: only positive terms.

    The integrand is analytic within pi/2 of the real axis and dies at both ends, so the rule converges
    geometrically; a step of 0.1 leaves less than 1e-20 for kappa up to 20.
    """
    start = math.log(x) - _TAIL / kappa
    if kappa > 1.0:
        start = max(start, -_TAIL / (kappa - 1.0))
    # Not arange(start, 5, 0.1): its step is the rounded difference of its first two values.
    v = start + 0.1 * np.arange(math.ceil((5.0 - start) / 0.1))
    s = np.exp(v)
    return float(0.1 * np.sum(np.exp(kappa * v - s - math.lgamma(kappa)) * (x / (x + s))))
