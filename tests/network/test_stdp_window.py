"""Trains and rules of plasticity from the tables of a model file, and the window beside its formula."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.network.entry import SYSTEM
from spikelearn.network.figure import window_figure
from spikelearn.network.stdp_window import stdp_window
from spikelearn.network.tables import read_plasticity, read_source
from spikelearn.network.wiring import wire


def tables(**changes):
    given = {
        "populations": {"target": {"n": 1, "V_0": "0 mV", "delta_g": 0.0}},
        "sources": {
            "pre": {"times": ["0.2 s"], "shifts": ["-10 ms", "5 ms"]},
            "teacher": {"trains": [["0.2 s"]]},
        },
        "plasticity": {"stdp": {"rule": "pair_stdp", "A_plus": "3 uV", "A_minus": "2 uV"}},
        "projections": [
            {
                "source": "pre", "target": "target", "connect": {"probability": 1.0}, "weight": "0.1 mV",
                "delay": "2 ms", "plasticity": "stdp",
            },
            {"source": "teacher", "target": "target", "connect": {"one_to_one": 1}, "weight": "1 V", "delay": "2 ms"},
        ],
    }  # fmt: skip
    return {**given, **changes}


def test_trains_and_rules_are_read_and_the_formula_is_that_of_one_pair():
    network = SYSTEM.build(tables())
    np.testing.assert_allclose(wire(network).source_times, [0.19, 0.2, 0.205], rtol=1e-15)
    expected = [3e-6 * np.exp(-10 / 20), -2e-6 * np.exp(-5 / 20)]
    np.testing.assert_allclose(stdp_window(network), expected, rtol=1e-12)
    recording = sl.simulate(network, 0.3)
    np.testing.assert_allclose(SYSTEM.quantities["weight_change"].function(network, recording), expected, rtol=1e-9)


def test_formulas_are_a_rule_too():
    rule = read_plasticity(
        "fall", {"rule": "formulas", "traces": {}, "on_pre": {"w": "0.5*w"}, "limits": ["0 mV", "1 mV"]}
    )
    assert rule.on_pre == {"w": "0.5*w"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plasticity": {}}, "Network has no plasticity 'stdp'"),
        ({"plasticity": {"stdp": {"rule": "pair_stpd"}}}, "plasticity stdp has no rule 'pair_stpd'; did you mean"),
        ({"plasticity": {"stdp": {"rule": "pair_stdp", "A_plus": "1 mV"}}}, "plasticity stdp must have A_minus"),
        ({"plasticity": {"stdp": {"rule": "pair_stdp", "A_minu": "1 mV"}}}, "has no setting 'A_minu'; did you mean"),
        ({"sources": {"pre": {"time": ["1 s"]}}}, "source pre has no setting 'time'; did you mean 'times'"),
        ({"sources": {"pre": {"shifts": ["1 s"]}}}, "source pre must have trains, or times and perhaps shifts"),
        ({"sources": {"pre": {"times": ["1 s"], "shifts": ["-2 s"]}}}, "source pre must have no time before 0"),
        ({"sources": {"pre": {"times": ["1 mV"]}}}, "pre.times must be a time, such as '1 s'"),
    ],
)
def test_tables_that_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        SYSTEM.build(tables(**changes))


def test_what_has_no_window_says_so():
    static = [{**table, "plasticity": None} for table in tables()["projections"]]
    network = SYSTEM.build(tables(projections=static))
    with pytest.raises(ValueError, match="stdp_window needs one rule, by pair_stdp"):
        stdp_window(network)
    recording = sl.simulate(network, 0.3)
    assert window_figure(network, recording, "") is None
    read = sl.Recording(recording.spikes, recording.traces, recording.provenance)
    with pytest.raises(ValueError, match="needs the weights of a run"):
        SYSTEM.quantities["weight_change"].function(network, read)


def test_an_empty_train_is_one():
    assert read_source("x", {"trains": [[], ["1 s"]]}).trains.counts().tolist() == [[0, 1]]


def test_the_window_of_the_catalogue():
    configuration = catalogue.load("stdp_window")
    recording = catalogue.run(configuration)
    assert (catalogue.check(configuration, recording)["verdict"] == "ok").all()
    axes = SYSTEM.figure(configuration.model, recording, "title").axes[0]
    points = axes.lines[2]
    np.testing.assert_allclose(points.get_xdata(), np.linspace(50, -50, 41), atol=1e-9)
