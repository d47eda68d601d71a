"""Online learning: one change of the weights in every bin, driven by a global novelty signal."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.escape_noise.binning import bin_width
from spikelearn.models.escape_noise.keeper import Keeper, checksum, energy_limit, mean_energy, settings_of
from spikelearn.models.escape_noise.kernels import bin_terms, compiled, intensity
from spikelearn.models.escape_noise.learning import Learning, checked_data
from spikelearn.models.escape_noise.likelihood import constants
from spikelearn.models.escape_noise.links import get_link
from spikelearn.models.escape_noise.settings import checked_rates, time_constant
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.progress import progress_bar

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["learn_online"]


@compiled
def walk(
    X: Any,
    n_visible: Any,
    given: Any,
    threshold: Any,
    W_M: Any,
    W_Q: Any,
    phi: Any,
    a: Any,
    G: Any,
    fbar: Any,
    constants: Any,
    link: Any,
    rates: Any,
    self_connections: Any,
    signals: Any,
) -> Any:
    """Go through one trial, changing the weights, phi, a, G and fbar (one entry) in place.

    signals (bins, 2) gets fhat and novelty; rates = (mu_M, mu_Q, exp(-dt/tau_G), dt/tau_baseline). With `given` the
    hidden part of X is used as it is.
    """
    n_bins, n_units = X.shape
    n_hidden = n_units - n_visible
    decay, decay_a, eta, base, v, inverse_du = constants
    mu_M, mu_Q, keep, rate = rates
    score_M, score_Q = np.zeros(n_units), np.zeros(n_hidden)
    for k in range(n_bins):
        fhat = 0.0
        for j in range(n_units):
            phi[j] *= decay
            a[j] *= decay_a
        for i in range(n_hidden):
            h = 0.0
            for j in range(n_units):
                h += W_Q[i, j] * phi[j]
            u = h - eta * a[n_visible + i]
            if not given:
                r = intensity(u, base, v, inverse_du, link)[0]
                X[k, n_visible + i] = 1 if r > threshold[k, i] else 0
            value, slope, r = bin_terms(X[k, n_visible + i], u, base, v, inverse_du, link, 0)
            fhat += value
            score_Q[i] = slope
        for i in range(n_units):
            h = 0.0
            for j in range(n_units):
                h += W_M[i, j] * phi[j]
            value, slope, r = bin_terms(X[k, i], h - eta * a[i], base, v, inverse_du, link, 0)
            fhat -= value
            score_M[i] = slope
        novelty = fhat - fbar[0]
        signals[k, 0] = fhat
        signals[k, 1] = novelty
        for i in range(n_hidden):
            for j in range(n_units):
                if self_connections or j != n_visible + i:
                    G[i, j] = keep * G[i, j] + score_Q[i] * phi[j]
                    W_Q[i, j] -= mu_Q * novelty * G[i, j]
        fbar[0] += rate * novelty
        for i in range(n_units):
            for j in range(n_units):
                if self_connections or j != i:
                    W_M[i, j] += mu_M * score_M[i] * phi[j]
        for j in range(n_units):
            phi[j] += X[k, j]
            a[j] += X[k, j]


def learn_online(
    network: VariationalNetwork,
    X_visible: ArrayLike,
    dt: Any,
    *,
    mu_M: float = 1e-4,
    mu_Q: float = 1e-5,
    tau_G: Any = 0.01,
    tau_baseline: Any = 0.1,
    n_passes: int = 1,
    carry_over: bool = False,
    hidden: ArrayLike | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
    resume: bool = False,
    progress: bool = False,
) -> Learning:
    """Learn bin by bin while the visible spikes go by.

    In bin k, with fhat = log q - log p of this bin and traces of earlier bins only,

        G <- exp(-dt/tau_G) G + s_Q phi;  W_Q -= mu_Q (fhat - fbar) G;  fbar += (dt/tau_baseline)(fhat - fbar);  W_M +=
        mu_M s_M phi.

    The difference fhat - fbar is one number for the whole network: the novelty signal. With infinite tau_G and fbar = 0
    the mean step is -mu_Q dF/dW_Q to first order in mu_Q; a finite tau_G and a running fbar bias it and lower its
    variance.

    Parameters
    ----------
    network, X_visible, dt, mu_M, mu_Q, seed, checkpoint, resume, progress
        As in `learn`; checkpoints are counted in trials.
    tau_G, tau_baseline : float or Quantity
        Time constants, in seconds, of the eligibility trace and of the running free energy, the second at least one
        bin; infinite tau_baseline: fbar stays 0.
    n_passes : int
        How often to go through the trials, in order.
    carry_over : bool
        Whether traces, eligibility and baseline go on from one trial to the next (one long stream) or start at rest;
        the baseline always goes on.
    hidden : array_like, shape (trials, bins, hidden), optional
        Hidden spikes to use instead of drawing them from Q.
    checkpoint_every : int
        Trials between checkpoints.

    Returns
    -------
    Learning
        With ``fhat`` and ``novelty`` of every bin in its history.

    Raises
    ------
    ValueError, LearningDivergedError
        As in `learn`.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, learn_online
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> run = learn_online(network, [[1], [1], [1]], "1 ms", mu_M=0.1, n_passes=20, seed=0)
    >>> dict(run.history["novelty"].sizes)
    {'update': 20, 'bin': 3}
    >>> run.network.free_energy([[1], [1], [1]], "1 ms") < network.free_energy([[1], [1], [1]], "1 ms")
    True
    """
    import xarray as xr

    V, width = checked_data(network, X_visible), bin_width(dt)
    mu_M, mu_Q = checked_rates(mu_M, mu_Q)
    time = time_constant(tau_G, "learn: tau_G")
    time_b = time_constant(tau_baseline, "learn: tau_baseline", least=width)
    n_trials, n_bins = V.shape[:2]
    total = n_trials * whole_number("learn: n_passes", n_passes)
    seed = whole_number("learn: seed", seed)
    clamped = None if hidden is None else _checked_hidden(hidden, network, V)
    settings = settings_of(
        network, V, rule="online", dt=width, mu_M=mu_M, mu_Q=mu_Q, tau_G=time, tau_baseline=time_b,
        carry_over=bool(carry_over), hidden=None if clamped is None else checksum(clamped), seed=seed,
    )  # fmt: skip
    keeper = Keeper(checkpoint, checkpoint_every, resume, settings, "trial", total)
    limit = energy_limit(network, V[:1], width)
    rng = generator(seed)
    fresh = {
        "W_M": network.W_M.copy(),
        "W_Q": network.W_Q.copy(),
        "phi": np.zeros(network.n_units),
        "a": np.zeros(network.n_units),
        "G": np.zeros((network.n_hidden, network.n_units)),
        "fbar": np.zeros(1),
    }
    signals = np.full((total, n_bins, 2), np.nan)
    done, state = 0, fresh
    if keeper.found is not None:
        state = {name: keeper.found.arrays[name].copy() for name in fresh}
        done = keeper.found.update
        signals[:done] = keeper.found.arrays["signals"][:done]
        rng.bit_generator.state = keeper.found.random_state
    numbers, link = constants(network.cell, width), get_link(network.cell.link).code
    rates = (mu_M, mu_Q, math.exp(-width / time), width / time_b)
    good, began = network.with_weights(state["W_M"], state["W_Q"]), network.with_weights(state["W_M"], state["W_Q"])
    keeper.keep(done, {**state, "signals": signals[:done]}, rng, last=True)
    keeper.confirm()
    with progress_bar(shown=progress, total=total, initial=done, desc="learning") as bar:
        for trial in range(done, total):
            if not carry_over:
                for name in ("phi", "a", "G"):
                    state[name][:] = 0.0
            X = np.zeros((n_bins, network.n_units), dtype=np.uint8)
            X[:, : network.n_visible] = V[trial % n_trials]
            if clamped is not None:
                X[:, network.n_visible :] = clamped[trial % n_trials]
            threshold = rng.standard_exponential((n_bins, network.n_hidden))
            walk(
                X, network.n_visible, clamped is not None, threshold, state["W_M"], state["W_Q"], state["phi"],
                state["a"], state["G"], state["fbar"], numbers, link, rates, network.self_connections, signals[trial],
            )  # fmt: skip
            energy, last = float(signals[trial, :, 0].mean()), trial + 1 == total
            some = V[[trial % n_trials, *range(min(n_trials, 20))]]
            if not energy <= limit:
                # Weights that this trial began with may be the cause, or good ones that it spoiled.
                sound = [old for old in (began, good) if mean_energy(old, some, width) <= limit]
                raise keeper.diverged(trial + 1, [*sound, network][0], energy, limit)
            good = began
            if not (np.isfinite(state["W_M"]).all() and np.isfinite(state["W_Q"]).all()):
                raise keeper.diverged(trial + 1, good)
            began = network.with_weights(state["W_M"], state["W_Q"])
            if last or keeper.due(trial + 1, last):
                energy = mean_energy(began, some, width)
                if not energy <= limit:
                    sound = [good] if mean_energy(good, some, width) <= limit else []
                    raise keeper.diverged(trial + 1, [*sound, network][0], energy, limit)
                keeper.keep(trial + 1, {**state, "signals": signals[: trial + 1]}, rng, last)
                keeper.confirm()
            bar.set_postfix_str(f"F = {signals[trial, :, 0].mean():.4f} nat/bin", refresh=False)
            bar.update()
    table = xr.Dataset(
        {
            "free_energy": ("update", signals[:, :, 0].mean(axis=1), {"units": "nat/bin"}),
            "fhat": (("update", "bin"), signals[:, :, 0], {"units": "nat"}),
            "novelty": (("update", "bin"), signals[:, :, 1], {"units": "nat"}),
        },
        coords={"update": np.arange(1, total + 1), "bin": np.arange(n_bins)},
    )
    return Learning(network.with_weights(state["W_M"], state["W_Q"]), table, state["fbar"], keeper.folder)


def _checked_hidden(hidden: ArrayLike, network: VariationalNetwork, V: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from spikelearn.models.escape_noise.binning import checked_spikes

    found = checked_spikes(hidden, "learn: hidden", network.n_hidden)
    if found.shape[:2] != V.shape[:2]:
        raise ValueError(
            f"learn: hidden must have the trials and bins of X_visible, {V.shape[:2]}, got {found.shape[:2]}"
        )
    return found
