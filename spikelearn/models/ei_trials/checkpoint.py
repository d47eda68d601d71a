"""States between trials on disk, from which a run goes on bit for bit."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.numbers import whole_number
from spikelearn.storage.files import read_manifest, whole_folder, write_manifest

__all__ = ["Checkpoint", "Keeper", "checksum"]

_KIND = "trials_checkpoint"
_EVERY = 100


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that the next trial depends on, and what was recorded so far.

    Parameters
    ----------
    trial : int
        Trials done.
    arrays : dict of str to ndarray
        State and records.
    settings : dict
        How the run was called: numbers and text; it goes on only with the same.
    """

    trial: int
    arrays: dict[str, NDArray[Any]]
    settings: dict[str, Any]


def checksum(*arrays: NDArray[Any]) -> str:
    """Give the SHA-256 of shapes and bytes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr((array.shape, array.dtype.str)).encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


class Keeper:
    """Writes a checkpoint every so many trials, and finds the one to go on from.

    Parameters
    ----------
    folder : path or None
        Where to; None keeps nothing.
    every : int or None
        Trials between checkpoints; None: 100.
    resume : bool or None
        Whether to go on from a checkpoint in the folder, if there is one.
    settings : dict
        What a run must share with the checkpoint that it goes on from.
    total : int
        Trials in all.

    Raises
    ------
    FileExistsError
        The folder holds a checkpoint and `resume` is not True.
    ValueError
        The checkpoint is of another run, or of a longer one; or `resume` comes without a folder.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        every: Any,
        resume: Any,
        settings: dict[str, Any],
        total: int,
    ) -> None:
        if resume not in (None, True, False):
            raise TypeError(f"run_trials: resume must be True or False, got {resume!r}")
        if folder is None and resume:
            raise ValueError("run_trials: resume=True must come with checkpoint=folder")
        if folder is None and every is not None:
            raise ValueError("run_trials: checkpoint_every must come with checkpoint=folder")
        self.folder = None if folder is None else Path(folder)
        self.every = _EVERY if every is None else whole_number("run_trials: checkpoint_every", every, at_least=1)
        self.settings = settings
        self.found: Checkpoint | None = None
        self.last: int | None = None
        if self.folder is None or not (self.folder / "manifest.json").exists():
            return
        if not resume:
            raise FileExistsError(f"{self.folder} already holds results; pass resume=True or another folder")
        self.found = _load(self.folder)
        self.last = self.found.trial
        for name in sorted({*settings, *self.found.settings}):
            ours, theirs = settings.get(name), self.found.settings.get(name)
            if ours != theirs:
                raise ValueError(
                    f"run_trials: {name} must be as in the checkpoint {self.folder}, {theirs!r}, got {ours!r}"
                )
        if total < self.found.trial:
            raise ValueError(
                f"run_trials: n_trials must be at least the {self.found.trial} of the checkpoint {self.folder}, "
                f"got {total}"
            )

    def due(self, trial: int, *, last: bool) -> bool:
        """Say whether a checkpoint is to be written after this trial."""
        return self.folder is not None and (last or trial % self.every == 0) and trial != self.last

    def keep(self, trial: int, arrays: dict[str, NDArray[Any]]) -> None:
        """Write a checkpoint, whole or not at all; it takes the place of the one before."""
        if self.folder is None:
            return
        with whole_folder(self.folder, overwrite=True) as temporary:
            with (temporary / "arrays.npz").open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
            write_manifest(temporary, _KIND, {"trial": trial, "settings": self.settings})
        self.last = trial


def _load(folder: Path) -> Checkpoint:
    manifest = read_manifest(folder, _KIND)
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Checkpoint(int(manifest["trial"]), arrays, manifest["settings"])
