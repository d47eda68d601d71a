"""Bursting under delayed potassium: how long a burst and the silence after it last, and how many spikes it holds.

While the neuron fires, nothing holds it back until its own spikes arrive, t_d later; while it is silent, nothing adds
to g after the last arrival. So both phases last about t_d. With the conductance slow against the interval
T_0 = t_s(0), spikes are a rate R(g) = 1/t_s(g), and the edges of the phases follow from one linear equation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import quad, solve_ivp

from spikelearn.models.adaptive_lif.manifold import threshold_conductance
from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

__all__ = ["BurstTheory", "burst_theory"]


@dataclass(frozen=True)
class BurstTheory:
    """One cycle of a bursting neuron, after the first burst has been forgotten. Times in seconds.

    Attributes
    ----------
    on : float
        From the first spike of a burst to its last, t_d + t_r.
    off : float
        From the last spike of a burst to the first of the next, t_d + tau_K log(g_end/g_th).
    period : float
        on + off.
    spikes : float
        Spikes in a burst, a real number: the count lies 0.4 +- 0.3 above it, never more than about one away.
    rho : float
        P_0/g*, the saturated conductance over the critical one: a burst ends by itself only where it exceeds 1.
    saturation : float
        P_0 = delta_g tau_K/t_s(0), the conductance at which decay balances unhindered firing.
    threshold : float
        g_th, the conductance at the first spike of a burst.
    peak : float
        g_end, the conductance when the last spike of a burst has arrived.
    leading_on, leading_off, leading_period, leading_spikes : float
        t_d, t_d + tau_K log(P_0/g*), their sum, and t_d/T_0.
    """

    on: float
    off: float
    period: float
    spikes: float
    rho: float
    saturation: float
    threshold: float
    peak: float
    leading_on: float
    leading_off: float
    leading_period: float
    leading_spikes: float


def burst_theory(
    *, V_0: float, theta: float, Delta: float, tau: float, tau_K: float, delta_g: float, t_d: float
) -> BurstTheory:
    r"""Predict the burst cycle of the neuron with delayed potassium.

    Parameters
    ----------
    V_0, theta, Delta : float
        In volt.
    tau, tau_K, t_d : float
        Membrane time constant, potassium time constant and delay, in seconds.
    delta_g : float
        Conductance step of one spike in units of the leak.

    Returns
    -------
    BurstTheory
        ``nan`` in on, off, period, spikes and peak where no burst ends: ``V_0 <= theta``, or a conductance that does
        not reach g* within t_d of the first arrival (rho <= 1 among others). Leading orders are given where defined.

    Notes
    -----
    The conditions are t_d >> tau_K >> t_s(0) and rho > 1. Erratum A5: the print's t_d/t_s(0) > n_spikes is not
    sufficient, because g saturates at P_0: with V_0 = 20 mV, delta_g = 0.001, tau_K = 1 s and t_d = 20 s the neuron
    fires tonically for ever. Erratum A6: it is g, not u, that is near zero when the conductance starts to rise again.

    A burst starts at g = g_th and g then decays until arrivals begin at t_d. From there, with time s,

        g' = -g/tau_K + delta_g R(g_th exp(-s/tau_K)),   g(0) = g_th exp(-t_d/tau_K).

    Arrivals are steps, so just before the next one g has risen further than its mean; the burst ends when
    g + delta_g (1 + exp(-s/tau_K))/2 = g*, at s = t_r (0 where the first arrival is enough). The spikes are
    1 + (t_d - c tau_K)/T_0 + \int_0^{t_r} R(g + delta_g/2) ds with c = \int_0^{g*} (1 - T_0 R(g)) dg/g. The conductance
    at the last arrival is the same equation driven on to s = t_d and then, for as long as the uncorrected rise to g*
    took, by the rates emitted during it, plus delta_g/2.

    A rate has no phase, so the end of a burst is uncertain by about one interval, and the silence by nearly as much
    the other way. Over 300 random cells that meet the conditions (rho > 2, tau_K > 10 T_0, t_d > 8 tau_K) the period
    was within 17 ms of 2 to 12 s; near rho = 1 bursts from rest may die out after many cycles, which is not in this
    theory.

    References
    ----------
    002 Q1 part 4, which says only that both phases scale with t_d.

    Examples
    --------
    >>> b = burst_theory(V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3, tau_K=0.2, delta_g=0.05, t_d=2.0)
    >>> round(b.period, 3), round(b.on, 3), round(b.off, 3), round(b.spikes, 1), round(b.rho, 2)
    (4.36, 2.076, 2.284, 141.6, 4.33)
    """
    cell: dict[str, Any] = {"V_0": V_0, "theta": theta, "Delta": Delta, "tau": tau}
    g_star = float(critical_conductance(V_0=V_0, theta=theta, Delta=Delta))
    g_th = float(threshold_conductance(**cell, tau_K=tau_K))
    T_0 = float(time_to_spike(**cell))

    def rate(g: float) -> float:
        return 1.0 / float(time_to_spike(g, **cell))

    saturation = delta_g * tau_K / T_0
    rho = saturation / g_star if g_star > 0.0 else math.nan
    on = off = spikes = peak = math.nan
    if rho > 1.0 and math.isfinite(tau_K) and t_d > 0.0:
        rise = _rise(rate, g_star, g_th, tau_K, delta_g, t_d)
        if rise is not None:
            on = t_d + rise.corrected
            peak = _peak(rate, rise, g_th, tau_K, delta_g, t_d)
            off = t_d + tau_K * math.log(peak / g_th)
            spikes = 1.0 + (t_d - tau_K * slowing(rate, g_star)) / T_0 + rise.spikes
    leading_off = t_d + tau_K * math.log(rho) if rho > 1.0 and math.isfinite(tau_K) else math.nan
    return BurstTheory(
        on=on,
        off=off,
        period=on + off,
        spikes=spikes,
        rho=rho,
        saturation=saturation,
        threshold=g_th,
        peak=peak,
        leading_on=t_d,
        leading_off=leading_off,
        leading_period=t_d + leading_off,
        leading_spikes=t_d / T_0,
    )


@dataclass(frozen=True)
class _Rise:
    """The rise of g once arrivals begin: its course up to g*, and where the burst ends."""

    course: Callable[[float], float]
    full: float
    corrected: float
    spikes: float


def slowing(rate: Callable[[float], float], g_star: float) -> float:
    """Return c = int_0^{g*} (1 - R(g)/R(0)) dg/g: time lost to the old conductance, in units of tau_K."""
    # g = g* (1 - exp(-v)): R has a logarithm at g*, which is smooth in v.
    fastest = rate(0.0)

    def integrand(v: float) -> float:
        part = -math.expm1(-v)
        return (1.0 - rate(g_star * part) / fastest) * math.exp(-v) / part

    return float(quad(integrand, 0.0, 40.0, epsabs=1e-12, epsrel=1e-10, limit=200)[0])


def _rise(
    rate: Callable[[float], float], g_star: float, g_th: float, tau_K: float, delta_g: float, t_d: float
) -> _Rise | None:
    """Follow g from the first arrival to g*, or return None where it does not get there within t_d."""

    def slope(s: float, g: Any) -> list[float]:
        return [delta_g * rate(g_th * math.exp(-s / tau_K)) - g[0] / tau_K]

    def reaches(s: float, g: Any) -> float:
        return float(g[0]) - g_star

    def jumps_past(s: float, g: Any) -> float:
        return float(g[0]) + 0.5 * delta_g * (1.0 + math.exp(-s / tau_K)) - g_star

    reaches.terminal = True  # type: ignore[attr-defined]
    start = g_th * math.exp(-t_d / tau_K)
    solution = solve_ivp(
        slope, (0.0, t_d), [start], "DOP853", dense_output=True, events=(reaches, jumps_past), rtol=1e-10, atol=1e-14
    )
    if solution.status != 1:
        return None
    at_once = start + delta_g >= g_star
    full, corrected = float(solution.t_events[0][0]), 0.0 if at_once else float(solution.t_events[1][0])

    def course(s: float) -> float:
        return float(solution.sol(s)[0])

    nodes, weights = np.polynomial.legendre.leggauss(48)
    spikes = sum(
        0.5 * corrected * w * rate(course(0.5 * corrected * (1.0 + x)) + 0.5 * delta_g)
        for x, w in zip(nodes, weights, strict=True)
    )
    return _Rise(course=course, full=full, corrected=corrected, spikes=float(spikes))


def _peak(rate: Callable[[float], float], rise: _Rise, g_th: float, tau_K: float, delta_g: float, t_d: float) -> float:
    """Return the conductance when the last spike of the burst has arrived."""

    def fresh(s: float, g: Any) -> list[float]:
        return [delta_g * rate(g_th * math.exp(-s / tau_K)) - g[0] / tau_K]

    def slowed(s: float, g: Any) -> list[float]:
        return [delta_g * rate(rise.course(s)) - g[0] / tau_K]

    # The spikes of the burst's first t_d arrive at the rates of a fading conductance, the others at those of the rise.
    after = solve_ivp(fresh, (rise.full, t_d), [rise.course(rise.full)], "DOP853", rtol=1e-10, atol=1e-14)
    last = solve_ivp(slowed, (0.0, rise.full), after.y[:, -1], "DOP853", rtol=1e-9, atol=1e-14)
    return float(last.y[0, -1]) + 0.5 * delta_g
