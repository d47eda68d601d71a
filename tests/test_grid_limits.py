"""Where a clock gives wrong numbers it must say so, and where Eq. (6) has a tie both engines must keep it."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.models.equation_neuron import EquationNeuron


@pytest.mark.parametrize(
    "parameters",
    [{"delta_g": 300.0, "tau_K": 20 * ms}, {"tau": 0.03 * ms}, {"tau_K": 0.03 * ms, "delta_g": 1.0}],
)
def test_a_step_that_is_too_long_is_refused(parameters):
    neuron = sl.AdaptiveLIF(V_0=30 * mV, **parameters)
    with pytest.raises(ValueError, match=r"dt must be well below .* got 0.0001 s; take dt <= "):
        sl.simulate(neuron, "1 s", engine="brian2")
    assert sl.simulate(neuron, "1 s").spikes.n_spikes > 0


def test_a_run_that_leaves_the_numbers_is_refused():
    runaway = EquationNeuron(equations="dx/dt = x**2/ms : 1", method="euler")
    message = r"x of neuron 0 is no longer finite after 0.1 s: dt = 0.001 s is too long"
    with pytest.raises(ValueError, match=message), np.errstate(all="ignore"):
        sl.simulate(runaway, "100 ms", dt="1 ms", initial=sl.Initial(x=1.0))


@pytest.mark.parametrize("engine", ["exact", "brian2"])
@pytest.mark.parametrize(
    ("V_0", "delta_g", "count"),
    [(42, 0.03, 30), (20, 1 / 6, 1), (30, 0.05, 10), (24, 0.1, 3), (45, 0.25, 4), (33, 0.2, 3)],
)
def test_ties_of_equation_6(engine, V_0, delta_g, count):
    """At g = g* the neuron is silent (erratum A4), although sums of doubles fall on either side of it."""
    neuron = sl.AdaptiveLIF(V_0=V_0 * mV, tau_K=np.inf * ms, delta_g=delta_g)
    assert neuron.spikes_until_silence() == count
    assert sl.simulate(neuron, "3 s", engine=engine).spikes.n_spikes == count
