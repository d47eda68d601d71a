"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Engine", "Name", "Output", "Quiet", "Target", "YesLong"]


Engine = Annotated[
    str | None,
    typer.Option("--engine", help="exact, array or brian2; the best that applies if not given."),
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        help="Brian2's target, on its engine: auto, numpy, cython or cpp_standalone.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for figure, data and manifest [default: runs/NAME, with what is set]."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
YesLong = Annotated[
    bool, typer.Option("--yes-long", help="Run also what needs more than an hour, or more memory than there is.")
]
Name = Annotated[
    str,
    typer.Argument(help="A name from 'spikelearn list', or a model file ending in .toml."),
]
