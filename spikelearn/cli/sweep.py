"""The command sweep: a model file's [sweep] table to a store, a table of numbers and a figure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikelearn import catalogue
from spikelearn.parameters.distribution import install
from spikelearn.plotting import offscreen, save_figure
from spikelearn.storage.files import whole_file
from spikelearn.sweeps.tables import reachable, with_value

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["kept", "run_sweep", "status"]


def run_sweep(
    name: str,
    store: Path | None,
    *,
    workers: int | None = None,
    dask: str | None = None,
    resume: bool = False,
    retry: bool = False,
    progress: bool = False,
) -> str:
    """Run the sweep that a model file describes, or go on with it.

    Parameters
    ----------
    name : str
        Configuration or model file with a ``[sweep]`` table.
    store : Path or None
        Folder of the points, the result ``sweep.nc`` and ``figure.png``; ``runs/NAME-sweep`` if not given.
    workers : int or None
        Worker processes; all processors if not given.
    dask : str or None
        Address of a Dask scheduler that is to compute instead.
    resume : bool
        Whether the store must be there already.
    retry : bool
        Whether points that failed before are computed once more.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    str
        What came out.

    Raises
    ------
    FileNotFoundError
        There is no store to resume.
    ValueError
        The file has no ``[sweep]`` table, or the table, the store or the options do not fit.
    """
    from spikelearn.sweeps.store import read_description
    from spikelearn.sweeps.sweep import sweep

    configuration = catalogue.load(name)
    table = dict(configuration.sweep)
    for key in ("grid", "measure"):
        if key not in table:
            raise ValueError(f"{configuration.path.name} [sweep] must have a {key}, such as {_EXAMPLES[key]}")
    if dask is not None and workers is not None:
        raise ValueError("sweep must get --workers or --dask, not both")
    folder = store or Path("runs") / f"{configuration.name}-sweep"
    if resume:
        read_description(folder)
    options = {key: table[key] for key in ("n_repeats", "seed", "timeout") if key in table}
    with _executor(dask, workers) as executor:
        result = sweep(
            configuration,
            table["grid"],
            measure=table["measure"],
            store=folder,
            executor=executor,
            progress=progress,
            retry=retry,
            **options,
        )
    with whole_file(folder / "sweep.nc") as temporary:
        result.to_netcdf(temporary, engine="h5netcdf")
    lines = [configuration.title, "", _summary(result)]
    written = "sweep.nc"
    if any(result[str(n)].dims == result["failed"].dims for n in result.data_vars if n not in ("failed", "error")):
        from spikelearn.sweeps.figure import sweep_figure

        with offscreen():
            figure = sweep_figure(result, configuration.title, _formulas(configuration, result))
            save_figure(figure, folder / "figure.png")
        written += " and figure.png"
    return "\n".join([*lines, "", f"{written} in {folder}"])


_EXAMPLES = {"grid": "grid = { V_0 = ['18 mV', '20 mV'] }", "measure": "measure = ['spike_count']"}


@contextlib.contextmanager
def _executor(dask: str | None, workers: int | None) -> Iterator[Any]:
    """Give the executor that the options ask for, and close it at the end."""
    if dask is None:
        yield workers
        return
    try:
        import distributed
    except ImportError as error:
        raise ImportError(f"--dask needs Dask: {install('cluster')}") from error
    connect: Any = distributed.Client
    with connect(dask) as client:
        yield client.get_executor(pure=False)


def status(folder: Path) -> str:
    """Say how far the sweep in a folder has come, also while it runs."""
    from spikelearn import sweeps
    from spikelearn.sweeps.store import read_description

    what = read_description(folder)["what"]
    result = sweeps.open(folder)
    done, total = int(result["done"].sum()), result["done"].size
    heading = f"{what.get('system') or what.get('function')}: {done} of {total} points done"
    return f"{heading}\n\n{_summary(result)}"


def kept(folder: Path) -> str:
    """Say what an interrupted sweep has left in its folder, and how to go on; nothing where none had begun."""
    from spikelearn import sweeps

    try:
        done = sweeps.open(folder)["done"]
    except (OSError, ValueError):
        return ""
    return f"interrupted; {int(done.sum())} of {done.size} points are kept in {folder}: the same command goes on there"


def _summary(result: xr.Dataset) -> str:
    import numpy as np

    shape = " x ".join(f"{dim} {result.sizes[dim]}" for dim in result["failed"].dims)
    failed = result["failed"].values
    lines = [f"points: {shape}; failed: {int(failed.sum())}"]
    for name in map(str, result.data_vars):
        values = result[name].values
        if name in ("failed", "error", "done") or values.dtype.kind != "f" or not np.isfinite(values).any():
            continue
        unit = result[name].attrs.get("units", "1")
        shown = f"{np.nanmin(values):.6g} to {np.nanmax(values):.6g}"
        lines.append(f"  {name}: {shown}{'' if unit == '1' else ' ' + unit}")
    errors, counts = np.unique(result["error"].values[failed], return_counts=True)
    lines += [f"  {count} failed: {error}" for error, count in list(zip(errors, counts, strict=True))[:5]]
    return "\n".join(lines)


def _formulas(configuration: Any, result: xr.Dataset) -> dict[str, Callable[[Mapping[str, float]], float]]:
    """Give the theory of quantities that have one: by the file's expected values, else the formula of their name."""
    system = configuration.system
    if result["failed"].dims[:1] == ("point",):
        return {}
    named = {expected.quantity: expected.formula for expected in configuration.expected if expected.formula}
    found = {}
    for name in map(str, result.data_vars):
        formula = named.get(name, name if name in system.formulas else None)
        if formula is not None and all(_known(configuration, str(dim)) for dim in result["failed"].dims):
            found[name] = _theory(configuration, formula, result)
    return found


def _known(configuration: Any, dim: str) -> bool:
    """Tell whether a dimension is a parameter that a formula can know."""
    return dim == "repeat" or dim in configuration.system.parameters or reachable(configuration.table, dim)


def _theory(configuration: Any, formula: str, result: xr.Dataset) -> Callable[[Mapping[str, float]], float]:
    function = configuration.system.formulas[formula].function

    def at(point: Mapping[str, float]) -> float:
        table = dict(configuration.table)
        for name, value in point.items():
            unit = result[name].attrs.get("units", "")
            table = with_value(table, name, value if unit in ("", "1") else f"{value!r} {unit}")
        predicted: float = function(configuration.system.build(table))
        return predicted

    return at
