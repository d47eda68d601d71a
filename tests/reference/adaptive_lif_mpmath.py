"""Spike times of one adaptive LIF neuron to forty digits, by a method that shares nothing with the package.

Between events the deficit ``y = V_0 - u`` obeys ``tau y' = g (V_0 + Delta) - (1 + g) y`` with g = g_0 e^{-t/tau_K}.
In ``eta = 1 - e^{-t/tau_K}`` this is ``(1 - eta) dy/deta = x_0 A (1 - eta) - (kappa + x_0 (1 - eta)) y`` with
``kappa = tau_K/tau``, ``x_0 = kappa g_0``, ``A = V_0 + Delta``, whose power series has a three-term recursion. Steps
are short enough that the terms never exceed e^10, and everything is carried with more than 60 digits. The package
evaluates incomplete gamma functions from tables instead, so the two have no formula in common but the equation itself.

All parameters are plain floats in SI units and enter as the very doubles that they are.

``python tests/reference/adaptive_lif_mpmath.py`` writes ``adaptive_lif_reference.json`` beside this file.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from mpmath import inf, log, mp, mpf

DIGITS = 60
STORED = 30
FILE = Path(__file__).with_name("adaptive_lif_reference.json")
NAMES = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "u0", "g0")
DEFAULTS = {
    "V_0": 0.02,
    "theta": 0.015,
    "Delta": 0.015,
    "tau": 0.01,
    "tau_K": 0.1,
    "delta_g": 0.05,
    "t_d": 0.0,
    "u0": 0.0,
    "g0": 0.0,
}


BITS = 220
ONE = 1 << BITS


def _fixed(value):
    """Turn an mpf into an integer in units of 2^-220; whole numbers multiply ten times faster than mpf do."""
    return int(mp.floor(value * ONE + mpf(1) / 2))


def _polynomial(y, x_0, kappa, A, eta_end):
    """Terms c_n eta_end^n of the series as whole numbers, up to where four in a row have vanished."""
    decay = _fixed(eta_end * (kappa + x_0))
    forward = _fixed(eta_end * eta_end * x_0)
    step = _fixed(eta_end)
    source = _fixed(eta_end * x_0 * A)
    terms = [_fixed(y)]
    terms.append(source - ((decay * terms[0]) >> BITS))
    n, small = 1, 0
    while small < 4:
        following = (n * step - decay) * terms[-1] + forward * terms[-2]
        if n == 1:
            following -= step * source
        terms.append((following >> BITS) // (n + 1))
        small = small + 1 if abs(terms[-1]) < 4 else 0
        n += 1
    return terms


def _evaluate(terms, share):
    """Value and slope at eta = share * eta_end, share from 0 to 1 in units of 2^-220."""
    value = slope = 0
    for term in reversed(terms):
        slope = ((slope * share) >> BITS) + value
        value = ((value * share) >> BITS) + term
    return value, slope


def _root(terms, level):
    """Where the polynomial falls through `level`, as a share of eta_end: Newton inside a shrinking bracket."""
    low, high = 0, ONE
    share = ONE // 2
    for _ in range(400):
        value, slope = _evaluate(terms, share)
        value -= level
        if value > 0:
            low = share
        else:
            high = share
        candidate = share - (value << BITS) // slope if slope else -1
        if not low < candidate < high:
            candidate = (low + high) // 2
        if abs(candidate - share) <= 16:
            return mpf(candidate) / ONE
        share = candidate
    raise ArithmeticError("no root found")


def _advance_constant(y, g, A, level, tau, length):
    """The same for infinite tau_K, where g stays and the solution is one exponential."""
    y_inf = g * A / (1 + g)
    if y > level > y_inf:
        crossing = tau / (1 + g) * log((y - y_inf) / (level - y_inf))
        if crossing <= length:
            return crossing, level, g
    if length == inf:
        return None, y_inf, g
    return None, y_inf + (y - y_inf) * mp.exp(-(1 + g) * length / tau), g


def advance(y, g, A, level, tau, tau_K, length):
    """Follow (y, g) for `length` seconds or to the first y <= level.

    Returns
    -------
    (crossing or None, y, g)
        The time of the crossing since the start, and the state where the flow was left.
    """
    if tau_K == inf:
        return _advance_constant(y, g, A, level, tau, length)
    kappa = tau_K / tau
    elapsed = mpf(0)
    while True:
        x_0 = kappa * g
        eta_end = min(mpf(1) / 2, 10 / (kappa + x_0))
        step = -tau_K * mp.log1p(-eta_end)
        last = elapsed + step >= length
        if last:
            step = length - elapsed
            eta_end = -mp.expm1(-step / tau_K)
        terms = _polynomial(y, x_0, kappa, A, eta_end)
        end = mpf(sum(terms)) / ONE
        if end <= level < y:
            eta = _root(terms, _fixed(level)) * eta_end
            return elapsed - tau_K * mp.log1p(-eta), level, g * (1 - eta)
        y, g, elapsed = end, g * (1 - eta_end), elapsed + step
        if last:
            return None, y, g


def spike_times(parameters, *, duration=None, max_spikes=None, past_spikes=()):
    """Spike times (mpf, seconds) in [0, duration), at most `max_spikes` of them.

    An arrival and a spike at the same instant: the arrival first, which gives the same as the other order because
    one changes g and the other u.
    """
    with mp.workdps(DIGITS):
        p = {name: mpf(parameters.get(name, DEFAULTS[name])) for name in NAMES}
        A, level = p["V_0"] + p["Delta"], p["V_0"] - p["theta"]
        end = inf if duration is None else mpf(duration)
        arrivals = [mpf(t) + p["t_d"] for t in past_spikes]
        y, g, now = p["V_0"] - p["u0"], p["g0"], mpf(0)
        spikes = []
        while max_spikes is None or len(spikes) < max_spikes:
            target = min(arrivals[0], end) if arrivals else end
            if level <= 0 and target == inf:
                break
            crossing, y, g = advance(y, g, A, level, p["tau"], p["tau_K"], target - now)
            if crossing is None:
                now = target
                if not arrivals or arrivals[0] >= end:
                    break
                arrivals.pop(0)
                g += p["delta_g"]
                continue
            now += crossing
            if now >= end:
                break
            spikes.append(now)
            y = p["V_0"]
            if p["t_d"] == 0:
                g += p["delta_g"]
            else:
                arrivals.append(now + p["t_d"])
        return spikes


def condition_numbers(parameters, times, *, past_spikes=()):
    """Relative change of every spike time over the relative change of the inputs, summed over the inputs."""
    relative = mpf(10) ** -22
    total = [mpf(0)] * len(times)
    with mp.workdps(DIGITS):
        for name in NAMES:
            value = parameters.get(name, DEFAULTS[name])
            if value == 0 or mpf(value) == inf:
                continue
            shifted = spike_times(
                {**parameters, name: mpf(value) * (1 + relative)}, max_spikes=len(times), past_spikes=past_spikes
            )
            for k, (t, moved) in enumerate(zip(times, shifted, strict=True)):
                total[k] += abs(moved - t) / (t * relative)
    return [float(c) for c in total]


def bursts(times, gap):
    """Cut a train wherever an interval exceeds `gap` and give the lists of spikes."""
    groups = [[times[0]]]
    for before, t in zip(times, times[1:], strict=False):
        if t - before > gap:
            groups.append([])
        groups[-1].append(t)
    return groups


def _text(value, digits=STORED):
    return mp.nstr(value, digits)


def bursting_case():
    parameters = {**DEFAULTS, "V_0": 0.02, "tau_K": 0.2, "t_d": 2.0, "delta_g": 0.05}
    times = spike_times(parameters, duration=30.0)
    groups = bursts(times, 0.5)
    return {
        "parameters": parameters,
        "duration": 30.0,
        "spike_count": len(times),
        "burst_first": [_text(b[0]) for b in groups],
        "burst_last": [_text(b[-1]) for b in groups],
        "burst_spikes": [len(b) for b in groups],
        "periods": [_text(b[0] - a[0]) for a, b in zip(groups, groups[1:], strict=False)],
        "on_durations": [_text(b[-1] - b[0]) for b in groups],
        "off_durations": [_text(b[0] - a[-1]) for a, b in zip(groups, groups[1:], strict=False)],
        "last_spike": _text(times[-1]),
    }


def regular_case():
    parameters = {**DEFAULTS, "V_0": 0.03, "tau_K": 0.1, "delta_g": 0.05}
    times = spike_times(parameters, max_spikes=250)
    intervals = [b - a for a, b in zip(times, times[1:], strict=False)]
    return {
        "parameters": parameters,
        "spike_count_in_2_s": sum(1 for t in times if t < 2),
        "first_spikes": [_text(t) for t in times[:10]],
        "steady_interval": _text(intervals[-1]),
        "last_change_of_interval": _text(intervals[-1] - intervals[-2], 5),
    }


def silence_case():
    parameters = {**DEFAULTS, "V_0": 0.03, "tau_K": float("inf"), "delta_g": 0.05}
    times = spike_times(parameters)
    return {"parameters": parameters, "spike_count": len(times), "spikes": [_text(t) for t in times]}


def saturation_case():
    """Erratum A5 at a scale that runs in seconds: t_d/T_0 exceeds g*/delta_g, and yet no bursts, as rho = 0.75 < 1."""
    T_0 = 0.01 * float(log(4))
    g_star = 0.005 / 0.03
    tau_K, t_d = 0.2, 1.0
    delta_g = 0.75 * T_0 * g_star / tau_K
    parameters = {**DEFAULTS, "V_0": 0.02, "tau_K": tau_K, "t_d": t_d, "delta_g": delta_g}
    times = spike_times(parameters, duration=30.0)
    intervals = [b - a for a, b in zip(times, times[1:], strict=False)]
    return {
        "parameters": parameters,
        "duration": 30.0,
        "rho": delta_g * tau_K / (T_0 * g_star),
        "t_d_over_T_0": t_d / T_0,
        "spikes_until_silence": g_star / delta_g,
        "spike_count": len(times),
        "longest_interval": _text(max(intervals)),
        "last_interval": _text(intervals[-1]),
        "last_spike": _text(times[-1]),
    }


def random_parameters(draw, index):
    """One point of the range that the engine promises, in SI units."""
    tau = draw.choice([0.01, 0.01 * draw.uniform(0.3, 5)])
    kappa = 10 ** draw.uniform(-1, 4)
    theta = draw.choice([0.015, draw.uniform(0.005, 0.03)])
    above = 1e-3 * 10 ** draw.uniform(-3, 3)
    V_0 = theta + above
    Delta = draw.choice([0.015, draw.uniform(0.0, 0.05)])
    g_star = above / (theta + Delta)
    g0 = draw.choice([0.0, 10 ** draw.uniform(-3, 3), g_star * 10 ** draw.uniform(-1, 1)])
    delta_g = g_star * 10 ** draw.uniform(-2, 1)
    t_d = 0.0 if index % 2 else tau * 10 ** draw.uniform(-2, 2)
    u0 = draw.choice([0.0, draw.uniform(-Delta, theta)])
    values = (V_0, theta, Delta, tau, kappa * tau, delta_g, t_d, u0, min(g0, 1e3))
    parameters = dict(zip(NAMES, values, strict=True))
    past = sorted(draw.uniform(-t_d, 0) for _ in range(draw.choice([0, 0, 3]))) if t_d else []
    return parameters, past


def low_parameters(draw, index):
    """The same with potassium's reversal at rest, below it or above it, and starts at, below and above the reversal."""
    parameters, past = random_parameters(draw, index)
    theta, above = parameters["theta"], parameters["V_0"] - parameters["theta"]
    Delta = draw.choice([0.0, 0.0, 0.015, draw.uniform(0.0, 0.05), -theta * draw.uniform(0.0, 0.95)])
    g_star = above / (theta + Delta)
    w = draw.choice([0.0, 0.0, -(10 ** draw.uniform(-6, 0)), -draw.uniform(0.0, 0.05), draw.uniform(0.0, theta)])
    g0 = draw.choice([0.0, g_star * 10 ** draw.uniform(-20, -1), g_star * draw.uniform(0.5, 1.5), parameters["g0"]])
    u0 = min(w - Delta, theta * 0.999)
    return {**parameters, "Delta": Delta, "u0": u0, "g0": min(g0, 1e3)}, past


def random_cases(n, spikes, seed=20210506, draw_parameters=random_parameters):
    draw = random.Random(seed)
    cases = []
    for index in range(n):
        parameters, past = draw_parameters(draw, index)
        times = spike_times(parameters, max_spikes=spikes, past_spikes=past)
        conditions = condition_numbers(parameters, times, past_spikes=past)
        cases.append(
            {
                "parameters": parameters,
                "past_spikes": past,
                "spikes": [_text(t) for t in times],
                "conditions": [float(f"{c:.3g}") for c in conditions],
            }
        )
    return cases


def main():
    table = {
        "made_by": "tests/reference/adaptive_lif_mpmath.py; SI units; times to 30 digits; parameters are exact doubles",
        "bursting": bursting_case(),
        "regular": regular_case(),
        "silence": silence_case(),
        "saturation": saturation_case(),
    }
    table["silence"]["parameters"]["tau_K"] = "inf"
    table["random"] = random_cases(100, 6)
    table["low"] = random_cases(60, 3, draw_parameters=low_parameters)
    FILE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
