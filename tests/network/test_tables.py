"""Tables of a network in a model file: what is read, and that nothing is ignored or cut to a whole number."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.network.entry import SYSTEM
from spikelearn.network.wiring import wire
from spikelearn.parameters.names import unknown_name

POPULATION = {"n": 3, "V_0": "0 mV", "delta_g": 0.0}
PROJECTION = {"source": "E", "target": "E", "connect": {"ring": 1}, "weight": "1 mV", "delay": "2 ms"}
POISSON = {"population": "E", "rate": "1 kHz", "weight": "0.1 mV"}
STDP = {"rule": "pair_stdp", "A_plus": "3 uV", "A_minus": "2 uV"}


def built(**changes):
    return SYSTEM.build({"populations": {"E": POPULATION}, "projections": [PROJECTION], **changes})


def population(**changes):
    return {"populations": {"E": {**POPULATION, **changes}}}


def projection(**changes):
    return {"projections": [PROJECTION, {**PROJECTION, **changes}]}


def without(table, key):
    return {name: value for name, value in table.items() if name != key}


def test_all_that_a_network_has_can_be_set():
    network = built(
        **population(refractory=["1 ms", "2 ms", "3 ms"]),
        projections=[{**PROJECTION, "connect": {"pairs": [[0, 0], [1, 2]]}, "allow_self": True,
                      "weight": ["1 mV", "-1 mV"], "delay": {"start": "1 ms", "stop": "3 ms", "num": 2},
                      "plasticity": "stdp"}],
        plasticity={"stdp": STDP},
        poisson=[{**POISSON, "rate": ["1 Hz", "2 Hz", "3 Hz"]}],
        seed=7,
        max_rate="2 kHz",
    )  # fmt: skip
    wiring = wire(network)
    np.testing.assert_allclose(wiring.values["refractory"], [1e-3, 2e-3, 3e-3], rtol=1e-15)
    assert list(zip(wiring.rows.tolist(), wiring.target.tolist(), strict=True)) == [(0, 0), (1, 2)]
    np.testing.assert_allclose(wiring.weight, [1e-3, -1e-3], rtol=1e-15)
    np.testing.assert_allclose(wiring.delay, [1e-3, 2e-3], rtol=1e-15)
    assert wiring.learns.all()
    np.testing.assert_array_equal(wiring.rates, [[1, 2, 3]])
    assert (network.seed, network.max_rate) == (7, "2 kHz")
    back = wire(built(**projection(connect={"ring": -1})))
    np.testing.assert_array_equal(back.target[back.rows == 0], [1, 2])
    assert not len(wire(built(projections=[{**PROJECTION, "connect": {"pairs": []}}])).target)


def test_max_rate_stops_the_run():
    network = built(**population(V_0="1 V"), max_rate="100 Hz")
    with pytest.raises(ValueError, match="fired faster than max_rate = 100 Hz"):
        sl.simulate(network, 0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (projection(plasticty="stdp"), r"projections\[1\] has no setting 'plasticty'; did you mean 'plasticity'"),
        (projection(alow_self=True), "has no setting 'alow_self'; did you mean 'allow_self'"),
        (projection(connect={"in_degre": 2}), r"\[1\]: connect has no rule 'in_degre'; did you mean 'in_degree'"),
        (population(refractry="1 ms"), "population E has no setting 'refractry'; did you mean 'refractory'"),
        (population(tauK="1 ms"), "population E has no setting 'tauK'; did you mean 'tau_K'"),
        (population(vary={"V0": ["1 mV"] * 3}), "AdaptiveLIF has no parameter 'V0'; did you mean 'V_0'"),
        ({"poisson": [{**POISSON, "wieght": "1 mV"}]}, r"poisson\[0\] has no setting 'wieght'; did you mean 'weight'"),
        ({"sources": {"in": {"train": []}}}, "source in has no setting 'train'; did you mean 'trains'"),
        (
            {"plasticity": {"stdp": {**STDP, "tau_pluss": "1 ms"}}},
            "plasticity stdp has no setting 'tau_pluss'; did you mean 'tau_plus'",
        ),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest_one(changes, message):
    with pytest.raises(ValueError, match=message):
        built(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (population(n=2.5), "population E: n must be a whole number, got 2.5"),
        (population(n=True), "population E: n must be a whole number, got True"),
        (population(n=0), "Population.n must be at least 1, got 0"),
        (projection(connect={"in_degree": 2.7}), r"connect.in_degree must be a whole number, got 2.7"),
        (projection(connect={"in_degree": -1}), "connect.in_degree must not be negative, got -1"),
        (projection(connect={"ring": 1.5}), "connect.ring must be whole numbers, got float64"),
        (projection(connect={"pairs": [[0.9, 1]]}), "connect.pairs must be a whole number, got 0.9"),
        (projection(connect={"pairs": [[True, 1]]}), "connect.pairs must be a whole number, got True"),
        (projection(connect={"pairs": [0, 1]}), "connect.pairs must be a list of pairs"),
        (projection(connect={"pairs": [[0, 1], [1]]}), "connect.pairs must be a list of pairs"),
        ({"seed": 1.5}, "Network.seed must be a whole number, got 1.5"),
        ({"max_rate": "0 Hz"}, "Network.max_rate must be positive"),
    ],
)
def test_numbers_that_are_not_whole_are_refused(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        built(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"populations": {"E": 3}}, "population E must be a table, got 3"),
        ({"populations": []}, r"Network: populations must be a table, got \[\]"),
        ({"sources": {"in": [1]}}, "source in must be a table"),
        ({"sources": {"in": {"trains": 3}}}, "in.trains must be a list of lists of times, got 3"),
        ({"plasticity": {"stdp": "pair_stdp"}}, "plasticity stdp must be a table, got 'pair_stdp'"),
        ({"plasticity": ["stdp"]}, "Network: plasticity must be a table"),
        ({"projections": PROJECTION}, r"projections must be a list of tables, \[\[model.parameters.projections\]\]"),
        ({"projections": ["E"]}, r"projections\[0\] must be a table, got 'E'"),
        ({"projections": [without(PROJECTION, "delay")]}, r"projections\[0\] must have delay"),
        ({"poisson": [without(POISSON, "rate")]}, r"poisson\[0\] must have rate"),
        (population(vary=["V_0"]), "population E: vary must be a table"),
        (
            population(vary={"V_0": ["1 mV", "2 ms", "3 mV"]}),
            "E: vary.V_0 must be a voltage, such as '1 mV'",
        ),
        (projection(connect=3), r"projections\[1\]: connect must be a table, got 3"),
        (projection(connect={}), "connect must have one of pairs, ring, one_to_one, probability, in_degree, got"),
        (projection(connect={"ring": 1, "one_to_one": True}), r"must have one of .* got \['one_to_one', 'ring'\]"),
        (projection(connect={"one_to_one": False}), "connect.one_to_one must be true, got False"),
        (projection(connect={"probability": "0.1"}), "FixedProbability.p must be a number, got '0.1'"),
        (projection(source=["E"], connect={"one_to_one": True}), r"Projection.source must be text, got \['E'\]"),
        (projection(plasticity=["stdp"]), "Network has no plasticity"),
        ({"plasticity": {"stdp": {**STDP, "rule": ["pair_stdp"]}}}, "plasticity stdp has no rule"),
        ({"plasticity": {"stdp": {}}}, "plasticity stdp must have a rule, one of formulas, pair_stdp"),
        (projection(source="I"), "connect.ring must have a population as its source"),
        (projection(allow_self=1), "E -> E: allow_self must be True or False, got 1"),
        (projection(weight=["1 mV", "1 s"]), r"projections\[1\]: weight must be a voltage, such as '1 mV'"),
        (projection(weight="1 xV"), "E -> E: weight: .* has the unknown unit 'xV'"),
        (projection(delay=True), "E -> E: delay must be a time, got True"),
    ],
)
def test_tables_of_another_shape_are_refused(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        built(**changes)


def test_the_error_names_the_file(tmp_path):
    text = (
        catalogue.find("stdp_window").read_text(encoding="utf-8").replace('plasticity = "stdp"', 'plasticty = "stdp"')
    )
    path = tmp_path / "typo.toml"
    path.write_text(text, encoding="utf-8")
    expected = unknown_name(
        "typo.toml: Network: projections[0]", "setting", "plasticty",
        ["source", "target", "connect", "weight", "delay", "allow_self", "plasticity", "onto"],
    )  # fmt: skip
    with pytest.raises(ValueError) as caught:
        catalogue.load(path)
    assert str(caught.value) == expected
