"""Inhibition that throws a neuron below the reversal of potassium, against forty digits."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.network import OneToOne, Population, Projection, SpikeSource


def reference_times(reference, values, jumps, duration):
    """Follow one neuron through jumps of u, given as (time, volts), with the flow of the reference."""
    mpf = reference.mpf
    with reference.mp.workdps(reference.DIGITS):
        p = {name: mpf(float(values[name])) for name in reference.NAMES[:7]}
        A, level, end = p["V_0"] + p["Delta"], p["V_0"] - p["theta"], mpf(duration)
        y, g, now = p["V_0"], mpf(0), mpf(0)
        arrivals, outside, spikes = [], list(jumps), []
        while True:
            times = [end, *arrivals[:1], *(t for t, _ in outside[:1])]
            target = min(times)
            crossing, y, g = reference.advance(y, g, A, level, p["tau"], p["tau_K"], target - now)
            fired = crossing is not None
            now = now + crossing if fired else target
            if now >= end:
                return spikes
            if not fired and arrivals and arrivals[0] == now:
                arrivals.pop(0)
                g += p["delta_g"]
            elif not fired:
                y -= outside.pop(0)[1]
                fired = y <= level
            if fired:
                spikes.append(now)
                y = p["V_0"]
                if p["t_d"] == 0:
                    g += p["delta_g"]
                else:
                    arrivals.append(now + p["t_d"])


@pytest.mark.parametrize("t_d", [0.0, 4.0])
@pytest.mark.parametrize(
    "parameters",
    [
        dict(V_0=30, tau_K=100, delta_g=0.05, E_K=-80),
        dict(V_0=30, tau_K=20, delta_g=0.4, E_K=-65),
        dict(V_0=17, tau_K=5, delta_g=0.3, E_K=-70),
    ],
)
def test_inhibition_below_the_reversal(parameters, t_d, forty_digits):
    units = dict(V_0=mV, tau_K=ms, delta_g=1, E_K=mV)
    neuron = sl.AdaptiveLIF(t_d=t_d * ms, **{name: value * units[name] for name, value in parameters.items()})
    times, weights = [0.009, 0.029, 0.05, 0.055], [-0.03, -0.2, -0.002, 0.004]
    sources = {
        f"s{k}": SpikeSource(sl.SpikeTrains.from_arrays([[t]], t_start=0.0, t_stop=1.0)) for k, t in enumerate(times)
    }
    projections = [
        Projection(name, "a", OneToOne(), weight=w * 1000 * mV, delay=1 * ms)
        for name, w in zip(sources, weights, strict=True)
    ]
    network = sl.Network({"a": Population(neuron, 1)}, projections, sources=sources)
    found = sl.simulate(network, 0.2).spikes.times
    mpf = forty_digits.mpf
    jumps = [(mpf(t) + mpf(0.001), mpf(w)) for t, w in zip(times, weights, strict=True)]
    exact = reference_times(forty_digits, neuron.values(), jumps, 0.2)
    assert len(found) == len(exact) >= 4
    np.testing.assert_allclose(found, [float(t) for t in exact], rtol=1e-13)
