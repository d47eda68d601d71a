"""From the description of a network to flat arrays that both engines read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Shorts
from spikelearn.network.jumps import one_unit, read_weight
from spikelearn.network.parts import read_times
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.records import Network
from spikelearn.parameters.units import si_value

__all__ = ["Wiring", "wire"]


@dataclass(frozen=True, eq=False)
class Wiring:
    """A network in arrays; SI units.

    Parameters
    ----------
    values : dict
        Parameters of all neurons, arrays of shape (n,): those of `AdaptiveLIF.values` and ``refractory``; that alone
        where some neurons are of other equations.
    start, target, weight, delay : ndarray
        Synapses by source row, neurons first, then external trains; `delay` has one entry where all are the same.
    source_times, source_rows : ndarray
        External spikes, sorted by time, with their rows.
    rates, weights : list
        One entry a Poisson input: rates of all neurons, shape (n,), and its jump.
    rules : list of Plasticity
        All rules, each once.
    rule : ndarray of int16, shape (n_synapses,)
        Rule of each synapse, -1 where it is static; shape (0,) where all are.
    projection : ndarray of int16, shape (n_synapses,)
        Projection of each synapse; shape (0,) where all neurons are AdaptiveLIF and it does not matter.
    """

    values: dict[str, Floats]
    start: Integers
    target: Shorts
    weight: Floats
    delay: Floats
    source_times: Floats
    source_rows: Integers
    rates: list[Floats]
    weights: list[float]
    rules: list[Plasticity] = field(default_factory=list)
    rule: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, dtype=np.int16))
    projection: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, dtype=np.int16))

    @property
    def n(self) -> int:
        """Number of neurons."""
        return len(self.values["refractory"])

    @property
    def learns(self) -> NDArray[np.bool_]:
        """Whether each synapse is plastic."""
        return self.rule >= 0 if len(self.rule) else np.zeros(len(self.target), dtype=np.bool_)

    @property
    def rows(self) -> Shorts:
        """Source of each synapse."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int32), np.diff(self.start))

    def chosen(self, synapses: Any) -> Integers:
        """Read which synapses are to be recorded: all if None.

        Raises
        ------
        ValueError
            There is no such synapse.
        """
        count = len(self.target)
        if synapses is None:
            return np.arange(count)
        if len(synapses) and not 0 <= synapses[0] <= synapses[-1] < count:
            raise ValueError(f"synapses must lie in 0 to {count - 1}, got {synapses[0]} to {synapses[-1]}")
        return np.asarray(synapses, dtype=np.int64)

    def name_of(self, network: Network, synapse: int) -> str:
        """Say whose synapse this is, as ``"E[3] -> I[0]"``."""
        row = int(np.searchsorted(self.start, synapse, side="right")) - 1
        pre = row - self.n
        if row < self.n:
            before = network.name_of(row)
        else:
            for name, source in network.sources.items():
                before = f"{name}[{pre}]"
                if pre < source.n:
                    break
                pre -= source.n
        return f"{before} -> {network.name_of(int(self.target[synapse]))}"

    def rule_provenance(self) -> dict[str, Any]:
        """Give the rules of plastic synapses in numbers and text; nothing where there are none."""
        if not self.rules:
            return {}
        counts = np.bincount(self.rule[self.learns], minlength=len(self.rules)).tolist()
        return {
            "plasticity": [
                {**rule.provenance, "synapses": count} for rule, count in zip(self.rules, counts, strict=True)
            ]
        }


def wire(network: Network) -> Wiring:
    """Draw the connections and lay everything out.

    Raises
    ------
    ValueError
        Sizes that do not fit, or a neuron that is connected to itself where that is not allowed.
    """
    pieces: dict[str, list[Floats]] = {}
    for population in network.populations.values():
        values = {} if network.own else dict(population.neuron.values(population.vary, population.n))
        values["refractory"] = read_times(population.refractory, "Population.refractory")
        for name, value in values.items():
            pieces.setdefault(name, []).append(np.broadcast_to(np.asarray(value, dtype=np.float64), (population.n,)))
    base, rows = {name: int(network.units(name).start) for name in network.populations}, network.n
    times, trains = [np.empty(0)], [np.empty(0, dtype=np.int64)]
    for name, source in network.sources.items():
        base[name] = rows
        times.append(source.trains.times)
        trains.append(rows + np.repeat(np.arange(source.n), np.diff(source.trains.offsets)))
        rows += source.n
    rules: list[Plasticity] = []
    for projection in network.projections:
        if projection.plasticity is not None and not any(projection.plasticity is rule for rule in rules):
            rules.append(projection.plasticity)
    start, target, weight, delay, which = _synapses(network, base, rows, bool(rules or network.own))
    learns = [next((r for r, rule in enumerate(rules) if rule is part.plasticity), -1) for part in network.projections]
    rule = np.asarray(learns, dtype=np.int16)[which] if rules else np.empty(0, dtype=np.int16)
    flat, row_of = np.concatenate(times), np.concatenate(trains)
    order = np.lexsort((row_of, flat))
    rates, weights = [], []
    for drive in network.poisson:
        rate = np.zeros(network.n)
        rate[network.units(drive.population)] = si_value(drive.rate, "1 Hz", "PoissonInput.rate")
        rates.append(rate)
        weights.append(float(si_value(drive.weight, one_unit(network.jump(drive)[1]), "PoissonInput.weight")))
    return Wiring(
        {name: np.concatenate(parts) for name, parts in pieces.items()},
        start, target, weight, delay, flat[order], row_of[order], rates, weights,
        rules, rule, which if network.own else np.empty(0, dtype=np.int16),
    )  # fmt: skip


def _synapses(
    network: Network, base: dict[str, int], rows: int, numbered: bool
) -> tuple[Integers, Shorts, Floats, Floats, NDArray[np.int16]]:
    pres, posts, weights, delays, which = [], [], [], [], []
    none = np.empty(0, dtype=np.int16)
    for k, projection in enumerate(network.projections):
        where = projection.where
        source = network.populations.get(projection.source) or network.sources[projection.source]
        target = network.populations[projection.target]
        same = projection.source == projection.target and not projection.allow_self
        rng = np.random.default_rng([network.seed, k])
        pre, post = projection.connections.pairs(source.n, target.n, same, rng, where)
        pres.append(pre + np.int32(base[projection.source]))
        posts.append(post + np.int32(base[projection.target]))
        weight = read_weight(projection.weight, projection.onto, where)
        weights.append(_one_each(weight, len(pre), f"{where}: weight"))
        delays.append(_one_each(read_times(projection.delay, f"{where}: delay"), len(pre), f"{where}: delay"))
        if numbered:
            which.append(np.full(len(pre), k, dtype=np.int16 if k < 2**15 else np.int32))
    if not sum(len(pre) for pre in pres):
        return np.zeros(rows + 1, dtype=np.int64), np.empty(0, dtype=np.int32), np.empty(0), np.ones(1), none
    row = pres[0] if len(pres) == 1 else np.concatenate(pres)
    del pres
    edges = [delay[:1] if delay.strides == (0,) else delay for delay in delays if len(delay)]
    one_delay = min(float(edge.min()) for edge in edges) == max(float(edge.max()) for edge in edges)
    order = np.argsort(row, kind="stable") if (np.diff(row) < 0).any() else None
    start = np.zeros(rows + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=rows), out=start[1:])
    del row

    def laid(parts: list[Any]) -> Any:
        whole = np.ascontiguousarray(parts[0]) if len(parts) == 1 else np.concatenate(parts)
        return whole if order is None else whole[order]

    delay = np.array([float(edges[0].min())]) if one_delay else laid(delays)
    return start, laid(posts), laid(weights), delay, laid(which) if numbered else none


def _one_each(value: Floats, count: int, where: str) -> Floats:
    if value.ndim and value.shape != (count,):
        raise ValueError(f"{where} must be one value or one for each of {count} synapses, got shape {value.shape}")
    return np.broadcast_to(value, (count,))
