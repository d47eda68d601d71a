"""The pair that inhibits itself into step: the exact factor of each cycle, its limits, and the figure."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.network import Connections, Population, Projection
from spikelearn.network.figure import overview
from spikelearn.network.pair import (
    contraction,
    distances,
    is_pair,
    measured_contraction,
    predicted_distances,
)


def pair(weight=-1 * mV, delay=2 * ms, refractory=0 * ms, connections=((0, 1), (1, 0)), **changes):
    neuron = sl.AdaptiveLIF(V_0=20 * mV, delta_g=changes.pop("delta_g", 0.0))
    pre, post = zip(*connections, strict=True)
    projection = Projection("pair", "pair", Connections(list(pre), list(post)), weight, delay, allow_self=True)
    return sl.Network({"pair": Population(neuron, 2, refractory=refractory, **changes)}, [projection])


@pytest.mark.parametrize(
    "options",
    [{}, {"delay": 6 * ms}, {"weight": -2.5 * mV}, {"refractory": 1 * ms}, {"weight": 0.5 * mV}],
)
def test_every_cycle_has_the_predicted_factor(options):
    """Not only for small distances; excitation pulls apart. Rounding of spike times, 1e-16 s, over 1e-4 s and more."""
    network = pair(**options)
    found = distances(sl.simulate(network, 0.2, initial=sl.Initial(u=[0, 0.4] * mV)))
    expected = predicted_distances(network, found[0], len(found))
    assert len(found) > 8
    assert (contraction(network) > 1) == (options.get("weight") == 0.5 * mV)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_the_measured_factor_is_a_mean_until_rounding():
    network = pair()
    recording = sl.simulate(network, 4.0, initial=sl.Initial(u=[0, 1] * mV))
    assert measured_contraction(network, recording) == pytest.approx(contraction(network), rel=1e-8)
    together = sl.simulate(network, 0.5)
    assert np.isnan(measured_contraction(network, together))


@pytest.mark.parametrize(
    "network",
    [
        pair(delta_g=0.1),
        pair(weight=[-1, -2] * mV),
        pair(delay=[2, 3] * ms),
        pair(refractory=3 * ms),
        pair(connections=((0, 0), (1, 1))),
        pair(vary={"V_0": [20, 21] * mV}),
    ],
)
def test_other_networks_are_no_such_pair(network):
    assert not is_pair(network)
    with pytest.raises(ValueError, match="contraction is for two identical neurons without potassium"):
        contraction(network)
    with pytest.raises(ValueError, match="needs spike times"):
        distances(sl.simulate(network, 0.05, record="counts"))


def test_the_figure_shows_the_theory_beside_the_distances():
    network = pair()
    figure = overview(network, sl.simulate(network, 0.5, initial=sl.Initial(u=[0, 1] * mV)), "pair")
    axes = figure.axes[1]
    simulated, theory = axes.lines[0].get_ydata(), axes.lines[1].get_ydata()
    np.testing.assert_allclose(simulated[:20], theory[:20], rtol=1e-9)
    assert axes.get_ylabel() == "distance of the two spikes (ms)"
    other = pair(delta_g=0.1)
    for recording in (sl.simulate(other, 0.5), sl.simulate(other, 0.5, record="counts")):
        assert overview(other, recording, "others").axes[1].get_ylabel().startswith("rate (Hz)")
