"""What a run returns: spikes, traces, and how they were made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.shapes import html_table
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_folder, write_manifest
from spikelearn.storage.manifest import read_folder

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

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> recording = sl.simulate(sl.AdaptiveLIF(), "0.2 s", record=["g"], record_dt="1 ms")
    >>> recording.counts, dict(recording.traces.sizes), recording.provenance["engine"]
    (array([[8]]), {'time': 200, 'neuron': 1}, 'exact')
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = recording.save(folder + "/run")
    ...     sl.Recording.load(folder + "/run").spikes == recording.spikes
    True
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
            Whether an earlier recording there may be replaced.

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
        with whole_folder(folder, overwrite=overwrite, kind="recording") as temporary:
            self.write_into(temporary)
        return Path(folder)

    def write_into(self, folder: Path, *, source: Mapping[str, Any] | None = None) -> None:
        """Write the files of `save` into an existing folder; files that lie there already enter the manifest.

        Parameters
        ----------
        folder : Path
            Where to.
        source : mapping, optional
            What the run was made from, see `spikelearn.storage.manifest.write_manifest`.
        """
        spikes = _spikes_to_dataset(self.spikes, self.counts)
        if spikes is not None:
            spikes.to_netcdf(folder / "spikes.nc", engine="h5netcdf")
        if self.traces.variables:
            self.traces.to_netcdf(folder / "traces.nc", engine="h5netcdf")
        synapses = self._synapses()
        if synapses is not None:
            synapses.to_netcdf(folder / "synapses.nc", engine="h5netcdf")
        made_from = {} if source is None else {"source": dict(source)}
        write_manifest(folder, "recording", {**made_from, "provenance": self.provenance})

    def _synapses(self) -> xr.Dataset | None:
        """Give what a recording of a network keeps beyond spikes and traces."""
        return None

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read a folder written by `save`, checking every file against the manifest.

        Returns
        -------
        Recording
            A `NetworkRecording` where synapses were saved.

        Raises
        ------
        FileNotFoundError
            There is no manifest.
        ValueError
            A file is missing, truncated or changed, or is no recording.
        """
        return read_folder(folder, "recording", cls._read)

    @classmethod
    def _read(cls, place: Path, manifest: dict[str, Any]) -> Self:
        import xarray as xr

        from spikelearn.simulation.network_recording import NetworkRecording

        if not isinstance(manifest.get("provenance"), dict):
            raise ValueError(f"{place / 'manifest.json'} must say how the recording was made, in provenance")
        stored = {name: _dataset(place, name) for name in ("spikes.nc", "traces.nc", "synapses.nc")}
        try:
            spikes, counts = _spikes_from_dataset(stored["spikes.nc"])
            synapses = stored["synapses.nc"]
            made: dict[str, Any] = {}
            if synapses is not None:
                made = {name: synapses[name].values for name in ("sources", "targets", "weights")}
                made["weight_unit"] = str(synapses["weights"].attrs.get("units", "V"))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{place} holds files that are not those of a recording: {error!r}") from error
        kind: Any = NetworkRecording if made else cls
        traces = xr.Dataset() if stored["traces.nc"] is None else stored["traces.nc"]
        found: Self = kind(spikes, traces, manifest["provenance"], counts, **made)
        return found

    def _repr_html_(self) -> str:
        rows = [("spikes", "none" if self.spikes is None else repr(self.spikes))]
        rows += [(f"trace {name}", f"{array.dims} {array.shape}") for name, array in self.traces.data_vars.items()]
        shown = ("model", "engine", "target", "dt", "duration", "seed")
        rows += [(key, str(self.provenance[key])) for key in shown if self.provenance.get(key) is not None]
        return html_table(type(self).__name__, ("what", "value"), rows)

    def __repr__(self) -> str:
        parts = [] if self.spikes is None else [repr(self.spikes)]
        if self.spikes is None and self.counts is not None:
            parts.append(f"{int(self.counts.sum())} spikes counted")
        names = [str(name) for name in self.traces.data_vars]
        if names:
            parts.append("traces " + ", ".join(names))
        engine = self.provenance.get("engine")
        return f"{type(self).__name__}({'; '.join(parts) or 'empty'}{f'; engine {engine}' if engine else ''})"


def _dataset(folder: Path, name: str) -> xr.Dataset | None:
    """Read one file into memory; None where there is none."""
    import xarray as xr

    if not (folder / name).is_file():
        return None
    with xr.open_dataset(folder / name, engine="h5netcdf", decode_timedelta=False) as stored:
        return stored.load()


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


def _spikes_from_dataset(stored: xr.Dataset | None) -> tuple[SpikeTrains | None, NDArray[np.int64] | None]:
    if stored is None:
        return None, None
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
