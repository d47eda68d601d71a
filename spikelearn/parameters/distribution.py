"""What this package is called where packages are installed; it is imported as ``spikelearn``."""

from __future__ import annotations

__all__ = ["DISTRIBUTION", "install"]

DISTRIBUTION = "spikelearn-neuro"
"""The name in pyproject.toml. The plain name belongs, on the public index, to a package of somebody else."""


def install(extra: str) -> str:
    """Give the command that installs what an extra brings.

    Examples
    --------
    >>> install("nwb")
    'pip install "spikelearn-neuro[nwb]"'
    """
    return f'pip install "{DISTRIBUTION}[{extra}]"'
