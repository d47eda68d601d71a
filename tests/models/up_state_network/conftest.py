"""A plain Python network, written from the description unit by unit and synapse by synapse, and a small network."""

import numpy as np
import pytest

from spikelearn.models.up_state_network.model import UpStateNetwork

DT = 0.1


def plain_trial(model, synapses, normals, n_steps, injected=0.0, inject_start=0, inject_stop=0):
    """Spikes (step, unit) of a trial, and v after every step; mV, ms, pA, pF."""
    p = model.plain
    n_E, n = model.n_E, model.n
    outgoing = [[] for _ in range(n)]
    for source, target, delay, J in zip(
        synapses.sources.tolist(),
        synapses.targets.tolist(),
        synapses.delays.tolist(),
        synapses.J.tolist(),
        strict=True,
    ):
        outgoing[source].append((delay, target, J))
    kinds = ["E"] * n_E + ["I"] * (n - n_E)
    g_L, C = p["g_L"] * 1e9, {kind: p[f"C_{kind}"] * 1e12 for kind in "EI"}
    rest = {kind: p[f"E_L_{kind}"] * 1e3 for kind in "EI"}
    rise = {kind: p[f"tau_rise_{kind}"] * 1e3 for kind in "EI"}
    decay = {kind: p[f"tau_decay_{kind}"] * 1e3 for kind in "EI"}
    hold = {kind: p[f"t_ref_{kind}"] * 1e3 for kind in "EI"}
    sigma, tau_a, b = p["sigma"] * 1e3, p["tau_a"] * 1e3, p["b"] * 1e12
    v = [rest[kind] for kind in kinds]
    a = [0.0] * n
    s = {kind: [0.0] * n for kind in "EI"}
    u = {kind: [0.0] * n for kind in "EI"}
    last = [-np.inf] * n
    arrivals = {}
    spikes, course = [], []
    for k in range(n_steps):
        fired = []
        for i, kind in enumerate(kinds):
            current = g_L * (rest[kind] - v[i]) - a[i] + s["E"][i] - s["I"][i]
            if kind == "I" and inject_start <= k < inject_stop:
                current += injected
            free = (k - last[i]) * DT > hold[kind] - 1e-9
            new = v[i]
            if free:
                new += DT * current / C[kind] + sigma * np.sqrt(g_L / C[kind] * DT) * normals[k, i]
            a[i] -= DT * a[i] / tau_a
            for sender in "EI":
                was = u[sender][i]
                s[sender][i] += DT * (was - s[sender][i]) / decay[sender]
                u[sender][i] -= DT * was / rise[sender]
            v[i] = new
            if free and new >= p["V_th"] * 1e3:
                fired.append(i)
        if k == round(p["t_kick"] * 1e3 / DT):
            for i in range(model.n_kicked):
                u["E"][i] += p["kick"] * 1e12
        for target, J, kind in arrivals.pop(k, ()):
            u[kind][target] += J / rise[kind]
        for i in fired:
            spikes.append((k, i))
            last[i], v[i] = k, p["V_reset"] * 1e3
            if kinds[i] == "E":
                a[i] += b
            for delay, target, J in outgoing[i]:
                arrivals.setdefault(k + delay, []).append((target, J, kinds[i]))
        course.append(list(v))
    return spikes, np.array(course)


@pytest.fixture(scope="session")
def small():
    """Forty E and ten I units of which eight are kicked hard after 10 ms; a trial of 200 ms."""
    return UpStateNetwork(n_E=40, n_I=10, n_kicked=8, kick="2000 pA", t_kick="10 ms", duration="200 ms")
