"""Loading Brian2, whichever thread asks first."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

__all__ = ["load_brian2"]

_LOCK = threading.Lock()


def load_brian2() -> None:
    """Import Brian2 in any thread.

    On import Brian2 takes over Ctrl-C, which Python allows in the main thread alone: elsewhere, as in the workers of
    Dask, the import would fail. There the process keeps the handler that it has.
    """
    if "brian2" in sys.modules and not _LOCK.locked():
        return
    if threading.current_thread() is threading.main_thread():
        import brian2

        return
    with _LOCK:
        if "brian2" in sys.modules:
            return
        install = signal.signal

        def keep(number: int, handler: Any) -> Any:
            if threading.current_thread() is threading.main_thread():
                return install(number, handler)
            return signal.getsignal(number)

        signal.signal = keep  # type: ignore[assignment]
        try:
            import brian2  # noqa: F401
        finally:
            signal.signal = install
