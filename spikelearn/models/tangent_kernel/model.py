"""A wide feedforward network, its layer kernels, and learning linearised in its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.activation import Activation, activation
from spikelearn.models.tangent_kernel.infinite import infinite_kernels
from spikelearn.models.tangent_kernel.inputs import check_inputs, check_targets, normalised
from spikelearn.models.tangent_kernel.kernels import layer_kernels, weighted
from spikelearn.models.tangent_kernel.layers import Kept, Layers, Redrawn, drawn
from spikelearn.models.tangent_kernel.passes import Pass, both_passes, forward
from spikelearn.models.tangent_kernel.solution import Linearised, check_spectrum, linearise
from spikelearn.parameters.foreign import bare
from spikelearn.parameters.numbers import check_flag, whole_number
from spikelearn.parameters.shapes import fields_html

__all__ = ["Prediction", "TangentKernel"]


class Prediction(NamedTuple):
    """Mean and variance over initialisations of the learned output, each of shape (q,)."""

    mean: Floats
    variance: Floats


@dataclass(frozen=True, eq=False)
class TangentKernel:
    """A feedforward network x^l = phi(w^l x^(l-1)), l = 1 ... L, with a linear read-out y = w^(L+1) x^L.

    All layers and the input have n units, w ~ N(0, 1/n), and inputs have |x|^2 = n.

    Parameters
    ----------
    n : int
        Units of each layer and of the input.
    depth : int
        Number L of nonlinear layers; the read-out is layer L + 1.
    phi : str
        "erf" (erf(x) itself), "tanh", "relu", or a differentiable formula in x.
    gamma : sequence of float, optional
        Relative learning rates of the L + 1 layers, scaled to the sum 1; all equal if not given.
    seed : int or sequence of int
        Of the weights, drawn in the order w^1 ... w^(L+1).
    weights : sequence of array_like, optional
        L matrices (n, n) and a read-out (n,) instead of drawn ones; they are not copied.
    keep_weights : bool
        Whether drawn weights stay in memory (8 n^2 bytes a layer). If not, they are drawn again, some rows at a time,
        in every pass: the same numbers, in memory for the examples alone.

    Raises
    ------
    TypeError
        A size is no whole number, phi no text.
    ValueError
        A parameter lies outside its range, or phi is no differentiable formula.

    References
    ----------
    Document 002 Q4, Eqs. (2)-(4). The print calls layer L linear; the read-out, layer L + 1, is (erratum K1).

    Examples
    --------
    >>> kernel = TangentKernel(256, depth=2, seed=1)
    >>> x = kernel.normalised(np.random.default_rng(0).normal(size=(4, 256)))
    >>> kernel.kernels(x).shape
    (3, 4, 4)
    >>> solution = kernel.linearised(x, [1.0, -1.0, 1.0, -1.0])
    >>> np.allclose(solution.predict(x), solution.y)
    True
    >>> bool(abs(solution.residual).max() < 0.05)
    True
    """

    n: int
    depth: int
    phi: str = "erf"
    gamma: Sequence[float] | None = None
    seed: Any = 0
    weights: Sequence[ArrayLike] | None = None
    keep_weights: bool = True

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "n", whole_number("TangentKernel.n", self.n, at_least=1))
        set_field(self, "depth", whole_number("TangentKernel.depth", self.depth, at_least=1))
        if not isinstance(self.phi, str):
            raise TypeError(f"TangentKernel.phi must be text, got {self.phi!r}")
        check_flag("TangentKernel.keep_weights", self.keep_weights)
        set_field(self, "gamma", tuple(map(float, _checked_rates(self.gamma, self.depth))))
        _check_seed(self.seed)
        if self.weights is not None:
            set_field(self, "weights", _checked_weights(self.weights, self.n, self.depth))
        _ = self.activation

    @cached_property
    def activation(self) -> Activation:
        """The nonlinearity and its derivative."""
        return activation(self.phi)

    @property
    def rates(self) -> Floats:
        """Relative learning rates gamma^1 ... gamma^(L+1), of sum 1."""
        return np.array(self.gamma, dtype=np.float64)

    @cached_property
    def layers(self) -> Layers:
        """The weights, drawn at the first use."""
        if self.weights is not None:
            return Kept([np.asarray(w, dtype=np.float64) for w in self.weights])
        if self.keep_weights:
            return Kept(drawn(self.n, self.depth, self.seed))
        return Redrawn(self.n, self.depth, self.seed)

    def normalised(self, x: ArrayLike) -> Floats:
        """Scale every row of x to |x|^2 = n.

        Raises
        ------
        ValueError
            A row is zero, or its length is not n.
        """
        return normalised(x, self.n, "TangentKernel.normalised: x")

    def output(self, x: ArrayLike) -> Floats:
        """Give f(w, x), shape (p,), for inputs of shape (p, n)."""
        rows = check_inputs(x, self.n, "TangentKernel.output: x")
        return forward(self.layers, self.activation, rows, self.depth)[0].output

    def passes(self, x: ArrayLike) -> Pass:
        """Give activities, drives and the output's derivatives in the drives; see `Pass`."""
        rows = check_inputs(x, self.n, "TangentKernel.passes: x")
        return both_passes(self.layers, self.activation, rows, self.depth)

    def kernels(self, x: ArrayLike, other: ArrayLike | None = None) -> Floats:
        """Give the layer kernels C^l between examples, without a Jacobian.

        Parameters
        ----------
        x : array_like, shape (p, n)
            Examples with |x|^2 = n.
        other : array_like, shape (q, n), optional
            Other examples for the second index.

        Returns
        -------
        ndarray, shape (depth + 1, p, p) or (depth + 1, p, q)
            C^1 ... C^L and that of the read-out.

        References
        ----------
        Document 002 Q4, Eqs. (13), (16), (17).
        """
        left = self.passes(x)
        return layer_kernels(left, None if other is None else self.passes(other))

    def kernel(self, x: ArrayLike, other: ArrayLike | None = None) -> Floats:
        """Give C = sum of gamma^l C^l, shape (p, p) or (p, q); Eq. (36)."""
        return weighted(self.kernels(x, other), self.rates)

    def infinite_width(self, x: ArrayLike) -> Floats:
        """Give the layer kernels in the limit of infinite width, shape (depth + 1, p, p).

        Raises
        ------
        ValueError
            phi is a formula that is too steep for the trapezoid rule.
        """
        rows = check_inputs(x, self.n, "TangentKernel.infinite_width: x")
        return infinite_kernels(rows @ rows.T / self.n, self.activation, self.depth)[0]

    def linearised(self, x: ArrayLike, y: ArrayLike) -> Linearised:
        """Give the weights at which gradient descent on the linearised loss ends.

        Parameters
        ----------
        x : array_like, shape (p, n)
            Examples with |x|^2 = n.
        y : array_like, shape (p,)
            Targets.

        Raises
        ------
        ValueError
            There are more examples than weights, or two that the kernel cannot tell apart.

        References
        ----------
        Document 002 Q4, Eqs. (32), (36), (37).
        """
        made = self.passes(x)
        return linearise(self, made, check_targets(y, len(made.output), "TangentKernel.linearised: y"))

    def infinite_width_prediction(self, x: ArrayLike, y: ArrayLike, x_new: ArrayLike) -> Prediction:
        """Give mean and variance over initialisations of the learned output, at infinite width.

        With K = q^L the covariance of outputs before learning, Theta = sum of gamma^l C^l and w = Theta^-1 Theta_*,
        the mean is w^T y and the variance K_** + w^T K w - 2 w^T K_*.

        Parameters
        ----------
        x, y
            Examples and targets, as for `linearised`.
        x_new : array_like, shape (q, n)
            Inputs that were not learned.

        References
        ----------
        Lee et al. 2019, Wide neural networks of any depth evolve as linear models, Eqs. (15) and (16).
        """
        where = "TangentKernel.infinite_width_prediction"
        old, new = check_inputs(x, self.n, f"{where}: x"), check_inputs(x_new, self.n, f"{where}: x_new")
        targets = check_targets(y, len(old), f"{where}: y")
        rows = np.concatenate([old, new])
        layers, covariance = infinite_kernels(rows @ rows.T / self.n, self.activation, self.depth)
        theta, p = weighted(layers, self.rates), len(old)
        check_spectrum(theta[:p, :p], old)
        w = np.linalg.solve(theta[:p, :p], theta[:p, p:])
        spread = np.einsum("iq,ij,jq->q", w, covariance[:p, :p], w) - 2 * np.einsum("iq,iq->q", w, covariance[:p, p:])
        return Prediction(w.T @ targets, np.diag(covariance)[p:] + spread)


def _checked_rates(gamma: Sequence[float] | None, depth: int) -> Floats:
    if gamma is None:
        return np.full(depth + 1, 1 / (depth + 1))
    gamma = bare(gamma, "TangentKernel.gamma")
    try:
        rates = np.asarray(gamma, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"TangentKernel.gamma must be numbers, got {gamma!r}") from error
    if rates.shape != (depth + 1,):
        raise ValueError(
            f"TangentKernel.gamma must have one rate a layer, {depth + 1} with the read-out, got shape {rates.shape}"
        )
    if not (np.isfinite(rates).all() and (rates > 0).all()):
        raise ValueError(f"TangentKernel.gamma must be positive, got {gamma!r}")
    return np.asarray(rates / rates.sum())


def _checked_weights(given: Sequence[ArrayLike], n: int, depth: int) -> tuple[Floats, ...]:
    shapes = [(n, n)] * depth + [(n,)]
    if len(given) != depth + 1:
        raise ValueError(
            f"TangentKernel.weights must be {depth} matrices and a read-out, {depth + 1} arrays, got {len(given)}"
        )
    arrays = tuple(np.array(bare(w, f"TangentKernel.weights[{k}]"), dtype=np.float64) for k, w in enumerate(given))
    for k, (w, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if w.shape != shape:
            raise ValueError(f"TangentKernel.weights[{k}] must have the shape {shape}, got {w.shape}")
        if not np.isfinite(w).all():
            raise ValueError(f"TangentKernel.weights[{k}] must be finite, got NaN or infinity")
    return arrays


def _check_seed(seed: Any) -> None:
    for k, part in enumerate(seed if isinstance(seed, (list, tuple)) else [seed]):
        where = "TangentKernel.seed" if not isinstance(seed, (list, tuple)) else f"TangentKernel.seed[{k}]"
        whole_number(where, part)
