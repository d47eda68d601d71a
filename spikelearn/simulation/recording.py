"""What a run returns: spikes, traces, and how they were made."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import read_manifest, whole_folder, write_manifest

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Recording"]


@dataclass(frozen=True, eq=False)
class Recording:
    """The result of a run.

    Parameters
    ----------
    spikes : SpikeTrains or None
        Spike times in seconds; None where the system has no spikes or only counts were asked for.
    traces : xarray.Dataset
        Recorded variables in SI units, each with its unit in ``attrs["units"]``; empty where none were asked for.
    provenance : dict
        Engine, target, time step, method, seed, versions and parameters: numbers, text, lists and dicts only.
    counts : ndarray of int64, shape (n_trials, n_units), optional
        Spike counts, read-only; those of `spikes` unless only counts were recorded.
    """

    spikes: SpikeTrains | None
    traces: xr.Dataset
    provenance: dict[str, Any] = field(default_factory=dict)
    counts: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        counts = self.spikes.counts() if self.spikes is not None else self.counts
        if counts is not None:
            counts = np.array(counts, dtype=np.int64)
            counts.setflags(write=False)
        object.__setattr__(self, "counts", counts)

    def spike_trains(self) -> SpikeTrains:
        """Give the spikes where times were kept.

        Raises
        ------
        ValueError
            There are none: only counts were recorded, or the model has no spikes.
        """
        if self.spikes is None:
            raise ValueError("this quantity needs spike times; record='counts' keeps none")
        return self.spikes

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write ``spikes.nc``, ``traces.nc`` and ``manifest.json`` into a folder, whole or not at all.

        Parameters
        ----------
        folder : path
            Where to; made if it does not exist.
        overwrite : bool
            Whether earlier results there may be replaced.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        FileExistsError
            The folder holds something already.
        OSError
            The place cannot be written to.
        """
        with whole_folder(folder, overwrite=overwrite) as temporary:
            self.write_into(temporary)
        return Path(folder)

    def write_into(self, folder: Path) -> None:
        """Write the files of `save` into an existing folder; files that lie there already enter the manifest."""
        spikes = _spikes_to_dataset(self.spikes, self.counts)
        if spikes is not None:
            spikes.to_netcdf(folder / "spikes.nc", engine="h5netcdf")
        if self.traces.variables:
            self.traces.to_netcdf(folder / "traces.nc", engine="h5netcdf")
        write_manifest(folder, "recording", {"provenance": self.provenance})

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Recording:
        """Read a folder written by `save`, checking every file against the manifest.

        Raises
        ------
        FileNotFoundError
            There is no manifest.
        ValueError
            A file is missing, truncated or changed.
        """
        import xarray as xr

        manifest = read_manifest(folder, "recording")
        place = Path(folder)
        spikes = counts = None
        if (place / "spikes.nc").is_file():
            with xr.open_dataset(place / "spikes.nc", engine="h5netcdf") as stored:
                spikes, counts = _spikes_from_dataset(stored.load())
        traces = xr.Dataset()
        if (place / "traces.nc").is_file():
            with xr.open_dataset(place / "traces.nc", engine="h5netcdf", decode_timedelta=False) as stored:
                traces = stored.load()
        return cls(spikes, traces, manifest["provenance"], counts)

    def __repr__(self) -> str:
        parts = [] if self.spikes is None else [repr(self.spikes)]
        if self.spikes is None and self.counts is not None:
            parts.append(f"{int(self.counts.sum())} spikes counted")
        names = [str(name) for name in self.traces.data_vars]
        if names:
            parts.append("traces " + ", ".join(names))
        engine = self.provenance.get("engine")
        return f"Recording({'; '.join(parts) or 'empty'}{f'; engine {engine}' if engine else ''})"


def _spikes_to_dataset(spikes: SpikeTrains | None, counts: NDArray[np.int64] | None) -> xr.Dataset | None:
    import xarray as xr

    if spikes is not None:
        partly = {} if spikes.fully_observed else {"observed": (("trial", "edge"), spikes.observed, {"units": "s"})}
        return xr.Dataset(
            {
                "times": ("spike", spikes.times, {"units": "s"}),
                "offsets": ("train_edge", spikes.offsets),
                **partly,
            },
            attrs={
                "n_units": spikes.n_units,
                "t_start": spikes.t_start,
                "t_stop": spikes.t_stop,
                "slack": spikes.slack,
                "n_trials": spikes.n_trials,
                # As text: netCDF has no numbers of any size, and no mixture of text and numbers.
                "names": json.dumps(spikes.names),
            },
        )
    if counts is not None:
        return xr.Dataset({"counts": (("trial", "unit"), counts)})
    return None


def _spikes_from_dataset(stored: xr.Dataset) -> tuple[SpikeTrains | None, NDArray[np.int64] | None]:
    if "counts" in stored:
        return None, np.asarray(stored["counts"].values, dtype=np.int64)
    spikes = SpikeTrains(
        stored["times"].values,
        stored["offsets"].values,
        int(stored.attrs["n_units"]),
        t_start=float(stored.attrs["t_start"]),
        t_stop=float(stored.attrs["t_stop"]),
        observed=stored["observed"].values if "observed" in stored else None,
        slack=float(stored.attrs["slack"]),
        n_trials=int(stored.attrs["n_trials"]) if "n_trials" in stored.attrs else None,
        **json.loads(stored.attrs.get("names", "{}")),
    )
    return spikes, None
