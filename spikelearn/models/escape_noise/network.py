"""The pair of networks that learns with hidden units: M generates, Q recognises."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.binning import bin_width, checked_spikes, checked_weights
from spikelearn.models.escape_noise.model import EscapeNoise
from spikelearn.models.escape_noise.settings import check_estimator, checked_baseline
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.learning import Learning

__all__ = ["FreeEnergyGradients", "VariationalNetwork"]


@dataclass(frozen=True, eq=False)
class FreeEnergyGradients:
    """Slopes of the free energy in the weights of both networks; learning goes down them.

    Parameters
    ----------
    W_M : ndarray, shape (units, units)
        dF/dW_M.
    W_Q : ndarray, shape (hidden, units)
        dF/dW_Q.
    free_energy : float
        F, exact or its estimate from the same samples.

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> slopes = network.gradients([[1], [0], [1]], "1 ms")
    >>> down = network.with_weights(network.W_M - 0.01 * slopes.W_M, network.W_Q - 0.01 * slopes.W_Q)
    >>> down.free_energy([[1], [0], [1]], "1 ms") < slopes.free_energy
    True
    """

    W_M: Floats
    W_Q: Floats
    free_energy: float


@dataclass(frozen=True, eq=False)
class VariationalNetwork:
    """Visible and hidden escape-noise units with a generative network M and a recognition network Q.

    M has all-to-all weights and gives a joint density of visible and hidden spikes. Q has weights onto the hidden units
    only and proposes hidden spikes while the visible ones are clamped to data. Both read the traces of the same joint
    spike history. The free energy F = <log q - log p>_q is never below -log p(data).

    Parameters
    ----------
    cell : EscapeNoise
        The neuron of both networks.
    n_visible, n_hidden : int
        Numbers of units; visible units come first.
    W_M : array_like, shape (units, units)
        Weights of M, W_M[i, j] from unit j to unit i.
    W_Q : array_like, shape (hidden, units)
        Weights of Q onto the hidden units.
    self_connections : bool
        Whether a unit may excite itself through a weight; if not, these weights must be zero and stay so.

    Raises
    ------
    ValueError
        Shapes do not fit or a weight is not finite.

    References
    ----------
    Document 001 Eqs. (1) and (2) for M, as corrected by errata R1 to R7; Rezende & Gerstner (2014),
    doi 10.3389/fncom.2014.00038, for the pair of networks.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> cell = EscapeNoise(rho_0=100 * Hz)
    >>> network = VariationalNetwork(cell, 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> round(network.free_energy([[1], [0], [1]], dt=1 * ms), 4)
    4.8737
    """

    cell: EscapeNoise
    n_visible: int
    n_hidden: int
    W_M: Any
    W_Q: Any
    self_connections: bool = True

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        for name, least in (("n_visible", 1), ("n_hidden", 0)):
            whole_number(f"VariationalNetwork.{name}", getattr(self, name), at_least=least)
        units = self.n_units
        object.__setattr__(self, "W_M", checked_weights(self.W_M, "VariationalNetwork.W_M", (units, units)))
        object.__setattr__(self, "W_Q", checked_weights(self.W_Q, "VariationalNetwork.W_Q", (self.n_hidden, units)))
        if not self.self_connections and (np.diag(self.W_M).any() or np.diag(self.W_Q[:, self.n_visible :]).any()):
            raise ValueError("VariationalNetwork.W_M and W_Q must have zero self-weights where self_connections=False")

    @classmethod
    def random(
        cls,
        cell: EscapeNoise,
        n_visible: int,
        n_hidden: int,
        *,
        scale: float = 0.01,
        seed: int = 0,
        self_connections: bool = True,
    ) -> VariationalNetwork:
        """Build a network to start learning from: visible weights zero, hidden units as random features.

        The rows of M onto the hidden units equal those of Q, normal with standard deviation `scale`: at the start the
        hidden units cost no free energy, and every hidden unit answers to another mixture of inputs.
        """
        rng = generator(seed)
        units = n_visible + n_hidden
        W_Q = scale * rng.standard_normal((n_hidden, units))
        if not self_connections:
            np.fill_diagonal(W_Q[:, n_visible:], 0.0)
        return cls(cell, n_visible, n_hidden, np.vstack([np.zeros((n_visible, units)), W_Q]), W_Q, self_connections)

    @property
    def n_units(self) -> int:
        """Visible and hidden units together."""
        return self.n_visible + self.n_hidden

    def with_weights(self, W_M: ArrayLike, W_Q: ArrayLike) -> VariationalNetwork:
        """Give the same network with other weights."""
        return replace(self, W_M=W_M, W_Q=W_Q)

    def free_energy(
        self,
        X_visible: ArrayLike,
        dt: Any,
        exact: bool = True,
        *,
        n_samples: int = 1,
        seed: int | None = None,
        per_trial: bool = False,
    ) -> Any:
        """Give the free energy of visible spikes, summed over trials.

        Parameters
        ----------
        X_visible : array_like, shape (trials, bins, visible) or (bins, visible)
            0 or 1.
        dt : float or Quantity
            Bin width, in seconds.
        exact : bool
            Sum over all hidden patterns, for bins * hidden up to 20; else the mean over paths drawn from Q.
        n_samples : int
            Paths a trial where it is sampled.
        seed : int, optional
            Seed of the sampling.
        per_trial : bool
            Whether to give one number a trial.

        Returns
        -------
        float or ndarray of shape (trials,)
        """
        from spikelearn.models.escape_noise.enumeration import exact_free_energy
        from spikelearn.models.escape_noise.posterior import sample_path

        V, width = self.checked_visible(X_visible), bin_width(dt)
        if exact:
            each = exact_free_energy(self, V, width)
        else:
            rng = generator(seed)
            each = np.zeros(len(V))
            for _ in range(_positive(n_samples, "n_samples")):
                each += sample_path(self, V, width, rng).free_energy.sum(axis=1) / n_samples
        return each if per_trial else float(each.sum())

    def gradients(
        self,
        X_visible: ArrayLike,
        dt: Any,
        exact: bool = True,
        *,
        estimator: Literal["causal", "episode"] = "causal",
        baseline: float | Floats = 0.0,
        n_samples: int = 1,
        seed: int | None = None,
    ) -> FreeEnergyGradients:
        """Give the slopes dF/dW_M and dF/dW_Q of `free_energy`, summed over trials.

        Parameters
        ----------
        X_visible, dt, exact, n_samples, seed
            As in `free_energy`.
        estimator : {"causal", "episode"}
            Where it is sampled: whether a hidden spike answers for the free energy of its own and later bins only, or
            for that of the whole trial. Both are unbiased; the first varies less.
        baseline : float or ndarray, shape (bins,)
            Subtracted from the credit of each bin; it must not depend on the sample.
        """
        from spikelearn.models.escape_noise.enumeration import exact_free_energy, exact_gradients
        from spikelearn.models.escape_noise.posterior import credit, path_gradients, sample_path

        V, width = self.checked_visible(X_visible), bin_width(dt)
        check_estimator(estimator, np.inf, "VariationalNetwork.gradients")
        b = checked_baseline(baseline, V.shape[1], "VariationalNetwork.gradients")
        if exact:
            return FreeEnergyGradients(*exact_gradients(self, V, width), float(exact_free_energy(self, V, width).sum()))
        rng = generator(seed)
        W_M, W_Q, total = np.zeros_like(self.W_M), np.zeros_like(self.W_Q), 0.0
        for _ in range(_positive(n_samples, "n_samples")):
            path = sample_path(self, V, width, rng)
            part = path_gradients(self, path, width, credit(path.free_energy, width, estimator) - b)
            W_M += part[0] / n_samples
            W_Q += part[1] / n_samples
            total += float(path.free_energy.sum()) / n_samples
        return FreeEnergyGradients(W_M, W_Q, total)

    def held_out(self, X_visible: ArrayLike, dt: Any, *, n_samples: int = 50, seed: int = 0) -> Floats:
        """Estimate log p(X_V) of each trial by importance sampling with Q as the proposal.

        The logarithm of the mean of n weights p/q is, on average, a lower bound of log p(X_V) that rises with n; with
        one sample it is -F. It is exact where there are no hidden units.

        Returns
        -------
        ndarray, shape (trials,)
        """
        from spikelearn.models.escape_noise.posterior import sample_path

        V, width = self.checked_visible(X_visible), bin_width(dt)
        rng = generator(seed)
        count = _positive(n_samples, "n_samples") if self.n_hidden else 1
        logs = np.array([-sample_path(self, V, width, rng).free_energy.sum(axis=1) for _ in range(count)])
        return np.asarray(np.logaddexp.reduce(logs, axis=0) - np.log(count))

    def learn(self, X_visible: ArrayLike, dt: Any, *, rule: str = "batch", **settings: Any) -> Learning:
        """Learn from visible spikes; see `learn` (batch) and `learn_online` of this subpackage for the settings.

        Parameters
        ----------
        X_visible : array_like, shape (trials, bins, visible) or (bins, visible)
            0 or 1.
        dt : float or Quantity
            Bin width, in seconds.
        rule : {"batch", "online"}
            One change of the weights after a batch of trials, or one in every bin.

        Returns
        -------
        Learning
            The learned network with the history of its free energy.
        """
        from spikelearn.models.escape_noise.learning import learn
        from spikelearn.models.escape_noise.online import learn_online

        if rule == "batch":
            return learn(self, X_visible, dt, **settings)
        if rule == "online":
            return learn_online(self, X_visible, dt, **settings)
        raise ValueError(f'VariationalNetwork.learn: rule must be "batch" or "online", got {rule!r}')

    def sample(
        self, n_trials: int, n_bins: int, dt: Any, *, clamp: ArrayLike | None = None, seed: int | None = None
    ) -> Bins:
        """Draw spikes of all units from M, free or with some of them clamped; see `sample` of this subpackage."""
        from spikelearn.models.escape_noise.sampling import sample

        return sample(self.cell, self.W_M, n_trials, n_bins, dt, clamp=clamp, seed=seed)

    def checked_visible(self, X_visible: ArrayLike) -> Bins:
        """Check visible spikes and give them as uint8 of shape (trials, bins, visible)."""
        return checked_spikes(X_visible, "VariationalNetwork: X_visible", self.n_visible)


def _positive(value: int, name: str) -> int:
    return whole_number(f"VariationalNetwork: {name}", value, at_least=1)
