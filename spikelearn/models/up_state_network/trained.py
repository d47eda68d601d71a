"""Weights after the default training, small enough to ship: the drawn start, and the change of low rank."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.checkpoint import checksum
from spikelearn.models.up_state_network.synapses import UpStateSynapses

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["SHIPPED", "change_factors", "read_weights", "trained_synapses", "write_weights"]

SHIPPED = Path(__file__).with_name("trained.npz")


def change_factors(synapses: UpStateSynapses, change: Floats, rank: int, rounds: int = 30) -> tuple[Floats, Floats]:
    r"""Give factors L and R, of shape (n, rank), with which a change of weights is :math:`\sum_r L_{ir} R_{jr}`.

    What a rule of this family adds is a sum of such products, a receiving unit's times a sending unit's, one a trial,
    so that few of them say nearly all. Alternating least squares over the synapses that there are.

    Parameters
    ----------
    synapses : UpStateSynapses
        Who is connected.
    change : ndarray, shape (synapses,)
        In pA.
    rank : int
        How many products are kept.
    rounds : int
        How often either side is solved for.
    """
    n = synapses.n_E + synapses.n_I
    dense, there = np.zeros((n, n)), np.zeros((n, n), dtype=bool)
    dense[synapses.targets, synapses.sources] = change
    there[synapses.targets, synapses.sources] = True
    # Receiving units at first have the mean change of what E and I send to them, and small differences of their own.
    right = np.random.default_rng(0).standard_normal((n, rank))
    right[:, 0] = np.arange(n) < synapses.n_E
    if rank > 1:
        right[:, 1] = 1 - right[:, 0]
    left = right
    for _ in range(rounds):
        left = _solved(dense, there, right)
        right = _solved(dense.T, there.T, left)
    return left, right


def _solved(dense: Floats, there: NDArray[np.bool_], factor: Floats) -> Floats:
    """Solve every row for its factor, given that of the columns; a little of a ridge keeps empty rows finite."""
    rank = factor.shape[1]
    products = np.einsum("jr,js->jrs", factor, factor).reshape(len(factor), -1)
    normal = (there.astype(np.float64) @ products).reshape(-1, rank, rank) + 1e-9 * np.eye(rank)
    return np.asarray(np.linalg.solve(normal, (dense @ factor)[..., None])[..., 0])


def write_weights(path: Path, synapses: UpStateSynapses, J: Floats, *, seed: int, start: tuple[float, ...]) -> float:
    """Write weights as the change from drawn ones, of rank 8 and in half precision.

    Parameters
    ----------
    path : Path
        An ``.npz`` file.
    synapses : UpStateSynapses
        As `UpStateNetwork.draw_synapses` gave them for `seed` and `start`.
    J : ndarray, shape (synapses,)
        The weights in pA.

    Returns
    -------
    float
        Root of the mean squared deviation of what is written, in pA.
    """
    from spikelearn.storage.files import whole_file

    left, right = change_factors(synapses, J - synapses.J, 8)
    # Both sides of one size, so that half precision serves both.
    size = np.sqrt(np.abs(left).max(axis=0) / np.abs(right).max(axis=0))
    halves = [(left / size).astype(np.float16), (right * size).astype(np.float16)]
    places = checksum(synapses.sources, synapses.targets, synapses.delays)
    with whole_file(path) as temporary, Path(temporary).open("wb") as file:
        np.savez_compressed(
            file, left=halves[0], right=halves[1], seed=np.int64(seed), start=np.array(start), places=np.array(places)
        )
    return float(np.sqrt(np.mean((_changed(synapses, *halves) - J) ** 2)))


def read_weights(model: UpStateNetwork, path: Path) -> UpStateSynapses:
    """Read what `write_weights` wrote, for the network that it was written for.

    Raises
    ------
    ValueError
        The network has other sizes, shares or delays.
    """
    with np.load(path, allow_pickle=False) as stored:
        found = {name: stored[name] for name in stored.files}
    if len(found["left"]) != model.n:
        raise ValueError(
            f"UpStateNetwork.trained must be called for a network of {len(found['left'])} units, got {model.n}; "
            "let others learn with spikelearn.run_trials"
        )
    drawn = model.draw_synapses(int(found["seed"]), start=tuple(found["start"].tolist()))
    if checksum(drawn.sources, drawn.targets, drawn.delays) != str(found["places"]):
        raise ValueError(
            "UpStateNetwork.trained must be called for a network with the published sizes, p and delays, got "
            f"{model.n_E} E and {model.n_I} I units, p = {float(model.p):g}"
        )
    return drawn.with_weights(_changed(drawn, found["left"], found["right"]))


def trained_synapses(model: UpStateNetwork) -> UpStateSynapses:
    """Give connections and weights after 330 trials of the default training, for the published sizes.

    From the published start with seed 0, by ``TwoTerm(alpha=0.02, beta=0.02)``. What ships is the change of the weights
    to rank 8; the weights are those of the training to about a pA, and the network's rates the same within error.
    """
    return read_weights(model, SHIPPED)


def _changed(synapses: UpStateSynapses, left: NDArray[np.float16], right: NDArray[np.float16]) -> Floats:
    change = np.zeros(len(synapses))
    for one, other in zip(left.astype(np.float64).T, right.astype(np.float64).T, strict=True):
        change += one[synapses.targets] * other[synapses.sources]
    # The limits of the published network.
    return np.clip(synapses.J + change, 5.0, 750.0)
