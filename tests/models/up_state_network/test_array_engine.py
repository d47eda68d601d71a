"""Compiled steps against a plain loop, spike by spike, and what the steps must keep."""

import numpy as np
import pytest

from spikelearn.models.up_state_network import STUDY_START, UpStateNetwork
from spikelearn.models.up_state_network.trial import Injection, Stepper, normals_of
from tests.models.up_state_network.conftest import plain_trial


def pairs(found):
    return list(zip(found.steps.tolist(), found.units.tolist(), strict=True))


@pytest.fixture(scope="module")
def case(small):
    synapses = small.draw_synapses(3, start=STUDY_START)
    normals = np.random.default_rng(0).standard_normal((2000, small.n))
    return synapses, normals


def test_every_spike_is_that_of_a_plain_loop(small, case):
    """Spikes are compared exactly: sums of the same numbers in another order differ by 1e-13 mV, and none of a thousand
    crossings is that close."""
    synapses, normals = case
    wanted, course = plain_trial(small, synapses, normals[:1400], 1400, 30.0, 800, 1200)
    states = {}
    found = Stepper(small, synapses, 1400).run(synapses.J, normals, Injection(30.0, 800, 1200), states)
    assert len(wanted) > 400
    assert {unit >= 40 for _, unit in wanted} == {True, False}
    assert pairs(found) == wanted
    np.testing.assert_allclose(states["v"], course[-1], rtol=0, atol=1e-9)


def test_the_blocks_of_random_numbers_do_not_matter(small, case):
    synapses, _ = case
    stepper = Stepper(small, synapses)
    whole = normals_of(5, 2).standard_normal((2000, small.n))
    assert pairs(stepper.run(synapses.J, normals_of(5, 2))) == pairs(stepper.run(synapses.J, whole))


def test_without_weights_units_do_not_know_of_each_other(small, case):
    """With all weights zero every unit does what it does alone: exchanging the noise exchanges the spikes."""
    synapses, normals = case
    stepper = Stepper(small, synapses)
    none = np.zeros(len(synapses))
    swapped = normals.copy()
    swapped[:, [2, 5]] = normals[:, [5, 2]]
    one, other = stepper.run(none, normals), stepper.run(none, swapped)
    for a, b in ((2, 5), (5, 2), (3, 3)):
        assert one.steps[one.units == a].tolist() == other.steps[other.units == b].tolist()


def test_refractory_periods_hold_to_the_step(small, case):
    synapses, normals = case
    found = Stepper(small, synapses).run(synapses.J * 3, normals)
    least = [np.diff(found.steps[found.units == unit]).min(initial=9999) for unit in range(small.n)]
    assert min(least[:40]) == 50
    assert min(least[40:]) == 20


@pytest.mark.parametrize("delay", [1, 7])
def test_a_delay_is_kept_to_the_step(delay):
    """A spike arrives in u after its delay; s sees that in the next step, v in the one after."""
    network = UpStateNetwork(
        n_E=2, n_I=2, n_kicked=1, p=0.5, sigma="0 mV", kick="3000 pA", t_kick="1 ms", duration="60 ms"
    )
    drawn = network.draw_synapses(0)
    synapses = type(drawn)(np.array([0]), np.array([1]), np.array([delay]), np.array([1000.0]), 2, 2)
    stepper = Stepper(network, synapses)
    first = int(stepper.run(synapses.J, np.zeros((600, 4))).steps[0])
    moved = []
    for steps in range(first, first + 20):
        states = {}
        Stepper(network, synapses, steps + 1).run(synapses.J, np.zeros((steps + 1, 4)), states=states)
        moved.append(states["v"][1] > 7.6 + 1e-12)
    assert first + moved.index(True) == first + delay + 2


def test_silence_does_not_end_in_denormal_numbers(small, case):
    """Without noise all currents decay to exactly zero, by flushing, within a long trial."""
    synapses, _ = case
    quiet = UpStateNetwork(n_E=40, n_I=10, n_kicked=8, kick="100 pA", t_kick="10 ms", duration="4 s", sigma="0 mV")
    states = {}
    Stepper(quiet, synapses).run(synapses.J, np.zeros((40_000, 50)), states=states)
    currents = states["currents"]
    assert np.all((currents == 0) | (currents > 1e-30))
    assert currents[3].max() == currents[1].max() == 0
