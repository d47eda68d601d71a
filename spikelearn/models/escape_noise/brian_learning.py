"""The pair of networks and the online rule as Brian2 equation strings, for every code generation target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.binning import bin_width, checked_spikes
from spikelearn.models.escape_noise.keeper import LearningDivergedError
from spikelearn.models.escape_noise.links import get_link
from spikelearn.models.escape_noise.settings import checked_rates, time_constant
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["BrianLearning", "learn_in_brian"]


# At the start of a step the spikes of the last one enter the traces (cleared where a trial begins); then Brian2 decays
# them, sums the drives and tests the threshold. Spikes of this step wait in X until the next: strict causality.
_BEGIN = "phi = (phi + X)*going_on(t); a = (a + X)*going_on(t); X = 0"
# With r = rho dt: (r/p)(X - p) and log p(X). Brian2 rewrites sums, 1 - X - X*expm1(-r) into 1 - (X + X*expm1(-r)),
# which loses every digit of a small p; so p is a variable of its own, and where it underflows log r stands for log p.
# The r of a silent bin is exp(log r) with log r masked before, since 0 times an infinite r would be NaN.
_SCORE_OF = """
r_{0} = clip(rho_{0}*dt, 0, 1e300)
log_r_{0} = log(rho_0*dt) + log_shape_{0}
p_{0} = -expm1(-r_{0})
tiny_{0} = int(r_{0} < 1e-12)
log_spike_{0} = tiny_{0}*log_r_{0} + (1 - tiny_{0})*log(p_{0} + tiny_{0})
log_silence_{0} = -silent*exp(silent*log_r_{0})
score_{0} = slope_{0}*(X*exp(-r_{0})/exprel(-r_{0}) - silent*r_{0})
"""
_SCORE = f"""
silent = 1 - X
{_SCORE_OF.format("M")}
{_SCORE_OF.format("Q")}
score_Q = hidden*score_Q
log_p = X*log_spike_M + log_silence_M
log_q = hidden*(X*log_spike_Q + log_silence_Q)
surprise = log_q - log_p
"""
_LEARN_M = """
gradient -= score_M_post*phi_pre
w += plastic*mu_M*score_M_post*phi_pre
"""
_LEARN_Q = """
G = plastic*(keep_G*going_on(t)*G + score_Q_post*phi_pre)
gradient += fhat_post*G
w -= mu_Q*novelty_post*G
"""


@dataclass(frozen=True, eq=False)
class BrianLearning:
    """What a run in Brian2 gives.

    Parameters
    ----------
    network : VariationalNetwork
        With the weights at the end.
    dF_dW_M : ndarray, shape (units, units)
        Sum of -s_M phi over the run.
    dF_dW_Q : ndarray, shape (hidden, units)
        Sum of fhat_k G[k] over the run.
    X : ndarray of uint8, shape (trials, bins, units)
        All spikes.
    fhat, novelty : ndarray, shape (trials, bins)
        Free energy of each bin, and its difference from the running mean.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, learn_in_brian
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> run = learn_in_brian(network, [[1], [0], [1]], "1 ms", hidden=[[[0], [1], [0]]])
    >>> run.X[0].tolist(), run.dF_dW_M.shape, run.fhat.shape
    ([[1, 0], [0, 1], [1, 0]], (2, 2), (1, 3))
    """

    network: VariationalNetwork
    dF_dW_M: Floats
    dF_dW_Q: Floats
    X: Bins
    fhat: Floats
    novelty: Floats


def equations(network: VariationalNetwork) -> str:
    """Give the Brian2 equations of the units of both networks."""
    link = get_link(network.cell.link)

    def named(text: str, which: str) -> str:
        return text.replace("(u - v)", f"(u_{which} - v)")

    return (
        "dphi/dt = -phi/tau : 1\n"
        "da/dt = -a/tau_adapt : 1\n"
        "u_M = h_M - eta_0*a : 1\n"
        "u_Q = h_Q - eta_0*a : 1\n"
        f"rho_M = {named(link.brian, 'M')} : Hz\n"
        f"rho_Q = {named(link.brian, 'Q')} : Hz\n"
        f"slope_M = {named(link.brian_log_slope, 'M')} : 1\n"
        f"slope_Q = {named(link.brian_log_slope, 'Q')} : 1\n"
        f"log_shape_M = {named(link.brian_log_shape, 'M')} : 1\n"
        f"log_shape_Q = {named(link.brian_log_shape, 'Q')} : 1\n"
        "h_M : 1\nh_Q : 1\nX : 1\nhidden : 1 (constant)\n"
        "score_M : 1\nscore_Q : 1\nsurprise : 1\nfhat : 1\nfbar : 1\nnovelty : 1"
    )


def learn_in_brian(
    network: VariationalNetwork,
    X_visible: ArrayLike,
    dt: Any,
    *,
    target: str = "numpy",
    mu_M: float = 0.0,
    mu_Q: float = 0.0,
    tau_G: Any = np.inf,
    tau_baseline: Any = np.inf,
    hidden: ArrayLike | None = None,
    seed: int | None = None,
    progress: bool = False,
) -> BrianLearning:
    """Run the online rule in Brian2 while visible spikes are clamped; same rule as `learn_online`.

    With both rates of learning zero the run only sums the gradients along its spikes.

    Parameters
    ----------
    network : VariationalNetwork
        Where to start.
    X_visible : array_like, shape (trials, bins, visible) or (bins, visible)
        0 or 1. Trials follow each other in one run; traces start each at rest.
    dt : float or Quantity
        Bin width and step, in seconds.
    target : {"numpy", "cython", "cpp_standalone"}
        Brian2's code generation.
    mu_M, mu_Q, tau_G, tau_baseline
        As in `learn_online`.
    hidden : array_like, shape (trials, bins, hidden), optional
        Hidden spikes to use; unless given they are drawn by the threshold ``rand() < 1 - exp(-rho_Q*dt)``.
    seed : int, optional
        Seed of Brian2's random numbers, whose streams differ between targets.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    BrianLearning

    Raises
    ------
    ValueError
        A setting is out of range or the spikes do not fit.
    LearningDivergedError
        A weight is no longer finite.

    References
    ----------
    Document 001 Eq. (2), corrected (errata R1, R2, R4 to R7), is the line for w of M.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, learn_in_brian, learn_online
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> settings = dict(mu_M=0.1, mu_Q=0.1, tau_G="10 ms", tau_baseline="100 ms", hidden=[[[0], [1], [0]]])
    >>> there = learn_in_brian(network, [[1], [0], [1]], "1 ms", **settings).network
    >>> here = learn_online(network, [[1], [0], [1]], "1 ms", **settings).network
    >>> np.allclose(there.W_M, here.W_M, rtol=1e-12), np.allclose(there.W_Q, here.W_Q, rtol=1e-12)
    (True, True)
    """
    from brian2 import Network, NeuronGroup, SpikeMonitor, StateMonitor, Synapses, TimedArray, second

    from spikelearn.brian.session import session

    V, width = network.checked_visible(X_visible), bin_width(dt)
    seed = None if seed is None else whole_number("learn_in_brian: seed", seed)
    mu_M, mu_Q = checked_rates(mu_M, mu_Q)
    time = time_constant(tau_G, "learn_in_brian: tau_G")
    time_b = time_constant(tau_baseline, "learn_in_brian: tau_baseline", least=width)
    n_trials, n_bins = V.shape[:2]
    step, units, visible = width * second, network.n_units, network.n_visible
    forced = np.zeros((n_trials, n_bins, units), dtype=np.uint8)
    forced[:, :, :visible] = V
    threshold = "given(t, i) + hidden*int(rand() < 1 - exp(-rho_Q*dt)) > 0.5"
    if hidden is not None:
        H = checked_spikes(hidden, "learn_in_brian: hidden", network.n_hidden)
        if H.shape[:2] != V.shape[:2]:
            raise ValueError(f"learn_in_brian: hidden must have the trials and bins {V.shape[:2]}, got {H.shape[:2]}")
        forced[:, :, visible:] = H
        threshold = "given(t, i) > 0.5"
    going_on = np.ones((n_trials, n_bins))
    going_on[:, 0] = 0.0
    names = {
        **network.cell.namespace,
        "given": TimedArray(forced.reshape(-1, units).astype(np.float64), dt=step, name="escape_given"),
        "going_on": TimedArray(going_on.ravel(), dt=step, name="escape_going_on"),
        "mu_M": mu_M,
        "mu_Q": mu_Q,
        "keep_G": float(np.exp(-width / time)),
        "share": float(width / time_b),
    }
    with session(target, seed) as brian:
        # Fixed names: generated code holds them, and compiled code is found again only where it is the same.
        group = NeuronGroup(units, equations(network), threshold=threshold, reset="X = 1", method="exact", dt=step)
        group.hidden = (np.arange(units) >= visible).astype(float)
        under_M = Synapses(
            group,
            group,
            "w : 1\nplastic : 1 (constant)\ngradient : 1\n"
            "h_M_post = w*phi_pre : 1 (summed)\nfhat_post = surprise_pre : 1 (summed)",
            dt=step,
            name="escape_M",
        )
        under_Q = Synapses(
            group,
            group,
            "w : 1\nplastic : 1 (constant)\ngradient : 1\nG : 1\nh_Q_post = w*phi_pre : 1 (summed)",
            dt=step,
            name="escape_Q",
        )
        # Every pair (to, from) in row order, so that a matrix's ravel fits.
        to, origin = np.divmod(np.arange(units * units), units)
        under_M.connect(i=origin, j=to)
        under_M.w = network.W_M.ravel()
        free = np.ones((units, units)) if network.self_connections else 1.0 - np.eye(units)
        under_M.plastic = free.ravel()
        objects = [group, under_M]
        rows = to >= visible
        if network.n_hidden:
            under_Q.connect(i=origin[rows], j=to[rows])
            under_Q.w = network.W_Q.ravel()
            under_Q.plastic = free[visible:].ravel()
            objects.append(under_Q)
            under_Q.summed_updaters["h_Q_post"].order = 1
            under_Q.run_regularly(_LEARN_Q, dt=step, when="after_resets", order=3)
        # Drives are summed after the traces have decayed; fhat after the spikes of this step are known.
        under_M.summed_updaters["h_M_post"].order = 1
        total = under_M.summed_updaters["fhat_post"]
        total.when, total.order = "after_resets", 1
        group.run_regularly(_BEGIN, dt=step, when="start")
        group.run_regularly(_SCORE, dt=step, when="after_resets", order=0)
        group.run_regularly("novelty = fhat - fbar", dt=step, when="after_resets", order=2)
        under_M.run_regularly(_LEARN_M, dt=step, when="after_resets", order=3)
        group.run_regularly("fbar += share*clip(novelty, -1e300, 1e300)", dt=step, when="after_resets", order=4)
        spikes = SpikeMonitor(group, name="escape_spikes")
        signals = StateMonitor(group, ["fhat", "novelty"], record=[0], dt=step, when="end", name="escape_signals")
        brian.run(Network(*objects, spikes, signals), n_trials * n_bins * step, namespace=names, progress=progress)
        X = np.zeros((n_trials * n_bins, units), dtype=np.uint8)
        X[np.round(np.asarray(spikes.t) / width).astype(int), np.asarray(spikes.i)] = 1
        W_M, dF_M = (np.array(values).reshape(units, units) for values in (under_M.w[:], under_M.gradient[:]))
        W_Q, dF_Q = network.W_Q, np.zeros_like(network.W_Q)
        if network.n_hidden:
            W_Q, dF_Q = (np.array(values).reshape(W_Q.shape) for values in (under_Q.w[:], under_Q.gradient[:]))
        fhat, novelty = (np.array(values[0]).reshape(n_trials, n_bins) for values in (signals.fhat, signals.novelty))
    # A rate of zero leaves the weights alone even where fhat is infinite and 0 times it NaN.
    W_M, W_Q = (network.W_M if mu_M == 0 else W_M), (network.W_Q if mu_Q == 0 else W_Q)
    if not (np.isfinite(W_M).all() and np.isfinite(W_Q).all()):
        raise LearningDivergedError(
            "learn_in_brian: the weights must stay finite, became NaN or infinite; smaller mu_M or mu_Q may help",
            network,
            None,
        )
    dF_M *= free
    return BrianLearning(network.with_weights(W_M, W_Q), dF_M, dF_Q, X.reshape(n_trials, n_bins, units), fhat, novelty)
