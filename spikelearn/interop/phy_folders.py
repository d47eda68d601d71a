"""Spike trains from the folder of a Phy or Kilosort sorting: samples, clusters and the tables of clusters."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.units import si_value
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["read_phy"]

_QUOTED = re.compile(r"\[?\s*r?(['\"])(.*?)\1")
_SETTING = re.compile(r"^\s*(\w+)\s*=\s*(.+?)\s*(?:#.*)?$", re.MULTILINE)


def read_phy(
    folder: str | os.PathLike[str], *, sampling_rate: Any = None, t_start: Any = 0.0, t_stop: Any = None
) -> SpikeTrains:
    r"""Read a folder that Kilosort or Phy wrote: one trial, one unit a cluster.

    Parameters
    ----------
    folder : path
        With ``spike_times.npy`` (samples) and ``spike_clusters.npy`` or, before any curation, ``spike_templates.npy``.
    sampling_rate : float or Quantity, optional
        Samples a second; by default that of ``params.py``, which is read as text and never run.
    t_start : float or Quantity
        Begin of the window in seconds; sample 0 lies at 0 s.
    t_stop : float or Quantity, optional
        End of the recording in seconds; by default that of the raw data, if ``params.py`` names them and they are
        there. It is never taken from the last spike.

    Returns
    -------
    SpikeTrains
        Ids of units are the numbers of the clusters, in rising order. Every column of ``cluster_group.tsv``,
        ``cluster_info.tsv`` and other ``cluster_*.tsv`` is a column of units, for example ``group`` ("good", "mua",
        "noise") and ``KSLabel``; None where a table has no row for a cluster. Clusters without a spike, which these
        tables keep after a merge, are none.

    Raises
    ------
    ValueError
        The files do not fit each other, or sampling rate or end are not known.
    OSError
        A file is missing or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(folder + "/spike_times.npy", np.array([300, 900, 1500]))
    ...     np.save(folder + "/spike_clusters.npy", np.array([17, 905, 17]))
    ...     _ = Path(folder, "cluster_group.tsv").write_text("cluster_id\tgroup\n17\tgood\n905\tmua\n")
    ...     trains = read_phy(folder, sampling_rate=30000, t_stop=1.0)
    >>> trains.select_units(group="good").train()
    array([0.01, 0.05])
    """
    place = Path(folder)
    settings = _settings(place)
    rate = _rate(sampling_rate, settings, place)
    samples = _whole(place / "spike_times.npy")
    named = place / "spike_clusters.npy"
    clusters = _whole(named if named.is_file() else place / "spike_templates.npy")
    if samples.shape != clusters.shape:
        raise ValueError(f"{place}: spike_times.npy holds {len(samples)} spikes, the clusters are of {len(clusters)}")
    if t_stop is None:
        t_stop = _length_of_data(place, settings, rate)
    ids, unit = np.unique(clusters, return_inverse=True)
    beside = _tables(place, ids.tolist())
    try:
        return SpikeTrains.from_indices(
            unit.ravel(),
            samples / rate,
            n_units=len(ids),
            t_start=t_start,
            t_stop=t_stop,
            unit_ids=ids.tolist(),
            unit_columns=beside,
        )
    except ValueError as error:
        raise ValueError(f"{place}: {error}; positions of units count the clusters in rising order") from error


def _settings(place: Path) -> dict[str, str]:
    """Read assignments of plain values in params.py as text."""
    if not (place / "params.py").is_file():
        return {}
    text = (place / "params.py").read_text(encoding="utf-8", errors="replace")
    settings = {}
    for name, value in _SETTING.findall(text):
        quoted = _QUOTED.match(value)
        settings[name] = quoted.group(2) if quoted else value
    return settings


def _rate(given: Any, settings: dict[str, str], place: Path) -> float:
    if given is None and "sample_rate" not in settings:
        raise ValueError(f"{place} does not say the sampling rate (no params.py with sample_rate); pass sampling_rate=")
    value = settings["sample_rate"] if given is None else given
    plain = isinstance(value, (int, float, np.number))
    try:
        number = plain or given is None or (isinstance(value, str) and value.strip().replace(".", "", 1).isdigit())
        rate = float(value) if number else float(si_value(value, "1 Hz", "read_phy: sampling_rate"))
    except ValueError as error:
        raise ValueError(f"{place}: sampling_rate must be a number of samples a second, got {value!r:.60}") from error
    if not 0 < rate < np.inf:
        raise ValueError(f"{place}: sampling_rate must be positive, got {rate}")
    return rate


def _whole(path: Path) -> NDArray[np.int64]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        values = np.load(path, allow_pickle=False).ravel()
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no whole array of numbers: {str(error).splitlines()[0]}") from error
    if values.dtype.kind not in "iuf" or (values.dtype.kind == "f" and not (values == np.floor(values)).all()):
        raise ValueError(f"{path} must hold whole numbers (samples, clusters), got {values.dtype}")
    return np.asarray(values, dtype=np.int64)


def _length_of_data(place: Path, settings: dict[str, str], rate: float) -> float:
    """Give the length of the raw data in seconds from the size of their file."""
    unknown = ValueError(f"{place} does not say when the recording ended; pass t_stop=")
    try:
        data = Path(settings["dat_path"])
        data = data if data.is_absolute() else place / data
        frame = int(settings["n_channels_dat"]) * np.dtype(settings["dtype"]).itemsize
        size = data.stat().st_size - int(settings.get("offset", "0"))
    except (KeyError, ValueError, TypeError, OSError):
        raise unknown from None
    if frame <= 0 or size <= 0 or size % frame:
        raise unknown
    return size // frame / rate


def _tables(place: Path, ids: list[int]) -> dict[str, list[Any]]:
    import pandas as pd

    columns: dict[str, list[Any]] = {}
    for path in sorted([*place.glob("cluster_*.tsv"), *place.glob("cluster_*.csv")]):
        separator = "\t" if path.suffix == ".tsv" else None
        try:
            table = pd.read_csv(path, sep=separator, engine="python" if separator is None else "c")
        except (ValueError, pd.errors.ParserError) as error:
            raise ValueError(f"{path} is no table of clusters: {str(error).splitlines()[0]}") from error
        key = next((name for name in ("cluster_id", "id") if name in table), None)
        if key is None:
            raise ValueError(f"{path} must have a column cluster_id, got {', '.join(map(str, table.columns))}")
        if table[key].duplicated().any():
            raise ValueError(f"{path} has two rows for cluster {table[key][table[key].duplicated()].iloc[0]}")
        known = table.set_index(key)
        for name in known.columns:
            values = known[name].astype(object).to_dict()
            columns.setdefault(str(name), [values.get(item) for item in ids])
    return columns
