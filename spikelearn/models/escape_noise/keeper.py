"""Checkpoints while learning goes on, and the watch for divergence."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Bins
from spikelearn.models.escape_noise.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from spikelearn.models.escape_noise.posterior import sample_path
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Keeper", "LearningDivergedError", "checksum", "energy_limit", "mean_energy", "settings_of"]

# Free energy a bin, in units of where learning began, that only divergence reaches.
_GROWTH = 1000.0
# Bins of a trial that are enough to see an energy explode.
_LONGEST = 2000


class LearningDivergedError(ValueError, FloatingPointError):
    """Weights or free energy exploded; ``network`` is the last good one, ``checkpoint`` the folder that holds one.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, LearningDivergedError, VariationalNetwork
    >>> network = VariationalNetwork(EscapeNoise(), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> try:
    ...     network.learn([[1], [0], [1]], "1 ms", n_updates=50, mu_M=1e9)
    ... except LearningDivergedError as error:
    ...     print(np.isfinite(error.network.W_M).all())
    True
    """

    def __init__(self, message: str, network: VariationalNetwork, checkpoint: Path | None) -> None:
        super().__init__(message)
        self.network = network
        self.checkpoint = checkpoint


def mean_energy(network: VariationalNetwork, V: Bins, dt: float, threads: int | None = None) -> float:
    """Sample the free energy in nats a bin of visible spikes V, of each trial its first 2000 bins; seed fixed."""
    path = sample_path(network, V[:, :_LONGEST], dt, np.random.default_rng(0), threads=threads)
    return float(path.free_energy.mean())


def energy_limit(network: VariationalNetwork, V: Bins, dt: float) -> float:
    """Give the free energy a bin above which learning has diverged: a thousand times that at its start.

    A start below one nat per unit and bin counts as that much, so that a network which knows its data already may meet
    new ones.

    Raises
    ------
    ValueError
        The free energy is infinite or NaN from the start.
    """
    start = mean_energy(network, V, dt)
    if not np.isfinite(start):
        raise ValueError(
            f"learn: the free energy must be finite at the start, got {start}: some potential lies 700 Delta_u above "
            "threshold; start from smaller weights"
        )
    return _GROWTH * max(start, float(network.n_units))


def checksum(array: NDArray[Any]) -> str:
    """Give the SHA-256 of the shape and the bytes of an array."""
    return hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()


class Keeper:
    """Writes checkpoints every so many updates, finds the one to resume from, and words the error of divergence."""

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        every: int,
        resume: bool,
        settings: dict[str, Any],
        unit: str,
        total: int,
    ) -> None:
        every = whole_number("learn: checkpoint_every", every, at_least=1)
        if resume and folder is None:
            raise ValueError("learn: resume=True must come with checkpoint=folder")
        self.folder = None if folder is None else Path(folder)
        self.every, self.settings, self.unit = every, settings, unit
        self.last: int | None = None
        self.pending: Checkpoint | None = None
        self.found: Checkpoint | None = None
        if self.folder is None or not (self.folder / "manifest.json").exists():
            return
        if not resume:
            raise FileExistsError(f"{self.folder} already holds results; pass resume=True or another folder")
        self.found = load_checkpoint(self.folder)
        self.last = self.found.update
        for name, value in settings.items():
            if self.found.settings.get(name) != value:
                raise ValueError(
                    f"learn: {name} must be as in the checkpoint {self.folder}, "
                    f"{self.found.settings.get(name)!r}, got {value!r}"
                )
        if total < self.last:
            raise ValueError(
                f"learn: there must be at least the {self.last} {unit}s of the checkpoint {self.folder}, got {total}"
            )

    def keep(self, update: int, arrays: dict[str, NDArray[Any]], rng: np.random.Generator, last: bool) -> None:
        """Take a snapshot where one is due; `confirm` writes it."""
        if not self.due(update, last):
            return
        copies = {name: np.array(array) for name, array in arrays.items()}
        self.pending = Checkpoint(update, copies, dict(rng.bit_generator.state), self.settings)

    def due(self, update: int, last: bool) -> bool:
        """Say whether a checkpoint is to be written after this update."""
        return self.folder is not None and (last or not update % self.every) and self.last != update

    def confirm(self) -> None:
        """Write the state that waits, now that the free energy with its weights has turned out well."""
        if self.folder is not None and self.pending is not None:
            save_checkpoint(self.folder, self.pending)
            self.last, self.pending = self.pending.update, None

    def diverged(
        self, update: int, network: VariationalNetwork, energy: float | None = None, limit: float = np.inf
    ) -> LearningDivergedError:
        """Word the error: what exploded (weights, unless an energy is given), when, and where a good state is."""
        what = "the weights must stay finite, became NaN or infinite"
        if energy is not None:
            what = (
                f"the free energy must stay below {limit:.4g} nat/bin, {_GROWTH:g} times where it began, "
                f"became {energy:.4g} nat/bin"
            )
        where = (
            f"the last good checkpoint is {self.folder} ({self.unit} {self.last})"
            if self.last is not None
            else "there is no good checkpoint; the last good weights are in the error's network"
        )
        return LearningDivergedError(
            f"VariationalNetwork.learn: {what} at {self.unit} {update}; {where}; smaller mu_M or mu_Q may help",
            network,
            self.folder if self.last is not None else None,
        )


def settings_of(network: VariationalNetwork, V: Bins, **settings: Any) -> dict[str, Any]:
    """Give everything that a run of learning depends on as numbers and text, the data as a checksum."""
    return {
        "cell": [*network.cell.namespace_values(), network.cell.link],
        "n_visible": int(network.n_visible),
        "n_hidden": int(network.n_hidden),
        "self_connections": bool(network.self_connections),
        "data": checksum(V),
        **{name: "inf" if value == np.inf else value for name, value in settings.items()},
    }
