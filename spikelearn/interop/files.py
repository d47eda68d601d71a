"""Reading spike trains from a file of any known format, told by its ending."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikelearn.parameters.names import unknown_name
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["FORMATS", "read_spikes"]

_log = logging.getLogger(__name__)

FORMATS = (".csv", ".tsv", ".txt", ".nwb", ".parquet", ".mat")


def read_spikes(path: str | os.PathLike[str], **options: Any) -> SpikeTrains:
    """Read spike trains from a .csv, .tsv, .txt, .nwb, .parquet or .mat file, or from a folder.

    Parameters
    ----------
    path : path
        The file; the folder of a Recording, or of a Phy or Kilosort sorting.
    **options
        Passed to `read_csv`, `from_nwb`, `read_parquet`, `read_mat` or `read_phy`: for example ``t_stop`` where the
        file does not say when the recording ended. A Recording needs none and takes none.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        The ending is unknown, the file cannot be understood, or a Recording has no spikes.
    TypeError
        The format has no such option.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from spikelearn.interop import write_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(SpikeTrains.from_arrays([[0.25]], t_stop=1.0), folder + "/cell.csv")
    ...     read_spikes(folder + "/cell.csv")
    SpikeTrains(1 trial x 1 unit, 1 spike in [0.0, 1.0) s)
    """
    place = Path(path)
    given = {key: value for key, value in options.items() if value is not None}
    for name in ("by_trial", "crop"):
        if given.get(name) is False:
            del given[name]
    if place.is_dir() and (place / "spike_times.npy").is_file():
        from spikelearn.interop.phy_folders import read_phy

        return _called(read_phy, place, given)
    if place.is_dir():
        return _recorded(place, given)
    if place.suffix.lower() not in FORMATS:
        raise ValueError(f"{place} must end in {', '.join(FORMATS)} or be the folder of a recording or of a sorting")
    if not place.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    if place.suffix.lower() == ".nwb":
        from spikelearn.interop.nwb_files import from_nwb

        return _called(from_nwb, place, given)
    if "by_trial" in given:
        raise ValueError(f"{place}: by_trial is for NWB files; a table has a column trial")
    if place.suffix.lower() == ".parquet":
        from spikelearn.interop.parquet_files import read_parquet

        return _called(read_parquet, place, given)
    if place.suffix.lower() == ".mat":
        from spikelearn.interop.mat_files import read_mat

        if "t_stop" not in given:
            raise ValueError(f"{place} does not say when the recording ended; pass t_stop=")
        return _called(read_mat, place, given)
    from spikelearn.interop.text_files import read_csv

    return _called(read_csv, place, given)


def _called(reader: Callable[..., SpikeTrains], place: Path, given: dict[str, Any]) -> SpikeTrains:
    known = inspect.signature(reader).parameters
    for name in given:
        if name not in known:
            raise TypeError(unknown_name(f"{place}: {reader.__name__}", "option", name, list(known)[1:]))
    _log.debug("%s goes to %s with %s", place, reader.__name__, given or "no options")
    found = reader(place, **given)
    _log.info("%s: %r", place, found)
    return found


def _recorded(folder: Path, given: dict[str, Any]) -> SpikeTrains:
    from spikelearn.simulation.recording import Recording

    if given:
        raise ValueError(f"{folder} is a recording and knows its window; leave out {', '.join(sorted(given))}")
    spikes = Recording.load(folder).spikes
    if spikes is None:
        raise ValueError(f"{folder} is a recording without spike times")
    return spikes
