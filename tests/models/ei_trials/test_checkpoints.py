"""Runs that are broken off go on bit for bit; checkpoints of other runs are refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl

SCRIPT = """
import sys, numpy as np, spikelearn as sl
rule = sl.rules.CrossHomeostatic(alpha_EE=5e-4, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4)
starts = np.array([[2.1, 3.0, 4.0, 1.5], [5.0, 1.2, 10.0, 1.5], [3.0, 1.0, 7.0, 1.0]])
sl.run_trials(sl.EIRates(), rule, 3000, starts, noise=0.1, seed=5, checkpoint=sys.argv[1], checkpoint_every=7)
"""


def trial_of(folder):
    return json.loads((folder / "manifest.json").read_text())["trial"]


def test_a_run_killed_with_sigkill_goes_on_bit_for_bit(tmp_path, model, cross):
    folder = tmp_path / "state"
    root = str(Path(sl.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], env=environment)
    end = time.monotonic() + 300
    try:
        while time.monotonic() < end and not (folder / "manifest.json").exists():
            time.sleep(0.01)
        time.sleep(0.1)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reached = trial_of(folder)
    assert reached < 3000
    total = reached + 5
    starts = np.array([[2.1, 3.0, 4.0, 1.5], [5.0, 1.2, 10.0, 1.5], [3.0, 1.0, 7.0, 1.0]])
    call = {"model": model, "rule": cross, "n_trials": total, "W0": starts, "noise": 0.1, "seed": 5}
    resumed = sl.run_trials(**call, checkpoint=folder, resume=True)
    whole = sl.run_trials(**call)
    assert resumed.equals(whole)
    assert trial_of(folder) == total


def test_a_finished_run_may_be_made_longer_and_is_not_run_again(tmp_path, model, cross, start, monkeypatch):
    folder = tmp_path / "state"
    sl.run_trials(model, cross, 20, start, checkpoint=folder)
    longer = sl.run_trials(model, cross, 33, start, checkpoint=folder, resume=True, checkpoint_every=4)
    assert longer.equals(sl.run_trials(model, cross, 33, start))
    monkeypatch.setattr("spikelearn.models.ei_trials.rates.quiet_trials", None)
    again = sl.run_trials(model, cross, 33, start, checkpoint=folder, resume=True)
    assert again.equals(longer)


def test_resume_without_a_checkpoint_begins_one(tmp_path, model, cross, start):
    run = sl.run_trials(model, cross, 3, start, checkpoint=tmp_path / "new", resume=True)
    assert run.sizes["trial"] == 3
    assert trial_of(tmp_path / "new") == 3


def test_a_checkpoint_holds_the_noise_that_goes_on(tmp_path, model, cross, start):
    """The means forget it (it decays in silence, before the kick), so it is looked for in the state itself."""
    sl.run_trials(model, cross, 1, start, noise=0.1, checkpoint=tmp_path / "state")
    with np.load(tmp_path / "state" / "arrays.npz") as arrays:
        assert (np.abs(arrays["x"]) > 1e-6).all()
        assert (np.abs(arrays["x"]) < 2).all()


def test_stopped_starts_stay_stopped(tmp_path, model):
    rates = {"alpha_EI": 1e-4, "alpha_IE": 1e-4, "alpha_II": 1e-4}
    rule = sl.rules.Homeostatic(alpha_EE=np.array([1e308, 1e-4]), **rates)
    begin = (5.0, 1.2, 10.0, 1.5)
    with pytest.warns(RuntimeWarning, match="1 of 2 starts"):
        sl.run_trials(model, rule, 8, begin, checkpoint=tmp_path / "state")
    with pytest.warns(RuntimeWarning, match="1 of 2 starts"):
        resumed = sl.run_trials(model, rule, 12, begin, checkpoint=tmp_path / "state", resume=True)
    with pytest.warns(RuntimeWarning, match="1 of 2 starts"):
        whole = sl.run_trials(model, rule, 12, begin)
    assert resumed.equals(whole)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"noise": 0.1}, r"run_trials: noise must be as in the checkpoint .*, 0.0, got 0.1"),
        ({"seed": 1}, r"run_trials: seed must be as in the checkpoint .*, 0, got 1"),
        ({"sensor": 3}, r"run_trials: sensor must be as in the checkpoint .*, 2.0, got 3.0"),
        ({"W0": (2.2, 3.0, 4.0, 1.5)}, r"run_trials: starts must be as in the checkpoint"),
        ({"A0": (1.0, 0.0)}, r"run_trials: starts must be as in the checkpoint"),
        ({"variant": "python"}, r"run_trials: variant must be as in the checkpoint .*, 'matlab', got 'python'"),
        ({"model": sl.EIRates(g_E=1.1)}, r"run_trials: model must be as in the checkpoint"),
        ({"rule": sl.rules.TwoTerm(alpha=1e-4, beta=1e-4)}, r"run_trials: rates must be as in the checkpoint"),
        ({"n_trials": 4}, r"run_trials: n_trials must be at least the 5 of the checkpoint .*, got 4"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(tmp_path, model, cross, start, change, match):
    folder = tmp_path / "state"
    call = {"model": model, "rule": cross, "n_trials": 5, "W0": start}
    sl.run_trials(**call, checkpoint=folder)
    with pytest.raises(ValueError, match=match) as caught:
        sl.run_trials(**(call | change), checkpoint=folder, resume=True)
    assert "\n" not in str(caught.value)


def test_results_are_not_overwritten_and_damage_is_seen(tmp_path, model, cross, start):
    folder = tmp_path / "state"
    sl.run_trials(model, cross, 2, start, checkpoint=folder)
    with pytest.raises(FileExistsError, match=r"already holds results; pass resume=True or another folder"):
        sl.run_trials(model, cross, 2, start, checkpoint=folder)
    (folder / "arrays.npz").write_bytes((folder / "arrays.npz").read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"was truncated or changed since it was written"):
        sl.run_trials(model, cross, 4, start, checkpoint=folder, resume=True)
    with pytest.raises(TypeError, match=r"resume must be True or False, got 'yes'"):
        sl.run_trials(model, cross, 4, start, checkpoint=folder, resume="yes")
