"""The options of the command run."""

from __future__ import annotations

from typing import Annotated

import typer

from spikelearn.cli.answers import Answer
from spikelearn.cli.long_runs import long_runs
from spikelearn.cli.options import Engine, Name, Output, Quiet, Target, YesLong

__all__ = ["run"]


def run(
    name: Name,
    output: Output = None,
    set_value: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A parameter or a key of [run], such as 'V_0=25 mV'; again for more.",
        ),
    ] = None,
    duration: Annotated[str | None, typer.Option(help="Time of the run, such as '10 s'.")] = None,
    dt: Annotated[str | None, typer.Option(help="Time step, such as '0.05 ms', where an engine takes steps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of random numbers.", min=0)] = None,
    engine: Engine = None,
    target: Target = "auto",
    quiet: Quiet = False,
    yes_long: YesLong = False,
) -> Answer:
    """Run a configuration, compare it with its formulas, and write figure, data and manifest.

    What is set here enters the name of the folder and the title of the figure, so that runs never overwrite one
    another. With other values than the file's its expected values do not hold: then nothing is compared.
    """
    from spikelearn.cli.run import run_and_write
    from spikelearn.cli.settings import read_changes

    changes, words = read_changes(name, set_value or [], duration, dt, seed)
    with long_runs(yes_long):
        return run_and_write(
            name, output, changes=changes, words=words, engine=engine, target=target, progress=not quiet
        )
