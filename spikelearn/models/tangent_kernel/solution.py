"""The solution of learning linearised in the weights, with a learning rate for each layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.activation import Activation
from spikelearn.models.tangent_kernel.inputs import check_inputs, nearest_pair
from spikelearn.models.tangent_kernel.kernels import layer_kernels, weighted
from spikelearn.models.tangent_kernel.layers import Layers
from spikelearn.models.tangent_kernel.passes import Pass, both_passes

__all__ = ["Linearised", "Net", "check_spectrum", "linearise"]


class Net(Protocol):
    """What a solution needs of the network that it belongs to."""

    @property
    def n(self) -> int:
        """Units of each layer."""

    @property
    def depth(self) -> int:
        """Nonlinear layers."""

    @property
    def rates(self) -> Floats:
        """Relative learning rates gamma^1 ... gamma^(L+1)."""

    @property
    def layers(self) -> Layers:
        """The initial weights."""

    @property
    def activation(self) -> Activation:
        """The nonlinearity."""


@dataclass(frozen=True, eq=False)
class Linearised:
    """Where gradient descent on the linearised loss ends.

    Parameters
    ----------
    a : ndarray, shape (p,)
        C^-1 (y - f(w, x)).
    C : ndarray, shape (p, p)
        The gamma-weighted kernel.
    kernels : ndarray, shape (depth + 1, p, p)
        Its layers C^l.
    start : ndarray, shape (p,)
        Outputs f(w, x) before learning.
    y : ndarray, shape (p,)
        Targets.
    condition : float
        Condition number of C.
    network : Net
        The network before learning.
    made : Pass
        Its passes of the examples.
    """

    a: Floats
    C: Floats
    kernels: Floats
    start: Floats
    y: Floats
    condition: float
    network: Net
    made: Pass

    def change(self, layer: int) -> Floats:
        """Give Delta w of one layer, 1 ... depth + 1: shape (n, n), of the read-out (n,).

        References
        ----------
        Document 002 Q4, Eq. (32): (gamma^l/n) sum of a_mu x~^l_mu, a_mu the same in all layers (erratum K3).
        """
        depth, n = self.network.depth, self.network.n
        if not 1 <= layer <= depth + 1:
            raise ValueError(f"Linearised.change: layer must lie in 1 to {depth + 1}, got {layer}")
        factor = self.network.rates[layer - 1] / n * self.a
        if layer == depth + 1:
            return np.asarray(factor @ self.made.x[-1])
        return np.asarray((factor[:, None] * self.made.delta[layer - 1]).T @ self.made.x[layer - 1])

    @property
    def delta_w(self) -> tuple[Floats, ...]:
        """Changes of all layers, the read-out last; 8 n^2 bytes a layer, made anew at each call."""
        return tuple(self.change(layer) for layer in range(1, self.network.depth + 2))

    @cached_property
    def rms(self) -> Floats:
        """Root mean square of the entries of Delta w, one number a layer; one layer is formed at a time."""
        found = []
        for layer in range(1, self.network.depth + 2):
            entries = self.change(layer).ravel()
            found.append(np.sqrt(entries @ entries / entries.size))
        return np.array(found)

    @cached_property
    def residual(self) -> Floats:
        """Give y - f(w + Delta w, x) of the full network: what the linearisation leaves, shape (p,)."""
        return self.y - self._full(self.made.x[0])

    def predict(self, x_new: ArrayLike, *, full: bool = False) -> Floats:
        """Predict outputs for other inputs.

        Parameters
        ----------
        x_new : array_like, shape (q, n)
            Inputs with |x|^2 = n.
        full : bool
            Whether to put Delta w into the network itself instead of the linearised one.

        Returns
        -------
        ndarray, shape (q,)
            Linearised: f(w, x_new) + sum_mu k_mu a_mu, k_mu the gamma-weighted kernel between x_new and example mu.
        """
        rows = check_inputs(x_new, self.network.n, "Linearised.predict: x_new")
        if full:
            return self._full(rows)
        made = both_passes(self.network.layers, self.network.activation, rows, self.network.depth)
        return np.asarray(made.output + weighted(layer_kernels(made, self.made), self.network.rates) @ self.a)

    def _full(self, rows: Floats) -> Floats:
        """Output of the network with w + Delta w; Delta w acts through its p outer products, never as a matrix."""
        x, network = rows, self.network
        for layer in range(1, network.depth + 1):
            factor = network.rates[layer - 1] / network.n * self.a
            learned = (x @ self.made.x[layer - 1].T * factor) @ self.made.delta[layer - 1]
            x, _ = network.activation.both(np.asarray(network.layers.times(layer, x) + learned))
        return np.asarray(x @ (network.layers.readout() + self.change(network.depth + 1)))


def linearise(network: Net, made: Pass, y: Floats) -> Linearised:
    """Solve C a = y - f for examples whose passes are at hand.

    Raises
    ------
    ValueError
        There are more examples than weights, or the kernel cannot tell examples apart.

    References
    ----------
    Document 002 Q4, Eqs. (8), (9), (32), (35)-(37); without the superscript that Eqs. (11)-(13) have (erratum K3).
    """
    p, n_weights = len(y), network.depth * network.n**2 + network.n
    if p > n_weights:
        raise ValueError(
            f"TangentKernel: there must be at most as many examples as weights, {n_weights}, got {p}; "
            "more cannot be fitted"
        )
    kernels = layer_kernels(made)
    C = weighted(kernels, network.rates)
    condition = check_spectrum(C, made.x[0])
    a = np.asarray(np.linalg.solve(C, y - made.output), dtype=np.float64)
    return Linearised(a, C, kernels, made.output, y, condition, network, made)


def check_spectrum(C: Floats, rows: Floats) -> float:
    """Give the condition number of a kernel, and refuse a singular one with the examples that are to blame.

    Raises
    ------
    ValueError
        The smallest eigenvalue is zero up to rounding.
    """
    values = np.linalg.eigvalsh(C)
    if values[0] <= 10 * len(C) * np.finfo(np.float64).eps * values[-1]:
        who = ""
        if len(C) > 1:
            i, j, cosine = nearest_pair(rows)
            who = f"; most alike are rows {i} and {j}, with the cosine {cosine:.6g}"
        raise ValueError(
            f"TangentKernel: x must hold examples that the kernel can tell apart, but the kernel is singular "
            f"(eigenvalues {values[0]:.1e} to {values[-1]:.3g}){who}"
        )
    return float(values[-1] / values[0])
