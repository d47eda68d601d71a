"""What a newcomer gets wrong with neurons of their own: messages say what to write; a start at 0 is not silent."""

import warnings

import pytest
from brian2 import nA

import spikelearn as sl

CELL = {
    "equations": "dv/dt = (E_L - v + R*I)/tau : volt\nI : amp",
    "threshold": "v > -50*mV",
    "reset": "v = -65*mV",
    "parameters": {"E_L": "-65 mV", "R": "100 Mohm", "tau": "10 ms", "I": "0.2 nA"},
}


def cell(**changes):
    return sl.EquationNeuron(**{**CELL, **changes})


def run(neuron, **settings):
    return sl.simulate(neuron, "20 ms", target="numpy", **{"initial": sl.Initial(v="-65 mV"), **settings})


def warned(**settings):
    """Run, and give the spikes and what was said of the start; Brian2's own parsing warns of other things."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spikes = run(cell(), **settings).spikes.train(0)
    return spikes, [str(item.message) for item in caught if "first step" in str(item.message)]


def test_a_spike_of_a_start_left_at_zero_is_warned_of():
    spikes, said = warned(initial=None)
    assert spikes[0] == 0.0
    assert said == [
        "a neuron fires in the first step: v starts at 0 where initial=Initial(v=...) does not say otherwise"
    ]
    spikes, said = warned()
    assert spikes[0] > 0.01
    assert not said
    # A start that was asked for is nobody's oversight.
    spikes, said = warned(initial=sl.Initial(v="0 mV"))
    assert spikes[0] == 0.0
    assert not said


def test_messages_say_what_to_write():
    without = {name: value for name, value in CELL["parameters"].items() if name != "R"}
    with pytest.raises(ValueError, match="'R' has no value; give it one among the parameters, or declare it"):
        run(cell(parameters=without))
    with pytest.raises(ValueError, match=r"vary\['I'\] must have one value for each of 1 neurons, .*; say n=2"):
        run(cell(), vary={"I": [0.2, 0.3] * nA})
    with pytest.raises(ValueError, match="a constant becomes one by a line of its own in the equations, such as 'tau"):
        run(cell(), n=2, vary={"tau": ["10 ms", "20 ms"]})
    with pytest.raises(ValueError, match=r"threshold must be a formula, .* are multiplied in formulas, as in -50\*mV"):
        cell(threshold="v > -50 mV")
    with pytest.raises(ValueError, match="Units of equations are volt, amp, .* without a prefix"):
        cell(equations="dv/dt = (E_L - v + R*I)/tau : mV\nI : amp")
