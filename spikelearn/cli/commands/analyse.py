"""The options of the command analyse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikelearn.cli.answers import Answer

__all__ = ["analyse"]


def analyse(
    file: Annotated[
        str, typer.Argument(help="A .nwb, .csv, .tsv, .txt, .parquet or .mat file, or a folder of 'run' or Phy.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write [default: runs/NAME-analysis and options].")
    ] = None,
    units: Annotated[tuple[int, int] | None, typer.Option(help="The pair for PSTH, correlogram and JPSTH.")] = None,
    ids: Annotated[tuple[str, str] | None, typer.Option(help="The pair by ids instead of positions.")] = None,
    select: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE that units must have, such as group=good; again for more.")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Times of events, a .csv, .txt or .npy file: trials are cut around them.")
    ] = None,
    window: Annotated[
        tuple[str, str] | None, typer.Option(help="Begin and end of a trial about its event: '-200 ms' '800 ms'.")
    ] = None,
    event_unit: Annotated[str | None, typer.Option(help="Unit of the times of the events [default: s].")] = None,
    bin_size: Annotated[str | None, typer.Option(help="Width of the bins, such as '10 ms'.")] = None,
    drop_rest: Annotated[
        bool, typer.Option("--drop-rest", help="Leave out what remains behind the last whole bin.")
    ] = False,
    stimulus: Annotated[Path | None, typer.Option(help="A .npy or .csv file, one row a frame, for the STA.")] = None,
    stimulus_dt: Annotated[str | None, typer.Option(help="Length of a frame, such as '1 ms'.")] = None,
    stimulus_window: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Lags about a spike: '-50 ms' '0 ms' [default: 20 frames before it]."),
    ] = None,
    refractoriness: Annotated[str, typer.Option(help="The constant of LVR.")] = "5 ms",
    t_start: Annotated[str | None, typer.Option(help="Begin of the window, if the file does not say.")] = None,
    t_stop: Annotated[str | None, typer.Option(help="End of the window, if the file does not say.")] = None,
    by_trial: Annotated[bool, typer.Option("--by-trial", help="Cut a file with trials into trials (NWB).")] = False,
    all_units: Annotated[str | None, typer.Option(help="All ids, silent units too, such as '1-8' or 'A3,B1'.")] = None,
    all_trials: Annotated[str | None, typer.Option(help="All trials, silent ones too, such as '1-100'.")] = None,
    unit_column: Annotated[str | None, typer.Option(help="Name of the column of units in a text file.")] = None,
    time_column: Annotated[str | None, typer.Option(help="Name of the column of times.")] = None,
    trial_column: Annotated[str | None, typer.Option(help="Name of the column of trials.")] = None,
    time_unit: Annotated[
        str | None, typer.Option(help="Unit of the times in a text or MATLAB file, such as ms [default: s].")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates columns, found if not given.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal sign of a text file.")] = None,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row of a text file is a spike; columns go by place, from 0.")
    ] = False,
    sampling_rate: Annotated[str | None, typer.Option(help="Samples a second of a Phy folder.")] = None,
    variable: Annotated[str | None, typer.Option(help="Variable of a MATLAB file, such as session.spikes.")] = None,
    field: Annotated[str | None, typer.Option(help="Where the times are in a MATLAB struct array.")] = None,
    unit_variable: Annotated[str | None, typer.Option(help="MATLAB vector of ids beside one of times.")] = None,
    crop: Annotated[bool, typer.Option("--crop", help="Leave out spikes beyond the window (NWB).")] = False,
    incomplete: Annotated[
        str | None, typer.Option(help="keep, drop_units or drop_trials: what was not all observed (NWB, --events).")
    ] = None,
    closed_end: Annotated[bool, typer.Option("--closed-end", help="Windows include their end (NWB).")] = False,
    sort: Annotated[bool, typer.Option("--sort", help="Sort times that are out of order (NWB, MATLAB).")] = False,
) -> Answer:
    """Analyse recorded spikes: regularity, PSTH and JPSTH of a pair, STA given a stimulus.

    The joint histogram needs trials: a column of trials in the file, --by-trial, or --events with --window.
    """
    from spikelearn.cli.analyse import analysis

    return analysis(
        file,
        output,
        units=units,
        ids=ids,
        select=select,
        events=events,
        window=window,
        event_unit=event_unit,
        bin_size=bin_size,
        drop_rest=drop_rest,
        stimulus=stimulus,
        stimulus_dt=stimulus_dt,
        stimulus_window=stimulus_window,
        refractoriness=refractoriness,
        t_start=t_start,
        t_stop=t_stop,
        by_trial=by_trial,
        all_units=all_units,
        all_trials=all_trials,
        unit_column=unit_column,
        time_column=time_column,
        trial_column=trial_column,
        time_unit=time_unit,
        delimiter=delimiter,
        decimal=decimal,
        header=False if no_header else None,
        sampling_rate=sampling_rate,
        variable=variable,
        field=field,
        unit_variable=unit_variable,
        crop=crop,
        incomplete=incomplete,
        closed_end=closed_end or None,
        sort=sort or None,
    )
