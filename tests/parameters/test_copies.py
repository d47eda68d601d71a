"""Records keep the numbers that they were made from: arrays that are used again afterwards do not reach them."""

import numpy as np
import pandas as pd
import pytest
from brian2 import Hz, Quantity, mV

import spikelearn as sl
from spikelearn.network import Connections, PoissonInput, Population, Projection
from spikelearn.parameters.copies import private

CELL = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.02)
PAIRS = Connections([0, 1], [1, 0])
WIDE = sl.TangentKernel(4, depth=1)
ROWS = WIDE.normalised(np.arange(1.0, 9.0).reshape(2, 4))


def with_unit(array, unit):
    """A quantity that shares the array's memory."""
    return Quantity(array, dim=unit.dim, copy=False)


def rule(rates):
    return sl.rules.CrossHomeostatic(alpha_EE=rates, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4)


# An array, what is made from it, and what of that must not change with it.
RECORDS = {
    "Projection.delay": ([0.002, 0.004], lambda x: Projection("a", "a", PAIRS, "1 mV", x), lambda p: p.delay),
    "Projection.weight": (
        [0.002, 0.004],
        lambda x: Projection("a", "a", PAIRS, with_unit(x, mV), "1 ms"),
        lambda p: p.weight,
    ),
    "Connections": ([0, 1], lambda x: Connections(x, [1, 0]), lambda c: c.sources),
    "Population.vary": (
        [0.018, 0.022],
        lambda x: Population(CELL, 2, vary={"V_0": with_unit(x, mV)}),
        lambda p: p.vary["V_0"],
    ),
    "Population.refractory": ([0.002, 0.004], lambda x: Population(CELL, 2, refractory=x), lambda p: p.refractory),
    "PoissonInput.rate": ([10.0, 20.0], lambda x: PoissonInput("a", with_unit(x, Hz), "1 mV"), lambda p: p.rate),
    "Initial": ([0.1, 0.2], lambda x: sl.Initial(g=x), lambda i: i.states["g"]),
    "Initial.past_spikes": ([-0.2, -0.1], lambda x: sl.Initial(past_spikes=[x, x]), lambda i: i.past_spikes[0]),
    "Rule.parameters": ([1e-3, 2e-3], rule, lambda r: r.parameters["alpha_EE"]),
    "TangentKernel.weights": (
        [[1.0, 0, 0, 0]] * 4,
        lambda x: sl.TangentKernel(4, depth=1, weights=[x, np.ones(4)]),
        lambda k: k.weights[0],
    ),
    "Linearised": ([1.0, 2.0], lambda y: WIDE.linearised(ROWS, y), lambda solution: solution.residual),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_keeps_its_numbers(name):
    values, make, read = RECORDS[name]
    own = np.array(values)
    record, kept = make(own), np.array(read(make(np.array(values))))
    own[...] = own + 1
    np.testing.assert_array_equal(np.asarray(read(record)), kept)


def test_networks_made_from_one_array_differ():
    weight, networks = np.array([0.001, 0.002]), []
    for _ in range(2):
        projection = Projection("a", "a", PAIRS, with_unit(weight, mV), "1 ms")
        networks.append(sl.Network({"a": Population(CELL, 2)}, [projection]))
        weight *= -10
    ends = [network.wiring.weight.tolist() for network in networks]
    assert ends == [[0.001, 0.002], [-0.01, -0.02]]


def test_what_is_copied():
    table = pd.Series([1.0, 2.0])
    kept = private([table, (table.values,), 3 * mV, "text"])
    table[:] = 0.0
    assert kept[0].tolist() == kept[1][0].tolist() == [1.0, 2.0]
    assert kept[2:] == [3 * mV, "text"]
    assert isinstance(private(np.array([1.0, 2.0]) * mV), Quantity)
