"""Many excitatory and inhibitory rate units with a matrix of weights: the two populations, unit by unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.protocol import Protocol
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PUBLISHED_START", "EIUnits"]

# Mean and standard deviation of every start weight.
PUBLISHED_START = (0.1, 0.04)


@dataclass(frozen=True)
class EIUnits:
    r"""E and I units of which each is a rate unit of `spikelearn.EIRates`, connected by a matrix.

    .. math::

        \tau_E \dot E_i &= -E_i + g_E [\sum_j W_{EE,ij} E_j - \sum_j W_{EI,ij} I_j - \Theta_E + I_{ext}]_+ \\
        \tau_I \dot I_i &= -I_i + g_I [\sum_j W_{IE,ij} E_j - \sum_j W_{II,ij} I_j - \Theta_I]_+

    A matrix of weights has the row i for the unit that receives and the column j for the unit that sends; E units come
    first. Entries of I columns are sizes: they count negatively. No unit sends to itself. Run it with
    `spikelearn.run_trials`.

    Parameters
    ----------
    populations : EIRates
        Gains, thresholds, time constants, set points and cut-offs of the units; activities in Hz, times in ms.
    n_E, n_I : int
        How many units of either kind, at least two each.

    Raises
    ------
    TypeError
        `populations` is no EIRates.
    ValueError
        There are fewer than two units of a kind.

    References
    ----------
    Soldado-Magraner, Seay, Laje & Buonomano 2022, PNAS 119: e2200621119, the simulations of many units.

    Examples
    --------
    >>> units = EIUnits()
    >>> W = units.draw_weights(range(3))
    >>> W.shape, bool((W[:, range(100), range(100)][:, :80] == 0).all())
    ((3, 100, 100), True)
    """

    populations: EIRates = field(default_factory=EIRates)
    n_E: int = 80
    n_I: int = 20

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        if not isinstance(self.populations, EIRates):
            raise TypeError(f"EIUnits.populations must be a spikelearn.EIRates, got {self.populations!r}")
        for name in ("n_E", "n_I"):
            object.__setattr__(self, name, whole_number(f"EIUnits.{name}", getattr(self, name), at_least=2))

    @property
    def n(self) -> int:
        """How many units there are."""
        return self.n_E + self.n_I

    @property
    def parameters(self) -> Mapping[str, float]:
        """Value of every parameter by name, those of the populations with them."""
        return {**self.populations.parameters, "n_E": self.n_E, "n_I": self.n_I}

    @property
    def blocks(self) -> dict[str, tuple[slice, slice]]:
        """Where the weights W_EE, W_EI, W_IE, W_II lie in a matrix."""
        parts = {"E": slice(0, self.n_E), "I": slice(self.n_E, self.n)}
        return {f"W_{post}{pre}": (parts[post], parts[pre]) for post in "EI" for pre in "EI"}

    def inputs(self, weight: str) -> int:
        """Give how many units send a weight such as "W_EE" to one unit; itself is none of them."""
        if weight not in self.blocks:
            raise ValueError(unknown_name("EIUnits", "weight", weight, self.blocks))
        post, pre = weight[-2], weight[-1]
        return (self.n_E if pre == "E" else self.n_I) - (post == pre)

    def draw_weights(
        self,
        seeds: int | Iterable[int] = 0,
        *,
        start: tuple[float, float] = PUBLISHED_START,
        W_EI: tuple[float, float] | None = None,
    ) -> Floats:
        """Draw start weights: every entry from a normal distribution, none from a unit to itself.

        Some entries are negative; the first update lifts them to the floor, as in the source.

        Parameters
        ----------
        seeds : int or iterable of int
            One matrix a seed.
        start : (float, float)
            Mean and standard deviation.
        W_EI : (float, float), optional
            Those of the weights from I to E, where they differ. (0.12, 0.048) keeps every start from saturating.

        Returns
        -------
        ndarray, shape (n, n) or (seeds, n, n)
        """
        if not isinstance(seeds, Iterable):
            return self._draw(seeds, start, W_EI)
        drawn = [self._draw(seed, start, W_EI) for seed in seeds]
        if not drawn:
            raise ValueError("EIUnits.draw_weights: seeds must hold at least one")
        return np.array(drawn)

    def _draw(self, seed: int, start: tuple[float, float], W_EI: tuple[float, float] | None) -> Floats:
        rng = generator(whole_number("EIUnits.draw_weights: seed", seed))
        W = np.zeros((self.n, self.n))
        for name, block in self.blocks.items():
            mean, sd = start if W_EI is None or name != "W_EI" else W_EI
            W[block] = rng.normal(mean, sd, W[block].shape)
        np.fill_diagonal(W, 0.0)
        return W

    def floors(self, protocol: Protocol) -> Floats:
        """Give the least that every weight may be after an update, shape (n, n); 0 on the diagonal.

        The floor of the two populations, shared among the units that send.
        """
        least = np.zeros((self.n, self.n))
        for name, block in self.blocks.items():
            least[block] = protocol.weight_floor / self.inputs(name)
        np.fill_diagonal(least, 0.0)
        return least

    def in_trials(self, rule: Any, n_trials: int, W0: Any, **settings: Any) -> xr.Dataset:
        """Run it in trials; see `spikelearn.run_trials`, which calls this with all its settings."""
        from spikelearn.models.ei_units.trials import run_units

        given = dict(settings)
        if given.pop("engine") != "array":
            raise ValueError(f"run_trials: EIUnits must be run with engine='array', got {settings['engine']!r}")
        # Only Brian2 has targets: `run_trials` has refused any other than "auto".
        del given["target"]
        kept = tuple(given.pop(name) for name in ("checkpoint", "checkpoint_every", "resume"))
        return run_units(self, rule, n_trials, W0, kept=kept, **given)
