"""MATLAB files of both kinds as plain Python: cells are lists of rows, structs dicts, arrays arrays, text text."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

__all__ = ["Cell", "read_variables"]


class Cell(list[list[Any]]):
    """A cell array: a list of rows, as MATLAB counts them."""


def read_variables(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read all variables of a file of version 5 (SciPy) or 7.3 (HDF5).

    Raises
    ------
    ValueError
        This is no whole MATLAB file.
    FileNotFoundError
        There is no file.
    """
    where = str(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {where}")
    import h5py

    try:
        if h5py.is_hdf5(where):
            with h5py.File(where, "r") as file:
                return {name: _from_hdf5(file[name], file) for name in file if not name.startswith("#")}
        from scipy.io import loadmat

        loaded = loadmat(where, struct_as_record=True, squeeze_me=False, chars_as_strings=True)
    except Exception as error:  # SciPy and HDF5 raise errors of a dozen kinds for what was cut off
        raise ValueError(f"{where} is not a whole MATLAB file: {str(error).splitlines()[0]}") from error
    return {name: _from_scipy(value) for name, value in loaded.items() if not name.startswith("__")}


def _from_scipy(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.names is not None:
        records = [{name: _from_scipy(one[name]) for name in array.dtype.names} for one in array.ravel()]
        return records[0] if len(records) == 1 else records
    if array.dtype == object:
        rows = array.reshape(1, -1) if array.ndim < 2 else array.reshape(array.shape[0], -1)
        return Cell([[_from_scipy(item) for item in row] for row in rows])
    if array.dtype.kind in "US":
        texts = array.ravel().tolist()
        return texts[0] if len(texts) == 1 else texts if texts else ""
    return array


def _from_hdf5(item: Any, file: Any) -> Any:
    import h5py

    if isinstance(item, h5py.Group):
        fields = {name: _from_hdf5(item[name], file) for name in item}
        arrays = [value for name, value in fields.items() if _is_struct_array(item[name])]
        if arrays and len(arrays) == len(fields):
            # A struct array is a struct of cells.
            flat = {name: [one for row in value for one in row] for name, value in fields.items()}
            number = len(next(iter(flat.values())))
            return [{name: values[k] for name, values in flat.items()} for k in range(number)]
        return fields
    kind = item.attrs.get("MATLAB_class", b"")
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    if item.attrs.get("MATLAB_empty", 0):
        return Cell() if kind == "cell" else "" if kind == "char" else np.empty((0, 0))
    if item.dtype == h5py.ref_dtype:
        # HDF5 stores arrays by rows, MATLAB by columns.
        return Cell([[_from_hdf5(file[one], file) for one in row] for row in np.atleast_2d(item[()]).T])
    values = np.asarray(item[()]).T
    if kind == "char":
        return "".join(chr(code) for code in values.ravel(order="F"))
    return values


def _is_struct_array(item: Any) -> bool:
    import h5py

    # Cells have the class of a cell; the fields of a struct array have none.
    return isinstance(item, h5py.Dataset) and item.dtype == h5py.ref_dtype and "MATLAB_class" not in item.attrs
