"""Commands never destroy results: other contents, other sources, figures that fail, stops in every phase."""

import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.cli import main
from spikelearn.cli.drawing import drawable, saved_figure, time_limit
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection, load_state, save_state

CELL = """
title = '{title}'
[model]
system = "AdaptiveLIF"
parameters = {{ V_0 = "30 mV", delta_g = 0.4, tau_K = "inf s" }}
[run]
duration = "{duration}"
record = ["u"]
[[expected]]
quantity = "spike_count"
value = 2
"""
NETWORK = """
title = "A pair that learns"
[model]
system = "Network"
[model.parameters]
populations = { E = { n = 4, V_0 = "30 mV", delta_g = 0.0 } }
plasticity = { stdp = { rule = "pair_stdp", A_plus = "10 uV", A_minus = "10.5 uV" } }
[[model.parameters.projections]]
source = "E"
target = "E"
connect = { in_degree = 2 }
weight = "1 mV"
delay = "1 ms"
plasticity = "stdp"
[run]
duration = "0.2 s"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.toml").write_text(CELL.format(title="Two spikes", duration="100 ms"))
    return tmp_path


def call(*arguments):
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as leave:
        return leave.code or 0
    return 0


def trains(shift=0.0):
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 0.5, 15)) + shift for _ in range(2)] for _ in range(3)]
    return sl.SpikeTrains.from_trials(trials, t_stop=0.6)


def test_an_analysis_never_takes_the_place_of_its_recording(here, capsys):
    assert call("run", "cell.toml", "-o", "rec", "-q") == 0
    spikes = sl.Recording.load("rec").spikes
    for place in ("rec", "rec/analysis"):
        assert call("analyse", "rec", "-o", place) == 2
        assert "must not replace" in (error := capsys.readouterr().err) or "must be another place" in error
    assert sl.Recording.load("rec").spikes == spikes
    sl.interop.write_csv(trains(), here / "spikes.csv")
    assert call("analyse", "spikes.csv", "-o", "out") == 0
    assert call("analyse", "spikes.csv", "-o", "out") == 0, "the same source may be analysed again"
    capsys.readouterr()
    assert call("analyse", "rec", "-o", "out") == 2
    assert "out holds results of spikes.csv, which those of rec must not replace" in capsys.readouterr().err


def test_files_of_the_same_name_do_not_share_a_place(here, capsys):
    for folder in ("d1", "d2"):
        (here / folder).mkdir()
        sl.interop.write_csv(trains(0.01 if folder == "d2" else 0.0), here / folder / "spikes.csv")
    assert call("analyse", "d1/spikes.csv") == 0
    before = {path.name: path.read_bytes() for path in (here / "runs" / "spikes-analysis").iterdir()}
    capsys.readouterr()
    assert call("analyse", "d2/spikes.csv") == 2
    assert "holds results of another file called spikes.csv" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (here / "runs" / "spikes-analysis").iterdir()} == before
    (here / "d1" / "cell.toml").write_text(CELL.format(title="Another", duration="50 ms"))
    assert call("run", "cell.toml", "-q") == 0
    assert call("run", "d1/cell.toml", "-q") == 2, "two model files of one name"


def kept_in(folder):
    """Durations of a run, and of the earlier ones beside it, in ms."""
    places = sorted(folder.parent.glob(folder.name + "*"))
    return {place.name: round(1e3 * sl.Recording.load(place).spikes.t_stop) for place in places}


def test_a_run_of_an_edited_file_keeps_the_earlier_one(here, capfd, monkeypatch):
    # As a command finds it: nobody has asked for log lines.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    place = here / "runs" / "cell"
    assert call("run", "cell.toml", "-q") == 0
    figure = (place / "figure.png").read_bytes()
    assert call("run", "cell.toml", "-q") == 0
    assert kept_in(place) == {"cell": 100}, "the same file again"
    assert "kept" not in capfd.readouterr().err
    for expected in ({"cell": 200, "cell.1": 100}, {"cell": 50, "cell.1": 100, "cell.2": 200}):
        (here / "cell.toml").write_text(CELL.format(title="Two spikes", duration=f"{expected['cell']} ms"))
        call("run", "cell.toml", "-q")
        assert kept_in(place) == expected
        said = f"runs/cell: what it is made from has changed; earlier results are kept in runs/cell.{len(expected) - 1}"
        # Beside it there may be a line about compilation.
        assert capfd.readouterr().err.splitlines().count(said) == 1
    assert (here / "runs" / "cell.1" / "figure.png").read_bytes() == figure
    # The first text again: it is the last one that is replaced.
    (here / "cell.toml").write_text(CELL.format(title="Two spikes", duration="100 ms"))
    assert call("run", "cell.toml", "-q", "-o", "runs/cell") == 0
    assert kept_in(place) == {"cell": 100, "cell.1": 100, "cell.2": 200, "cell.3": 50}


def test_an_analysis_of_changed_spikes_keeps_the_earlier_one(here, capfd, monkeypatch):
    # As a command finds it: nobody has asked for log lines.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    sl.interop.write_csv(trains().select_trials([0]), here / "spikes.csv")
    (here / "events.csv").write_text("time\n0.1\n0.3\n")
    around = ("--events", "events.csv", "--window", "-50 ms", "100 ms")
    for _ in range(2):
        assert call("analyse", "spikes.csv") == 0
        assert call("analyse", "spikes.csv", *around, "-o", "cut") == 0
    assert sorted(os.listdir(here / "runs")) == ["spikes-analysis"]
    capfd.readouterr()
    (here / "events.csv").write_text("time\n0.1\n0.2\n")
    assert call("analyse", "spikes.csv") == 0
    assert call("analyse", "spikes.csv", *around, "-o", "cut") == 0
    said = "cut: what it is made from has changed; earlier results are kept in cut.1"
    assert [line for line in capfd.readouterr().err.splitlines() if "kept" in line] == [said]
    before = (here / "runs" / "spikes-analysis" / "manifest.json").read_bytes()
    sl.interop.write_csv(trains(0.01).select_trials([0]), here / "spikes.csv")
    assert call("analyse", "spikes.csv") == 0
    assert sorted(os.listdir(here / "runs")) == ["spikes-analysis", "spikes-analysis.1"]
    assert (here / "runs" / "spikes-analysis.1" / "manifest.json").read_bytes() == before


def test_a_run_never_takes_the_place_of_a_state(here, capsys):
    network = sl.Network(
        {"E": Population(sl.AdaptiveLIF(), 3)},
        [Projection("E", "E", FixedInDegree(1), "1 mV", "1 ms")],
        poisson=[PoissonInput("E", "100 Hz", "1 mV")],
    )
    save_state(sl.simulate(network, 0.05, seed=1).state, here / "state")
    assert call("run", "cell.toml", "-o", "state", "-q") == 2
    assert "holds a network_state, which a recording must not replace" in capsys.readouterr().err
    assert load_state(here / "state").seed == 1


@pytest.mark.parametrize("title", [r"$\foo$", r"100 $ and {", r"$x^2$ of a cell"])
def test_any_title_is_drawn(here, title):
    (here / "cell.toml").write_text(CELL.format(title=title, duration="100 ms"))
    assert call("run", "cell.toml", "-q") == 0
    assert (here / "runs" / "cell" / "figure.png").is_file()


def test_titles_that_are_mathematics_stay_so():
    assert drawable("$x^2$") == "$x^2$"
    assert drawable("no money") == "no money"
    assert drawable(r"$\foo$") == r"\$\foo\$"


@pytest.mark.parametrize("error", [ValueError("no theory\nhere"), MemoryError(), KeyboardInterrupt()])
def test_a_figure_that_fails_costs_the_figure_only(here, capsys, monkeypatch, error):
    system = catalogue.get_system("AdaptiveLIF")

    def figure(*_):
        # The data are in their place before anything is drawn.
        assert sl.Recording.load("runs/cell").spikes.n_spikes == 2
        raise error

    honest = system.figure
    object.__setattr__(system, "figure", figure)
    try:
        assert call("run", "cell.toml", "-q") == 1
    finally:
        object.__setattr__(system, "figure", honest)
    out = capsys.readouterr().out
    assert "spike_count" in out
    assert "data and manifest in runs/cell; no figure: " in out
    assert sl.Recording.load("runs/cell").spikes.n_spikes == 2
    assert {path.name for path in (here / "runs" / "cell").iterdir()} == {
        "manifest.json", "spikes.nc", "traces.nc", "check.csv"
    }  # fmt: skip


def test_a_formula_that_fails_costs_no_data(here, capsys, monkeypatch):
    def check(*_):
        raise ValueError("this quantity needs a spike")

    monkeypatch.setattr(catalogue, "check", check)
    assert call("run", "cell.toml", "-q") == 2
    assert "this quantity needs a spike; the data are in runs/cell" in capsys.readouterr().err
    assert sl.Recording.load("runs/cell").spikes.n_spikes == 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm on this system")
def test_the_theory_of_a_figure_has_a_bound_on_its_time(tmp_path):
    def endless():
        while True:
            time.sleep(0.001)

    begin = time.monotonic()
    assert saved_figure(endless, tmp_path / "figure.png", 0.1) == "it took longer than 0.1 s"
    assert time.monotonic() - begin < 5.0
    with time_limit(0.05):
        pass
    time.sleep(0.1)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_a_run_of_a_network_keeps_what_was_learnt(here):
    (here / "pair.toml").write_text(NETWORK)
    assert call("run", "pair.toml", "-q") in (0, 1)
    again = sl.Recording.load("runs/pair")
    whole = catalogue.run(catalogue.load("pair.toml"))
    assert isinstance(again, sl.network.NetworkRecording)
    np.testing.assert_array_equal(again.weights, whole.weights)
    np.testing.assert_array_equal(again.sources, whole.sources)
    np.testing.assert_array_equal(again.targets, whole.targets)
    assert np.all(np.abs(again.weights - 1e-3) > 1e-5), "not those at the start"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX systems")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("target", ["cpp_standalone", "numpy"])
def test_a_stop_while_compiling_or_running_is_tidy(here, number, target):
    (here / "cell.toml").write_text(CELL.format(title="Long", duration="3000 s"))
    command = [
        sys.executable,
        "-m",
        "spikelearn",
        "run",
        "cell.toml",
        "--engine",
        "brian2",
        "--target",
        target,
        "-q",
        "--yes-long",
    ]
    temporary = here / "tmp"
    temporary.mkdir()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(temporary)})
    deadline = time.monotonic() + 60
    begun = (lambda: list(temporary.rglob("main.cpp"))) if target == "cpp_standalone" else (here / "runs").is_dir
    while not begun() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    begin = time.monotonic()
    process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    assert time.monotonic() - begin < 3.0
    assert process.returncode == 130, error
    assert error.splitlines()[-1] == "spikelearn: interrupted; nothing was written"
    assert sorted(os.listdir(here)) == ["cell.toml", "tmp"]
    assert not list(temporary.rglob("*.cpp"))
