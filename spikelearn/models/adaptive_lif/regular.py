"""Regular firing without delay: the interval to four orders of accuracy, and where the printed one holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from spikelearn.models.adaptive_lif.manifold import deficit_of_log, manifold_deficit, threshold_conductance
from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

__all__ = ["RegularValidity", "regular_interval", "regular_validity"]

Order = Literal["leading", "first", "manifold", "exact"]


def regular_interval(
    *,
    V_0: ArrayLike,
    theta: ArrayLike,
    Delta: ArrayLike,
    tau: ArrayLike,
    tau_K: ArrayLike,
    delta_g: ArrayLike,
    order: Order = "leading",
) -> Any:
    """Interval between spikes of the neuron that fires regularly under its own potassium conductance (t_d = 0).

    Parameters
    ----------
    V_0, theta, Delta : array_like
        In volt.
    tau, tau_K : array_like
        Membrane and potassium time constants in seconds.
    delta_g : array_like
        Conductance step of one spike in units of the leak.
    order : {"leading", "first", "manifold", "exact"}
        - ``"leading"``: t* = tau_K log(1 + delta_g/g*), Eq. (7).
        - ``"first"``: t* + tau delta_g/((1 + g*)(g* + delta_g)): the lag of the membrane behind g, to first order.
        - ``"manifold"``: tau_K log(1 + delta_g/g_th), with g_th to third order in tau/tau_K.
        - ``"exact"``: the fixed point of the map from one spike to the next, for any parameters, to rounding.

    Returns
    -------
    float or ndarray
        Seconds; ``inf`` where ``V_0 <= theta``, or where the conductance never decays. ``nan`` for ``"manifold"``
        where the series of g_th leaves the range from 0 to g* (tau_K well below tau).
        For ``delta_g = 0`` the first three give 0, as they have forgotten the reset, and ``"exact"`` gives t_s(0).

    Notes
    -----
    Errata A7, A8, A9: Eq. (7) needs not only tau_K >> tau but also delta_g tau_K >> g* tau (see `regular_validity`);
    where it holds, it is still short by a constant of order tau, whatever tau_K; and the print calls it Eq. (4).
    Eq. (7) is a lower bound of the exact interval, because no spike comes while g > g*.

    References
    ----------
    002 Q1 part 5 and Eqs. (7), (12)-(14).

    Examples
    --------
    >>> neuron = dict(V_0=30e-3, theta=15e-3, Delta=15e-3, tau=10e-3, tau_K=100e-3, delta_g=0.5)
    >>> [float(round(1e3 * regular_interval(**neuron, order=o), 3)) for o in ("leading", "first", "manifold", "exact")]
    [69.315, 72.648, 72.738, 72.739]
    """
    if order not in ("leading", "first", "manifold", "exact"):
        raise ValueError(f'regular_interval: order must be "leading", "first", "manifold" or "exact", got {order!r}')
    V_0, theta, Delta, tau, tau_K, delta_g = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (V_0, theta, Delta, tau, tau_K, delta_g))
    )
    if order == "exact":
        return np.vectorize(_exact_interval, otypes=[float])(V_0, theta, Delta, tau, tau_K, delta_g)[()]
    q = np.asarray(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    g = q
    if order == "manifold":
        g = np.asarray(threshold_conductance(V_0=V_0, theta=theta, Delta=Delta, tau=tau, tau_K=tau_K, order="series"))
        g = np.where(g <= q, g, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        # 0 * inf for a step of zero that never decays: the formulas' value for delta_g = 0 at any tau_K is 0.
        interval = np.where(delta_g == 0.0, 0.0, tau_K * np.log1p(delta_g / np.where(g > 0.0, g, np.nan)))
    if order == "first":
        interval = interval + tau * delta_g / ((1.0 + q) * (q + delta_g))
    return np.where(q > 0.0, interval, np.inf)[()]


def _exact_interval(V_0: float, theta: float, Delta: float, tau: float, tau_K: float, delta_g: float) -> float:
    """Solve for the interval t after which g has decayed by exactly delta_g and u is at threshold."""
    free = float(time_to_spike(V_0=V_0, theta=theta, Delta=Delta, tau=tau))
    if delta_g == 0.0 or math.isinf(free):
        return free
    if math.isinf(tau_K):
        return math.inf
    g_star = float(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    kappa = tau_K / tau

    def missing(t: float) -> float:
        start = delta_g / -math.expm1(-t / tau_K)
        forgotten = math.exp(-(t / tau + kappa * delta_g))
        lag = (V_0 + Delta) * deficit_of_log(math.log(start) - t / tau_K, kappa=kappa)
        begin = V_0 - (V_0 + Delta) * float(manifold_deficit(start, kappa=kappa))
        return lag + begin * forgotten - (V_0 - theta)

    # A longer interval means less conductance and more time, so there is one root. It lies above t_s(0), because
    # conductance only delays, and above Eq. (7), because no spike comes while g > g*.
    low = max(free, tau_K * math.log1p(delta_g / g_star))
    if missing(low) <= 0.0:
        return low
    high = 2.0 * low
    while missing(high) > 0.0:
        low, high = high, 2.0 * high
    return float(brentq(missing, low, high, xtol=1e-300, rtol=8.9e-16, maxiter=500))


@dataclass(frozen=True)
class RegularValidity:
    """How far Eq. (7) may be trusted: all three must be small.

    Attributes
    ----------
    eps : float or ndarray
        tau/tau_K: the membrane follows the conductance.
    memory : float or ndarray
        exp(-t*/tau - kappa delta_g): what is left of the reset when the next spike comes (erratum A7).
    lag : float or ndarray
        tau delta_g/((1 + g*)(g* + delta_g)) over t*: the relative error of Eq. (7) to first order (erratum A8).
    """

    eps: Any
    memory: Any
    lag: Any


def regular_validity(
    *, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike, tau: ArrayLike, tau_K: ArrayLike, delta_g: ArrayLike
) -> RegularValidity:
    """Conditions under which Eq. (7) describes regular firing.

    The print asks for tau_K >> tau alone. That is not enough (erratum A7): the reset must also be forgotten within
    one interval, t* >> tau/(1 + g*), that is delta_g tau_K >> g* tau; else Eq. (7) gives an interval shorter than
    the neuron can fire.

    Parameters
    ----------
    V_0, theta, Delta, tau, tau_K, delta_g : array_like
        As for `regular_interval`; ``delta_g > 0``.

    Returns
    -------
    RegularValidity
        Three numbers that must all be small; ``nan`` where the neuron does not fire.

    References
    ----------
    002 Q1 part 5.
    """
    numbers: dict[str, Any] = {
        "V_0": V_0,
        "theta": theta,
        "Delta": Delta,
        "tau": tau,
        "tau_K": tau_K,
        "delta_g": delta_g,
    }
    leading = np.asarray(regular_interval(**numbers))
    leading = np.where(np.isinf(leading), np.nan, leading)
    lag = np.asarray(regular_interval(**numbers, order="first")) - leading
    eps = np.asarray(tau, float) / np.asarray(tau_K, float)
    memory = np.exp(-(leading / np.asarray(tau, float) + np.asarray(delta_g, float) / eps))
    return RegularValidity(eps=eps[()], memory=memory[()], lag=(lag / leading)[()])
