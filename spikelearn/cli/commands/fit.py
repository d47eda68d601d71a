"""The command fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikelearn.cli.answers import Answer

__all__ = ["fit"]


def fit(
    file: Annotated[
        str, typer.Argument(help="A .nwb, .csv, .tsv, .parquet or .mat file, or a folder of 'run' or Phy.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write [default: runs/NAME-fit, with what is set].")
    ] = None,
    free: Annotated[
        str | None,
        typer.Option(help="Free parameters, with commas between them [default: V_0,delta_g,tau_K, and t_d if set]."),
    ] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="A start or fixed value, such as 'tau=12 ms'; may be repeated.")
    ] = None,
    unit: Annotated[int | None, typer.Option(help="Which unit, by position; all as one neuron if not given.")] = None,
    t_start: Annotated[str | None, typer.Option(help="Begin of the window, if the file does not say.")] = None,
    t_stop: Annotated[str | None, typer.Option(help="End of the window, if the file does not say.")] = None,
    starts: Annotated[int, typer.Option(help="Largest number of starts.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the random starts.")] = 0,
) -> Answer:
    """Fit an adaptive LIF neuron to recorded spikes: estimates with errors, and a figure."""
    from spikelearn.cli.fit import fit_file

    text, rows, folder = fit_file(
        file, output, free=free, given=given or [], unit=unit, n_starts=starts, seed=seed, t_start=t_start,
        t_stop=t_stop,
    )  # fmt: skip
    return Answer(text, rows, {"folder": str(folder)})
