"""The membrane after a time without events, and its derivatives: the one place where the flow is differentiated.

The deficit ``y = V_0 - u`` obeys ``tau y' = g A - (1 + g) y``, A = V_0 + Delta, g = g_0 e^{-t/tau_K}. It is linear in
its start and in A, ``y(h) = E y_0 + A c`` with ``E = exp(-h/tau - kappa (g_0 - g(h)))``, kappa = tau_K/tau. Here c is
the power series in ``eta = 1 - e^{-h/tau_K}`` whose terms obey, with G = 1 + g_0 and p = kappa eta,
``(n + 1) T_{n+1} = (n eta - G p) T_n + g_0 p eta T_{n-1}`` from n = 2 on, T_1 = g_0 p, T_2 = -G p T_1/2. Differentiated
term by term it gives dc/dg_0 and dc/dkappa. All of c is proportional to g_0, and kappa is varied at fixed g_0 and
h/tau: so little cancels, however weak or slow the potassium is. Long times are cut into steps of at most
``tau/(1 + g)``; what lies more than `_FORGOTTEN` of them back has no effect that a double can hold, so that the cost
of an interval has a bound.

References
----------
002 Q1 Eqs. (1)-(3). The derivatives are not in the source; for neurons driven by currents see Wunderlich and Pehle
2021, Sci. Rep. 11:12829.
"""

from __future__ import annotations

import math

from spikelearn.compiled import njit

__all__ = ["exp_less_linear", "flow_jacobian", "membrane_after"]

# e^-45 is 3e-20.
_FORGOTTEN = 45.0
_CONSTANT = 1e100
_LONGEST = 0.69
_SMALL = 1e-17
_F2, _F3, _F4, _F5, _F6, _F7, _F8, _F9, _F10, _F11, _F12, _F13, _F14, _F15, _F16 = (
    1.0 / math.factorial(k) for k in range(2, 17)
)


@njit(cache=True, error_model="numpy", forceinline=True)
def exp_less_linear(s: float) -> float:
    """Give e^s - 1 - s for s >= 0 without cancellation."""
    if s > 0.7:
        return math.exp(s) - 1.0 - s
    s2 = s * s
    s4 = s2 * s2
    low = (_F2 + _F3 * s) + (_F4 + _F5 * s) * s2
    middle = (_F6 + _F7 * s) + (_F8 + _F9 * s) * s2
    high = (_F10 + _F11 * s) + (_F12 + _F13 * s) * s2
    highest = (_F14 + _F15 * s) + _F16 * s2
    return s2 * ((low + middle * s4) + (high + highest * s4) * (s4 * s4))


@njit(cache=True, error_model="numpy")
def _series(g: float, p: float, eta: float) -> float:
    """Sum c alone."""
    drift = (1.0 + g) * p
    forward = g * p * eta
    before = g * p
    term = -0.5 * drift * before
    total = before + term
    for n in range(2, 60):
        following = ((n * eta - drift) * term + forward * before) / (n + 1.0)
        before = term
        term = following
        total += term
        if abs(term) + abs(before) <= _SMALL * abs(total):
            break
    return total


@njit(cache=True, error_model="numpy")
def _series_jacobian(g: float, p: float, eta: float, p_k: float, eta_k: float) -> tuple[float, float, float]:
    """Sum c, dc/dg and dc/dkappa; p_k and eta_k are the derivatives of p and eta by kappa."""
    G = 1.0 + g
    drift, drift_k = G * p, G * p_k
    forward, forward_g = g * p * eta, p * eta
    forward_k = g * (p_k * eta + p * eta_k)
    a, a_g, a_k = g * p, p, g * p_k
    b = -0.5 * drift * a
    b_g = -0.5 * (p * a + drift * a_g)
    b_k = -0.5 * (drift_k * a + drift * a_k)
    c, c_g, c_k = a + b, a_g + b_g, a_k + b_k
    for n in range(2, 60):
        scale = 1.0 / (n + 1.0)
        factor = n * eta - drift
        new_g = (factor * b_g + forward * a_g - p * b + forward_g * a) * scale
        new_k = (factor * b_k + forward * a_k + (n * eta_k - drift_k) * b + forward_k * a) * scale
        new = (factor * b + forward * a) * scale
        a, a_g, a_k = b, b_g, b_k
        b, b_g, b_k = new, new_g, new_k
        c += b
        c_g += b_g
        c_k += b_k
        if (
            abs(b) + abs(a) <= _SMALL * abs(c)
            and abs(b_g) + abs(a_g) <= _SMALL * abs(c_g)
            and abs(b_k) + abs(a_k) <= _SMALL * abs(c_k)
        ):
            break
    return c, c_g, c_k


@njit(cache=True, error_model="numpy")
def _last_part(g: float, h: float, tau: float, tau_K: float) -> float:
    """Give how much of the time h before its end still has an effect on y."""
    length = h
    g_end = g * math.exp(-h / tau_K)
    while True:
        half = 0.5 * length
        # More than g at the end, so this may be taken for the integral of g from below.
        between = tau_K / tau * (g * math.exp(-(h - half) / tau_K) - g_end)
        if half / tau + between <= _FORGOTTEN:
            return length
        length = half


@njit(cache=True, error_model="numpy")
def membrane_after(y: float, g: float, h: float, A: float, tau: float, tau_K: float) -> float:
    """Give y = V_0 - u a time h later, see `flow_jacobian`."""
    kappa = tau_K / tau
    if not kappa < _CONSTANT:
        E = math.exp(-(1.0 + g) * h / tau)
        return y * E - A * g / (1.0 + g) * math.expm1(-(1.0 + g) * h / tau)
    rest = h
    if h > _FORGOTTEN * tau / (1.0 + g):
        rest = _last_part(g, h, tau, tau_K)
        if rest < h:
            g *= math.exp(-(h - rest) / tau_K)
            y = A * g / (1.0 + g)
    while rest > 0.0:
        step = min(tau / (1.0 + g), _LONGEST * tau_K, rest)
        eta = -math.expm1(-step / tau_K)
        p = kappa * eta
        y = y * math.exp(-step / tau - g * p) + A * _series(g, p, eta)
        g *= 1.0 - eta
        rest -= step
    return y


@njit(cache=True, error_model="numpy")
def flow_jacobian(
    y: float, g: float, h: float, A: float, tau: float, tau_K: float
) -> tuple[float, float, float, float, float, float]:
    """Give y a time h later with its derivatives.

    Parameters
    ----------
    y, g : float
        V_0 - u in volts and the conductance in units of the leak, at the start.
    h : float
        Seconds without any event.
    A : float
        V_0 + Delta, volts.
    tau, tau_K : float
        Seconds; tau_K may be infinite.

    Returns
    -------
    y, y_y, y_A, y_g, y_tau, y_tau_K : float
        y after h, and its derivatives by the start y, by A, by the start g, by tau and by tau_K; the last is 0 for
        infinite tau_K.
    """
    kappa = tau_K / tau
    if not kappa < _CONSTANT:
        G = 1.0 + g
        m = h / tau
        E = math.exp(-G * m)
        lost = -math.expm1(-G * m)
        y_g = A * (lost / G + g * m * E) / G - m * E * y
        # (A g - G y) at the end, of which the distance from rest is all.
        return y * E + A * g / G * lost, E, g / G * lost, y_g, (G * y - A * g) * E * m / tau, 0.0
    rest = h
    # Of g now by g at the start, and kappa^2/g times that by kappa.
    share, passed = 1.0, 0.0
    y_y, y_A, y_g = 1.0, 0.0, 0.0
    # By kappa: at fixed g, h and tau, and at fixed g, h and tau_K.
    y_k, y_s = 0.0, 0.0
    if h > _FORGOTTEN * tau / (1.0 + g):
        rest = _last_part(g, h, tau, tau_K)
        if rest < h:
            share = math.exp(-(h - rest) / tau_K)
            passed = (h - rest) / tau
            g *= share
            y, y_y = A * g / (1.0 + g), 0.0
    while rest > 0.0:
        step = min(tau / (1.0 + g), _LONGEST * tau_K, rest)
        s = step / tau_K
        eta = -math.expm1(-s)
        p = kappa * eta
        p_k = (1.0 - eta) * exp_less_linear(s)
        eta_k = -(s / kappa) * (1.0 - eta)
        E = math.exp(-step / tau - g * p)
        c, c_g, c_k = _series_jacobian(g, p, eta, p_k, eta_k)
        by_g = A * c_g - E * p * y
        y_g = E * y_g + by_g * share
        by_k = A * c_k - E * g * p_k * y
        y_k = E * y_k + by_k + by_g * g * passed / (kappa * kappa)
        y_A = E * y_A + c
        y_y *= E
        y = E * y + A * c
        g *= 1.0 - eta
        # A longer h in units of tau: by the slope at the end.
        y_s = E * y_s + by_k + s * (g * A - (1.0 + g) * y)
        share *= 1.0 - eta
        passed += step / tau
        rest -= step
    return y, y_y, y_A, y_g, -kappa / tau * y_s, y_k / tau
