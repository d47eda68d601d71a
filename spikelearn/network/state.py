"""The state of a network on disk: plain arrays and a manifest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from spikelearn.eventdriven.network.records import NetworkState
from spikelearn.network.fingerprint import read_state
from spikelearn.storage.files import read_manifest, whole_folder, write_manifest

__all__ = ["load_state", "save_state"]

_ARRAYS = ("state", "poisson_next", "poisson_drawn", "recent_times", "recent_rows", "plastic")


def save_state(state: NetworkState, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a state as ``state.npz`` and ``manifest.json``, whole or not at all.

    Parameters
    ----------
    state : NetworkState
        From `NetworkRecording.state`.
    folder : path
        Where to.
    overwrite : bool
        Whether an earlier state there may be replaced.

    Raises
    ------
    FileExistsError
        The folder holds something already.
    TypeError
        It is no state.
    """
    read_state(state, "save_state: state")
    with whole_folder(folder, overwrite=overwrite, kind="network_state") as temporary:
        np.savez(
            temporary / "state.npz",
            time=np.float64(state.time),
            **{name: getattr(state, name) for name in _ARRAYS},
        )
        write_manifest(
            temporary,
            "network_state",
            {
                "time": state.time,
                "neurons": len(state.state),
                "seed": state.seed,
                "fingerprint": dict(state.fingerprint),
            },
        )
    return Path(folder)


def load_state(folder: str | os.PathLike[str]) -> NetworkState:
    """Read what `save_state` wrote, bit for bit.

    Raises
    ------
    FileNotFoundError
        There is no manifest.
    ValueError
        It holds something else, or a file was changed.
    """
    manifest = read_manifest(folder, "network_state")
    with np.load(Path(folder) / "state.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
        # What does not say whose it is, is refused where it is resumed.
        whose = manifest.get("fingerprint", {})
        return NetworkState(time=float(stored["time"]), seed=manifest.get("seed"), fingerprint=whose, **arrays)
