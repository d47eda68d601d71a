"""Trials with frozen weights: the recording, the measures, the catalogue, and the weights that ship."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue import check_system, get_system
from spikelearn.catalogue.entry import RunRequest
from spikelearn.models.up_state_network import STUDY_START, measures
from spikelearn.models.up_state_network.case import UpStateCase
from spikelearn.models.up_state_network.trained import change_factors
from spikelearn.simulation.recording import Recording

SMALL = {"n_E": 40, "n_I": 10, "n_kicked": 8, "kick": "2 nA", "t_kick": "10 ms", "duration": "205 ms"}


@pytest.fixture(scope="module")
def small_run():
    network = sl.UpStateNetwork(**SMALL)
    return network, network.trials(network.draw_synapses(3, start=STUDY_START), 3, seed=5)


def test_the_contract():
    assert check_system("UpStateNetwork") == []
    assert "run_trials" in get_system("UpStateNetwork").why_not_simulated


def test_a_model_file_and_python_say_the_same(small_run):
    network, recording = small_run
    system = get_system("UpStateNetwork")
    case = system.build({"network": SMALL, "start": list(STUDY_START), "weights_seed": 3})
    found = system.run(case, RunRequest({"n_trials": 3, "seed": 5}))
    assert np.array_equal(found.counts, recording.counts)
    up = system.quantities["E_up"].function(case, found)
    assert up == pytest.approx(recording.traces["rates"].values[:, :40].mean())
    assert len(system.figure(case, found, "title").axes) == 3
    with pytest.raises(ValueError, match="needs spike times|must be given trials with a current"):
        system.quantities["I_change"].function(case, found)
    del network


def test_a_recording_holds_spikes_and_rates(small_run, tmp_path):
    network, recording = small_run
    trains, traces = recording.spike_trains(), recording.traces
    assert (trains.n_trials, trains.n_units, trains.t_stop) == (3, 50, 0.205)
    # Rates in bins, the last of 5 ms only, times the bins' widths are the counts.
    widths = np.append(np.full(20, 0.01), 0.005)
    np.testing.assert_allclose((traces["E_rate"] * widths).sum("time") * 40, recording.counts[:, :40].sum(axis=1))
    np.testing.assert_allclose((traces["I_rate"] * widths).sum("time") * 10, recording.counts[:, 40:].sum(axis=1))
    assert recording.counts[:, 40:].sum() > 0
    recording.save(tmp_path / "run")
    again = Recording.load(tmp_path / "run")
    assert again.traces.equals(traces)
    assert np.array_equal(again.spike_trains().times, trains.times)


def test_trials_do_not_depend_on_how_many_run(small_run):
    network, recording = small_run
    one = network.trials(network.draw_synapses(3, start=STUDY_START), 1, seed=5)
    assert np.array_equal(one.counts[0], recording.counts[0])
    assert not np.array_equal(recording.counts[1], recording.counts[0])


def test_a_current_acts_while_it_flows():
    """Without synapses I units never fire by themselves, and 300 pA, 30 mV above rest, make all of them fire."""
    network = sl.UpStateNetwork(**SMALL)
    alone = network.draw_synapses(3, start=(0, 0, 0, 0))
    after = network.trials(alone, 3, seed=5, injected="300 pA", inject_from="100 ms", inject_to=0.15)
    windows = [(0.0, 0.1), (0.1, 0.15), (0.16, 0.205)]
    rates = [measures.window_rates(network, after.spike_trains(), *window)[1].mean() for window in windows]
    assert rates[0] == 0
    assert rates[1] > 100
    assert rates[2] == 0
    assert np.array_equal(after.counts[:, :40], network.trials(alone, 3, seed=5).counts[:, :40])
    assert after.provenance["injected"] == pytest.approx(300.0)
    with pytest.raises(ValueError, match="begins after 1 s and lasts longer than 0.2 s, got"):
        measures.paradoxical_change(network, after)


def test_rates_in_a_window_are_counts(small_run):
    network, recording = small_run
    trains = recording.spike_trains()
    E, I = measures.window_rates(network, trains, 0.0, 0.205)  # noqa: E741
    np.testing.assert_allclose(E, recording.counts[:, :40].mean(axis=1) / 0.205)
    np.testing.assert_allclose(I, recording.counts[:, 40:].mean(axis=1) / 0.205)
    one, other = (measures.window_rates(network, trains, *edges)[0] for edges in ((0, 0.1), (0.1, 0.205)))
    np.testing.assert_allclose(one * 0.1 + other * 0.105, E * 0.205)
    with pytest.raises(ValueError, match=r"start and stop must lie in 0..0.205 s in this order, got 0.1 and 0.3"):
        measures.window_rates(network, trains, 0.1, 0.3)


def test_when_both_rates_are_there():
    import xarray as xr

    E, I = np.full(40, 2.0), np.full(40, 14.0)  # noqa: E741
    E[15:] = 5.2
    run = xr.Dataset({"E_trial": ("trial", E), "I_trial": ("trial", I)})
    network = sl.UpStateNetwork()
    # Ten trials average to 4.5 Hz when eight of them (7.8) are high: 2*0.2 + 5.2*0.8 = 4.56.
    assert measures.first_within(network, run) == 23
    assert measures.first_within(network, run.isel(trial=slice(0, 20))) == 0
    with pytest.raises(ValueError, match="mean_interval must be given at least two numbers, got 1"):
        measures.mean_interval(np.array([1.0]))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"duration": 0.01}, "duration must be longer than t_kick, got 0.01 s"),
        ({"duration": 0.12345}, "duration must be a multiple of the step"),
        ({"injected": np.inf}, "injected must be finite, in pA, got inf"),
        ({"inject_from": 0.1}, "inject_from and inject_to must come with injected"),
        ({"injected": 2.0, "inject_from": 0.2, "inject_to": 0.1}, "inject_from must come before inject_to"),
        ({"injected": 2.0, "inject_to": 0.3}, "inject_from must come before inject_to"),
        ({"engine": "exact"}, r"UpStateNetwork.trials has no engine 'exact'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(small_run, settings, match):
    network, _ = small_run
    with pytest.raises(ValueError, match=match):
        network.trials(network.draw_synapses(3), 1, **settings)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"network": 3}, "UpStateNetwork.network must be a table, got 3"),
        ({"network": {"n_e": 3}}, "UpStateNetwork has no parameter 'n_e'; did you mean 'n_E'"),
        ({"start": [1, 2]}, r"UpStateNetwork.start must be four weights in pA, or empty, got \[1, 2\]"),
        ({"weights_seed": -1}, "UpStateNetwork.weights_seed must"),
    ],
)
def test_what_a_file_may_not_say(table, match):
    with pytest.raises(ValueError, match=match):
        UpStateCase(**table)


def test_factors_of_a_change_of_low_rank_are_found():
    network = sl.UpStateNetwork(n_E=200, n_I=50, n_kicked=8)
    synapses = network.draw_synapses(0)
    rng = np.random.default_rng(2)
    left, right = rng.normal(size=(250, 3)), rng.normal(size=(250, 3))
    change = (left[synapses.targets] * right[synapses.sources]).sum(axis=1)
    L, R = change_factors(synapses, change, 3, rounds=100)
    np.testing.assert_allclose((L[synapses.targets] * R[synapses.sources]).sum(axis=1), change, atol=1e-3)


def test_the_weights_that_ship_hold_an_up_state_at_the_set_points():
    """Four trials, all in an Up state, against twenty of Brian2; the file gives the tolerances and their reason."""
    found = catalogue.check("up_state_network")
    assert set(found["verdict"]) == {"ok"}, found
    assert {"E_up", "I_up", "up_share"} <= set(found["quantity"])


@pytest.mark.slow
def test_two_picoampere_into_the_shipped_network_lower_both_rates():
    found = catalogue.check("up_state_paradox").set_index("quantity")
    for name in ("E_change", "I_change"):
        assert found.loc[name, "verdict"] == "ok", found
        assert found.loc[name, "measured"] < 0


def test_trained_weights_are_those_of_one_network():
    with pytest.raises(ValueError, match="must be called for a network of 2000 units, got 50"):
        sl.UpStateNetwork(**SMALL).trained()
    with pytest.raises(ValueError, match="with the published sizes, p and delays, got 1600 E and 400 I units, p = 0.2"):
        sl.UpStateNetwork(p=0.2).trained()
