"""The rule on spikes: its window pair by pair on the exact engine, and its mean between Poisson neurons."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.models.entropy_rule.filters import delta
from spikelearn.network import (
    Connections,
    Population,
    Projection,
    SpikeSource,
    entropy_stdp,
    entropy_window,
    expected_entropy_change,
)

GAMMA, ETA = "40 Hz", "1e-9 V*second**2"
QUIET = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)
DELAY = 1e-3


def change(pre, post, rule, t_stop):
    """Run one plastic synapse a pair of trains; a strong jump makes each target fire at every time of `post`."""
    n = len(pre)
    ends = np.arange(n)
    sources = {
        "pre": SpikeSource(sl.SpikeTrains.from_arrays(pre, t_stop=t_stop)),
        "post": SpikeSource(sl.SpikeTrains.from_arrays(post, t_stop=t_stop)),
    }
    network = sl.Network(
        {"cells": Population(QUIET, n)},
        [
            Projection("pre", "cells", Connections(ends, ends), 0 * mV, DELAY * 1e3 * ms, plasticity=rule),
            Projection("post", "cells", Connections(ends, ends), 1000 * mV, DELAY * 1e3 * ms),
        ],
        sources=sources,
    )
    recording = sl.simulate(network, t_stop)
    for k in range(min(n, 5)):
        np.testing.assert_allclose(recording.spikes.train(unit=k), post[k] + DELAY, atol=1e-12)
    return np.asarray(recording.weights)[:n]


@pytest.mark.parametrize("l", ["0 Hz", "10 Hz"])
def test_every_pair_adds_the_window(l):
    rng = np.random.default_rng(1)
    pre = [np.sort(rng.uniform(0, 0.9, 30)) for _ in range(6)]
    post = [np.sort(rng.uniform(0, 0.9, 25)) for _ in range(6)]
    found = change(pre, post, entropy_stdp(GAMMA, ETA, l), 1.0)
    gamma, eta, decay = 40.0, 1e-9, float(l.split()[0])
    for k in range(6):
        total = 0.0
        for t in post[k]:
            for s in pre[k]:
                side = (gamma + decay) if t >= s else -(gamma - decay)
                total += eta * gamma / 2 * side * np.exp(-gamma * abs(t - s))
        assert found[k] == pytest.approx(total, rel=1e-9, abs=1e-18)
    np.testing.assert_allclose(
        entropy_window([0.01, -0.01], GAMMA, ETA), eta * gamma**2 / 2 * np.exp(-0.4) * np.array([1, -1])
    )


def rates(n_bins, dt):
    t = (np.arange(n_bins) + 0.5) * dt
    return 30 + 25 * np.sin(2 * np.pi * 4 * t), 30 + 25 * np.cos(2 * np.pi * 4 * t)


@pytest.mark.parametrize("l", ["0 Hz", "10 Hz"])
def test_the_mean_between_poisson_neurons_is_delta_of_their_rates(l):
    """4000 independent pairs, seed 3; the mean within 4 standard errors (false alarm 6e-5 a case)."""
    n, dt, n_bins = 4000, 0.005, 200
    r_post, r_pre = rates(n_bins, dt)
    rng = np.random.default_rng(3)

    def trains(r):
        counts = rng.poisson(r * dt, (n, n_bins))
        return [np.sort((np.repeat(np.arange(n_bins), row) + rng.uniform(size=row.sum())) * dt) for row in counts]

    found = change(trains(r_pre), trains(r_post), entropy_stdp(GAMMA, ETA, l), n_bins * dt + 0.01)
    expected = expected_entropy_change(r_post, r_pre, dt, GAMMA, ETA, l)
    error = found.std(ddof=1) / np.sqrt(n)
    assert abs(found.mean() - expected) < 4 * error
    # Not by emptiness: the mean is many errors from zero, and from that of exchanged rates.
    assert abs(expected) > 10 * error
    assert abs(expected_entropy_change(r_pre, r_post, dt, GAMMA, ETA, l) - expected) > 10 * error


def test_the_expected_entropy_change_is_that_of_the_periodic_term_once_settled():
    dt, per_period = 1e-4, 2500
    r_post, r_pre = rates(40 * per_period, dt)
    per = (
        expected_entropy_change(r_post, r_pre, dt, GAMMA, ETA)
        - expected_entropy_change(r_post[: -10 * per_period], r_pre[: -10 * per_period], dt, GAMMA, ETA)
    ) / 10
    one = delta(r_post[:per_period, None], r_pre[:per_period, None], dt, 40.0)[0, 0]
    assert per == pytest.approx(1e-9 * one, rel=1e-4)


def test_constant_rates_give_the_hebbian_part_alone():
    r = np.full(4000, 20.0)
    assert expected_entropy_change(r, r, 1e-3, GAMMA, ETA) == pytest.approx(0.0, abs=1e-18)
    settled = expected_entropy_change(r, r, 1e-3, GAMMA, ETA, "10 Hz") - expected_entropy_change(
        r[:2000], r[:2000], 1e-3, GAMMA, ETA, "10 Hz"
    )
    assert settled == pytest.approx(1e-9 * 10 * 20 * 20 * 2.0, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": "0 Hz"}, "entropy_stdp.gamma must be positive, got 0"),
        ({"eta": "-1e-9 V*second**2"}, "entropy_stdp.eta must be positive, got -1e-09"),
        ({"l": "-1 Hz"}, "entropy_stdp.l must be at least 0, got -1"),
        ({"gamma": "5 ms"}, "entropy_stdp.gamma must be a rate, such as '1 Hz'"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        entropy_stdp(**arguments)
    if "gamma" not in arguments:
        with pytest.raises(ValueError, match="r_post and r_pre must have one shape"):
            expected_entropy_change(np.ones(3), np.ones(4), 0.1)
