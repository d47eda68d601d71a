"""The width study: how large weights, kernels and what the linearisation leaves are, against the number of units."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.tangent_kernel.activation import activation
from spikelearn.models.tangent_kernel.descent import Trained, descend
from spikelearn.models.tangent_kernel.infinite import infinite_kernels
from spikelearn.models.tangent_kernel.kernels import weighted
from spikelearn.models.tangent_kernel.model import TangentKernel
from spikelearn.models.tangent_kernel.slopes import Slope, fit_slope
from spikelearn.models.tangent_kernel.solution import Linearised
from spikelearn.models.tangent_kernel.theory import exponents
from spikelearn.parameters import seeds
from spikelearn.parameters.numbers import whole_number
from spikelearn.progress import progress_bar

__all__ = ["WidthStudy", "distance", "slopes"]

_LEAST = {"n_seeds": 2, "depth": 1, "n_examples": 1, "n_dims": 1}


@dataclass(frozen=True)
class WidthStudy:
    """Wide networks in the tangent-kernel regime: one learning task at several widths and draws.

    The examples have the same angles at every width: fixed vectors of length one in a space of a few dimensions, turned
    at random into the n dimensions of the input. The limit of the kernel is therefore one matrix.

    Parameters
    ----------
    widths : sequence of int
        Numbers of units n, rising; at least `n_dims`.
    n_seeds : int
        Draws s = 0, 1, ... at each width; weights by ``numpy.random.default_rng([s, n])``.
    depth : int
        Number L of nonlinear layers.
    n_examples : int
        Number p of examples.
    n_dims : int
        Dimensions that the examples span at most. The fewer, the more alike they are and the larger cond(C): the laws
        of the network itself, `residual` and `descent_distance`, then hold from larger widths on only.
    phi, gamma
        As for `TangentKernel`.
    descent_up_to : int
        The largest width at which the network itself is trained as well; 0 for none.
    data_seed : int
        Of angles and targets (standard normal).

    Raises
    ------
    TypeError
        A number is not whole.
    ValueError
        A number lies outside its range.

    Examples
    --------
    >>> study = WidthStudy(widths=(64, 128), n_seeds=2, descent_up_to=64)
    >>> found = study.run()
    >>> found["delta_w_readout"].dims, found["delta_w_readout"].shape
    (('width', 'draw'), (2, 2))
    """

    widths: Sequence[int] = (64, 128, 256, 512, 1024)
    n_seeds: int = 8
    depth: int = 2
    n_examples: int = 8
    n_dims: int = 32
    phi: str = "erf"
    gamma: Sequence[float] | None = None
    descent_up_to: int = 256
    data_seed: int = 0

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        for name in ("n_seeds", "depth", "n_examples", "n_dims", "descent_up_to", "data_seed"):
            set_field(self, name, whole_number(f"WidthStudy.{name}", getattr(self, name), at_least=_LEAST.get(name, 0)))
        if not isinstance(self.widths, (list, tuple, np.ndarray)):
            raise TypeError(f"WidthStudy.widths must be a list of whole numbers, got {self.widths!r}")
        widths = tuple(whole_number(f"WidthStudy.widths[{k}]", n, at_least=1) for k, n in enumerate(self.widths))
        if len(widths) < 2 or any(b <= a for a, b in itertools.pairwise(widths)):
            raise ValueError(f"WidthStudy.widths must be at least two rising numbers, got {list(widths)}")
        if widths[0] < self.n_dims:
            raise ValueError(f"WidthStudy.widths must be at least n_dims = {self.n_dims}, got {widths[0]}")
        set_field(self, "widths", widths)
        made = TangentKernel(1, self.depth, self.phi, self.gamma)
        set_field(self, "gamma", made.gamma)

    @property
    def exponents(self) -> dict[str, float]:
        """The exponents that the theory expects; see `spikelearn.models.tangent_kernel.theory.exponents`."""
        return exponents(self.depth, activation(self.phi).smooth)

    def task(self) -> tuple[Floats, Floats]:
        """Give the examples' directions, shape (p, n_dims) with rows of length one, and the targets, shape (p,)."""
        generator = seeds.generator(self.data_seed)
        directions = generator.standard_normal((self.n_examples, self.n_dims))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return directions, generator.standard_normal(self.n_examples)

    def limit(self) -> Floats:
        """Give the kernel at infinite width, shape (p, p)."""
        directions, _ = self.task()
        made = TangentKernel(1, self.depth, self.phi, self.gamma)
        layers, _ = infinite_kernels(directions @ directions.T, made.activation, self.depth)
        return weighted(layers, made.rates)

    def draw(self, n: int, seed: int) -> tuple[TangentKernel, Floats, Floats]:
        """Give one network with its examples, shape (p, n), and targets."""
        directions, y = self.task()
        frame, _ = np.linalg.qr(seeds.generator([seed, n, 1]).standard_normal((n, self.n_dims)))
        network = TangentKernel(n, self.depth, self.phi, self.gamma, seed=[seed, n])
        return network, network.normalised(directions @ frame.T), y

    def measure(self, n: int, seed: int) -> dict[str, float]:
        """Measure every quantity of `exponents` in one network."""
        network, x, y = self.draw(n, seed)
        solution = network.linearised(x, y)
        gradient = np.concatenate(solution.made.delta)
        found = {f"delta_w_{k + 1}": float(size) for k, size in enumerate(solution.rms[:-1])}
        found |= {
            "delta_w_readout": float(solution.rms[-1]),
            "a": _rms(solution.a),
            "gradient": _rms(gradient),
            "kernel": _rms(solution.C),
            "kernel_error": _rms(solution.C - self.limit()),
            "residual": _rms(solution.residual),
            "descent_distance": np.nan,
        }
        if n <= self.descent_up_to:
            found["descent_distance"] = distance(descend(solution), solution)
        return found

    def run(self, progress: bool = False, watch: Callable[[int, int], None] | None = None) -> Any:
        """Measure all widths and draws.

        Parameters
        ----------
        progress : bool
            Whether to show a bar, in units of work, if it takes longer than two seconds.
        watch : callable, optional
            Called as ``watch(n, seed)`` before each network.

        Returns
        -------
        xarray.Dataset
            One variable a quantity of `exponents`, over (width, draw); `descent_distance` is NaN where the network
            itself was not trained.
        """
        import xarray as xr

        shape = (len(self.widths), self.n_seeds)
        table = {name: np.empty(shape) for name in self.exponents}
        works = [self._work(n) for n in self.widths]
        total = sum(works) * self.n_seeds
        with progress_bar(shown=progress, total=total, unit_scale=True, unit="op") as bar:
            for place, n, seed in self._points():
                bar.set_description(f"n = {n}, draw {seed}", refresh=False)
                if watch is not None:
                    watch(n, seed)
                for name, value in self.measure(n, seed).items():
                    table[name][place, seed] = value
                bar.update(works[place])
        return xr.Dataset(
            {name: (("width", "draw"), values, {"units": "1"}) for name, values in table.items()},
            coords={"width": list(self.widths), "draw": np.arange(self.n_seeds)},
            attrs={"depth": self.depth, "n_examples": self.n_examples, "phi": self.phi},
        )

    def _points(self) -> Iterator[tuple[int, int, int]]:
        for place, n in enumerate(self.widths):
            for seed in range(self.n_seeds):
                yield place, n, seed

    def _work(self, n: int) -> int:
        """Count passes over the weights, roughly: ten for the solution, two hundred for training."""
        return self.depth * n * n * (10 + (200 if n <= self.descent_up_to else 0))


def slopes(table: Any, level: float = 0.999) -> dict[str, Slope]:
    """Fit the exponent of every quantity of a study; widths where it was not measured are left out.

    Parameters
    ----------
    table : xarray.Dataset
        Of `WidthStudy.run`.
    level : float
        As for `fit_slope`.

    Returns
    -------
    dict of str to Slope
        A quantity measured at fewer than two widths is left out.
    """
    found = {}
    for name, values in table.data_vars.items():
        measured = np.isfinite(values.values).all(axis=1)
        if measured.sum() > 1:
            found[str(name)] = fit_slope(table["width"].values[measured], values.values[measured], level)
    return found


def distance(trained: Trained, solution: Linearised) -> float:
    """Give |Delta w of the trained network - Delta w linearised| / |Delta w linearised|, over all layers."""
    gap = norm = 0.0
    for layer, learned in enumerate(trained.delta_w, start=1):
        linear = solution.change(layer)
        gap += float(np.sum((learned - linear) ** 2))
        norm += float(np.sum(linear**2))
    return float(np.sqrt(gap / norm))


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
