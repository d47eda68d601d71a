import dataclasses

import numpy as np
import pytest
import xarray as xr
from brian2 import mV

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.sweeps.parts import written_parts
from spikelearn.sweeps.points import read_grid
from spikelearn.sweeps.targets import read_task

USER = """
title = "A neuron of one's own"
[model]
equations = "dv/dt = (drive - v)/tau : volt"
threshold = "v > 15*mV"
reset = "v = 0*mV"
parameters = { drive = "20 mV", tau = "10 ms" }
[run]
duration = "0.2 s"
"""
PAIR_FILE = """
title = "A pair"
[model]
system = "Network"
[model.parameters.populations.E]
n = 2
V_0 = "20 mV"
delta_g = 0.0
[[model.parameters.projections]]
source = "E"
target = "E"
connect = { ring = 1 }
weight = "1 mV"
delay = "2 ms"
[run]
duration = "0.2 s"
"""
PAIR = ["mean_interval", "spike_count"]


def test_a_model_file_over_parameters_and_run_keys():
    found = sl.sweep(
        "escape_poisson", {"rho_0": ["20 Hz", "200 Hz"], "n_trials": [2, 30]}, measure=["last_rate"], executor=2
    )
    assert found["last_rate"].dims == ("rho_0", "n_trials")
    assert found["last_rate"].attrs["units"] == "Hz"
    ratio = found["last_rate"].sel(n_trials=30, rho_0=200) / found["last_rate"].sel(n_trials=30, rho_0=20)
    assert 8 < ratio < 12
    again = sl.sweep("escape_poisson", {"n_trials": [30], "rho_0": ["20 Hz"]}, measure="last_rate", executor="serial")
    assert again["last_rate"].item() == found["last_rate"].sel(n_trials=30, rho_0=20).item()


def test_repeats_of_a_model_file_draw_anew():
    found = sl.sweep(
        "escape_poisson", {"rho_0": ["50 Hz"]}, measure="last_rate", n_repeats=4, executor="serial", run={"n_trials": 2}
    )
    assert len(np.unique(found["last_rate"])) > 1


def test_parameters_run_as_neurons_of_one_simulation_with_the_same_digits():
    neuron = sl.AdaptiveLIF(V_0=30 * mV)
    grid = {"delta_g": np.linspace(0.01, 0.2, 6), "tau_K": ["50 ms", "0.1 s"]}
    task, _ = read_task(neuron, read_grid(grid, 1, 0), PAIR, {"duration": "1 s"})
    assert task.together
    vectorised = sl.sweep(neuron, grid, measure=PAIR, run={"duration": "1 s"})
    one_by_one = sl.sweep(neuron, grid, measure=PAIR, run={"duration": "1 s"}, executor=2)
    xr.testing.assert_identical(vectorised, one_by_one)
    last = dataclasses.replace(neuron, delta_g=0.2, tau_K="0.1 s")
    direct = sl.simulate(last, 1.0)
    interval = catalogue.get_system("AdaptiveLIF").quantities["mean_interval"].function(last, direct)
    assert vectorised["mean_interval"].values[-1, -1] == interval
    assert vectorised["spike_count"].values[-1, -1] == direct.spikes.n_spikes


def test_neurons_of_one_simulation_have_the_digits_that_they_have_alone():
    """More than 16 ratios of time constants, quantities of the model and of traces, a delay, a failure."""
    neuron = sl.AdaptiveLIF(V_0=30 * mV, t_d="20 ms")
    grid = {"tau_K": [f"{20 + 3 * k} ms" for k in range(18)], "delta_g": [0.05, -1.0, 0.5]}
    measure = ["mean_interval", "last_interval", "silence_duration", "largest_g", "spike_count", "longest_interval"]
    run = {"duration": "0.6 s", "record": "g"}
    together = sl.sweep(neuron, grid, measure=measure, run=run)
    alone = sl.sweep(neuron, grid, measure=measure, run=run, executor=1)
    xr.testing.assert_identical(together, alone)
    assert together["failed"].sum() == 18
    assert together["silence_duration"].notnull().any()


def test_together_points_fill_a_store_and_go_on(tmp_path):
    neuron = sl.AdaptiveLIF(V_0=30 * mV)
    grid = {"delta_g": [0.1, -0.1, 0.2, 0.3], "tau_K": ["50 ms", "0.1 s"]}
    options = {"measure": ["spike_count", "first_spike"], "run": {"duration": "0.3 s"}, "store": tmp_path}
    found = sl.sweep(neuron, grid, **options)
    xr.testing.assert_identical(sl.sweeps.open(tmp_path).drop_vars("done"), found)
    written_parts(tmp_path)[0].unlink()
    assert not sl.sweeps.open(tmp_path)["done"].all()
    xr.testing.assert_identical(sl.sweep(neuron, grid, **options), found)


def test_a_value_out_of_range_fails_alone():
    neuron = sl.AdaptiveLIF(V_0=30 * mV)
    for executor in (None, 1):
        found = sl.sweep(
            neuron, {"delta_g": [0.1, -0.1, 0.2]}, measure="spike_count", run={"duration": "0.1 s"}, executor=executor
        )
        assert found["failed"].values.tolist() == [False, True, False]
        assert "AdaptiveLIF.delta_g must not be negative" in found["error"].values[1]
        assert np.isfinite(found["spike_count"].values[[0, 2]]).all()


def test_a_neuron_of_ones_own_is_swept_over_its_own_parameters(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(USER)
    found = sl.sweep(file, {"drive": ["16 mV", "30 mV"]}, measure="mean_interval", executor="serial")
    expected = 0.01 * np.log(np.array([0.016, 0.03]) / (np.array([0.016, 0.03]) - 0.015))
    # A spike lies on the grid of 0.1 ms.
    np.testing.assert_allclose(found["mean_interval"], expected, atol=1.5e-4)


def test_places_inside_tables_are_swept_in_networks_and_rules(tmp_path):
    network = tmp_path / "pair.toml"
    network.write_text(PAIR_FILE)
    grid = {"populations.E.V_0": ["18 mV", "25 mV"], "projections.0.weight": ["0 mV", "-1 mV"]}
    found = sl.sweep(network, grid, measure="spike_count", executor="serial")
    for i, V_0 in enumerate(grid["populations.E.V_0"]):
        for j, weight in enumerate(grid["projections.0.weight"]):
            cells = sl.network.Population(sl.AdaptiveLIF(V_0=V_0, delta_g=0.0), 2)
            ring = sl.network.Connections([0, 1], [1, 0])
            direct = sl.Network({"E": cells}, [sl.network.Projection("E", "E", ring, weight, "2 ms")])
            expected = sl.simulate(direct, 0.2).spikes.counts()[0]
            np.testing.assert_array_equal(found["spike_count"].values[i, j], expected)
    rule = sl.sweep(
        "ei_trials_cross", {"rates.alpha_EE": [5e-4, 1e-3]}, measure="first_up_trial", run={"n_trials": 12},
        executor="serial",
    )  # fmt: skip
    assert rule["first_up_trial"][1] < rule["first_up_trial"][0]
    for name in ("populations.I.V_0", "projections.1.weight", "projections.x.weight", "population.E.V_0"):
        with pytest.raises(ValueError, match=f"no parameter or key of .run. '{name}'"):
            sl.sweep(network, {name: ["1 mV"]}, measure="spike_count")
    wrong = sl.sweep(network, {"populations.E.V0": ["1 mV"]}, measure="spike_count", executor="serial")
    assert "did you mean 'V_0'" in wrong["error"].item()


def test_configurations_are_taken_too():
    loaded = catalogue.load("bursting")
    found = sl.sweep(loaded, {"duration": ["1 s", "2 s"]}, measure="spike_count", executor="serial")
    assert found["spike_count"][1] >= found["spike_count"][0] > 0
    assert found["duration"].attrs["units"] == "s"


@pytest.mark.parametrize(
    ("what", "grid", "options", "message"),
    [
        ("bursting", {"V0": [1]}, {"measure": "spike_count"}, "no parameter or key of .run. 'V0'; did you mean 'V_0'"),
        ("bursting", {"V_0": ["20 mV"]}, {}, "measure must name at least one quantity of AdaptiveLIF"),
        ("bursting", {"V_0": ["20 mV"]}, {"measure": "spikes"}, "AdaptiveLIF has no quantity 'spikes'"),
        ("bursting", {"V_0": ["20 mV"]}, {"measure": ["isi_cv"] * 2}, "AdaptiveLIF has no quantity|each quantity once"),
        ("bursting", {"V_0": ["20 mV"]}, {"measure": "spike_count", "run": {"dur": 1}}, r"no key 'dur'"),
        (sl.EscapeNoise(), {"v": [1.0]}, {"measure": "last_rate"}, "EscapeNoise must be swept as a model file"),
        (sl.AdaptiveLIF, {"V_0": [1]}, {}, "must be given a function, a model file or a model"),
        ("no_such_file", {"x": [1]}, {}, "has no configuration"),
    ],
)
def test_what_cannot_be_swept(what, grid, options, message):
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=message):
        sl.sweep(what, grid, **options)


def test_runs_that_draw_get_the_whole_seed_of_their_point():
    """Of a hundred thousand repeats, one or two pairs would have the same lower half."""
    grid = read_grid({"rho_0": ["50 Hz"]}, 1, 0)
    task, _ = read_task("escape_poisson", grid, "last_rate", {"n_trials": 5})
    point = grid.point(0)
    first, second = (task.one(dataclasses.replace(point, seed=5 + high)).values for high in (0, 2**32))
    assert first["last_rate"] != second["last_rate"]
    assert task.identity(None)["seed_bits"] == 63


def test_a_task_that_draws_nothing_takes_the_seed_of_its_point():
    found = sl.sweep("entropy_connectivity", {"cycles": [1, 2]}, measure="weights", executor="serial", seed=2**40)
    assert not found["failed"].any()
    assert np.all(found["weights"].sel(cycles=1) != found["weights"].sel(cycles=2))
