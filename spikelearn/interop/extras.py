"""Importing a package that only some users have."""

from __future__ import annotations

import importlib
from typing import Any

from spikelearn.parameters.distribution import install

__all__ = ["extra"]


def extra(module: str, name: str, where: str) -> Any:
    """Import `module`, which the extra `name` of spikelearn brings.

    Raises
    ------
    ImportError
        It is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{where} needs {module.partition('.')[0]}: {install(name)} ({error})") from error
