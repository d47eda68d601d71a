"""Parameters of populations laid over for one run: those of a network that has them from the start."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.catalogue.entry import RunRequest
from spikelearn.catalogue.tables import simulate_request
from spikelearn.network import FixedInDegree, Population, Projection

V_0 = np.linspace(16, 24, 6) * mV


def network(**varied):
    neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.1, t_d="5 ms")
    return sl.Network(
        {"E": Population(neuron, 6, **varied), "I": Population(neuron, 3)},
        [
            Projection("E", "I", FixedInDegree(3), 1 * mV, 2 * ms),
            Projection("I", "E", FixedInDegree(2), -1 * mV, 2 * ms),
        ],
        seed=3,
    )


@pytest.mark.parametrize("engine", ["exact", pytest.param("brian2", marks=pytest.mark.slow)])
def test_a_run_with_varied_populations_is_that_of_a_network_made_so(engine):
    refractory = np.arange(6) * ms
    target = "numpy" if engine == "brian2" else "auto"
    there = network(vary={"V_0": V_0}, refractory=refractory)
    expected = sl.simulate(there, 0.1, engine=engine, target=target)
    plain = network(vary={"V_0": V_0[::-1]})
    found = sl.simulate(plain, 0.1, engine=engine, target=target, vary={"E.V_0": V_0, "E.refractory": refractory})
    assert found.spikes == expected.spikes
    assert found.spikes != sl.simulate(plain, 0.1, engine=engine, target=target).spikes
    np.testing.assert_array_equal(found.targets, expected.targets)


def test_a_model_file_varies_a_population():
    request = RunRequest({"duration": "0.1 s", "vary": {"E.V_0": [f"{v!r} V" for v in np.asarray(V_0).tolist()]}})
    assert simulate_request(network(), request).spikes == sl.simulate(network(vary={"V_0": V_0}), 0.1).spikes


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ({"V_0": V_0}, r"vary must have names such as 'E.V_0', got 'V_0'"),
        ({"X.V_0": V_0}, "Network has no population 'X'"),
        ({"E.V0": V_0}, "AdaptiveLIF has no parameter 'V0'; did you mean 'V_0'"),
        ({"E.V_0": V_0[:2]}, r"one value for each of 6 neurons, got shape \(2,\)"),
        ({"E.V_0": np.arange(6) * ms}, "must be a voltage, such as '20 mV'"),
        ({"E.refractory": [1, 2] * ms}, r"Population.refractory must be one time or 6, got shape \(2,\)"),
    ],
)
def test_what_cannot_be_varied(vary, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(network(), 0.1, vary=vary)
