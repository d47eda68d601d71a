"""Batch learning of both networks down the free energy, with a baseline, checkpoints and a watch for divergence."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.escape_noise.binning import bin_width
from spikelearn.models.escape_noise.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from spikelearn.models.escape_noise.posterior import credit, path_gradients, sample_path

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Keeper", "Learning", "LearningDivergedError", "learn"]

Bins = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Learning:
    """The result of learning.

    Parameters
    ----------
    network : VariationalNetwork
        With the learned weights.
    history : xarray.Dataset
        ``free_energy`` (update): nats a bin of the batch before the update; the online rule adds ``novelty`` and
        ``fhat`` (trial, bin).
    baseline : ndarray
        The baseline at the end.
    checkpoint : Path or None
        Folder of the last checkpoint.
    """

    network: VariationalNetwork
    history: xr.Dataset
    baseline: Floats
    checkpoint: Path | None = None


class LearningDivergedError(ValueError, FloatingPointError):
    """Weights or free energy became NaN or infinite; ``network`` is the last good one, ``checkpoint`` its folder."""

    def __init__(self, message: str, network: VariationalNetwork, checkpoint: Path | None) -> None:
        super().__init__(message)
        self.network = network
        self.checkpoint = checkpoint


class Keeper:
    """Writes checkpoints every so many updates, finds the one to resume from, and words the error of divergence."""

    def __init__(
        self, folder: str | os.PathLike[str] | None, every: int, resume: bool, settings: dict[str, Any], unit: str
    ) -> None:
        if every < 1:
            raise ValueError(f"learn: checkpoint_every must be at least 1, got {every}")
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

    def keep(self, update: int, arrays: dict[str, NDArray[Any]], rng: np.random.Generator, last: bool) -> None:
        """Take a snapshot where one is due; `confirm` writes it."""
        if self.folder is None or (update % self.every and not last) or self.last == update:
            return
        self.pending = Checkpoint(update, arrays, dict(rng.bit_generator.state), self.settings)

    def confirm(self) -> None:
        """Write the state that waits, now that the free energy with its weights has turned out finite."""
        if self.folder is not None and self.pending is not None:
            save_checkpoint(self.folder, self.pending)
            self.last, self.pending = self.pending.update, None

    def diverged(self, update: int, what: str, network: VariationalNetwork) -> LearningDivergedError:
        """Word the error: what became NaN, when, and where the last good state is."""
        where = (
            f"the last good checkpoint is {self.folder} ({self.unit} {self.last})"
            if self.last is not None
            else "there is no good checkpoint; the last good weights are in the error's network"
        )
        return LearningDivergedError(
            f"VariationalNetwork.learn: {what} must stay finite, became NaN or infinite at {self.unit} {update}; "
            f"{where}; smaller mu_M or mu_Q may help",
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
        "data": hashlib.sha256(repr(V.shape).encode() + V.tobytes()).hexdigest(),
        **{name: "inf" if value == np.inf else value for name, value in settings.items()},
    }


def learn(
    network: VariationalNetwork,
    X_visible: ArrayLike,
    dt: Any,
    *,
    n_updates: int,
    mu_M: float = 1e-4,
    mu_Q: float = 1e-5,
    batch: int | None = None,
    estimator: str = "causal",
    tau_G: float = np.inf,
    baseline_rate: float = 0.05,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
    resume: bool = False,
    progress: bool = False,
    threads: int | None = None,
) -> Learning:
    """Go down the free energy, one step after each batch of trials.

    Visible units are clamped to data, hidden ones drawn from Q bin by bin, both networks are evaluated along that path,
    and with sums over bins and means over the trials of the batch

        W_M += mu_M sum s_M phi,    W_Q -= mu_Q sum (credit - baseline) s_Q phi.

    The baseline is updated after its use: one that already holds the present sample would bias the step. Before the
    first update it is set from a sample of its own.

    Parameters
    ----------
    network : VariationalNetwork
        Where to start.
    X_visible : array_like, shape (trials, bins, visible) or (bins, visible)
        0 or 1.
    dt : float or Quantity
        Bin width, in seconds.
    n_updates : int
        Updates in all, those before a checkpoint included.
    mu_M, mu_Q : float
        Rates of learning. Traces here are sums of exponentials, tau/dt times larger than in codes that filter with
        weight dt/tau.
    batch : int, optional
        Trials an update, drawn without replacement; all of them, in order, unless given.
    estimator : {"causal", "episode"}
        Whether a hidden spike answers for the free energy from its bin on, or for that of the whole trial.
    tau_G : float
        Time constant in seconds of the eligibility trace of the causal form; finite values bias the step and lower its
        variance.
    baseline_rate : float
        Share of the newest batch in the running baseline, one number a bin (causal) or one in all (episode).
    seed : int
        Seed of all random numbers.
    checkpoint : path, optional
        Folder for checkpoints; the last good one stays after an error.
    checkpoint_every : int
        Updates between checkpoints.
    resume : bool
        Whether to go on from the checkpoint there, if there is one; the result is the same to the bit.
    progress : bool
        Whether to show a bar with the free energy a bin.
    threads : int, optional
        Threads of the array engine; results do not depend on it.

    Returns
    -------
    Learning

    Raises
    ------
    ValueError
        A setting is out of range, or differs from that of the checkpoint.
    LearningDivergedError
        A weight or the free energy is no longer finite.

    References
    ----------
    Document 001 Eq. (2), corrected (errata R1, R2, R6, R7), gives the change of W_M.
    """
    import xarray as xr

    V, width = network.checked_visible(X_visible), bin_width(dt)
    n_trials, n_bins = V.shape[:2]
    _check_rates(n_updates=n_updates, mu_M=mu_M, mu_Q=mu_Q)
    if not 0 < baseline_rate <= 1:
        raise ValueError(f"learn: baseline_rate must lie within (0, 1], got {baseline_rate}")
    if batch is not None and not 1 <= batch <= n_trials:
        raise ValueError(f"learn: batch must be 1 to {n_trials} trials, got {batch}")
    settings = settings_of(
        network, V, rule="batch", dt=width, mu_M=mu_M, mu_Q=mu_Q, batch=batch, estimator=estimator, tau_G=tau_G,
        baseline_rate=baseline_rate, seed=seed,
    )  # fmt: skip
    keeper = Keeper(checkpoint, checkpoint_every, resume, settings, "update")
    rng = np.random.default_rng(seed)
    size = n_trials if batch is None else batch

    def draw() -> Bins:
        return V if batch is None else V[rng.choice(n_trials, size, replace=False)]

    if keeper.found is not None:
        state = keeper.found.arrays
        W_M, W_Q, baseline, history = state["W_M"], state["W_Q"], state["baseline"], list(state["free_energy"])
        rng.bit_generator.state = keeper.found.random_state
        done = keeper.found.update
    else:
        W_M, W_Q, history, done = network.W_M, network.W_Q, [], 0
        path = sample_path(network, draw(), width, rng, threads=threads)
        baseline = credit(path.free_energy, width, estimator, tau_G).mean(axis=0)
    good = current = network.with_weights(W_M, W_Q)

    def state_now() -> dict[str, NDArray[Any]]:
        return {"W_M": current.W_M, "W_Q": current.W_Q, "baseline": baseline, "free_energy": np.array(history)}

    keeper.keep(done, state_now(), rng, last=True)
    # Overflow is looked for below, after every step, and ends learning with a message of its own.
    with _bar(n_updates, done, progress) as bar, np.errstate(over="ignore", invalid="ignore"):
        for update in range(done + 1, n_updates + 1):
            path = sample_path(current, draw(), width, rng, threads=threads)
            reward = credit(path.free_energy, width, estimator, tau_G)
            dF_M, dF_Q = path_gradients(current, path, width, reward - baseline, threads=threads)
            new_M, new_Q = current.W_M - mu_M / size * dF_M, current.W_Q - mu_Q / size * dF_Q
            energy = float(path.free_energy.sum()) / (size * n_bins)
            if not np.isfinite(energy):
                raise keeper.diverged(update, "the free energy", good)
            keeper.confirm()
            good = current
            if not (np.isfinite(new_M).all() and np.isfinite(new_Q).all()):
                raise keeper.diverged(update, "the weights", current)
            current = current.with_weights(new_M, new_Q)
            baseline = baseline + baseline_rate * (reward.mean(axis=0) - baseline)
            history.append(energy)
            keeper.keep(update, state_now(), rng, last=update == n_updates)
            bar.set_postfix_str(f"F = {energy:.4f} nat/bin", refresh=False)
            bar.update()
    keeper.confirm()
    table = xr.Dataset(
        {"free_energy": ("update", np.array(history), {"units": "nat/bin"})},
        coords={"update": np.arange(1, len(history) + 1)},
    )
    return Learning(current, table, baseline, keeper.folder)


def _check_rates(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"learn: {name} must be a number that is not negative, got {value}")


def _bar(total: int, done: int, progress: bool) -> Any:
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc="learning", disable=None if progress else True, delay=2.0, leave=False)
