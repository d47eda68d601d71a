"""Runs that are announced as long: refused on the command line, or said and gone on with where that is allowed."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import typer

__all__ = ["long_runs"]


@contextlib.contextmanager
def long_runs(allowed: bool) -> Iterator[None]:
    """Refuse runs that are announced as long, or say so and go on where that is allowed.

    Raises
    ------
    ValueError
        A run is announced as long and that is not allowed.
    """
    from spikelearn.simulation.size import LongRun

    with warnings.catch_warnings():
        warnings.simplefilter("always" if allowed else "error", LongRun)
        if allowed:
            warnings.showwarning = lambda message, *_: typer.echo(f"spikelearn: {message}", err=True)
        try:
            yield
        except LongRun as long:
            raise ValueError(f"{long}; give --yes-long to run it nevertheless") from long
