"""The command analyse: regularity, PSTH, correlogram, JPSTH and spike-triggered average of recorded spike trains."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn import analyses
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.interop import read_spikes
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import seconds
from spikelearn.plotting import offscreen
from spikelearn.spikes.ids import id_labels
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import origin, write_manifest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["analyse", "read_stimulus"]

BIN, MOST_BINS, LAG_FRAMES, MOST_ROWS = 0.01, 200, 20, 20
MOST_LISTED = 1_000_000
OPTIONS = ("t_start", "t_stop", "unit_column", "time_column", "trial_column", "time_unit", "delimiter", "decimal")
HEADINGS = {"rate": "rate (Hz)", "isi": "mean interval (s)", "fano_factor": "Fano factor"}


@offscreen()
def analyse(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    units: Sequence[int] | None = None,
    bin_size: Any = None,
    stimulus: str | os.PathLike[str] | None = None,
    stimulus_dt: Any = None,
    stimulus_window: Sequence[Any] | None = None,
    t_start: Any = None,
    t_stop: Any = None,
    by_trial: bool = False,
    refractoriness: Any = "5 ms",
    ids: Sequence[int | str] | None = None,
    all_units: str | Sequence[int | str] | None = None,
    all_trials: str | Sequence[int | str] | None = None,
    **reading: Any,
) -> str:
    """Analyse a file of spike trains, or the folder of a recording, and write tables, data and figures into a folder.

    Parameters
    ----------
    path : path
        A .nwb, .csv, .tsv, .txt, .parquet or .mat file, a folder that ``spikelearn run`` or ``Recording.save`` wrote,
        or one of Phy or Kilosort.
    output : path, optional
        The folder to write, whole or not at all; ``runs/NAME-analysis`` if not given. Only an earlier
        analysis of the same file is replaced.
    units : (int, int), optional
        The pair for PSTH, correlogram, JPSTH and spike-triggered average, by position. Without it the first two units
        (all for the average), and what they do not allow is left out with the reason; with it, that is an error.
    bin_size : float, str or Quantity, optional
        Width of the bins; it must divide the window. Without it about 10 ms, but at most 200 bins.
    stimulus : path, optional
        A .npy or .csv file, one row a frame, for the spike-triggered average of every unit, or of the pair
        given. Units without a spike whose window lies within the recording are left out with the reason.
    stimulus_dt : float, str or Quantity, optional
        Length of a frame; needed with a stimulus.
    stimulus_window : pair, optional
        Range of lags before the spike, for example ``("-50 ms", "0 ms")``; 20 frames before the spike if not given.
    t_start, t_stop, by_trial : optional
        What a foreign file does not say, see `spikelearn.interop.read_spikes`.
    refractoriness : float, str or Quantity
        The constant of LVR.
    ids : pair of int or str, optional
        The pair by ids, in place of `units`.
    all_units, all_trials : sequence of ids or str, optional
        All units and trials that were recorded, silent ones too, where a table cannot show them; as text "1-10" or
        "A3,B1,C2".
    **reading : optional
        What the reader of the format takes besides, such as ``unit_column``, ``time_unit``, ``delimiter`` or ``crop``.

    Returns
    -------
    str
        The regularity table and a line for everything that was written or left out.

    Raises
    ------
    ValueError
        The file or the stimulus cannot be understood, there is no such unit, or an analysis that was asked for is not
        possible.
    OSError
        The file cannot be read, or the folder not be written.
    """
    place = Path(path)
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            trains = read_spikes(
                place,
                t_start=t_start,
                t_stop=t_stop,
                by_trial=by_trial,
                units=_listed(all_units),
                trials=_listed(all_trials),
                **reading,
            )
    except ValueError as error:
        raise ValueError(_with_options(str(error))) from error
    if not trains.n_trials or not trains.duration > 0:
        raise ValueError(f"{place} must hold at least one trial of some length, got {trains}")
    if ids is not None:
        if units is not None:
            raise ValueError("analyse must get units, positions, or ids, not both")
        units = _positions(ids, trains, place)
    if units is not None:
        try:
            units = read_pair(units, trains.n_units, "analyse")
        except IndexError as error:
            raise ValueError(f"{error}; {place} holds {trains.n_units} units, counted from 0") from error
    folder = Path(output) if output is not None else Path("runs") / f"{place.stem}-analysis"
    width = _default_bin(trains) if bin_size is None else seconds(bin_size, "analyse: bin_size")
    if stimulus is not None and stimulus_dt is None:
        raise ValueError("analyse: stimulus_dt must say how long a frame of the stimulus is, for example '1 ms'")
    frames = None if stimulus is None else read_stimulus(stimulus)
    notes = [str(one.message).replace("units=", "--all-units").replace("trials=", "--all-trials") for one in said]
    lines = [repr(trains), *(f"note: {note}" for note in notes), ""]
    source = origin(place)
    with whole_folder(folder, overwrite=True, kind="analysis", source=source, inputs=(place, stimulus)) as temporary:
        lines += [_regularity(trains, refractoriness, temporary), ""]
        if frames is not None:
            lines += _triggered(trains, units, frames, stimulus_dt, stimulus_window, temporary)
        lines.append(_psth(trains, units, width, temporary))
        lines += _pair(trains, units, width, temporary)
        made = {"file": place.name, "bin_size": width, "units": None if units is None else [int(u) for u in units]}
        made["unit_ids"] = id_labels([trains.unit_ids[k] for k in units or range(trains.n_units)]).tolist()
        content = {"source": source, "analysis": made, "regularity_units": {"rate": "Hz", "isi": "s"}}
        write_manifest(temporary, "analysis", content)
    return "\n".join([*lines, "", f"tables, data, figures and manifest in {folder}"])


def _listed(ids: str | Sequence[int | str] | None) -> list[int | str] | None:
    """Read a list of ids; text has commas between them and may give ranges of whole numbers."""
    if ids is None or not isinstance(ids, str):
        return None if ids is None else list(ids)
    found: list[int | str] = []
    for part in (part.strip() for part in ids.split(",")):
        first, dash, last = part.partition("-")
        if dash and first.isdecimal() and last.isdecimal() and int(last) - int(first) < MOST_LISTED:
            found += range(int(first), int(last) + 1)
        else:
            found.append(int(part) if part.isdecimal() else part)
    return found


def _positions(ids: Sequence[int | str], trains: SpikeTrains, place: Path) -> list[int]:
    """Find units by their ids, or by the text of them, as the command line has it."""
    texts = [str(item) for item in trains.unit_ids]
    for item in ids:
        if str(item) not in texts:
            raise ValueError(unknown_name(str(place), "unit", str(item), texts))
    return [texts.index(str(item)) for item in ids]


def read_stimulus(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read a stimulus: a .npy file, or a .csv file with one row a frame and one column a dimension.

    Raises
    ------
    ValueError
        The ending is unknown or the file does not hold numbers.
    OSError
        The file cannot be read.
    """
    place = Path(path)
    if place.suffix.lower() not in (".npy", ".csv"):
        raise ValueError(f"stimulus {place} must end in .npy or .csv")
    if not place.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    try:
        if place.suffix.lower() == ".npy":
            loaded = np.load(place, allow_pickle=False)
            if loaded.dtype.kind not in "fiub":
                raise ValueError(f"got the type {loaded.dtype}")
            frames = np.asarray(loaded, dtype=np.float64)
        else:
            text = place.read_text(encoding="utf-8-sig").splitlines()
            frames = np.loadtxt(text[_heading(text) :], delimiter=",", comments="#", ndmin=2)
    except (ValueError, EOFError) as error:
        raise ValueError(f"stimulus {place} must hold numbers only: {str(error).splitlines()[0]}") from error
    return frames[:, 0] if frames.ndim == 2 and frames.shape[1] == 1 else frames


def _heading(text: Sequence[str]) -> int:
    """Count the lines ahead of the first number: comments and one line of column names."""
    for number, line in enumerate(text):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            float(line.split(",")[0])
        except ValueError:
            return number + 1
        return number
    raise ValueError("the file is empty")


def _default_bin(trains: SpikeTrains) -> float:
    bins = min(max(round(trains.duration / BIN), 1), MOST_BINS)
    return trains.duration / bins


def _regularity(trains: SpikeTrains, refractoriness: Any, folder: Path) -> str:
    table = analyses.regularity(trains, refractoriness)
    table.to_csv(folder / "regularity.csv", index=False)
    pooled = analyses.regularity(trains, refractoriness, pooled=True)
    pooled.to_csv(folder / "regularity_pooled.csv", index=False)
    if trains.n_trials == 1:
        return _text(table.drop(columns="trial"))
    shown = _text(table.head(MOST_ROWS))
    if len(table) > MOST_ROWS:
        shown += f"\n... {len(table) - MOST_ROWS} more rows in regularity.csv"
    return f"{shown}\n\nall trials of a unit together:\n{_text(pooled)}"


def _text(table: pd.DataFrame) -> str:
    shown = table.rename(columns=HEADINGS)
    return str(shown.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}"))


def _psth(trains: SpikeTrains, units: Sequence[int] | None, width: float, folder: Path) -> str:
    from spikelearn.analyses.figures import plot_psth, plot_raster
    from spikelearn.plotting import new_figure

    result = analyses.psth(trains, width)
    result.to_netcdf(folder / "psth.nc", engine="h5netcdf")
    shown = list(units) if units is not None else list(range(min(trains.n_units, 2)))
    if shown:
        figure = new_figure(5.0 * len(shown), 5.0)
        panels = np.asarray(figure.subplots(2, len(shown), sharex="col", squeeze=False))
        for column, unit in enumerate(shown):
            plot_raster(panels[0, column], trains, unit=unit)
            panels[0, column].set(title=f"unit {trains.unit_ids[unit]}", xlabel="")
            plot_psth(panels[1, column], result, unit=unit)
        figure.savefig(folder / "psth.png", dpi=150)
    return f"PSTH of {trains.n_units} units in bins of {width * 1e3:.6g} ms: psth.nc, psth.png"


def _pair(trains: SpikeTrains, units: Sequence[int] | None, width: float, folder: Path) -> list[str]:
    """Correlogram and JPSTH of the pair; without explicit units, what is not possible becomes a line of text."""
    if units is None and trains.n_units < 2:
        return ["correlogram and JPSTH left out: they need two units"]
    pair = (0, 1) if units is None else (int(units[0]), int(units[1]))
    lines = []
    for name, function in (("correlogram", _correlogram), ("JPSTH", _jpsth)):
        try:
            function(trains, pair, width, folder)
        except ValueError as error:
            if units is not None:
                raise
            lines.append(f"{name} left out: {error}")
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


def _triggered(
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


def _with_options(message: str) -> str:
    """Name the options of the command line in a message that names the arguments of a function."""
    for argument in ("by_trial=True", "crop=True", "sort=True", "closed_end=True", *(f"{name}=" for name in OPTIONS)):
        message = message.replace(argument, "--" + argument.partition("=")[0].replace("_", "-"))
    return message.replace(" by_trial", " --by-trial")
