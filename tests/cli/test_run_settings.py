"""Settings on the command line: what they change, and that no run takes the place of another."""

import json

import matplotlib.figure
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.cli import main
from spikelearn.cli.naming import run_label
from spikelearn.cli.settings import read_changes, setting

OWN = """
title = "A neuron of one's own"
[model]
equations = "dv/dt = (drive - v)/tau : volt"
threshold = "v > 15*mV"
reset = "v = 0*mV"
parameters = { drive = "20 mV", tau = "10 ms" }
[run]
duration = "0.1 s"
"""
NETWORK = """
title = "Two populations"
[model]
system = "Network"
[model.parameters]
populations = { E = { n = 3, V_0 = "20 mV", delta_g = 0.0 }, I = { n = 2, V_0 = "25 mV" } }
projections = [{ source = "E", target = "I", connect = { in_degree = 2 }, weight = "1 mV", delay = "1 ms" }]
[run]
duration = "20 ms"
"""


def test_what_is_set_is_run(quick, call, capsys, undrawn):
    settings = ["--set", "V_0=25 mV", "--set", "tau_K=100 ms", "--duration", "50 ms", "--seed", "3"]
    assert call("run", "quick.toml", "-q", *settings) == 0
    folder = quick / "runs" / "quick-V_0=25mV-duration=50ms-seed=3-tau_K=100ms"
    made = sl.Recording.load(folder)
    assert made.provenance["parameters"]["V_0"] == pytest.approx(0.025, rel=1e-12)
    assert made.provenance["seed"] == 3
    again = sl.simulate(sl.AdaptiveLIF(V_0="25 mV", delta_g=0.4, tau_K="100 ms"), "50 ms", seed=3)
    assert made.spikes == again.spikes
    assert "with V_0 = 25 mV, tau_K = 100 ms, duration = 50 ms, seed = 3" in capsys.readouterr().out


def test_what_a_file_expects_is_not_compared_with_other_values(quick, call, capsys, undrawn):
    assert call("run", "quick.toml", "-q", "--set", "V_0=25 mV", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    cell = sl.AdaptiveLIF(V_0="25 mV", delta_g=0.4, tau_K="inf s")
    assert found["compared"] is False
    (row,) = found["table"]
    assert (row["expected"], row["verdict"]) == (None, "not compared")
    assert row["predicted"] == row["measured"] == cell.spikes_until_silence() == 1.0
    assert row["error"] == 0.0


def test_a_formula_that_does_not_hold_for_other_values_says_so(call, capsys, undrawn):
    """With 1.5 x 0.6 < 1 there is no limit cycle: the data are shown, without a prediction."""
    settings = ("--set", "gain=1.5", "--set", "n=50")
    assert call("run", "low_rank_cycle", "-q", *settings, "--json") == 0
    rows = json.loads(capsys.readouterr().out)["table"]
    assert [row["predicted"] for row in rows] == [None] * len(rows)
    assert all(row["verdict"].startswith("not compared: this formula needs a limit cycle") for row in rows)
    assert call("run", "low_rank_cycle", "-q", *settings) == 0
    assert "\nperiod is not predicted: this formula needs a limit cycle" in capsys.readouterr().out


def test_a_time_step_is_no_other_value(quick, call, capsys, undrawn):
    assert call("run", "quick.toml", "-q", "--engine", "brian2", "--target", "numpy", "--dt", "0.05 ms", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["compared"], found["dt"], found["table"][0]["verdict"]) == (True, 5e-5, "ok")
    assert found["folder"] == "runs/quick-dt=0.05ms-brian2-numpy"


def test_no_two_runs_overwrite_one_another(quick, call, undrawn):
    settings = [
        [],
        ["--engine", "exact"],
        ["--engine", "brian2", "--target", "numpy"],
        ["--set", "V_0=25 mV"],
        ["--set", "V_0=25.0 mV"],
        ["--set", "V_0=25 mV", "--set", "tau=9 ms"],
        ["--duration", "90 ms"],
        ["--duration", "0.09"],
        ["--dt", "0.2 ms"],
        ["--seed", "1"],
        ["--seed", "2"],
        ["--set", 'record=["u"]'],
        ["--set", 'record=["g"]'],
    ]
    seen = {}
    for given in settings:
        assert call("run", "quick.toml", "-q", *given) == 0
        found = {path.name: path.stat().st_ino for path in (quick / "runs").iterdir()}
        assert len(found) == len(seen) + 1, given
        assert seen.items() <= found.items(), f"{given} replaced an earlier run"
        seen = found
    # The same settings in another order, or written otherwise, are the same run, which is replaced.
    assert call("run", "quick.toml", "-q", "--set", "tau=9ms", "--set", "V_0=25mV") == 0
    assert len(list((quick / "runs").iterdir())) == len(settings)


def test_a_folder_that_is_named_is_not_overwritten_by_other_settings(quick, call, capsys, undrawn):
    assert call("run", "quick.toml", "-q", "-o", "out") == 0
    before = (quick / "out" / "manifest.json").read_bytes()
    assert call("run", "quick.toml", "-q", "-o", "out", "--set", "V_0=25 mV") == 2
    error = capsys.readouterr().err
    assert "out holds results of quick.toml, which those of quick.toml as quick-V_0=25mV must not replace" in error
    assert (quick / "out" / "manifest.json").read_bytes() == before
    assert call("run", "quick.toml", "-q", "-o", "out") == 0


def test_labels_are_safe_and_different():
    odd = [{"a": text} for text in ("x/y", "x:y", "../x", "x y", "xy", "é", "x" * 500, "x" * 501)]
    labels = [run_label("name", changes, None, "auto") for changes in odd]
    # Blanks are left out: "x y" and "xy" are one text for every quantity.
    assert len(set(labels)) == len(labels) - 1
    for label in labels:
        assert len(label) <= 120
        assert not set(label) & set('/\\:*?"<>| ')


def test_the_figure_says_what_was_set(quick, call, monkeypatch):
    titles = []
    save = matplotlib.figure.Figure.savefig

    def saved(figure, *arguments, **options):
        titles.append(figure.get_suptitle())
        save(figure, *arguments, **options)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", saved)
    assert call("run", "quick.toml", "-q") == 0
    assert call("run", "quick.toml", "-q", "--set", "V_0=25 mV", "--engine", "exact") == 0
    assert titles[0] == "Two spikes\n(exact engine)"
    assert titles[1].startswith("Two spikes\n$V_{0}$ = 25 mV")


def test_data_are_written_once(quick, call, monkeypatch, undrawn):
    written = []
    write = sl.Recording.write_into
    monkeypatch.setattr(sl.Recording, "write_into", lambda self, *a, **o: written.append(1) or write(self, *a, **o))
    assert call("run", "quick.toml", "-q") == 0
    assert written == [1]
    whole = sl.Recording.load(quick / "runs" / "quick")
    assert whole.spikes.n_spikes == 2
    manifest = json.loads((quick / "runs" / "quick" / "manifest.json").read_text())
    assert set(manifest["files"]) == {"spikes.nc", "traces.nc", "check.csv", "figure.png"}


def test_data_that_somebody_else_replaced_are_written_again(quick, call, monkeypatch, undrawn):
    honest = catalogue.check

    def check(*arguments):
        # Another process puts a longer run of the same name into the place meanwhile.
        (quick / "runs" / "quick" / "spikes.nc").write_bytes(b"something else")
        return honest(*arguments)

    monkeypatch.setattr(catalogue, "check", check)
    assert call("run", "quick.toml", "-q") == 0
    assert sl.Recording.load(quick / "runs" / "quick").spikes.n_spikes == 2


def test_names_reach_into_tables(quick, call, capsys, undrawn):
    (quick / "own.toml").write_text(OWN)
    (quick / "net.toml").write_text(NETWORK)
    own = catalogue.load("own.toml", {"drive": "25 mV", "n": 2})
    assert float(own.model.parameters["drive"]) == pytest.approx(0.025)
    assert own.settings["n"] == 2
    net = catalogue.load("net.toml", {"populations.E.n": 5, "projections.0.weight": "2 mV", "run.seed": 4, "seed": 7})
    assert net.model.populations["E"].n == 5
    assert net.model.projections[0].weight == "2 mV"
    assert (net.settings["seed"], net.model.seed) == (4, 7)
    # The seed of a run, and the parameter of the same name.
    assert read_changes("net.toml", [], None, None, 4)[0] == {"run.seed": 4}
    assert catalogue.load("quick.toml", {"initial.u": "1 mV"}).initial == {"u": "1 mV"}
    assert call("run", "net.toml", "-q", "--set", "populations.E.n=5", "--seed", "2") == 0
    assert (quick / "runs" / "net-populations.E.n=5-run.seed=2").is_dir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "V_0"], "--set must read NAME=VALUE, such as --set 'V_0=25 mV', got 'V_0'"),
        (["--set", "=3"], "--set must read NAME=VALUE"),
        (["--set", "V_0=1 mV", "--set", "V_0=2 mV"], "V_0 must be given once, got 1 mV and 2 mV"),
        (["--set", "duration=1 s", "--duration", "2 s"], "duration must be given once"),
        (["--set", "v_0=1 mV"], "AdaptiveLIF has no parameter or key of [run] 'v_0'; did you mean 'V_0'?"),
        (["--set", "V_0=25"], "AdaptiveLIF.V_0 must be a voltage, such as '20 mV', got 25"),
        (["--set", "V_0=1e400 mV"], "must be below 1.8e308 in size"),
        (["--set", "V_0.x=3"], "V_0.x: V_0 must be a table or a list, got '30 mV'"),
        (["--set", "initial.x=3"], "[initial] has no key 'x'"),
        (["--duration", "5 mV"], "--duration must be a time, such as '1 s', got 5 mV"),
        (["--duration", "-1 s"], "duration must be positive"),
        (["--dt", "soon"], "--dt: a quantity must start with a number"),
        (["--seed", "-1"], "Invalid value for '--seed'"),
        (["--sed", "1"], "No such option"),
    ],
)
def test_what_does_not_fit_is_one_line(quick, call, capsys, arguments, message):
    assert call("run", "quick.toml", "-q", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("spikelearn: ")
    assert error.count("\n") == 1
    assert not (quick / "runs").exists()


def test_lists_are_reached_by_numbers_that_they_have(quick):
    (quick / "net.toml").write_text(NETWORK)
    with pytest.raises(ValueError, match=r"projections.1.weight: projections must be followed by 0 to 0, got 1"):
        catalogue.load("net.toml", {"projections.1.weight": "2 mV"})
    with pytest.raises(ValueError, match=r"populations has no table 'F'. Known: E, I"):
        catalogue.load("net.toml", {"populations.F.n": 3})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25 mV", "25 mV"), ("3", 3), ("-0.5", -0.5), ("true", True), ("[1, 2]", [1, 2]), ("{ a = 1 }", {"a": 1}),
        ('"quoted"', "quoted"), ("1979-05-27", "1979-05-27"), ("1\nother = 2", "1\nother = 2"), ("a = b", "a = b"),
        ("07:30:00", "07:30:00"),
    ],
)  # fmt: skip
def test_values_are_read_as_a_model_file_reads_them(text, value):
    assert setting(text) == value
    assert type(setting(text)) is type(value)


def test_a_typing_error_of_a_system_without_such_a_run_key_is_said(call, capsys, quick):
    assert call("run", "ei_s8_equal_rates", "--duration", "soon", "-q") == 2
    assert "--duration: a quantity must start with a number" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["check", "write"])
def test_an_interrupt_after_the_run_says_where_the_data_are(place, tmp_path, monkeypatch, capsys):
    """The data are saved before anything is compared or drawn: they are not said to be lost."""
    from spikelearn.cli import run as command

    def stopped(*_given, **_named):
        raise KeyboardInterrupt

    if place == "check":
        monkeypatch.setattr(command.catalogue, "check", stopped)
    else:
        monkeypatch.setattr(command, "saved_figure", stopped)
    with pytest.raises(SystemExit) as left:
        main(["run", "regular_firing", "-o", str(tmp_path / "run")])
    assert left.value.code == 130
    said = capsys.readouterr()
    assert f"interrupted; the data are in {tmp_path / 'run'}" in said.out + said.err
    assert "nothing was written" not in said.out + said.err
    assert sl.Recording.load(tmp_path / "run").spikes.n_spikes == 30
