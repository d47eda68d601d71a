"""What a second of model time costs: the exact engine and Brian2's clock, against size, fan-in, rate and time step.

``python analyses/network_cost.py --output FOLDER``; most of its minutes go into building Brian2's programs, of which
``--quick`` needs fewer. Without a C++ compiler Brian2 runs on NumPy. Pure run times: wiring, compilation and building
are left out. One thread each, for a clean comparison, by the processor's clock; the exact engine's two threads, shown
besides, are timed by the wall's and mean something only where two cores are free (for Brian2's better number of threads
see ``tests/benchmarks/bench_network.py``). Where both cost the same a line is drawn.

Beside the points stand predictions: the work of each engine, counted by formula (``network_costs/reckoning.py``), at
costs a unit that are fitted, none negative, to the shared run, to two silent networks (not drawn), and to both ends of
the ranges of size, fan-in and rate; every other run tests them.

- Brian2: each step, each neuron and step, each spike, each arrival at a synapse.
- Exact: each window (of the shortest delay), each neuron and window, each spike, each arrival, each neuron and window
  in which anything arrives (N (1 - exp(-arrivals/N)) of them a window if arrivals come at random), and each arrival at
  a neuron whose state no longer fits the second-level cache.

Predictions hold within the ranges drawn and for this network alone, to about a quarter; how far each run is off is
printed. What they leave out: arrivals that come in volleys, as neurons of one network fire together; the two ways in
which the engine takes them up; and what other programs do to a shared cache.
"""

import argparse
import contextlib
import itertools
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from network_costs.engines import (
    DELAY,
    FAN_IN,
    NEURONS,
    NONE,
    STEP,
    Case,
    Cost,
    compiled,
    described,
    exact,
    interpreted,
)  # fmt: skip
from network_costs.reckoning import UNITS, crossings, unit_costs, work

import spikelearn as sl
from spikelearn.plotting import COLOURS, new_figure, save_figure
from spikelearn.simulation.targets import why_not

SIZES, FANS = (200, 1000, 5000, 20000), (10, 30, 100, 300, 900)
# Weak adaptation makes the rate high.
ADAPTATION = (30.0, 3.0, 0.3, 0.03, 0.003)
STEPS = (0.02e-3, 0.05e-3, 0.1e-3, 0.2e-3, 0.5e-3)


class Bench:
    """A point of the sweep: one case on both engines; the network, and its program, of the last case are kept."""

    def __init__(self, on_clock, duration, repeats):
        self.on_clock, self.duration, self.repeats = on_clock, duration, repeats
        self.known, self.size, self.opened = {}, None, contextlib.ExitStack()

    def __call__(self, n, fan, delta_g, dt, silent, seed):
        """Give cost and spikes on the exact engine, on two of its threads, and on Brian2."""
        del seed
        case = Case(n, fan, delta_g, dt, silent)
        if self.size != (n, fan):
            self.opened.close()
            self.wiring, self.size = described(n, fan), (n, fan)
            self.clock = self.opened.enter_context(self.on_clock(self.wiring, self.duration, self.repeats))
        # The exact engine has no step: what differs in nothing else is run once.
        stepless = case._replace(dt=STEP)
        if stepless not in self.known:
            both = (os.cpu_count() or 1) > 1 and not silent
            self.known[stepless] = {
                "exact": exact(self.wiring, stepless, self.duration, self.repeats),
                "two threads": exact(self.wiring, stepless, self.duration, self.repeats, threads=2) if both else NONE,
            }
        return {name: np.array(cost) for name, cost in {**self.known[stepless], "Brian2": self.clock(case)}.items()}


def measure(cases, on_clock, duration, repeats, store):
    """Run every case on both engines, network by network and in this process: two at a time would share its clock."""
    ordered = sorted(dict.fromkeys(cases), key=lambda case: (case.n, case.fan))
    bench = Bench(on_clock, duration, repeats)
    points = [case._asdict() for case in ordered]
    version = f"{on_clock.__name__}, {duration} s, best of {repeats}"
    with bench.opened:
        swept = sl.sweep(bench, points, executor="serial", store=store, version=version)
    if swept["failed"].any():
        raise RuntimeError(f"a case failed: {swept['error'].values[swept['failed'].values][0]}")
    measured = {}
    for engine in ("exact", "two threads", "Brian2"):
        rows = zip(ordered, swept[engine].values.tolist(), strict=True)
        measured[engine] = {case: Cost(*row) for case, row in rows if not np.isnan(row[0])}
    return measured


class Study(NamedTuple):
    """All runs, and the unit costs that were fitted to some of them."""

    measured: dict
    costs: dict
    fitted: list

    @property
    def rate(self):
        """Hz in the shared case."""
        return self.measured["exact"][Case()].spikes / NEURONS

    def seconds(self, engine, cases):
        """Measured."""
        return np.array([self.measured[engine][case].seconds for case in cases])

    def predicted(self, engine, case, spikes=None):
        """Seconds a second of model time, by default at the spikes that the run had."""
        spikes = self.measured[engine][case].spikes if spikes is None else spikes
        return work(engine, case, spikes) @ self.costs[engine]


class Panel(NamedTuple):
    """One variable and its cases."""

    label: str
    x: np.ndarray
    cases: list

    def line(self, study):
        """Give many values of the variable and what both engines should cost there."""
        fine = np.geomspace(self.x.min(), self.x.max(), 300)
        varied = {
            "neurons": lambda value: Case(n=value),
            "fan-in": lambda value: Case(fan=value),
            "time step (ms)": lambda value: Case(dt=value * 1e-3),
        }.get(self.label, lambda _: Case())
        both = {engine: np.empty(len(fine)) for engine in UNITS}
        for k, value in enumerate(fine):
            case = varied(value)
            spikes = case.n * (value if self.label == "rate (Hz)" else study.rate)
            for engine, costs in both.items():
                costs[k] = study.predicted(engine, case, spikes)
        return fine, both

    def crossings(self, study):
        """Give the measured and the predicted ones."""
        fine, both = self.line(study)
        found = crossings(self.x, *(study.seconds(engine, self.cases) for engine in UNITS))
        return found, crossings(fine, *both.values())


def report(panels, study):
    """Print every point beside its prediction, and where the engines cost the same."""
    for engine, names in UNITS.items():
        parts = (f"{cost * 1e9:.3g} ns {unit}" for unit, cost in zip(names, study.costs[engine], strict=True))
        print(f"{engine}: " + ", ".join(parts))
    apart = {engine: [] for engine in UNITS}
    print("\nMilliseconds a second of model time, in brackets predicted (* fitted)")
    for panel in panels:
        print(f"\n{panel.label:>14}{'exact':>23}{'two threads':>14}{'Brian2':>22}{'Brian2/exact':>15}")
        for value, case in zip(panel.x, panel.cases, strict=True):
            texts = []
            for engine in UNITS:
                seconds, expected = study.measured[engine][case].seconds, study.predicted(engine, case)
                if case not in study.fitted:
                    apart[engine].append(expected / seconds - 1.0)
                star = "*" if case in study.fitted else " "
                texts.append(f"{seconds * 1e3:10.2f} ({expected * 1e3:8.2f}){star}")
            both = study.measured["two threads"].get(case)
            texts.insert(1, f"{both.seconds * 1e3:12.2f}" if both else " " * 12)
            ratio = study.measured["Brian2"][case].seconds / study.measured["exact"][case].seconds
            print(f"{value:14.5g}  {'  '.join(texts)} {ratio:13.2f}")
        found, expected = panel.crossings(study)
        at = (
            ", ".join(f"{cross:.3g}{arrivals(panel.label, cross, study)}" for cross in found) or "nowhere in this range"
        )
        print(f"{'crossover':>14}: {at}; predicted {', '.join(f'{cross:.3g}' for cross in expected) or 'nowhere'}")
    print()
    for engine, values in apart.items():
        print(f"{engine}: predictions where nothing was fitted are off by {min(values):+.0%} to {max(values):+.0%}")
    more = [study.measured["Brian2"][case].spikes / cost.spikes - 1 for case, cost in study.measured["exact"].items()
            if cost.spikes]  # fmt: skip
    print(f"numbers of spikes on Brian2 differ from the exact engine's by {min(more):+.1%} to {max(more):+.1%}")


def arrivals(label, cross, study):
    """Say what a crossover means for one neuron."""
    number = {"fan-in": cross * study.rate, "rate (Hz)": cross * FAN_IN}.get(label)
    return "" if number is None else f" ({number:.0f} arrivals a neuron and second)"


def draw(axes, panel, study):
    """Draw one panel."""
    fine, both = panel.line(study)
    rings = [case in study.fitted for case in panel.cases]
    for engine, marker, colour in (("exact", "o", "exact"), ("Brian2", "s", "brian2")):
        seconds = study.seconds(engine, panel.cases)
        axes.plot(panel.x, seconds, marker, color=COLOURS[colour], label=f"{engine}, measured")
        line = "--" if engine == "exact" else "-."
        axes.plot(fine, both[engine], line, color=COLOURS["theory"], linewidth=1.0, label=f"{engine}, predicted")
        ring = {"markersize": 11, "markerfacecolor": "none", "color": COLOURS["muted"]}
        axes.plot(panel.x[rings], seconds[rings], "o", label="fitted" if engine == "Brian2" else None, **ring)
    if study.measured["two threads"]:
        seconds = study.seconds("two threads", panel.cases)
        axes.plot(
            panel.x, seconds, "^:", color=COLOURS["potassium"], markersize=4, linewidth=0.8, label="exact, two threads"
        )
    found, _ = panel.crossings(study)
    for cross in found:
        axes.axvline(cross, color=COLOURS["muted"], linestyle="--", linewidth=0.8, label="same cost")
        axes.annotate(f" {cross:.2g}" if cross < 100 else f" {cross:.0f}", (cross, 0.02), fontsize="small",
                      xycoords=("data", "axes fraction"), color=COLOURS["muted"])  # fmt: skip
    if not len(found):
        axes.text(0.98, 0.02, "no crossover in this range", transform=axes.transAxes, ha="right", fontsize="small",
                  color=COLOURS["muted"])  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    # The rates are measured and no round numbers.
    ticks = np.array([1, 3, 10, 30]) if panel.label == "rate (Hz)" else panel.x
    axes.set_xticks(ticks, [f"{value:g}" for value in ticks])
    axes.minorticks_off()
    axes.set_xlabel(panel.label)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--quick", action="store_true", help="fewer sizes and fan-ins, and so fewer programs to build")
    parser.add_argument("--store", type=Path, help="folder that keeps every case, to go on after an interruption")
    arguments = parser.parse_args()
    reason = why_not("cpp_standalone")
    name = "Brian2 on NumPy" if reason else "Brian2's compiled program"
    if reason:
        print(f"{reason}: Brian2 runs on its NumPy target here, which is far slower than its compiled programs")
    sizes, fans = (SIZES[:3], FANS[::2]) if arguments.quick else (SIZES, FANS)
    varied = {
        "neurons": [Case(n=n) for n in sizes],
        "fan-in": [Case(fan=fan) for fan in fans],
        "rate (Hz)": [Case(delta_g=value) for value in ADAPTATION],
        "time step (ms)": [Case(dt=dt) for dt in STEPS],
    }
    silent = [Case(n=n, silent=True) for n in (sizes[0], sizes[-1])]
    ends = [varied[name][k] for name in ("neurons", "fan-in", "rate (Hz)") for k in (0, -1)]
    fitted = [Case(), *silent, *ends]
    # Long enough for the compiled program; NumPy takes hundreds of microseconds a step.
    duration, repeats = (0.2, 1) if reason else (1.0, 3)
    everything = [*silent, *itertools.chain(*varied.values())]
    measured = measure(everything, interpreted if reason else compiled, duration, repeats, arguments.store)
    study = Study(measured, {engine: unit_costs(engine, measured[engine], fitted) for engine in UNITS}, fitted)
    rates = [measured["exact"][case].spikes / case.n for case in varied["rate (Hz)"]]
    values = (sizes, fans, rates, np.array(STEPS) * 1e3)
    panels = [Panel(label, np.array(x, float), varied[label]) for label, x in zip(varied, values, strict=True)]
    title = f"Exact engine and {name}, one thread each;"
    fixed = (f"where not varied {NEURONS} neurons, fan-in {FAN_IN}, {study.rate:.1f} Hz, step {STEP * 1e3:g} ms; "
             f"delay {DELAY * 1e3:g} ms")  # fmt: skip
    print(title, fixed)
    report(panels, study)
    figure = new_figure(9.0, 7.0)
    grid = figure.subplots(2, 2, sharey=True)
    for axes, panel in zip(grid.flat, panels, strict=True):
        draw(axes, panel, study)
    for axes in grid[:, 0]:
        axes.set_ylabel("seconds a second of model time")
    shown = {
        label: handle for axes in grid.flat for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize="small")
    figure.suptitle(f"{title}\n{fixed}", fontsize="medium")
    save_figure(figure, arguments.output / "network_cost.png")


if __name__ == "__main__":
    main()
