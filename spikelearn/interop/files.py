"""Reading spike trains from a file of any known format, told by its ending."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from spikelearn.spikes.trains import SpikeTrains

__all__ = ["FORMATS", "read_spikes"]

FORMATS = (".csv", ".nwb", ".parquet")


def read_spikes(path: str | os.PathLike[str], **options: Any) -> SpikeTrains:
    """Read spike trains from a .csv, .nwb or .parquet file, or from the folder of a Recording.

    Parameters
    ----------
    path : path
        The file or folder.
    **options
        Passed to `read_csv`, `from_nwb` or `read_parquet`: for example ``t_stop`` where the file does not say when the
        recording ended. A Recording needs none and takes none.

    Raises
    ------
    ValueError
        The ending is unknown, the file cannot be understood, or a Recording has no spikes.
    OSError
        The file cannot be read.
    """
    place = Path(path)
    given = {key: value for key, value in options.items() if value is not None and value is not False}
    if place.is_dir():
        return _recorded(place, given)
    if place.suffix.lower() not in FORMATS:
        raise ValueError(f"{place} must end in {', '.join(FORMATS)} or be the folder of a recording")
    if not place.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    if place.suffix.lower() == ".nwb":
        from spikelearn.interop.nwb_files import from_nwb

        return from_nwb(place, **given)
    if "by_trial" in given:
        raise ValueError(f"{place}: by_trial is for NWB files; a table has a column trial")
    if place.suffix.lower() == ".csv":
        from spikelearn.interop.text_files import read_csv

        return read_csv(place, **given)
    from spikelearn.interop.parquet_files import read_parquet

    return read_parquet(place, **given)


def _recorded(folder: Path, given: dict[str, Any]) -> SpikeTrains:
    from spikelearn.simulation.recording import Recording

    if given:
        raise ValueError(f"{folder} is a recording and knows its window; leave out {', '.join(sorted(given))}")
    spikes = Recording.load(folder).spikes
    if spikes is None:
        raise ValueError(f"{folder} is a recording without spike times")
    return spikes
