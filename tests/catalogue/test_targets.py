"""A target without an engine asks for Brian2, in every system that runs by a loop of its own."""

import pytest

from spikelearn import catalogue
from spikelearn.catalogue.entry import RunRequest
from spikelearn.models.ei_trials import entry as trials
from spikelearn.models.up_state_network import entry as up_states


class Asked(Exception):
    pass


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        ("ei_trials_cross", trials, "run_trials"),
        ("ei_online_cross", trials, "run_trials"),
        ("up_state_network", up_states, "run_frozen"),
    ],
)
@pytest.mark.parametrize(
    ("engine", "target", "runs"),
    [(None, "auto", "array"), (None, "numpy", "brian2"), ("array", "auto", "array"), ("brian2", "auto", "brian2")],
)
def test_what_is_asked_for_arrives(monkeypatch, name, module, function, engine, target, runs):
    def stop(*_given, **options):
        raise Asked(options["engine"], options["target"])

    monkeypatch.setattr(module, function, stop)
    with pytest.raises(Asked) as asked:
        catalogue.run(name, engine=engine, target=target)
    assert asked.value.args == (runs, target)


def test_units_without_brian2_say_so():
    with pytest.raises(ValueError, match="EIUnits must be run with engine='array', got 'brian2'"):
        catalogue.run("ei_units_cross", target="numpy")


def test_a_request_names_its_engine():
    assert RunRequest().engine_or("exact") == "exact"
    assert RunRequest(target="cython").engine_or("exact") == "brian2"
    assert RunRequest(engine="array", target="cython").engine_or("exact") == "array"
