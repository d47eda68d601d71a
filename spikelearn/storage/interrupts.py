"""Ctrl-C that is heard while files are written.

Python raises KeyboardInterrupt in whatever runs at that moment. Where that is a callback of a weak reference or the end
of an object, of which the libraries that write files have many, the interrupt is reported as "ignored" and lost: the
process goes on as if nobody had asked. Here it comes again a moment later, until something hears it.
"""

from __future__ import annotations

import _thread
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["interrupts_heard"]

_PAUSE = 0.02  # seconds


@contextlib.contextmanager
def interrupts_heard() -> Iterator[None]:
    """Raise interrupts again that are lost in a callback; in the main thread, the only one that gets them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = sys.unraisablehook

    def again(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            # Not at once, which would be within this very callback; and without the locks of `threading`, which the
            # code that was interrupted may hold.
            _thread.start_new_thread(_later, ())
        else:
            before(lost)

    sys.unraisablehook = again
    try:
        yield
    finally:
        if sys.unraisablehook is again:
            sys.unraisablehook = before


def _later() -> None:
    time.sleep(_PAUSE)
    _thread.interrupt_main()
