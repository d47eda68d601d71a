"""An independent simulator of small networks: one global queue, one event after the other, any integrator between."""

import heapq

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.integrate import solve_ivp
from scipy.optimize import brentq


def scipy_advance(y, g, A, level, tau, tau_K, length):
    """The same contract as the forty-digit `advance`, by SciPy's integrator of order eight."""

    def slope(t, y):
        now = g * np.exp(-t / tau_K)
        return (now * A - (1 + now) * y) / tau

    def at(t):
        if t <= 0.0:
            return y
        return solve_ivp(slope, (0, t), [y], method="DOP853", rtol=1e-13, atol=1e-18, max_step=tau).y[0, -1]

    def crosses(t, y):
        return y[0] - level

    crosses.terminal, crosses.direction = True, -1
    found = solve_ivp(slope, (0, length), [y], method="DOP853", rtol=1e-13, atol=1e-18, max_step=tau, events=crosses)
    if len(found.t_events[0]):
        guess = found.t_events[0][0]
        near = 1e-9
        low, high = max(guess - near, 0.0), guess + near
        crossing = brentq(lambda t: at(t) - level, low, high, xtol=1e-17) if at(low) > level > at(high) else guess
        return crossing, level, g * np.exp(-crossing / tau_K)
    return None, found.y[0, -1], g * np.exp(-length / tau_K)


def reference(values, synapses, external, duration, advance, number=float, history=(), learning=None):
    """Spike trains of a network, by a heap of events; with `learning` also the weights at the end.

    values: lists by name, SI; synapses: (pre, post, weight, delay) with pre beyond the neurons for external trains;
    external: lists of times; learning: for each synapse None or (time constants, on_pre, on_post, limits), where the
    functions take the weight and the list of traces to new ones. At one instant at one neuron: own potassium, then the
    sum of jumps, then the threshold; a synapse changes after its jump was added, and with a spike of its target.
    history: one list a neuron of spikes not after time 0, of which only what comes after time 0 counts.
    """
    n = len(values["V_0"])
    p = [{name: number(values[name][i]) for name in values} for i in range(n)]
    exp = mp.exp if number is mpf else np.exp
    rows, onto = {}, {}
    weights = [number(weight) for _, _, weight, _ in synapses]
    learning = learning or [None] * len(synapses)
    traces = [None if rule is None else [number(0) for _ in rule[0]] for rule in learning]
    changed = [number(0)] * len(synapses)
    for k, (pre, post, _, delay) in enumerate(synapses):
        rows.setdefault(pre, []).append((post, k, number(delay)))
        onto.setdefault(post, []).append(k)
    y = [q["V_0"] for q in p]
    g, now, pause = [number(0)] * n, [number(0)] * n, [number(-1)] * n
    crossing = [None] * n
    trains = [[] for _ in range(n)]
    heap, serial = [], 0

    def push(time, neuron, kind, size):
        nonlocal serial
        heapq.heappush(heap, (time, neuron, kind, serial, size))
        serial += 1

    def move(i, t):
        q = p[i]
        if pause[i] > now[i]:
            g[i] *= exp(-(t - now[i]) / q["tau_K"])
        elif t > now[i]:
            _, y[i], g[i] = advance(
                y[i], g[i], q["V_0"] + q["Delta"], -(number(10) ** 6), q["tau"], q["tau_K"], t - now[i]
            )
        now[i] = t

    def predict(i):
        q = p[i]
        crossing[i] = None
        if pause[i] <= now[i] and q["V_0"] > q["theta"]:
            after, _, _ = advance(
                y[i],
                g[i],
                q["V_0"] + q["Delta"],
                q["V_0"] - q["theta"],
                q["tau"],
                q["tau_K"],
                number(duration) - now[i],
            )
            crossing[i] = None if after is None else now[i] + after

    def learn(k, event, t):
        if learning[k] is None:
            return
        taus, on_pre, on_post, limits = learning[k]
        decayed = [x * exp(-(t - changed[k]) / number(tau)) for x, tau in zip(traces[k], taus, strict=True)]
        weights[k], traces[k] = (on_pre, on_post)[event](weights[k], decayed)
        if limits is not None:
            weights[k] = min(max(weights[k], number(limits[0])), number(limits[1]))
        changed[k] = t

    def fire(i, t):
        trains[i].append(t)
        for k in onto.get(i, ()):
            learn(k, 1, t)
        y[i] = p[i]["V_0"]
        if p[i]["t_d"] == 0:
            g[i] += p[i]["delta_g"]
        else:
            push(t + p[i]["t_d"], i, 0, p[i]["delta_g"])
        if p[i]["refractory"] > 0:
            pause[i] = t + p[i]["refractory"]
            push(pause[i], i, -1, number(0))
        for post, k, delay in rows.get(i, ()):
            push(t + delay, post, 1, k)

    for row, train in enumerate([*(history or [[]] * n), *external]):
        for t in train:
            arrivals = [(post, 1, k, delay) for post, k, delay in rows.get(row, ())]
            if row < n:
                if p[row]["t_d"] > 0:
                    arrivals.append((row, 0, p[row]["delta_g"], p[row]["t_d"]))
                if t + values["refractory"][row] > 0:
                    pause[row] = max(pause[row], number(t) + p[row]["refractory"])
                    arrivals.append((row, -1, number(0), p[row]["refractory"]))
            for i, kind, size, delay in arrivals:
                if number(t) + delay > 0:
                    push(number(t) + delay, i, kind, size)
    for i in range(n):
        predict(i)
    while True:
        first = min((t, i) for i, t in enumerate([*crossing, number(duration)]) if t is not None)
        if heap and heap[0][0] <= first[0]:
            t, i, kind, _, size = heapq.heappop(heap)
            events = [(kind, size)]
            while heap and heap[0][:2] == (t, i):
                events.append(heapq.heappop(heap)[2::2])
            if t >= duration:
                break
            move(i, t)
            total = number(0)
            for kind, size in events:
                if kind == -1:
                    y[i] = p[i]["V_0"]
                elif kind == 0:
                    g[i] += size
                else:
                    total += weights[size]
                    learn(size, 0, t)
            if pause[i] <= t:
                y[i] -= total
                if total > 0 and y[i] <= p[i]["V_0"] - p[i]["theta"]:
                    fire(i, t)
        else:
            t, i = first
            if i == n:
                break
            move(i, t)
            fire(i, t)
        predict(i)
    found = [np.array([float(t) for t in train]) for train in trains]
    return (found, np.array([float(w) for w in weights])) if any(learning) else found


@pytest.fixture(scope="session")
def by_scipy():
    """The reference with SciPy's integrator between events."""
    return lambda *network, **options: reference(*network, scipy_advance, **options)


@pytest.fixture(scope="session")
def by_forty_digits(forty_digits):
    """The reference with forty digits between events."""

    def run(*network, **options):
        with mp.workdps(40):
            return reference(*network, forty_digits.advance, mpf, **options)

    return run
