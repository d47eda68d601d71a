"""What the package's loggers say, on the error stream, while a command runs."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

__all__ = ["shown_logs"]


@contextlib.contextmanager
def shown_logs(verbose: int) -> Iterator[None]:
    """Show the lines of the logger ``spikelearn`` and of those below it.

    Parameters
    ----------
    verbose : int
        1 for what is done (INFO), 2 for how (DEBUG).
    """
    logger = logging.getLogger("spikelearn")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(relativeCreated)6d ms %(levelname)-5s %(name)s: %(message)s"))
    before = logger.level
    logger.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
