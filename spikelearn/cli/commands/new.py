"""The options of the commands new and copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikelearn.cli.answers import Answer
from spikelearn.cli.options import Name

__all__ = ["copy", "new"]


def new(
    name: Annotated[str, typer.Argument(help="The new file, with or without .toml.")],
    system: Annotated[
        str, typer.Option("--system", "-s", help="A name from 'spikelearn systems'; EquationNeuron for your own.")
    ] = "AdaptiveLIF",
) -> Answer:
    """Write a commented model file with the example of a system, to begin with."""
    from spikelearn.cli.new import new_file

    return new_file(name, system)


def copy(
    name: Name,
    to: Annotated[Path | None, typer.Argument(help="The new file, or its folder [default: NAME.toml here].")] = None,
) -> Answer:
    """Copy a model file of the catalogue, to change it."""
    from spikelearn.cli.new import copy_file

    return copy_file(name, to)
