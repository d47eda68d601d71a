"""Spike trains as Parquet: one row a spike, and the rest in the file's metadata."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import ArrayLike

from spikelearn.interop.extras import extra
from spikelearn.interop.facts import check_facts, column_bytes, decode_facts, encode_facts
from spikelearn.interop.text_files import with_hint
from spikelearn.parameters.units import seconds
from spikelearn.spikes.table import COLUMNS, to_frame
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_file

__all__ = ["read_parquet", "write_parquet"]

KEY = b"spikelearn"


def write_parquet(trains: SpikeTrains, path: str | os.PathLike[str]) -> None:
    """Write a Parquet file with the columns trial, unit (ids) and time (seconds), whole or not at all.

    Parameters
    ----------
    trains : SpikeTrains
        What to write.
    path : path
        Where to.

    Raises
    ------
    ImportError
        The extra ``parquet`` is not installed.
    OSError
        The place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25], [0.5]], t_stop=1.0, unit_ids=[17, "A3"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sl.interop.write_parquet(trains, folder + "/cells.parquet")
    ...     sl.interop.read_parquet(folder + "/cells.parquet") == trains
    True
    """
    arrow = extra("pyarrow", "parquet", "write_parquet")
    parquet = extra("pyarrow.parquet", "parquet", "write_parquet")
    frame = to_frame(trains)
    table = arrow.table({name: _arrow_column(arrow, frame[name]) for name in COLUMNS})
    facts = encode_facts(trains, _columns(table)).encode()
    with whole_file(path) as temporary:
        parquet.write_table(table.replace_schema_metadata({KEY: facts}), temporary)


def read_parquet(
    path: str | os.PathLike[str],
    *,
    t_start: Any = None,
    t_stop: Any = None,
    units: Any = None,
    trials: Any = None,
    n_units: int | None = None,
    n_trials: int | None = None,
    observed: ArrayLike | None = None,
) -> SpikeTrains:
    """Read a Parquet file with the columns unit and time (seconds), and trial where there are several.

    Parameters
    ----------
    path : path
        Written by `write_parquet` or by anything else.
    t_start, t_stop, units, trials, n_units, n_trials, observed : optional
        As in `read_csv`.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ImportError
        The extra ``parquet`` is not installed.
    ValueError
        The file is no such table, was cut off, or its spikes do not fit.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import spikelearn as sl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"unit": [17, 17, 905], "time": [0.25, 0.5, 0.1]}).to_parquet(folder + "/cells.parquet")
    ...     trains = sl.interop.read_parquet(folder + "/cells.parquet", t_stop=1.0, units=[17, 400, 905])
    >>> trains.unit_ids, trains.counts()  # unit 400 was recorded and silent
    ((17, 400, 905), array([[2, 0, 1]]))
    """
    arrow = extra("pyarrow", "parquet", "read_parquet")
    parquet = extra("pyarrow.parquet", "parquet", "read_parquet")
    where = str(path)
    try:
        table = parquet.read_table(path)
    except arrow.lib.ArrowException as error:
        raise ValueError(f"{where} is not a whole Parquet file: {str(error).splitlines()[0]}") from error
    except OSError as error:
        if not os.path.isfile(path):
            raise
        raise ValueError(f"{where} is not a whole Parquet file: {str(error).splitlines()[0]}") from error
    metadata = table.schema.metadata or {}
    facts = decode_facts(metadata[KEY].decode(errors="replace"), where) if KEY in metadata else {}
    n_spikes = facts.get("n_spikes", len(table))
    if len(table) != n_spikes:
        raise ValueError(f"{where} was changed since spikelearn wrote it: it holds {len(table)} of {n_spikes} spikes")
    facts = check_facts(facts, _columns(table), where)
    facts.pop("n_spikes", None)
    given = {"units": units, "trials": trials, "n_units": n_units, "n_trials": n_trials, "observed": observed}
    for name, value in (("t_start", t_start), ("t_stop", t_stop)):
        given[name] = None if value is None else seconds(value, f"read_parquet: {name}")
    return with_hint(table.to_pandas(), facts, given, where)


def _columns(table: Any) -> list[bytes]:
    """Give the bytes that the checksum of a table is made of."""
    return [column_bytes(table.column(name).to_numpy()) for name in table.column_names]


def _arrow_column(arrow: Any, column: Any) -> Any:
    # Text would otherwise become whatever the installed pandas thinks text is.
    return arrow.array(column.to_numpy()) if column.dtype.kind in "if" else arrow.array(column.tolist(), arrow.string())
