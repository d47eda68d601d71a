"""Which regime a neuron with long-delayed potassium is in: silent, tonic, bistable or bursting.

With t_d >> tau_K >> t_s(0) the conductance that arrives is set by the rate one delay earlier, so a cycle is one step
of the map g -> F(g) = delta_g tau_K R(g), with R(g) = 1/t_s(g) and 0 from g* on. F falls from P_0 at g = 0 to 0 at g*.
Bursting is the orbit 0 -> P_0 -> 0, which exists when P_0 > g*; tonic firing is the fixed point, which attracts while
|F'| < 1. Both edges depend on rho = P_0/g* and on V_0, theta, Delta alone.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

__all__ = ["burst_ratio", "regime", "saturation_conductance", "tonic_edge"]

Regime = Literal["silent", "tonic", "bistable", "bursting"]


def saturation_conductance(
    *, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike, tau: ArrayLike, tau_K: ArrayLike, delta_g: ArrayLike
) -> Any:
    """Conductance P_0 = delta_g tau_K/t_s(0) at which decay balances the arrivals of a neuron that fires unhindered.

    Parameters
    ----------
    V_0, theta, Delta : array_like
        In volt.
    tau, tau_K : array_like
        In seconds.
    delta_g : array_like
        Conductance step of one spike in units of the leak.

    Returns
    -------
    float or ndarray
        P_0 in units of the leak; 0 where the neuron does not fire or has no conductance, ``inf`` where it never decays.

    References
    ----------
    002 Q1 part 4, erratum A5: the print lets g grow as delta_g t_d/t_s(0) without bound.
    """
    rest = np.asarray(time_to_spike(V_0=V_0, theta=theta, Delta=Delta, tau=tau))
    delta_g, tau_K = np.asarray(delta_g, float), np.asarray(tau_K, float)
    with np.errstate(invalid="ignore"):
        # What never fires, or adds nothing, saturates at nothing, however slowly it would decay.
        return np.where((delta_g == 0.0) | np.isinf(rest), 0.0, delta_g * tau_K / rest)[()]


def burst_ratio(
    *, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike, tau: ArrayLike, tau_K: ArrayLike, delta_g: ArrayLike
) -> Any:
    """Ratio rho = P_0/g* of the saturated to the critical conductance; a burst can end by itself only above 1.

    Parameters
    ----------
    V_0, theta, Delta, tau, tau_K, delta_g : array_like
        As for `saturation_conductance`.

    Returns
    -------
    float or ndarray
        rho; ``nan`` where ``V_0 <= theta``.

    References
    ----------
    002 Q1 part 4, erratum A5.

    Examples
    --------
    >>> counterexample = dict(V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3, tau_K=1.0, delta_g=0.001)
    >>> float(round(burst_ratio(**counterexample), 4))
    0.4328
    """
    g_star = np.asarray(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    level = saturation_conductance(V_0=V_0, theta=theta, Delta=Delta, tau=tau, tau_K=tau_K, delta_g=delta_g)
    return (level / np.where(g_star > 0.0, g_star, np.nan))[()]


def tonic_edge(*, V_0: float, theta: float, Delta: float) -> float:
    """Value of rho above which tonic firing no longer attracts, for t_d >> tau_K.

    The fixed point of F loses stability where d log R/d log g = -1; there rho = g/(g* t_s(0) R(g)).

    Parameters
    ----------
    V_0, theta, Delta : float
        In volt, ``V_0 > theta``.

    Returns
    -------
    float
        The edge; 1.308 for 20, 15, 15 mV. The time constants drop out.

    References
    ----------
    002 Q1 part 4, which has no condition of this kind.

    Examples
    --------
    >>> round(tonic_edge(V_0=20e-3, theta=15e-3, Delta=15e-3), 3)
    1.308
    """
    if not theta < V_0:
        raise ValueError(f"tonic_edge: V_0 must exceed theta, got {V_0} V and {theta} V")
    g_star = float(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))

    def one_plus_elasticity(v: float) -> float:
        g = -g_star * math.expm1(-v)
        top, margin = V_0 - g * Delta, (Delta + theta) * g_star * math.exp(-v)
        growth = (Delta + theta) / margin - Delta / top
        return 1.0 + g * (1.0 / (1.0 + g) - growth / math.log(top / margin))

    # In v = -log(1 - g/g*) the elasticity runs from 0 to minus infinity, through -1 once.
    edge = -g_star * math.expm1(-brentq(one_plus_elasticity, 1e-6, 36.0, xtol=1e-14))
    unit = {"V_0": V_0, "theta": theta, "Delta": Delta, "tau": 1.0}
    return edge * float(time_to_spike(edge, **unit)) / (g_star * float(time_to_spike(**unit)))


def regime(*, V_0: float, theta: float, Delta: float, tau: float, tau_K: float, delta_g: float) -> Regime:
    """Classify one neuron with t_d >> tau_K >> t_s(0) by rho.

    Parameters
    ----------
    V_0, theta, Delta : float
        In volt.
    tau, tau_K : float
        In seconds.
    delta_g : float
        Conductance step of one spike in units of the leak.

    Returns
    -------
    {"silent", "tonic", "bistable", "bursting"}
        ``"silent"`` for ``V_0 <= theta``, and where the conductance never decays: the neuron fires the spikes of
        Eq. (6), with a delay some more, and never again. ``"tonic"`` for rho <= 1, and so for ``delta_g = 0``.
        ``"bistable"`` up to `tonic_edge`, where the history decides (from rest the neuron bursts, from a tonic past it
        does not); ``"bursting"`` above.

    Notes
    -----
    At finite t_d/tau_K the edges are soft: from rest the lower one lies a little above 1 (rho = 1.05 is tonic at
    t_d = 30 tau_K), and a modulated tonic state outlives the upper one to rho about 1.4. Without delay there is no
    bursting, whatever rho.

    References
    ----------
    002 Q1 part 4, erratum A5.

    Examples
    --------
    >>> neuron = dict(V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3, tau_K=0.2)
    >>> [regime(**neuron, delta_g=d) for d in (0.01, 0.014, 0.05)]
    ['tonic', 'bistable', 'bursting']
    """
    if not theta < V_0 or (math.isinf(tau_K) and delta_g > 0.0):
        return "silent"
    rho = float(burst_ratio(V_0=V_0, theta=theta, Delta=Delta, tau=tau, tau_K=tau_K, delta_g=delta_g))
    if rho <= 1.0:
        return "tonic"
    return "bistable" if rho < tonic_edge(V_0=V_0, theta=theta, Delta=Delta) else "bursting"
