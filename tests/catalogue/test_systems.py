"""Every system keeps the contract, and the check of the contract notices where one does not."""

import dataclasses

import pytest

import spikelearn as sl
from spikelearn.catalogue import Measure, System, check_system, get_system, registry, system_names


@pytest.mark.parametrize("name", system_names())
def test_a_system_keeps_the_contract(name):
    assert check_system(name) or get_system(name).why_not_simulated


def test_every_system_is_found():
    known = {"AdaptiveLIF", "EIRates", "EquationNeuron", "EscapeNoise", "Network"}
    sources = {name for name in dir(sl.sources) if name.endswith("Poisson") and name != "HomogeneousPoisson"}
    assert known | sources | {"CommonDrive"} <= set(system_names())


def test_a_quantity_of_one_name_is_one_thing():
    """`rate` is over all units and trials, `unit_rates` one a unit, `population_rates` one a population."""
    words = {"rate": "spikes", "unit_rates": "every unit", "population_rates": "every population"}
    for name in system_names():
        for key, measure in get_system(name).quantities.items():
            if key in words:
                assert words[key] in measure.doc, (name, key, measure.doc)
            assert key not in {"rates", "mean_rate", "firing_rate"}, (name, key)
        assert not {"trials", "ntrials", "n_repeats"} & get_system(name).run_settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"quantities": {"x": Measure(lambda m, r: 1.0, "Hz", "")}, "agreement": {}},
            "quantity x must have a description",
        ),
        ({"quantities": {"x": Measure(lambda m, r: 1.0, "hertzz", "d")}}, "unknown unit 'hertzz'"),
        ({"agreement": {}}, "agreement must name a quantity"),
        ({"agreement": {"mean_interval": 1e-9}}, "mean_interval on brian2 must agree with exact to 1e-09"),
        ({"more_parameters": {"no_such_key": "1"}}, "must not have a key of the name 'no_such_key'"),
        ({"build": lambda given: vars_of(given)}, "must say in why_not_simulated"),
    ],
)
def test_a_broken_contract_is_noticed(monkeypatch, changes, message):
    lif = get_system("AdaptiveLIF")
    fields = {f.name: getattr(lif, f.name) for f in dataclasses.fields(lif)}
    broken = System(**{**fields, "example_run": {"duration": "3 s"}, "name": "Broken", **changes})
    monkeypatch.setitem(registry._FOUND, "Broken", broken)
    with pytest.raises(ValueError, match=message):
        check_system("Broken")


class Nothing:
    """A model that cannot be run."""


def vars_of(given):
    return Nothing()


def test_a_name_is_registered_once(monkeypatch):
    other = System(name="AdaptiveLIF", model=sl.AdaptiveLIF, quantities={})
    get_system("AdaptiveLIF")
    with pytest.raises(ValueError, match="system 'AdaptiveLIF' is registered twice"):
        registry.register(other)
