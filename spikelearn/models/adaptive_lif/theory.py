"""When the neuron spikes at fixed conductance, when it stops, and how many spikes that takes.

Plain SI numbers in (volt, second; conductances in units of the leak), plain numbers out; everything broadcasts.
The model, with `u` the voltage above rest:

    tau du/dt = -u + V_0 - g (u + Delta),   dg/dt = -g/tau_K,   g jumps by delta_g at t_k + t_d,   u -> 0 at u = theta

Assumed everywhere: ``theta > 0``, ``theta + Delta > 0``, ``tau > 0``, ``tau_K > 0``, ``delta_g >= 0``, ``t_d >= 0``.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["critical_conductance", "spikes_until_silence", "time_to_spike"]


def critical_conductance(*, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike) -> Any:
    """Conductance at and above which the neuron never reaches threshold, g* = (V_0 - theta)/(Delta + theta).

    Parameters
    ----------
    V_0, theta, Delta : array_like
        Resting voltage, threshold and reversal distance above rest, in volt.

    Returns
    -------
    float or ndarray
        g*, in units of the leak conductance. Zero or negative where ``V_0 <= theta``: there the neuron never
        fires, whatever its conductance (erratum A3: the print does not say that it needs ``V_0 > theta``).

    References
    ----------
    002 Q1 Eqs. (5) and (10).

    Examples
    --------
    >>> float(round(critical_conductance(V_0=20e-3, theta=15e-3, Delta=15e-3), 12))
    0.166666666667
    """
    V_0, theta, Delta = np.asarray(V_0, float), np.asarray(theta, float), np.asarray(Delta, float)
    return ((V_0 - theta) / (Delta + theta))[()]


def time_to_spike(g: ArrayLike = 0.0, *, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike, tau: ArrayLike) -> Any:
    """Time from reset to the next spike while the conductance stays at `g`.

    Parameters
    ----------
    g : array_like
        Conductance in units of the leak, 0 or more.
    V_0, theta, Delta : array_like
        In volt.
    tau : array_like
        Membrane time constant in seconds.

    Returns
    -------
    float or ndarray
        t_s(g) in seconds; ``inf`` where ``g >= g*`` (to the rounding of the inputs): threshold is never reached.

    Notes
    -----
    Erratum A2: the print gives the logarithm without its condition. Taken literally it is ``inf`` at g = g*, not a
    number between g* and V_0/Delta, and a finite *negative* time above V_0/Delta.

    References
    ----------
    002 Q1 Eqs. (4), (8), (9).

    Examples
    --------
    >>> float(round(time_to_spike(V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3), 9))
    0.013862944
    >>> float(time_to_spike(0.2, V_0=20e-3, theta=15e-3, Delta=15e-3, tau=10e-3))
    inf
    """
    g, V_0, theta, Delta, tau = np.broadcast_arrays(*(np.asarray(x, float) for x in (g, V_0, theta, Delta, tau)))
    # The margin (V_0 - g Delta) - theta (1 + g), written so that it does not cancel twice.
    margin = (V_0 - theta) - g * (Delta + theta)
    # At g = g* the margin is nothing but the rounding of the inputs (1/6 is not 5 mV/30 mV in doubles), and either
    # sign may come out. At g = 0 it is exact: a neuron a hair above threshold fires.
    rounding = 4.0 * np.finfo(float).eps * (np.abs(V_0) + theta + g * (Delta + theta))
    silent = margin <= np.where(g > 0.0, rounding, 0.0)
    leak, safe = 1.0 + np.where(silent, 0.0, g), np.where(silent, 1.0, margin)
    return np.where(silent, np.inf, tau / leak * np.log1p(theta * leak / safe))[()]


def spikes_until_silence(*, V_0: ArrayLike, theta: ArrayLike, Delta: ArrayLike, delta_g: ArrayLike) -> Any:
    """Count the spikes a neuron fires from rest before a conductance that never decays silences it.

    The case of ``tau_K = inf`` and ``t_d = 0``: after n spikes g = n delta_g, and firing stops as soon as g >= g*.

    Parameters
    ----------
    V_0, theta, Delta : array_like
        In volt.
    delta_g : array_like
        Conductance step of one spike in units of the leak.

    Returns
    -------
    int, float or ndarray
        ceil(g*/delta_g): an ``int`` for scalars (``math.inf`` where ``delta_g = 0`` and ``V_0 > theta``: the neuron
        never stops; 0 where ``V_0 <= theta``), and a float array for arrays.

    Notes
    -----
    Erratum A4: the solution says that firing stops when g exceeds g*, but at g = g* the neuron is silent already, as
    Eq. (6) has it; with "exceeds" the count at a tie is one too many. Ties are where floats fail too: 27 mV / 30 mV /
    0.03 is 30, but in doubles comes out a little above and rounds up to 31. So the ratio is formed in rational
    arithmetic, and when it lies within the rounding of its own inputs (16 ulp of each, since theta and Delta are
    themselves differences of potentials) of a whole number, that whole number is what was meant.

    References
    ----------
    002 Q1 Eqs. (6) and (11).

    Examples
    --------
    >>> spikes_until_silence(V_0=42e-3, theta=15e-3, Delta=15e-3, delta_g=0.03)
    30
    """
    arrays = np.broadcast_arrays(*(np.asarray(x, float) for x in (V_0, theta, Delta, delta_g)))
    counts = [_spikes_until_silence(*map(float, row)) for row in zip(*(a.ravel() for a in arrays), strict=True)]
    if arrays[0].ndim == 0:
        return counts[0]
    return np.array(counts, float).reshape(arrays[0].shape)


def _spikes_until_silence(V_0: float, theta: float, Delta: float, delta_g: float) -> int | float:
    """Return ceil(g*/delta_g) of one neuron, with ties decided as `spikes_until_silence` says."""
    if any(map(math.isnan, (V_0, theta, Delta, delta_g))):
        return math.nan
    if theta >= V_0 or math.isinf(delta_g):
        return 0 if theta >= V_0 else 1
    if delta_g == 0.0 or math.isinf(V_0):
        return math.inf
    distance, span = Fraction(V_0) - Fraction(theta), Fraction(Delta) + Fraction(theta)
    ratio = distance / span / Fraction(delta_g)
    # Relative rounding of the ratio, were each input off by 16 units in its last place.
    ulps = sum(math.ulp(x) for x in (V_0, theta)) / distance + sum(math.ulp(x) for x in (Delta, theta)) / span
    slack = ratio * 16 * (ulps + Fraction(math.ulp(delta_g)) / Fraction(delta_g))
    nearest = round(ratio)
    return max(nearest, 1) if abs(ratio - nearest) <= slack else math.ceil(ratio)
