"""The command analyse: regularity, PSTH, correlogram, JPSTH and spike-triggered average of recorded spike trains."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.cli.analyse_parts import pair_lines, psth_line, regularity_tables, triggered_lines
from spikelearn.cli.answers import Answer
from spikelearn.cli.places import place_of_results
from spikelearn.cli.reading import cut_trials, positions, read_stimulus, read_trains, selected
from spikelearn.parameters.units import seconds
from spikelearn.plotting import offscreen
from spikelearn.spikes.binning import count_bins
from spikelearn.spikes.ids import id_labels
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import own_files, write_manifest

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["analyse", "analysis", "read_stimulus"]

BIN, MOST_BINS = 0.01, 200
REFRACTORINESS = "5 ms"


def analyse(path: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, **options: Any) -> str:
    """Analyse a file of spike trains, or the folder of a recording: the text of `analysis`.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sl.interop.write_csv(sl.SpikeTrains.from_arrays([[0.1, 0.2, 0.4]], t_stop=1.0), folder + "/cell.csv")
    ...     print(analyse(folder + "/cell.csv", folder + "/out").splitlines()[0])
    SpikeTrains(1 trial x 1 unit, 3 spikes in [0.0, 1.0) s)
    """
    return analysis(path, output, **options).text


@offscreen()
def analysis(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    units: Sequence[int] | None = None,
    ids: Sequence[int | str] | None = None,
    select: Sequence[str] | None = None,
    events: str | os.PathLike[str] | None = None,
    window: Sequence[Any] | None = None,
    event_unit: Any = None,
    bin_size: Any = None,
    drop_rest: bool = False,
    stimulus: str | os.PathLike[str] | None = None,
    stimulus_dt: Any = None,
    stimulus_window: Sequence[Any] | None = None,
    refractoriness: Any = REFRACTORINESS,
    incomplete: str | None = None,
    all_units: str | Sequence[int | str] | None = None,
    all_trials: str | Sequence[int | str] | None = None,
    **reading: Any,
) -> Answer:
    """Analyse a file of spike trains, or the folder of a recording, and write tables, data and figures into a folder.

    Parameters
    ----------
    path : path
        A .nwb, .csv, .tsv, .txt, .parquet or .mat file, a folder that ``spikelearn run`` or ``Recording.save`` wrote,
        or one of Phy or Kilosort.
    output : path, optional
        The folder to write, whole or not at all; ``runs/NAME-analysis`` with everything that was set if not given.
        Only an earlier analysis of the same file with the same options is replaced.
    units : (int, int), optional
        The pair for PSTH, correlogram, JPSTH and spike-triggered average, by position. Without it the first two units
        (all for the average), and what they do not allow is left out with the reason; with it, that is an error.
    ids : pair of int or str, optional
        The pair by ids, in place of `units`.
    select : sequence of str, optional
        ``COLUMN=VALUE`` that units must have, such as ``group=good``.
    events, window, event_unit : optional
        A file of times, and the begin and end of a trial about each: PSTH, correlogram and JPSTH are of these trials,
        regularity and spike-triggered average of the whole recording. See `spikelearn.cli.reading.cut_trials`.
    bin_size : float, str or Quantity, optional
        Width of the bins; it must divide the window. Without it about 10 ms, but at most 200 bins.
    drop_rest : bool
        Whether what remains behind the last whole bin is left out instead.
    stimulus : path, optional
        A .npy or .csv file, one row a frame, for the spike-triggered average of every unit, or of the pair
        given. Units without a spike whose window lies within the recording are left out with the reason.
    stimulus_dt : float, str or Quantity, optional
        Length of a frame; needed with a stimulus.
    stimulus_window : pair, optional
        Range of lags before the spike, for example ``("-50 ms", "0 ms")``; 20 frames before the spike if not given.
    refractoriness : float, str or Quantity
        The constant of LVR.
    incomplete : str, optional
        What becomes of what was not all observed, in the trials of a file or those cut around events.
    all_units, all_trials : sequence of ids or str, optional
        All units and trials that were recorded, silent ones too, where a table cannot show them; as text "1-10" or
        "A3,B1,C2".
    **reading : optional
        What the reader of the format takes besides, such as ``t_stop``, ``by_trial``, ``unit_column``, ``time_unit``,
        ``delimiter`` or ``crop``; see `spikelearn.interop.read_spikes`.

    Returns
    -------
    Answer
        The regularity table, and a line for everything that was written or left out.

    Raises
    ------
    ValueError
        The file or the stimulus cannot be understood, there is no such unit, or an analysis that was asked for is not
        possible.
    OSError
        The file cannot be read, or the folder not be written.
    """
    place = Path(path)
    options: dict[str, Any] = {
        "units": units,
        "ids": ids,
        "select": select,
        "events": None if events is None else Path(events),
        "window": window,
        "event_unit": event_unit,
        "bin_size": bin_size,
        "drop_rest": drop_rest,
        "stimulus": None if stimulus is None else Path(stimulus),
        "stimulus_dt": stimulus_dt,
        "stimulus_window": stimulus_window,
        "refractoriness": refractoriness,
        "incomplete": incomplete,
        "all_units": all_units,
        "all_trials": all_trials,
        **reading,
        # That a text file has no header is said by False.
        "no_header": reading.get("header") is False,
    }
    folder, source, settings = place_of_results(
        place, "analysis", output, options, {"refractoriness": REFRACTORINESS}, beside=(events, stimulus)
    )
    foreign = None if events is not None else incomplete
    whole, notes = read_trains(place, all_units=all_units, all_trials=all_trials, incomplete=foreign, **reading)
    whole = selected(whole, select or (), place)
    if window is not None and events is None:
        raise ValueError("--window is that of the trials about --events; give their file, or --t-start and --t-stop")
    trains = whole if events is None else cut_trials(whole, Path(events), window, event_unit, incomplete)
    if ids is not None:
        if units is not None:
            raise ValueError("analyse must get units, positions, or ids, not both")
        units = positions(ids, trains, place)
    if units is not None:
        try:
            units = read_pair(units, trains.n_units, "analyse")
        except IndexError as error:
            raise ValueError(f"{error}; {place} holds {trains.n_units} units, counted from 0") from error
    trains, width, dropped = _binned_window(trains, bin_size, drop_rest)
    notes += dropped
    if stimulus is not None and stimulus_dt is None:
        raise ValueError("analyse: stimulus_dt must say how long a frame of the stimulus is, for example '1 ms'")
    frames = None if stimulus is None else read_stimulus(stimulus)
    cut = [] if events is None else [f"cut around events: {trains!r}"]
    lines = [repr(whole), *cut, *(f"note: {note}" for note in notes), ""]
    inputs = (place, stimulus, events)
    with whole_folder(folder, overwrite=True, kind="analysis", source=source, inputs=inputs) as temporary:
        text, rows = regularity_tables(whole, refractoriness, temporary)
        said = []
        if frames is not None:
            said += triggered_lines(whole, units, frames, stimulus_dt, stimulus_window, temporary)
        said.append(psth_line(trains, units, width, temporary))
        said += pair_lines(trains, units, width, temporary, _how_to_make_trials(place, whole, events))
        made: dict[str, Any] = {"file": place.name, "settings": settings, "bin_size": width}
        made["units"] = None if units is None else [int(u) for u in units]
        made["unit_ids"] = id_labels([trains.unit_ids[k] for k in units or range(trains.n_units)]).tolist()
        if events is not None:
            made["events"] = {"file": Path(events).name, "window": [trains.t_start, trains.t_stop]}
        content = {"source": source, "analysis": made, "regularity_units": {"rate": "Hz", "isi": "s"}}
        write_manifest(temporary, "analysis", content)
        files = sorted(own_files(temporary)[0])
    facts = {
        "trials": trains.n_trials,
        "units": trains.n_units,
        "spikes": trains.n_spikes,
        "window": [trains.t_start, trains.t_stop],
        "bin_size": width,
        "folder": str(folder),
        "files": files,
        "notes": [*notes, *said],
    }
    lines += [text, "", *said, "", f"tables, data, figures and manifest in {folder}"]
    return Answer("\n".join(lines), rows, facts)


def _how_to_make_trials(place: Path, whole: SpikeTrains, events: Any) -> str:
    """Say how a recording of one trial becomes one of several, which joint histograms need."""
    if whole.n_trials > 1 or events is not None:
        return ""
    ways = {".nwb": "--by-trial cuts the trials of the file", ".csv": "--trial-column names a column of trials"}
    own = ways.get(place.suffix.lower())
    cut = "--events FILE --window '-200 ms' '800 ms' cuts trials around events"
    return f"; {own}, {cut}" if own else f"; {cut}"


def _binned_window(trains: SpikeTrains, bin_size: Any, drop_rest: bool) -> tuple[SpikeTrains, float, list[str]]:
    """Give the width of the bins, and the trains without what remains behind the last of them, if that is wanted."""
    if bin_size is None:
        bins = min(max(round(trains.duration / BIN), 1), MOST_BINS)
        return trains, trains.duration / bins, []
    width = seconds(bin_size, "analyse: bin_size")
    try:
        count_bins(trains.t_start, trains.t_stop, width, "analyse: bin_size")
    except ValueError as error:
        if not 0 < width <= trains.duration:
            raise
        if not drop_rest:
            raise ValueError(f"{error}, as --drop-rest does") from error
        end = trains.t_start + math.floor(trains.duration / width) * width
        note = f"the last {(trains.t_stop - end) * 1e3:.6g} ms hold no whole bin: left out"
        return trains.restrict(trains.t_start, end), width, [note]
    return trains, width, []
