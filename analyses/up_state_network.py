"""From silence to Up states: 2,000 spiking units learn, and a current into the I units lowers the rates of both.

Three networks, connections and noise by seeds 0, 1 and 2, begin with the published weights, which leave the units
silent after the kick, and learn for 330 trials with the local rule of two terms at 0.02 pA/Hz^2. Then 2 pA (and 4 pA)
go into all I units during an Up state. The rate model, at its set point, does the same: the paradoxical effect.

Run ``python analyses/up_state_network.py [--full] [--long] [--checkpoints FOLDER] [--output FOLDER]``. Without
``--full`` the course of learning and the changes of the rates are read from ``analyses/up_state_network``, and only the
trials of the rasters and ten with a current are run. ``--full`` learns and measures everything again, and writes those
files: seven minutes on a free processor; with ``--checkpoints`` it goes on after an interruption. ``--long`` adds the
start from which Up states come at once, 150 trials at 0.01 pA/Hz^2, and the published rates of 0.005 pA/Hz^2 for 3,000
trials from the published start: half an hour.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.up_state_network import PUBLISHED_START, STUDY_START
from spikelearn.models.up_state_network.figure import (
    E_COLOUR,
    I_COLOUR,
    learning_panels,
    raster_panel,
)
from spikelearn.models.up_state_network.measures import first_within, mean_interval, window_rates
from spikelearn.models.up_state_network.trained import SHIPPED, read_weights, write_weights
from spikelearn.plotting import COLOURS, new_figure, save_figure, typeset

HERE = Path(__file__).parent / "up_state_network"
NETWORK = sl.UpStateNetwork()
SEEDS, TRIALS, DURING = (0, 1, 2), 330, 180
COURSE = ("E_trial", "I_trial", "W_EE", "W_EI", "W_IE", "W_II", "up_time")
CURRENTS = (0.0, 2.0, 4.0)
# Ten trials of 4 s each; the current flows from 2 to 3 s.
N_PARADOX, ONSET, END, BEFORE, SETTLED = 10, 2.0, 3.0, 1.0, 2.2


def learn(seed: int, checkpoints: Path | None) -> tuple[Any, Any]:
    """Run the default training of one network; for seed 0 also its weights in trial DURING."""
    rule, start = sl.rules.TwoTerm(alpha=0.02, beta=0.02), NETWORK.draw_synapses(seed)
    kept: dict[str, Any] = {}
    if checkpoints is not None:
        kept = {"checkpoint": checkpoints / f"seed_{seed}", "checkpoint_every": 30, "resume": True}
    if seed == 0:
        early = None if checkpoints is None else checkpoints / "during"
        again = {} if early is None else {"checkpoint": early, "checkpoint_every": 30, "resume": True}
        middle = sl.run_trials(NETWORK, rule, DURING, start, seed=seed, progress=True, **again)
        keep_weights(start, middle["J_end"].values, HERE / "during.npz")
    run = sl.run_trials(NETWORK, rule, TRIALS, start, seed=seed, progress=True, **kept)
    return run, start.with_weights(run["J_end"].values)


def keep_weights(start: Any, J: np.ndarray, path: Path) -> None:
    left = write_weights(path, start, J, seed=0, start=PUBLISHED_START)
    print(f"{path.name}: weights to rank 8, root mean square deviation {left:.2f} pA")


def write_course(runs: dict[int, Any]) -> None:
    with (HERE / "learning.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["seed", "trial", *COURSE])
        for seed, run in runs.items():
            for k, trial in enumerate(run["trial"].values):
                table.writerow([seed, trial, *(f"{float(run[name][k]):.6g}" for name in COURSE)])


def read_course() -> dict[int, Any]:
    import xarray as xr

    rows = np.genfromtxt(HERE / "learning.csv", delimiter=",", names=True)
    found = {}
    for seed in SEEDS:
        mine = rows[rows["seed"] == seed]
        data = {name: ("trial", mine[name]) for name in COURSE}
        found[seed] = xr.Dataset(data, coords={"trial": mine["trial"].astype(int)})
    return found


def with_current(synapses: Any, current: float, n_trials: int, seed: int = 100) -> Any:
    settings = {"injected": current, "inject_from": ONSET, "inject_to": END} if current else {}
    return NETWORK.trials(synapses, n_trials, seed=seed, duration=4.0, **settings)


def rates_around(recording: Any) -> np.ndarray:
    """Give E before, E during, I before, I during, a row a trial."""
    trains = recording.spike_trains()
    windows = [window_rates(NETWORK, trains, *edges) for edges in ((BEFORE, ONSET), (SETTLED, END))]
    return np.array([windows[0][0], windows[1][0], windows[0][1], windows[1][1]]).T


def write_paradox(networks: dict[int, Any]) -> None:
    with (HERE / "paradox.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["seed", "current", "trial", "E_before", "E_during", "I_before", "I_during"])
        for seed, synapses in networks.items():
            for current in CURRENTS:
                rows = rates_around(with_current(synapses, current, N_PARADOX))
                for trial, row in enumerate(rows, 1):
                    table.writerow([seed, current, trial, *(f"{value:.6g}" for value in row)])


def report_learning(runs: dict[int, Any]) -> None:
    print("learning from the published start, 0.02 pA/Hz^2, 330 trials; set points 5 and 14 Hz:")
    for seed, run in runs.items():
        up = run["up_time"].values
        last = run.isel(trial=slice(200, 250))
        end = run.isel(trial=slice(-50, None))
        print(
            f"  seed {seed}: first Up state in trial {int((up > 0).argmax()) + 1}, first of 1.2 s "
            f"{int((up >= 1.2).argmax()) + 1}, both rates within 10 % from {first_within(NETWORK, run)}; "
            f"trials 241-250: E {_mean(last, 'E_trial'):.2f}, I {_mean(last, 'I_trial'):.2f}; last 50: "
            f"E {float(end['E_trial'].mean()):.2f}, I {float(end['I_trial'].mean()):.2f} Hz; ten-trial averages after "
            f"trial 250 at most {100 * furthest(run):.0f} % off; "
            + ", ".join(f"{name} {float(run[name][-1]):.1f}" for name in COURSE[2:6])
        )


def furthest(run: Any, after: int = 250) -> float:
    """Give the largest relative distance of ten-trial averages from a set point after a trial."""
    parts = [
        np.abs(np.convolve(run[name].values[after:], np.ones(10) / 10, "valid") / point - 1).max()
        for name, point in (("E_trial", float(NETWORK.E_set)), ("I_trial", float(NETWORK.I_set)))
    ]
    return float(max(parts))


def _mean(run: Any, name: str) -> float:
    return float(run[name][-10:].mean())


def changes() -> dict[tuple[int, float], tuple[Any, Any, int]]:
    """Read the changes of E and of I by seed and current, and how many Up states a current ended."""
    rows = np.genfromtxt(HERE / "paradox.csv", delimiter=",", names=True)
    found = {}
    for seed in SEEDS:
        for current in CURRENTS:
            mine = rows[(rows["seed"] == seed) & (rows["current"] == current)]
            ended = int((mine["I_during"] < 0.25 * mine["I_before"]).sum())
            found[seed, current] = (mine["E_during"] - mine["E_before"], mine["I_during"] - mine["I_before"], ended)
    return found


def report_paradox(found: dict[tuple[int, float], tuple[Any, Any, int]]) -> None:
    print("current into all I units during the Up state: change with its 95 % interval over ten trials")
    for (seed, current), (dE, dI, ended) in found.items():
        E, I = mean_interval(dE), mean_interval(dI)  # noqa: E741
        print(
            f"  seed {seed}, {current:g} pA: E {E.mean:+.2f} ({E.low:+.2f} to {E.high:+.2f}), "
            f"I {I.mean:+.2f} ({I.low:+.2f} to {I.high:+.2f}) Hz; {ended} of 10 Up states ended"
        )


def draw_learning(runs: dict[int, Any], folder: Path) -> None:
    figure = new_figure(11.0, 8.5)
    grid = figure.add_gridspec(3, 3, height_ratios=[1.5, 1.0, 0.9])
    stages = (
        ("before: trial 1", NETWORK.draw_synapses(0)),
        (f"during: after trial {DURING}", read_weights(NETWORK, HERE / "during.npz")),
        (f"after: trial {TRIALS}", NETWORK.trained()),
    )
    for column, (title, synapses) in enumerate(stages):
        axes = figure.add_subplot(grid[0, column])
        recording = NETWORK.trials(synapses, 1, seed=3)
        raster_panel(axes, NETWORK, recording.spike_trains())
        E, I = (float(recording.traces[f"{kind}_trial"][0]) for kind in "EI")  # noqa: E741
        axes.set_title(f"{title}; E {E:.1f}, I {I:.1f} Hz", fontsize="medium")
    rates, weights = figure.add_subplot(grid[1, :]), figure.add_subplot(grid[2, :])
    learning_panels(rates, weights, NETWORK, runs[0])
    for seed in SEEDS[1:]:
        for kind, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
            smooth = np.convolve(runs[seed][f"{kind}_trial"].values, np.ones(10) / 10, "valid")
            rates.plot(np.arange(10, TRIALS + 1), smooth, color=colour, linewidth=0.8, alpha=0.6)
    rates.axvline(DURING, color=COLOURS["muted"], linewidth=0.8, linestyle=":")
    rates.set_title(
        "What the sensors see: seed 0 (dots: trials), and three seeds averaged over ten trials", fontsize=10
    )
    rates.set(xlim=(0, TRIALS), xlabel="trial")
    rates.legend(frameon=False, loc="upper left")
    weights.set(xlim=(0, TRIALS))
    weights.legend(frameon=False, ncols=4, fontsize="small", loc="upper right")
    save_figure(figure, folder / "up_state_network_learning.png")


def draw_paradox(found: dict[tuple[int, float], tuple[Any, Any, int]], folder: Path) -> tuple[Any, Any]:
    figure = new_figure(10.0, 7.0)
    panels = figure.subplots(2, 2)
    rate_course(panels[0, 0])
    rate_slopes(panels[1, 0])
    live = with_current(NETWORK.trained(), 2.0, 10)
    spiking_course(panels[0, 1], live)
    spiking_changes(panels[1, 1], found)
    for axes in panels.ravel():
        axes.legend(frameon=False, fontsize="small")
    save_figure(figure, folder / "up_state_network_paradox.png")
    rows = rates_around(live)
    return rows[:, 1] - rows[:, 0], rows[:, 3] - rows[:, 2]


def rate_state(current: Any) -> tuple[Any, Any]:
    """Give E and I of the rate model's Up state with an input to I; a lower threshold of I is such an input."""
    model = sl.EIRates()
    weights = model.setpoint_weights(5.0, 10.0)
    states = [model.replace(Theta_I=model.Theta_I - float(x)).up_state(*weights) for x in np.atleast_1d(current)]
    return np.array([float(one.E) for one in states]), np.array([float(one.I) for one in states])


def rate_course(axes: Any) -> None:
    """Draw the rate model with an input to I from 0.2 to 0.4 s, by Euler steps of 0.1 ms."""
    model = sl.EIRates()
    w = [float(x) for x in model.setpoint_weights(5.0, 10.0)]
    E, I, course = model.E_set, model.I_set, []  # noqa: E741
    for k in range(6000):
        given = 2.0 if 2000 <= k < 4000 else 0.0
        to_E = max(w[0] * E - w[1] * I - model.Theta_E, 0.0)
        E += 0.1 / model.tau_E * (-E + model.g_E * to_E)
        I += 0.1 / model.tau_I * (-I + model.g_I * max(w[2] * E - w[3] * I - model.Theta_I + given, 0.0))  # noqa: E741
        course.append((E, I))
    time = np.arange(6000) * 1e-4
    for name, values, colour in zip("EI", np.array(course).T, (E_COLOUR, I_COLOUR), strict=True):
        axes.plot(time, values, color=colour, label=name)
    axes.axvspan(0.2, 0.4, color=COLOURS["simulation"], alpha=0.12, linewidth=0)
    axes.set(xlabel="time (s)", ylabel="activity (Hz)", ylim=(0, None), xlim=(0, 0.6))
    axes.set_title("Rate model: an input of 2 to I (shaded)", fontsize="medium")


def rate_slopes(axes: Any) -> None:
    grid = np.linspace(0, 4, 41)
    E, I = rate_state(grid)  # noqa: E741
    slopes = rate_slope()
    rows = (("E", E, slopes[0], E_COLOUR, "--"), ("I", I, slopes[1], I_COLOUR, "-."))
    for name, values, slope, colour, style in rows:
        axes.plot(grid[::5], (values - values[0])[::5], "o", color=colour, markersize=4, label=f"{name}, Up state")
        label = typeset(f"formula: {slope:.3f} a unit")
        axes.plot(grid, slope * grid, style, color=COLOURS["theory"], linewidth=1.0, label=label)
    axes.set(xlabel="input to I", ylabel="change (Hz)")
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.set_title("Rate model: change against input", fontsize="medium")


def rate_slope() -> tuple[float, float]:
    """Give d(E, I)/d(input to I) = -(g_E g_I W_EI, g_I x)/C at the set point, x = g_E W_EE - 1."""
    model = sl.EIRates()
    w = model.setpoint_weights(5.0, 10.0)
    C = float(model.determinant(*w))
    return -model.g_E * model.g_I * float(w.W_EI) / C, -model.g_I * (model.g_E * 5.0 - 1.0) / C


def spiking_course(axes: Any, recording: Any) -> None:
    traces = recording.traces
    for kind, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        mean = np.convolve(traces[f"{kind}_rate"].mean("trial").values, np.ones(10) / 10, "valid")
        axes.plot(traces["time"].values[4:-5], mean, color=colour, label=f"{kind}, mean of ten trials")
    axes.axvspan(ONSET, END, color=COLOURS["simulation"], alpha=0.12, linewidth=0)
    axes.set(xlabel="time (s)", ylabel="rate in 100 ms (Hz)", xlim=(0, 4), ylim=(0, None))
    axes.set_title("Spiking network: 2 pA into I (shaded)", fontsize="medium")


def spiking_changes(axes: Any, found: dict[tuple[int, float], tuple[Any, Any, int]]) -> None:
    for place, name, colour in ((0, "E", E_COLOUR), (1, "I", I_COLOUR)):
        for seed in SEEDS:
            parts = [mean_interval(found[seed, current][place]) for current in CURRENTS]
            at = np.array(CURRENTS) + 0.08 * (seed - 1) + 0.02 * place
            mean = np.array([part.mean for part in parts])
            reach = np.array([part.high - part.mean for part in parts])
            label = f"{name}, three networks, 95 %" if seed == 0 else None
            axes.errorbar(at, mean, reach, fmt="o", color=colour, markersize=3.5, capsize=2, linewidth=1, label=label)
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.set(xlabel="current into I (pA)", ylabel="change (Hz)", xticks=CURRENTS)
    axes.set_title("Spiking network: change against current", fontsize="medium")


def long_runs() -> None:
    """Run the two other settings; nothing of it is kept."""
    for start, rate, n_trials in ((STUDY_START, 0.01, 150), (PUBLISHED_START, 0.005, 3000)):
        rule = sl.rules.TwoTerm(alpha=rate, beta=rate)
        run = sl.run_trials(NETWORK, rule, n_trials, NETWORK.draw_synapses(0, start=start), progress=True)
        up = run["up_time"].values
        end = run.isel(trial=slice(-50, None))
        print(
            f"start {start}, {rate:g} pA/Hz^2, {n_trials} trials: first Up state in {int((up > 0).argmax()) + 1}, "
            f"both rates within 10 % from {first_within(NETWORK, run)}, last 50: E {float(end['E_trial'].mean()):.2f}, "
            f"I {float(end['I_trial'].mean()):.2f} Hz"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="learn and measure again, and write the numbers")
    parser.add_argument("--long", action="store_true", help="run the two other settings, too")
    parser.add_argument("--checkpoints", type=Path, help="folder from which --full goes on")
    parser.add_argument("--output", type=Path, default=Path("output"))
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    if given.full:
        found = {seed: learn(seed, given.checkpoints) for seed in SEEDS}
        write_course({seed: run for seed, (run, _) in found.items()})
        keep_weights(NETWORK.draw_synapses(0), found[0][1].J, SHIPPED)
        write_paradox({seed: synapses for seed, (_, synapses) in found.items()})
    runs, measured = read_course(), changes()
    report_learning(runs)
    report_paradox(measured)
    draw_learning(runs, given.output)
    dE, dI = draw_paradox(measured, given.output)
    E, I = mean_interval(dE), mean_interval(dI)  # noqa: E741
    print(
        f"  live, shipped weights, 2 pA: E {E.mean:+.2f} ({E.low:+.2f} to {E.high:+.2f}), "
        f"I {I.mean:+.2f} ({I.low:+.2f} to {I.high:+.2f}) Hz"
    )
    slopes = rate_slope()
    print(f"rate model: {slopes[0]:.4f} (E) and {slopes[1]:.4f} (I) Hz a unit of input to I; -19/65 and -14/13")
    if given.long:
        long_runs()
    print(f"figures in {given.output}")


if __name__ == "__main__":
    main()
