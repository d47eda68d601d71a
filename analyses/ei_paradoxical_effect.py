"""The Up state against each weight: Fig. S13, with the base weights that its caption leaves out.

The caption names W_EE = 5 only; the other weights are W_EI = 2, W_IE = 10, W_II = 2 (erratum E11). Dashed verticals are
the asymptotes where C of Eq. (19) is zero; thin dotted branches are neurally unstable or have a negative activity.
I falls when W_IE grows and rises when W_II grows: the paradoxical effect. The second figure shows the same for the
non-paradoxical set, about a set point with x < 0.
"""

import argparse
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.plotting import COLOURS, new_figure, save_figure

NAMES = ("W_EE", "W_EI", "W_IE", "W_II")


def branches(axes, model, base, varied):
    grid = np.linspace(0, 10, 4001)
    weights = {**base, varied: grid}
    state = model.up_state(*(weights[name] for name in NAMES))
    slope = np.gradient(state.I, grid)
    # No line across the asymptote, where one sign of infinity turns into the other.
    near = (np.abs(state.E) > 500) | (np.abs(state.I) > 500)
    for name, values, colour in (("E", state.E, COLOURS["E"]), ("I", state.I, COLOURS["I"])):
        axes.plot(grid, np.where(state.stable, values, np.nan), color=colour, linewidth=2, label=f"{name}, stable")
        axes.plot(
            grid,
            np.where(state.stable | near, np.nan, values),
            ":",
            color=colour,
            linewidth=1,
            label=f"{name}, unstable, negative or cut off",
        )
    c = model.determinant(*(weights[name] for name in NAMES))
    crossing = np.flatnonzero(np.diff(np.sign(c)))
    # Where C is zero at a point of the grid, its sign changes on both sides.
    found = grid[crossing] - c[crossing] * (grid[crossing + 1] - grid[crossing]) / np.diff(c)[crossing]
    for at in np.unique(found.round(9)):
        axes.axvline(at, color=COLOURS["muted"], linestyle="--", linewidth=1)
        side = "right" if at > 8 or varied == "W_II" else "left"
        axes.text(
            at, -9, f" no fixed point at {at:.3g} ", fontsize=7, ha=side, va="bottom", color="0.3",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.5},
        )  # fmt: skip
    here = model.up_state(*base.values())
    for value, colour in ((here.E, COLOURS["E"]), (here.I, COLOURS["I"])):
        axes.plot(base[varied], float(value), "o", color=colour, markersize=5, clip_on=False)
    axes.set_xlim(0, grid[-1])
    axes.set_ylim(-10, 40)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlabel(f"${varied.replace('_', '_{')}}}$")
    axes.set_ylabel("activity at the fixed point (Hz)")
    return float(slope[np.argmin(np.abs(grid - base[varied]))])


def draw(model, base, title):
    figure = new_figure(9.0, 7.0)
    panels = figure.subplots(2, 2).ravel()
    slopes = {}
    for axes, name in zip(panels, NAMES, strict=True):
        slopes[name] = branches(axes, model, base, name)
        sign = "falls" if slopes[name] < 0 else "rises"
        axes.set_title(f"I {sign} with ${name.replace('_', '_{')}}}$ at the base point (dots)", fontsize="medium")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, loc="outside lower center", ncols=4)
    values = ", ".join(f"${name.replace('_', '_{')}}} = {value:.3g}$" for name, value in base.items())
    figure.suptitle(f"{title}\nbase point: {values}")
    return figure, slopes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    output = parser.parse_args().output
    table_1, other = sl.EIRates(), sl.EIRates.non_paradoxical()
    calm = {name: float(w) for name, w in other.setpoint_weights(1.8, 8.0)._asdict().items()}
    cases = {
        "table_1": (
            table_1,
            dict(zip(NAMES, (5.0, 2.0, 10.0, 2.0), strict=True)),
            "Soldado-Magraner et al. 2022, Fig. S13, parameters of Table 1",
        ),
        "non_paradoxical": (other, calm, "As Fig. S13 of Soldado-Magraner et al. 2022, the non-paradoxical parameters"),
    }
    print(f"{'parameters':<16s} {'E':>7s} {'I':>7s}   slopes of I (Hz per unit of weight)")
    for name, (model, base, title) in cases.items():
        figure, slopes = draw(model, base, title)
        state = model.up_state(*base.values())
        written = "  ".join(f"{weight} {slope:+.3f}" for weight, slope in slopes.items())
        print(f"{name:<16s} {float(state.E):7.4f} {float(state.I):7.4f}   {written}")
        save_figure(figure, output / f"ei_S13_{name}.png")


if __name__ == "__main__":
    main()
