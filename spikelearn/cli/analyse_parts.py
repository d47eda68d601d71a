"""What the command analyse calculates, draws and writes, one function each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn import analyses
from spikelearn.parameters.units import seconds
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["pair_lines", "psth_line", "regularity_tables", "triggered_lines"]

LAG_FRAMES, MOST_ROWS = 20, 20
HEADINGS = {"rate": "rate (Hz)", "isi": "mean interval (s)", "fano_factor": "Fano factor"}


def regularity_tables(trains: SpikeTrains, refractoriness: Any, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Write the regularity of every train and of all trials of a unit; give both as text, the first as rows."""
    table = analyses.regularity(trains, refractoriness)
    table.to_csv(folder / "regularity.csv", index=False)
    pooled = analyses.regularity(trains, refractoriness, pooled=True)
    pooled.to_csv(folder / "regularity_pooled.csv", index=False)
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    if trains.n_trials == 1:
        return _text(table.drop(columns="trial")), rows
    shown = _text(table.head(MOST_ROWS))
    if len(table) > MOST_ROWS:
        shown += f"\n... {len(table) - MOST_ROWS} more rows in regularity.csv"
    return f"{shown}\n\nall trials of a unit together:\n{_text(pooled)}", rows


def _text(table: pd.DataFrame) -> str:
    shown = table.rename(columns=HEADINGS)
    return str(shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}"))


def psth_line(trains: SpikeTrains, units: Sequence[int] | None, width: float, folder: Path) -> str:
    """Write the PSTH of all units, draw that of the pair below its raster, and say so."""
    from spikelearn.analyses.figures import plot_psth, plot_raster
    from spikelearn.plotting import new_figure

    result = analyses.psth(trains, width)
    result.to_netcdf(folder / "psth.nc", engine="h5netcdf")
    shown = list(units) if units is not None else list(range(min(trains.n_units, 2)))
    if shown:
        figure = new_figure(5.0 * len(shown), 5.0)
        panels = np.asarray(figure.subplots(2, len(shown), sharex="col", sharey="row", squeeze=False))
        for column, unit in enumerate(shown):
            plot_raster(panels[0, column], trains, unit=unit)
            panels[0, column].set(title=f"unit {trains.unit_ids[unit]}", xlabel="")
            plot_psth(panels[1, column], result, unit=unit)
            if column:
                panels[0, column].set_ylabel("")
                panels[1, column].set_ylabel("")
        figure.savefig(folder / "psth.png", dpi=150)
    return f"PSTH of {trains.n_units} units in bins of {width * 1e3:.6g} ms: psth.nc, psth.png"


def pair_lines(
    trains: SpikeTrains, units: Sequence[int] | None, width: float, folder: Path, more_trials: str = ""
) -> list[str]:
    """Correlogram and JPSTH of the pair; without explicit units, what is not possible becomes a line of text.

    `more_trials` says how to get trials, where there is one and several are needed.
    """
    if units is None and trains.n_units < 2:
        return ["correlogram and JPSTH left out: they need two units"]
    pair = (0, 1) if units is None else (int(units[0]), int(units[1]))
    lines = []
    for name, function in (("correlogram", _correlogram), ("JPSTH", _jpsth)):
        try:
            function(trains, pair, width, folder)
        except ValueError as error:
            said = f"{error}{more_trials if name == 'JPSTH' and 'trials' in str(error) else ''}"
            if units is not None:
                raise ValueError(said) from error
            lines.append(f"{name} left out: {said}")
        else:
            first, second = (trains.unit_ids[unit] for unit in pair)
            lines.append(f"{name} of units {first} and {second}: {name.lower()}.nc, {name.lower()}.png")
    return lines


def _correlogram(trains: SpikeTrains, pair: tuple[int, int], _width: float, folder: Path) -> None:
    from spikelearn.analyses.figures import plot_correlogram
    from spikelearn.plotting import new_figure

    longest = min(0.05, trains.duration / 4)
    result = analyses.cross_correlogram(trains, pair, longest / 50, longest)
    result.to_netcdf(folder / "correlogram.nc", engine="h5netcdf")
    figure = new_figure(6.0, 4.0)
    plot_correlogram(figure.add_subplot(), result)
    figure.savefig(folder / "correlogram.png", dpi=150)


def _jpsth(trains: SpikeTrains, pair: tuple[int, int], width: float, folder: Path) -> None:
    result = analyses.jpsth(trains, pair, width)
    result.to_netcdf(folder / "jpsth.nc", engine="h5netcdf")
    first, second = (trains.unit_ids[unit] for unit in pair)
    figure: Figure = analyses.jpsth_figure(result, title=f"Joint PSTH of units {first} and {second}")
    figure.savefig(folder / "jpsth.png", dpi=150)


def triggered_lines(
    trains: SpikeTrains,
    units: Sequence[int] | None,
    frames: NDArray[np.float64],
    dt: Any,
    window: Sequence[Any] | None,
    folder: Path,
) -> list[str]:
    """Average the stimulus around the spikes of each unit; a unit without usable spikes becomes a line of text."""
    from spikelearn.analyses.ensemble import make_ensemble
    from spikelearn.analyses.triggered_weights import read_weights

    length = seconds(dt, "analyse: stimulus_dt")
    if window is None:
        first, last = -LAG_FRAMES * length, 0.0
    else:
        first, last = (seconds(edge, "analyse: stimulus_window") for edge in window)
    ensemble = make_ensemble(frames, length, (first, last))
    usable = ensemble.valid(read_weights(ensemble, trains, None).weights).sum(axis=1) > 0
    wanted = range(trains.n_units) if units is None else units
    kept, lines = [unit for unit in wanted if usable[unit]], []
    for unit in wanted:
        if not usable[unit]:
            name = trains.unit_ids[unit]
            lines.append(f"spike-triggered average of unit {name} left out: no spike with a whole window of stimulus")
    if not kept:
        return lines
    average = analyses.spike_triggered_average(frames, length, trains.select_units(kept), (first, last))
    average = average.assign_coords(unit=id_labels([trains.unit_ids[unit] for unit in kept]))
    average.to_netcdf(folder / "sta.nc", engine="h5netcdf")
    figure = analyses.plot_triggered_average(average)
    figure.savefig(folder / "sta.png", dpi=150)
    used = ", ".join(f"{int(weight)}" for weight in average["weight"].values)
    names = ", ".join(str(trains.unit_ids[unit]) for unit in kept)
    return [
        *lines,
        f"spike-triggered average of unit{'' if len(kept) == 1 else 's'} {names} over lags {first} s to {last} s, "
        f"spikes used: {used}: sta.nc, sta.png",
    ]
