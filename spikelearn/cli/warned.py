"""Warnings on the command line: a line each, as errors are, without the place in the code that they come from."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import typer

__all__ = ["plain_warnings"]


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings in a line each, also once Brian2 is loaded, which sends them to its log."""

    def show(message: Any, *_: Any, **_more: Any) -> None:
        typer.echo(f"spikelearn: warning: {' '.join(str(message).split())}", err=True)

    def logged(record: logging.LogRecord) -> bool:
        show(record.getMessage())
        return False

    log = logging.getLogger("py.warnings")  # where logging.captureWarnings sends them
    with warnings.catch_warnings():
        before = warnings.formatwarning
        warnings.showwarning = show
        warnings.formatwarning = lambda message, *_, **_more: str(message)
        log.addFilter(logged)
        try:
            yield
        finally:
            log.removeFilter(logged)
            warnings.formatwarning = before
