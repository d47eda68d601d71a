"""Tonic firing that has saturated: decay balances arrivals and the neuron fires for ever."""

from __future__ import annotations

import math

from scipy.optimize import brentq

from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

__all__ = ["tonic_interval"]


def tonic_interval(*, V_0: float, theta: float, Delta: float, tau: float, tau_K: float, delta_g: float) -> float:
    """Interval of saturated tonic firing, where T = t_s(g) and g = delta_g tau_K/T, the mean conductance at rate 1/T.

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
    float
        Seconds; infinite where V_0 <= theta or where the conductance never decays.

    Notes
    -----
    The conductance is replaced by its mean, which leaves a relative error of order (T/tau_K)^2. There is always exactly
    one solution; that it attracts is another matter (`tonic_edge`): beyond it the neuron bursts.

    References
    ----------
    002 Q1 part 4, where the print overlooks this state (erratum A5).

    Examples
    --------
    >>> round(tonic_interval(V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3, tau_K=1.0, delta_g=0.001), 6)
    0.016819
    """
    cell = {"V_0": V_0, "theta": theta, "Delta": Delta, "tau": tau}
    free = float(time_to_spike(**cell))
    if math.isinf(free) or delta_g == 0.0:
        return free
    if math.isinf(tau_K):
        return math.inf
    g_star = float(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    # The conductance at the solution lies below g*, so T lies above delta_g tau_K/g*, where t_s is infinite.
    low = max(free, delta_g * tau_K / g_star)

    def excess(interval: float) -> float:
        due = float(time_to_spike(delta_g * tau_K / interval, **cell))
        return 1.0 - interval / due if math.isfinite(due) else 1.0

    if excess(low) <= 0.0:
        # So little conductance that it changes nothing within rounding.
        return low
    high = 2.0 * low
    while excess(high) > 0.0:
        high *= 2.0
    return float(brentq(excess, low, high, xtol=1e-300, rtol=1e-14))
