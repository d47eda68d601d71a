"""The study's committed numbers: made by this code, at the set points by trial 250, and paradoxical."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.up_state_network import STUDY_START
from spikelearn.models.up_state_network.measures import first_within, mean_interval
from spikelearn.plotting import new_figure

STUDY = Path(__file__).parents[3] / "analyses" / "up_state_network.py"


@pytest.fixture(scope="module")
def study():
    spec = importlib.util.spec_from_file_location("up_state_network", STUDY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_course_begins_as_a_run_begins(study):
    """Two trials of seed 0, run now, are the first two rows of the file to the six digits written."""
    course = study.read_course()[0]
    rule = sl.rules.TwoTerm(alpha=0.02, beta=0.02)
    run = sl.run_trials(study.NETWORK, rule, 2, study.NETWORK.draw_synapses(0), seed=0)
    for name in study.COURSE:
        np.testing.assert_allclose(course[name][:2], run[name], rtol=1e-5, err_msg=name)


def test_three_networks_reach_both_set_points_by_trial_250(study):
    for seed, run in study.read_course().items():
        assert run.sizes["trial"] == 330
        assert float(run["up_time"][:100].max()) == 0.0
        assert 0 < first_within(study.NETWORK, run) <= 250, seed
        end = run.isel(trial=slice(-50, None))
        assert float(end["E_trial"].mean()) == pytest.approx(5, rel=0.05)
        assert float(end["I_trial"].mean()) == pytest.approx(14, rel=0.05)


def test_two_picoampere_lower_both_rates(study):
    """95 % intervals over ten trials, of three networks: all below zero; without current I does not fall."""
    for (_, current), (dE, dI, ended) in study.changes().items():
        if current == 2:
            assert mean_interval(dE).high < 0
            assert mean_interval(dI).high < 0
            assert ended == 0
        if current == 0:
            assert mean_interval(dI).high > 0


def test_what_the_study_writes_is_what_its_runs_gave(study, small, monkeypatch, tmp_path):
    """The same code on fifty units, run now: learning and a strong current, against the spikes themselves."""
    monkeypatch.setattr(study, "NETWORK", small)
    monkeypatch.setattr(study, "HERE", tmp_path)
    for name, value in {"SEEDS": (1, 2), "TRIALS": 3, "CURRENTS": (0.0, 300.0), "N_PARADOX": 2}.items():
        monkeypatch.setattr(study, name, value)
    # Weights at which the kick makes many spikes; the published ones would leave so few units silent.
    starts = {seed: small.draw_synapses(seed, start=STUDY_START) for seed in study.SEEDS}
    monkeypatch.setattr(sl.UpStateNetwork, "draw_synapses", lambda network, seed: starts[seed])
    runs, networks = zip(*(study.learn(seed, None) for seed in study.SEEDS), strict=True)
    study.write_course(dict(zip(study.SEEDS, runs, strict=True)))
    rule = sl.rules.TwoTerm(alpha=0.02, beta=0.02)
    for seed, course in study.read_course().items():
        again = sl.run_trials(small, rule, 3, starts[seed], seed=seed)
        assert float(again["I_trial"].min()) > 0
        for name in study.COURSE:
            np.testing.assert_allclose(course[name], again[name], rtol=1e-5, err_msg=name)
        np.testing.assert_array_equal(networks[seed - 1].J, again["J_end"])
    study.write_paradox(dict(zip(study.SEEDS, networks, strict=True)))
    for (seed, current), (dE, dI, ended) in study.changes().items():
        settings = {"injected": current, "inject_from": 2.0, "inject_to": 3.0} if current else {}
        trains = small.trials(networks[seed - 1], 2, seed=100, duration=4.0, **settings).spike_trains()
        for kind, units, found in (("E", range(40), dE), ("I", range(40, 50), dI)):
            for trial in range(2):
                times = np.concatenate([trains.train(unit=unit, trial=trial) for unit in units])
                before, during = ((times >= 1.0) & (times < 2.0)).sum(), ((times >= 2.2) & (times < 3.0)).sum()
                expected = (during / 0.8 - before) / len(units)
                assert found[trial] == pytest.approx(expected, abs=1e-4 * (1 + abs(expected))), (kind, seed, current)
        assert ended == 0
    # The current acts: the noise is the same, and nothing else could make the changes differ.
    with_and_without = [study.changes()[seed, current][1] for seed in (1, 2) for current in (0.0, 300.0)]
    assert len({tuple(dI) for dI in with_and_without}) == 4


def test_the_rate_model_beside_it(study):
    """Slopes -19/65 and -14/13, and the Up state of the model moves along them."""
    assert study.rate_slope() == pytest.approx((-19 / 65, -14 / 13), rel=1e-12)
    E, I = study.rate_state([0.0, 1.0])  # noqa: E741
    assert (E[1] - E[0], I[1] - I[0]) == pytest.approx((-19 / 65, -14 / 13), rel=1e-9)
    axes = new_figure().subplots()
    study.rate_course(axes)
    course = axes.lines[1].get_ydata()
    assert course[3990] == pytest.approx(14 - 2 * 14 / 13, rel=1e-6)
    assert course[2000:2100].max() > 14.2  # first up, then down
    assert course[-1] == pytest.approx(14, rel=1e-6)
