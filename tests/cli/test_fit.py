"""The command fit on a file with known parameters."""

import json
from inspect import signature

import numpy as np
import pandas as pd
import pytest

import spikelearn as sl
from spikelearn.cli import main
from spikelearn.cli.analyse import analysis
from spikelearn.cli.commands.analyse import analyse
from spikelearn.cli.commands.fit import fit
from spikelearn.cli.fit import fit_file


@pytest.fixture
def recorded(tmp_path):
    truth = sl.AdaptiveLIF(V_0="24 mV", delta_g=0.1, tau_K="80 ms", t_d="5 ms")
    times = sl.simulate(truth, "0.8 s").spikes.times
    path = tmp_path / "cell.csv"
    path.write_text("unit,time\n" + "".join(f"0,{t!r}\n" for t in times.tolist()), encoding="utf-8")
    return path


def test_fit_writes_estimates_spikes_and_figure(recorded, tmp_path, capsys):
    folder = tmp_path / "out"
    main(["fit", str(recorded), "--t-stop", "0.8 s", "-o", str(folder), "--set", "delta_g=0.07", "--set", "t_d=8 ms"])
    said = capsys.readouterr().out
    assert "the fit is good" in said
    table = pd.read_csv(folder / "estimates.csv").set_index("parameter")
    np.testing.assert_allclose(table["estimate"], [0.024, 0.1, 0.08, 0.005], rtol=1e-6)
    assert (folder / "fit.png").stat().st_size > 5000
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fit"]["missing"] == 0
    spikes = pd.read_csv(folder / "model_spikes.csv")["time"]
    np.testing.assert_allclose(spikes, pd.read_csv(recorded)["time"], rtol=1e-9)


def test_fits_with_other_options_have_folders_of_their_own(recorded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    common = ["fit", "cell.csv", "--t-stop", "0.8 s", "--set", "delta_g=0.07", "--set", "t_d=8 ms"]
    for options in ([], ["--free", "V_0, t_d"], []):
        main([*common, *options])
    runs = sorted((tmp_path / "runs").iterdir())
    assert len(runs) == 2
    assert all(path.name.startswith("cell-fit-") for path in runs)
    lengths = {len(pd.read_csv(path / "estimates.csv")) for path in runs}
    assert lengths == {2, 4}
    with pytest.raises(SystemExit):
        main([*common, "--starts", "3", "-o", str(runs[0])])
    assert "must not replace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--set", "tau"], "--set must be name=value"),
        (["--set", "tauK=3 ms"], "tau_K"),
        (["--free", "V_0,nothing"], "nothing"),
        (["--unit", "3"], "unit must lie from 0 to 0, got 3"),
        (["--free", "V_0,t_d", "--set", "t_d=0 ms"], "t_d must be positive and finite at the start to be free"),
    ],
)
def test_what_cannot_be_fitted_is_refused(recorded, options, text, capsys):
    with pytest.raises(SystemExit):
        main(["fit", str(recorded), "--t-stop", "0.8 s", "--set", "t_d=8 ms", *options])
    assert text in capsys.readouterr().err


def test_without_a_delay_at_the_start_none_is_fitted(tmp_path, monkeypatch, capsys):
    """The plain command, whose neuron has no delay, is one that works; what it holds and how to free it is said."""
    monkeypatch.chdir(tmp_path)
    truth = sl.AdaptiveLIF(V_0="22 mV", delta_g=0.08, tau_K="90 ms")
    times = sl.simulate(truth, "1 s").spikes.train(0)
    pd.DataFrame({"unit": 0, "time": times}).to_csv("cell.csv", index=False)
    main(["fit", "cell.csv", "--t-stop", "1 s"])
    found = pd.read_csv("runs/cell-fit-t_stop=1s/estimates.csv").set_index("parameter")["estimate"]
    assert dict(found) == pytest.approx({"V_0": 0.022, "delta_g": 0.08, "tau_K": 0.09}, rel=1e-9)
    assert "t_d = 0 is held; --set 't_d=5 ms' begins with a delay and fits it" in capsys.readouterr().out
    still = sl.AdaptiveLIF(tau_K="inf s", delta_g=0.02)
    assert set(sl.fit(still, sl.simulate(still, "1 s").spikes).estimates) == {"V_0", "delta_g"}


def test_the_command_has_the_defaults_of_its_function():
    """What is set stands in the folder's name: a default that only one of both knew would count as set."""
    command = {name: one.default for name, one in signature(fit).parameters.items()}
    function = {name: one.default for name, one in signature(fit_file).parameters.items()}
    assert [command[name] for name in ("free", "starts", "seed", "unit")] == [
        function[name] for name in ("free", "n_starts", "seed", "unit")
    ]
    typed, taken = signature(analyse).parameters, signature(analysis).parameters
    assert typed["refractoriness"].default == taken["refractoriness"].default
