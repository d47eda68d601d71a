"""States of learning on disk, from which it goes on bit for bit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.storage.files import read_manifest, whole_folder, write_manifest

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]

_KIND = "escape_noise_checkpoint"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that the next update depends on.

    Parameters
    ----------
    update : int
        Updates done so far (trials, for the online rule).
    arrays : dict of str to ndarray
        Weights, baseline, history, and the traces of the online rule.
    random_state : dict
        State of NumPy's bit generator: numbers and text only.
    settings : dict
        How learning was called, with a checksum of the data; learning goes on only with the same ones.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, load_checkpoint
    >>> network = VariationalNetwork(EscapeNoise(), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = network.learn([[1], [0], [1]], "1 ms", n_updates=2, checkpoint=folder + "/kept")
    ...     last = load_checkpoint(folder + "/kept")
    >>> last.update, last.settings["seed"]
    (2, 0)
    """

    update: int
    arrays: dict[str, NDArray[Any]]
    random_state: dict[str, Any]
    settings: dict[str, Any]


def save_checkpoint(folder: str | os.PathLike[str], checkpoint: Checkpoint) -> Path:
    """Write ``arrays.npz`` and ``manifest.json`` into a folder, whole or not at all; an earlier checkpoint is replaced.

    Parameters
    ----------
    folder : path
        Where to.
    checkpoint : Checkpoint
        What to write.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OSError
        The place cannot be written to, or holds other files.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import Checkpoint, save_checkpoint
    >>> kept = Checkpoint(3, {"W": np.eye(2)}, np.random.default_rng(0).bit_generator.state, {"seed": 0})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name for path in save_checkpoint(folder + "/kept", kept).iterdir())
    ['arrays.npz', 'manifest.json']
    """
    with whole_folder(folder, overwrite=True, kind=_KIND) as temporary:
        with (temporary / "arrays.npz").open("wb") as file:
            np.savez(file, **checkpoint.arrays)  # type: ignore[arg-type]
        content = {
            "update": checkpoint.update,
            "random_state": checkpoint.random_state,
            "settings": checkpoint.settings,
        }
        write_manifest(temporary, _KIND, content)
    return Path(folder)


def load_checkpoint(folder: str | os.PathLike[str]) -> Checkpoint:
    """Read a folder written by `save_checkpoint`, checked against its manifest.

    Parameters
    ----------
    folder : path
        Where `save_checkpoint`, or learning with ``checkpoint=``, wrote it.

    Returns
    -------
    Checkpoint

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        A file is missing, truncated or changed.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import Checkpoint, load_checkpoint, save_checkpoint
    >>> kept = Checkpoint(3, {"W": np.eye(2)}, np.random.default_rng(0).bit_generator.state, {"seed": 0})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = load_checkpoint(save_checkpoint(folder + "/kept", kept))
    >>> found.update, np.array_equal(found.arrays["W"], np.eye(2)), found.random_state == kept.random_state
    (3, True, True)
    """
    manifest = read_manifest(folder, _KIND)
    with np.load(Path(folder) / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Checkpoint(int(manifest["update"]), arrays, manifest["random_state"], manifest["settings"])
