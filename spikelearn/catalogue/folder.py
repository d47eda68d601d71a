"""The folder of model files, and the names in it; nothing heavy is needed to list them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["model_folder", "names"]


def model_folder() -> Path:
    """Give the folder that holds the model files: inside the installed package, else beside it in a checkout.

    Returns
    -------
    Path

    Examples
    --------
    >>> from spikelearn.catalogue import model_folder
    >>> (model_folder() / "bursting.toml").is_file()
    True
    """
    packaged = Path(str(files("spikelearn") / "model_files"))
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "models"


def names() -> list[str]:
    """List the configurations of the catalogue by name.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from spikelearn.catalogue import names
    >>> "bursting" in names()
    True
    """
    return sorted(path.stem for path in model_folder().glob("*.toml"))
