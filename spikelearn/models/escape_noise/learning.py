"""Batch learning of both networks down the free energy, with a baseline, checkpoints and a watch for divergence."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.binning import bin_width
from spikelearn.models.escape_noise.keeper import (
    Keeper,
    LearningDivergedError,
    energy_limit,
    mean_energy,
    settings_of,
)
from spikelearn.models.escape_noise.posterior import credit, path_gradients, sample_path
from spikelearn.models.escape_noise.settings import check_estimator, checked_rates, time_constant
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.progress import progress_bar

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Learning", "LearningDivergedError", "checked_data", "learn"]


@dataclass(frozen=True, eq=False)
class Learning:
    """The result of learning.

    Parameters
    ----------
    network : VariationalNetwork
        With the learned weights.
    history : xarray.Dataset
        ``free_energy`` (update): nats a bin of the batch before the update; the online rule, with one update a
        trial, adds ``novelty`` and ``fhat`` (update, bin).
    baseline : ndarray
        The baseline at the end.
    checkpoint : Path or None
        Folder of the last checkpoint.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork
    >>> network = VariationalNetwork(EscapeNoise(), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> run = network.learn([[1], [0], [1]], "1 ms", n_updates=5, mu_M=0.1)
    >>> dict(run.history["free_energy"].sizes), run.network.W_M.shape, run.checkpoint is None
    ({'update': 5}, (2, 2), True)
    """

    network: VariationalNetwork
    history: xr.Dataset
    baseline: Floats
    checkpoint: Path | None = None


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
    tau_G: Any = np.inf,
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
    tau_G : float or Quantity
        Time constant, in seconds, of the eligibility trace of the causal form; finite values bias the step and lower
        its variance.
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
        A weight is no longer finite, or the free energy a bin is a thousand times what it was at the start (at least
        one nat per unit). Weights are checkpointed only after their free energy has been seen to lie below that.

    References
    ----------
    Document 001 Eq. (2), corrected (errata R1, R2, R6, R7), gives the change of W_M.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, learn
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> run = learn(network, [[1], [1], [1]], "1 ms", n_updates=20, mu_M=0.1, seed=0)
    >>> before = network.free_energy([[1], [1], [1]], "1 ms")
    >>> run.network.free_energy([[1], [1], [1]], "1 ms") < before
    True
    """
    import xarray as xr

    V, width = checked_data(network, X_visible), bin_width(dt)
    n_trials, n_bins = V.shape[:2]
    total, seed = whole_number("learn: n_updates", n_updates), whole_number("learn: seed", seed)
    mu_M, mu_Q = checked_rates(mu_M, mu_Q)
    if not 0 < baseline_rate <= 1:
        raise ValueError(f"learn: baseline_rate must lie within (0, 1], got {baseline_rate}")
    size = n_trials if batch is None else whole_number("learn: batch", batch, at_least=1)
    if size > n_trials:
        raise ValueError(f"learn: batch must be 1 to {n_trials} trials, got {batch}")
    time = time_constant(tau_G, "learn: tau_G")
    check_estimator(estimator, time, "learn")
    settings = settings_of(
        network, V, rule="batch", dt=width, mu_M=mu_M, mu_Q=mu_Q, batch=None if batch is None else size,
        estimator=estimator, tau_G=time, baseline_rate=float(baseline_rate), seed=seed,
    )  # fmt: skip
    keeper = Keeper(checkpoint, checkpoint_every, resume, settings, "update", total)
    limit = energy_limit(network, V[:size], width)
    rng = generator(seed)

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
        baseline = credit(path.free_energy, width, estimator, time).mean(axis=0)
    good = current = network.with_weights(W_M, W_Q)

    def state_now() -> dict[str, NDArray[Any]]:
        return {"W_M": current.W_M, "W_Q": current.W_Q, "baseline": baseline, "free_energy": np.array(history)}

    keeper.keep(done, state_now(), rng, last=True)
    # Overflow is looked for below, after every step, and ends learning with a message of its own.
    with (
        progress_bar(shown=progress, total=total, initial=done, desc="learning") as bar,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        for update in range(done + 1, total + 1):
            path = sample_path(current, draw(), width, rng, threads=threads)
            reward = credit(path.free_energy, width, estimator, time)
            dF_M, dF_Q = path_gradients(current, path, width, reward - baseline, threads=threads)
            new_M, new_Q = current.W_M - mu_M / size * dF_M, current.W_Q - mu_Q / size * dF_Q
            energy = float(path.free_energy.sum()) / (size * n_bins)
            if not energy <= limit:
                raise keeper.diverged(update, good, energy, limit)
            keeper.confirm()
            good = current
            if not (np.isfinite(new_M).all() and np.isfinite(new_Q).all()):
                raise keeper.diverged(update, current)
            current = current.with_weights(new_M, new_Q)
            baseline = baseline + baseline_rate * (reward.mean(axis=0) - baseline)
            history.append(energy)
            keeper.keep(update, state_now(), rng, last=update == total)
            bar.set_postfix_str(f"F = {energy:.4f} nat/bin", refresh=False)
            bar.update()
        # The weights of the last step have not met any data yet.
        energy = mean_energy(current, V[:size], width, threads)
        if not energy <= limit:
            raise keeper.diverged(total, good, energy, limit)
    keeper.confirm()
    table = xr.Dataset(
        {"free_energy": ("update", np.array(history), {"units": "nat/bin"})},
        coords={"update": np.arange(1, len(history) + 1)},
    )
    return Learning(current, table, baseline, keeper.folder)


def checked_data(network: VariationalNetwork, X_visible: ArrayLike) -> Bins:
    """Check visible spikes to learn from: uint8 of shape (trials, bins, visible), with a trial and a bin at least."""
    V = network.checked_visible(X_visible)
    if not (V.shape[0] and V.shape[1]):
        raise ValueError(f"learn: X_visible must hold at least one trial and one bin, got shape {V.shape}")
    return V
