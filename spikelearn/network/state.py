"""The state of a network on disk: plain arrays and a manifest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from spikelearn.eventdriven.network.records import NetworkState
from spikelearn.network.fingerprint import read_state
from spikelearn.network.state_checks import check_form
from spikelearn.storage.files import whole_folder, write_manifest
from spikelearn.storage.manifest import read_folder

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

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        The folder holds something already.
    TypeError
        It is no state.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> pair = sl.Network({"pair": sl.network.Population(sl.AdaptiveLIF(V_0="20 mV"), 2)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = sl.network.save_state(sl.simulate(pair, "1 s").state, folder + "/state")
    ...     sorted(path.name for path in place.iterdir())
    ['manifest.json', 'state.npz']
    """
    read_state(state, "save_state: state")
    check_form(state, "save_state: state")
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
                "digest_of_state": state.digest,
            },
        )
    return Path(folder)


def load_state(folder: str | os.PathLike[str]) -> NetworkState:
    """Read what `save_state` wrote, bit for bit.

    Parameters
    ----------
    folder : path
        Where `save_state` wrote it.

    Returns
    -------
    NetworkState
        For ``simulate(..., resume=state)``.

    Raises
    ------
    FileNotFoundError
        There is no manifest.
    ValueError
        It holds something else, or a file was changed.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> pair = sl.Network({"pair": sl.network.Population(sl.AdaptiveLIF(V_0="20 mV"), 2)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = sl.network.save_state(sl.simulate(pair, "1 s").state, folder + "/state")
    ...     later = sl.simulate(pair, "2 s", resume=sl.network.load_state(folder + "/state"))
    >>> later.spikes.t_start, sl.simulate(pair, "2 s").counts - sl.simulate(pair, "1 s").counts - later.counts
    (1.0, array([[0, 0]]))
    """
    return read_folder(folder, "network_state", _read)


def _read(folder: Path, manifest: dict[str, Any]) -> NetworkState:
    try:
        with np.load(folder / "state.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS}
            time = float(stored["time"])
    except (KeyError, TypeError, BadZipFile) as error:
        raise ValueError(f"{folder / 'state.npz'} does not hold the arrays of a state: {error}") from error
    # What does not say whose it is, is refused where it is resumed.
    whose, digest = manifest.get("fingerprint", {}), manifest.get("digest_of_state", "")
    state = NetworkState(time=time, seed=manifest.get("seed"), fingerprint=whose, digest=digest, **arrays)
    check_form(state, str(folder))
    return state
