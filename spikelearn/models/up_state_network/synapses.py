"""Who is connected to whom, with what delay and weight: a record, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import one_number, whole_number

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["BLOCKS", "UpStateSynapses", "block_means", "draw_synapses"]

# W_EI goes from I to E.
BLOCKS = ("W_EE", "W_EI", "W_IE", "W_II")
_SPREAD = 0.2


@dataclass(frozen=True, eq=False)
class UpStateSynapses:
    """The synapses of an `UpStateNetwork`, sorted by source, delay and target.

    Parameters
    ----------
    sources, targets : ndarray of int32, shape (synapses,)
        Units; E units come first.
    delays : ndarray of int32, shape (synapses,)
        In steps of 0.1 ms, at least 1.
    J : ndarray, shape (synapses,)
        Weights in pA, not negative; those of I units count negatively.
    n_E, n_I : int
        Units of either kind.

    Raises
    ------
    ValueError
        The arrays do not fit, are not sorted, or a weight is negative or not finite.

    Examples
    --------
    >>> from spikelearn.models.up_state_network import STUDY_START, UpStateNetwork
    >>> synapses = UpStateNetwork(n_E=80, n_I=20, n_kicked=5).draw_synapses(seed=0, start=STUDY_START)
    >>> len(synapses), 100 * 100 * 0.25
    (2500, 2500.0)
    >>> sorted(synapses.means()), int(synapses.delays.max())  # steps of 0.1 ms
    (['W_EE', 'W_EI', 'W_IE', 'W_II'], 10)
    """

    sources: NDArray[np.int32]
    targets: NDArray[np.int32]
    delays: NDArray[np.int32]
    J: Floats
    n_E: int
    n_I: int

    def __post_init__(self) -> None:
        for name in ("n_E", "n_I"):
            object.__setattr__(self, name, whole_number(f"UpStateSynapses.{name}", getattr(self, name), at_least=1))
        n = self.n_E + self.n_I
        for name in ("sources", "targets", "delays"):
            given = np.asarray(getattr(self, name))
            if given.dtype.kind not in "iu" or given.ndim != 1:
                raise ValueError(f"UpStateSynapses.{name} must be a flat array of whole numbers, got {given.dtype}")
            object.__setattr__(self, name, given.astype(np.int32))
        J = np.array(self.J, dtype=np.float64)
        object.__setattr__(self, "J", J)
        sizes = {len(self.sources), len(self.targets), len(self.delays), len(J)}
        if len(sizes) > 1 or J.ndim != 1:
            raise ValueError(f"UpStateSynapses: all arrays must have one number a synapse, got sizes {sorted(sizes)}")
        if not len(J):
            raise ValueError("UpStateSynapses must hold at least one synapse")
        for name in ("sources", "targets"):
            units = getattr(self, name)
            if units.min() < 0 or units.max() >= n:
                raise ValueError(f"UpStateSynapses.{name} must lie in 0..{n - 1}, got {units.min()}..{units.max()}")
        if self.delays.min() < 1:
            raise ValueError(f"UpStateSynapses.delays must be at least 1 step, got {self.delays.min()}")
        if (self.sources == self.targets).any():
            raise ValueError("UpStateSynapses: no unit must send to itself")
        if not np.isfinite(J).all() or (J < 0).any():
            bad = J[~(np.isfinite(J) & (J >= 0))][0]
            raise ValueError(f"UpStateSynapses.J must be finite and not negative, got {bad}")
        order = self._places()
        if (np.diff(order) < 0).any():
            raise ValueError("UpStateSynapses must be sorted by source, delay and target")

    def __len__(self) -> int:
        return len(self.J)

    def __repr__(self) -> str:
        means = ", ".join(f"{name} {value:.1f}" for name, value in self.means().items())
        return f"UpStateSynapses({len(self)} synapses, {self.n_E} E and {self.n_I} I units; {means} pA)"

    def _places(self) -> Integers:
        n, most = self.n_E + self.n_I, int(self.delays.max()) + 1
        return (self.sources.astype(np.int64) * most + self.delays) * n + self.targets

    def pointers(self, longest: int) -> NDArray[np.int64]:
        """Give where the synapses of a unit with a given delay begin, shape (n, longest + 1); see the kernel.

        Raises
        ------
        ValueError
            A delay is longer.
        """
        longest = whole_number("UpStateSynapses.pointers: longest", longest, at_least=1)
        if self.delays.max() > longest:
            raise ValueError(f"UpStateSynapses.delays must be at most {longest} steps, got {self.delays.max()}")
        n = self.n_E + self.n_I
        groups = self.sources.astype(np.int64) * longest + (self.delays - 1)
        edges = np.searchsorted(groups, np.arange(n * longest + 1))
        found = np.empty((n, longest + 1), dtype=np.int64)
        found[:, :-1] = edges[:-1].reshape(n, longest)
        found[:, -1] = edges[longest::longest]
        return found

    def block(self, name: str) -> NDArray[np.bool_]:
        """Say which synapses are of a kind such as "W_EI", from I to E."""
        if name not in BLOCKS:
            raise ValueError(unknown_name("UpStateSynapses", "kind", str(name), BLOCKS))
        return np.asarray(self.kinds() == BLOCKS.index(name))

    def means(self) -> dict[str, float]:
        """Give the mean weight of every kind, in pA; NaN where there is none."""
        return block_means(self.kinds(), self.J)

    def kinds(self) -> NDArray[np.int64]:
        """Give the kind of every synapse as its place in `BLOCKS`."""
        return 2 * (self.targets >= self.n_E).astype(np.int64) + (self.sources >= self.n_E)

    def with_weights(self, J: Floats) -> UpStateSynapses:
        """Give the same synapses with other weights."""
        return replace(self, J=J)


def block_means(kinds: NDArray[np.int64], J: Floats) -> dict[str, float]:
    """Give the mean weight of every kind, in pA; NaN where there is none."""
    with np.errstate(invalid="ignore"):
        found = np.bincount(kinds, J, minlength=4) / np.bincount(kinds, minlength=4)
    return dict(zip(BLOCKS, (float(value) for value in found), strict=True))


def draw_synapses(model: UpStateNetwork, seed: int, start: Any) -> UpStateSynapses:
    """Draw the synapses of a network; see `UpStateNetwork.draw_synapses`.

    Everything is made from the raw 64-bit words of PCG64, which NumPy promises not to change.
    """
    from scipy.special import ndtri

    from spikelearn.models.up_state_network.grid import grid_of

    try:
        means = [one_number("UpStateNetwork.draw_synapses: start", value) for value in start]
    except TypeError as error:
        raise ValueError(f"UpStateNetwork.draw_synapses: start must be four weights in pA, got {start!r}") from error
    if len(means) != 4 or not all(0 <= mean < np.inf for mean in means):
        raise ValueError(
            f"UpStateNetwork.draw_synapses: start must be four weights in pA that are not negative, got {start!r}"
        )
    words = np.random.PCG64(whole_number("UpStateNetwork.draw_synapses: seed", seed))
    grid, sizes, first = grid_of(model), {"E": model.n_E, "I": model.n_I}, {"E": 0, "I": model.n_E}
    parts = []
    for name, mean in zip(BLOCKS, means, strict=True):
        post, pre = name[2], name[3]
        n_pre, n_post = sizes[pre], sizes[post]
        # Every pair gets a word; the least ones are the connected pairs, so that all choices are equally likely.
        keys = words.random_raw(n_pre * n_post).reshape(n_pre, n_post)
        allowed = np.ones(keys.shape, dtype=bool)
        if pre == post:
            np.fill_diagonal(allowed, False)
        places = np.flatnonzero(allowed)
        wanted = max(round(float(model.p) * n_pre * n_post), 1)
        chosen = np.sort(places[np.argpartition(keys.ravel()[places], wanted - 1)[:wanted]])
        longest = (grid.E if pre == "E" else grid.I).delays
        delays = 1 + (words.random_raw(wanted) % np.uint64(longest)).astype(np.int32)
        uniform = ((words.random_raw(wanted) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        J = mean * model.scale * np.maximum(0.0, 1.0 + _SPREAD * ndtri(uniform))
        sources, targets = np.divmod(chosen, n_post)
        parts.append((sources + first[pre], targets + first[post], delays, J))
    sources, targets, delays, J = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((targets, delays, sources))
    return UpStateSynapses(sources[order], targets[order], delays[order], J[order], model.n_E, model.n_I)
