"""Spike times and weights of small learning networks against the event queue, with rules written as Python functions.

The queue keeps its traces by itself, for every synapse, in forty digits or in doubles with SciPy's integrator.
"""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.network import Connections, Plasticity, Population, Projection, SpikeSource, pair_stdp
from spikelearn.network.wiring import wire

# As for static networks: about 1e-15 an event, amplified where a crossing is shallow.
RELATIVE = 1e-10


def pairs(A_plus, A_minus, tau_plus, tau_minus, limits):
    def on_pre(w, traces):
        x, y = traces
        return w - A_minus * y, [x + 1, y]

    def on_post(w, traces):
        x, y = traces
        return w + A_plus * x, [x, y + 1]

    return (tau_plus, tau_minus), on_pre, on_post, limits


def triplets():
    """Pfister & Gerstner 2006, Journal of Neuroscience 26:9673, Eqs. 3-4, all-to-all, larger amplitudes."""
    rule = Plasticity(
        traces={"r_1": 16.8 * ms, "r_2": 101 * ms, "o_1": 33.7 * ms, "o_2": 125 * ms},
        on_pre={"r_1": "r_1 + 1", "r_2": "r_2 + 1", "w": "w - o_1*(A_2m + A_3m*r_2)"},
        on_post={"o_1": "o_1 + 1", "o_2": "o_2 + 1", "w": "w + r_1*(A_2p + A_3p*o_2)"},
        parameters={"A_2p": 0.02 * mV, "A_3p": "0.05 mV", "A_2m": 0.03 * mV, "A_3m": 0.01 * mV},
    )
    p2, p3, m2, m3 = 0.02e-3, 0.05e-3, 0.03e-3, 0.01e-3

    def on_pre(w, traces):
        r1, r2, o1, o2 = traces
        return w - o1 * (m2 + m3 * r2), [r1 + 1, r2 + 1, o1, o2]

    def on_post(w, traces):
        r1, r2, o1, o2 = traces
        return w + r1 * (p2 + p3 * o2), [r1, r2, o1 + 1, o2 + 1]

    return rule, ((16.8e-3, 101e-3, 33.7e-3, 125e-3), on_pre, on_post, None)


def crooked():
    """A rule that is no published one: each right side reads what the others change."""
    rule = Plasticity(
        traces={"a": 10 * ms, "b": 40 * ms},
        on_pre={"a": "b + 1/(1 + a**2)", "b": "a", "w": "w*(1 - lost*a) + gain*sin(pi*b)"},
        on_post={"a": "1", "w": "w + gain*exp(-w/scale)*sqrt(abs(b))"},
        parameters={"lost": 0.02, "gain": 0.03 * mV, "scale": 1 * mV},
        limits=(-2 * mV, 1.5 * mV),
    )

    def on_pre(w, traces):
        a, b = traces
        sine = np.sin(np.pi * float(b))
        return w * (1 - 0.02 * a) + 0.03e-3 * sine, [b + 1 / (1 + a**2), a]

    def on_post(w, traces):
        _, b = traces
        return w + 0.03e-3 * np.exp(-float(w) / 1e-3) * np.sqrt(float(b)), [1, b]

    return rule, ((10e-3, 40e-3), on_pre, on_post, (-2e-3, 1.5e-3))


def learning_network(n, seed, rule, *, refractory=0.0, t_d=3 * ms):
    """Unlike neurons; one projection learns, one inhibits and stays, one comes from outside and learns by pairs."""
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.1, tau_K=60 * ms, t_d=t_d)
    degree, third = 4, np.arange(0, n, 3)
    pre = np.repeat(np.arange(n), degree)
    post = (pre + rng.integers(0, n, len(pre))) % n
    outside = pair_stdp(0.05 * mV, 0.06 * mV, 15 * ms, 30 * ms, limits=(0 * mV, 3 * mV))
    trains = [np.sort(rng.uniform(0, 0.5, 25)) for _ in range(3)]
    return sl.Network(
        {"cells": Population(neuron, n, {"V_0": (18 + rng.uniform(-4, 4, n)) * mV}, refractory)},
        [
            Projection(
                "cells", "cells", Connections(pre, post), rng.uniform(0.3, 1.0, len(pre)) * mV,
                rng.uniform(1.0, 6.0, len(pre)) * ms, allow_self=True, plasticity=rule,
            ),
            Projection("cells", "cells", Connections(third, (third + 1) % n), -1 * mV, 2 * ms),
            Projection(
                "input", "cells", Connections(rng.integers(0, 3, n), np.arange(n)), rng.uniform(0.5, 2.5, n) * mV,
                0.75 * ms, plasticity=outside,
            ),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=0.5))},
    )  # fmt: skip


def agree(network, python_rules, duration, reference, at_least):
    """Compare spike times and weights; `at_least` spikes must have been compared."""
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    synapses = list(
        zip(wiring.rows.tolist(), wiring.target.tolist(), wiring.weight.tolist(), wiring.delay.tolist(), strict=True)
    )
    external = [wiring.source_times[wiring.source_rows == r].tolist() for r in range(wiring.n, len(wiring.start) - 1)]
    learning = [None if r < 0 else python_rules[r] for r in wiring.rule.tolist()]
    expected, weights = reference(values, synapses, external, duration, learning=learning)
    recording = sl.simulate(network, duration)
    assert sum(len(train) for train in expected) >= at_least
    for found, train in zip(recording.spikes, expected, strict=True):
        assert len(found) == len(train)
        np.testing.assert_allclose(found, train, rtol=RELATIVE, atol=0)
    assert (weights != wiring.weight)[wiring.rule >= 0].mean() > 0.5
    # A change is a difference of exponentials of times: their relative error, on the scale of the weights.
    np.testing.assert_allclose(recording.weights, weights, rtol=RELATIVE, atol=RELATIVE * 1e-3)


OUTSIDE = pairs(0.05e-3, 0.06e-3, 15e-3, 30e-3, (0.0, 3e-3))


@pytest.mark.parametrize(
    ("n", "duration", "refractory", "t_d", "make"),
    [(5, 0.3, 0 * ms, 3 * ms, triplets), (12, 0.15, 4 * ms, 0 * ms, triplets), (8, 0.2, 1 * ms, 5 * ms, crooked)],
)
def test_learning_networks_by_forty_digits(by_forty_digits, n, duration, refractory, t_d, make):
    rule, in_python = make()
    network = learning_network(n, n, rule, refractory=refractory, t_d=t_d)
    agree(network, [in_python, OUTSIDE], duration, by_forty_digits, 20)


def test_a_learning_network_by_scipy(by_scipy):
    rule, in_python = triplets()
    agree(learning_network(3, 4, rule, refractory=2 * ms), [in_python, OUTSIDE], 0.1, by_scipy, 5)


@pytest.mark.parametrize(("mu_plus", "mu_minus"), [(1.0, 1.0), (0.02, 0.0), (0.0, 0.5)])
def test_dependence_on_the_weight(by_forty_digits, mu_plus, mu_minus):
    """Changes multiplied by powers of the distances from the limits, here counted in Python."""
    limits = (0.2e-3, 1.2e-3)
    rule = pair_stdp(
        0.1 * mV, 0.12 * mV, 20 * ms, 20 * ms, (0.2 * mV, 1.2 * mV), pairing="nearest", mu_plus=mu_plus,
        mu_minus=mu_minus,
    )  # fmt: skip

    def on_pre(w, traces):
        x, y = traces
        return w - 0.12e-3 * y * (float(w - limits[0]) / 1e-3) ** mu_minus, [1, y]

    def on_post(w, traces):
        x, y = traces
        return w + 0.1e-3 * x * (float(limits[1] - w) / 1e-3) ** mu_plus, [x, 1]

    in_python = ((20e-3, 20e-3), on_pre, on_post, limits)
    agree(learning_network(4, 9, rule), [in_python, OUTSIDE], 0.25, by_forty_digits, 15)
