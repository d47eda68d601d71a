"""The sources in the catalogue: they measure what they should, and refuse what they must."""

import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue import RunRequest, get_system

NAMES = ["inhomogeneous_poisson", "gain_modulated", "common_drive"]
CELLS = ["ln_exponential_pair", "ln_gated_pair", "ln_pairs_apart"]


@pytest.mark.parametrize("name", NAMES + CELLS)
def test_configuration_gives_what_it_says(name):
    table = catalogue.check(name)
    assert (table["verdict"] == "ok").all(), table.to_string()
    assert table["predicted"].notna().all()


@pytest.mark.parametrize("name", NAMES)
def test_configuration_on_brian(name):
    # A tenth of the trials is too few for the file's tolerances: the mean rate and the Fano factor at 1e-5 a number.
    configuration = catalogue.load(name)
    recording = catalogue.run(configuration, engine="brian2", settings={"n_trials": 5000, "dt": "0.2 ms"})
    system, experiment = configuration.system, configuration.model
    for quantity, rtol in (("rate", 0.05), ("fano_factor", 0.18)):
        measured = system.quantities[quantity].function(experiment, recording)
        assert measured == pytest.approx(system.formulas[quantity].function(experiment), rel=rtol)
    assert recording.provenance["engine"] == "brian2"
    assert recording.provenance["dt"] == 2e-4


def test_the_slow_formula_would_not_pass():
    configuration = catalogue.load("common_drive")
    exact, slow = (
        configuration.system.formulas[name].function(configuration.model)
        for name in ("covariance_by_lag", "covariance_by_lag_slow")
    )
    literal = next(e for e in configuration.expected if e.quantity == "covariance_by_lag")
    assert abs(exact[0] - literal.value[0]) < 1e-12
    assert abs(slow[0] - literal.value[0]) > 2 * literal.atol
    assert slow[0] / exact[0] == pytest.approx(1.1734, abs=1e-4)


def test_engines_and_parameters_are_checked():
    system = get_system("CommonDrive")
    experiment = system.build({"duration": "0.1 s"})
    with pytest.raises(ValueError, match="CommonDrive has no engine 'array'"):
        system.run(experiment, RunRequest(engine="array"))
    with pytest.raises(ValueError, match="SourceExperiment.bin_size must be positive"):
        system.build({"bin_size": "0 ms"})
    with pytest.raises(ValueError, match="CommonDrive.alpha must not exceed 1"):
        system.build({"alpha": 2})
    constant = get_system("InhomogeneousPoisson").build({"rate": "5 Hz"})
    assert float(constant.source.rate) == 5.0
    assert get_system("GainModulatedPoisson").build({"gamma": 0.2}).source.gamma == 0.2


def test_figure_of_a_source():
    configuration = catalogue.load("inhomogeneous_poisson")
    recording = catalogue.run(configuration, settings={"n_trials": 50})
    figure = configuration.system.figure(configuration.model, recording, "title")
    assert figure.axes[1].images


def test_figure_of_cells_needs_the_recorded_stimulus():
    configuration = catalogue.load("ln_gated_pair")
    recording = catalogue.run(configuration, settings={"n_trials": 200})
    figure = configuration.system.figure(configuration.model, recording, "title")
    assert len(figure.axes) == 2
    bare = sl.simulate(configuration.model.cells, 0.5, n_trials=5, seed=1)
    with pytest.raises(ValueError, match="needs the stimulus; run with record='stimulus'"):
        configuration.system.figure(configuration.model, bare, "title")
    counted = sl.simulate(configuration.model.cells, 0.5, n_trials=5, seed=1, record="counts")
    assert (counted.counts == bare.counts).all()
