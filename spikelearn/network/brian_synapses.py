"""Synapses on Brian2: jumps of u with delays, external trains, and rules of plasticity from the same record."""

from __future__ import annotations

import ast
import copy
import math
from typing import Any, NamedTuple

import numpy as np

from spikelearn.arrays import Integers
from spikelearn.formulas.formula import check_expression
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.wiring import Wiring

__all__ = ["Joined", "join", "join_projection"]


class Joined(NamedTuple):
    """Synapses of one kind.

    Attributes
    ----------
    objects : list
        What must be in the network: the synapses, for external trains also their generator.
    synapses : brian2.Synapses
        With a weight ``w``.
    numbers : ndarray of int64
        Which synapses of the network these are.
    rule : int
        Their rule, -1 where they stay as they are.
    """

    objects: list[Any]
    synapses: Any
    numbers: Integers
    rule: int


def join(wiring: Wiring, group: Any, jump: str, dt: float, duration: float) -> list[Joined]:
    """Make all synapses, kind by kind.

    Spikes of one external train within one step come one after the other from different lanes of a generator; onto
    plastic synapses the later ones come in the next free steps instead, since each must find what the one before left.

    Parameters
    ----------
    wiring : Wiring
        The network.
    group : brian2.NeuronGroup
        Its neurons.
    jump : str
        What an arrival does to u, by the weight w.
    dt, duration : float
        Time step, and up to when external spikes are taken, seconds.
    """
    found = []
    rows, split = wiring.rows, int(wiring.start[wiring.n])
    rule = wiring.rule if len(wiring.rule) else np.full(len(rows), -1)
    for r in range(-1, len(wiring.rules)):
        numbers = np.flatnonzero(rule == r)
        inside, outside = numbers[numbers < split], numbers[numbers >= split]
        given = wiring.rules[r] if r >= 0 else None
        if len(inside):
            ends = (rows[inside], wiring.target[inside])
            synapses = _synapses(group, group, ends, wiring, inside, jump, given, dt)
            found.append(Joined([synapses], synapses, inside, r))
        if len(outside):
            found.append(_external(wiring, group, outside, wiring.target[outside], jump, given, r, dt, duration))
    return found


def join_projection(
    wiring: Wiring,
    numbers: Integers,
    source: Any,
    group: Any,
    ends: tuple[Any, Any],
    jump: str,
    unit: str,
    dt: float,
    duration: float,
) -> Joined:
    """Make the synapses of one projection between groups of their own.

    Parameters
    ----------
    wiring : Wiring
        The network.
    numbers : ndarray of int64
        Which of its synapses these are; all of one projection.
    source : brian2.NeuronGroup or None
        Who spikes; None for external trains.
    group : brian2.NeuronGroup
        Who receives.
    ends : tuple of ndarray
        Pre and post of each, numbered within their groups.
    jump : str
        What an arrival does to the target, by the weight w.
    unit : str
        Brian2's name of the weight's unit.
    dt, duration : float
        Time step, and up to when external spikes are taken, seconds.
    """
    r = int(wiring.rule[numbers[0]]) if len(wiring.rule) else -1
    rule = wiring.rules[r] if r >= 0 else None
    if source is None:
        return _external(wiring, group, numbers, ends[1], jump, rule, r, dt, duration, unit)
    synapses = _synapses(source, group, ends, wiring, numbers, jump, rule, dt, unit)
    return Joined([synapses], synapses, numbers, r)


def _synapses(
    source: Any, group: Any, ends: tuple[Any, Any], wiring: Wiring, numbers: Integers, jump: str,
    rule: Plasticity | None, dt: float, unit: str = "volt",
) -> Any:  # fmt: skip
    from brian2 import Synapses, second

    uniform = len(wiring.delay) == 1
    options: dict[str, Any] = {"delay": wiring.delay[0] * second} if uniform else {}
    model, on_pre = f"w : {unit} (constant)", jump
    namespace: dict[str, Any] = {}
    if rule is not None:
        model, namespace = _traces_of(rule, unit)
        if uniform:
            options["delay"] = {"pre": options["delay"]}
        on_pre = "\n".join([jump, *_statements(rule, rule.on_pre)])
        if rule.on_post:
            options["on_post"] = "\n".join(_statements(rule, rule.on_post))
    synapses = Synapses(
        source, group, model, on_pre=on_pre, dt=dt * second, namespace=namespace, name="synapses*", **options
    )
    synapses.connect(i=ends[0], j=ends[1])
    synapses.variables["w"].set_value(wiring.weight[numbers])
    if not uniform:
        synapses.pre.delay = wiring.delay[numbers] * second
    return synapses


def _external(
    wiring: Wiring, group: Any, numbers: Integers, post: Any, jump: str, rule: Plasticity | None, r: int, dt: float,
    duration: float, unit: str = "volt",
) -> Joined:  # fmt: skip
    from brian2 import SpikeGeneratorGroup, second

    inside = (wiring.source_times >= 0.0) & (wiring.source_times < duration)
    step = np.floor(wiring.source_times[inside] / dt * (1 + 1e-12)).astype(np.int64)
    train = wiring.source_rows[inside] - wiring.n
    order = np.lexsort((step, train))
    step, train = step[order], train[order]
    lane = np.zeros(len(step), dtype=np.int64)
    if rule is not None:
        step = _next_free(step, train)
    elif len(step):
        repeated = np.r_[False, (np.diff(train) == 0) & (np.diff(step) == 0)]
        lane = np.arange(len(step)) - np.maximum.accumulate(np.where(repeated, 0, np.arange(len(step))))
    lanes = int(lane.max(initial=0)) + 1
    trains = len(wiring.start) - 1 - wiring.n
    source = SpikeGeneratorGroup(
        trains * lanes, lane * trains + train, step * dt * second, dt=dt * second, name="external*"
    )
    pre = wiring.rows[numbers].astype(np.int64) - wiring.n
    spread = np.concatenate([pre + k * trains for k in range(lanes)])
    ends = (spread, np.tile(post, lanes))
    synapses = _synapses(source, group, ends, wiring, np.tile(numbers, lanes), jump, rule, dt, unit)
    return Joined([source, synapses], synapses, numbers, r)


def _next_free(step: Integers, train: Integers) -> Integers:
    """Move spikes that share a step of their train on, so that each has one; both arrays sorted by train."""
    if not len(step):
        return step
    first = np.flatnonzero(np.r_[True, np.diff(train) != 0])
    rank = np.arange(len(step)) - np.repeat(first, np.diff(np.r_[first, len(step)]))
    # Trains are set apart, so that one running maximum serves all.
    apart = train * (int(step.max()) + len(step) + 1)
    moved: Integers = np.maximum.accumulate(step - rank + apart) + rank - apart
    return moved


def _traces_of(rule: Plasticity, unit: str) -> tuple[str, dict[str, Any]]:
    """Give the equations of weight and traces, and the constants; names are set apart from Brian2's own."""
    namespace = {f"parameter_{name}": value for name, value in rule.parameters.items()}
    model = f"w : {unit}\n"
    for name, tau in rule.traces.items():
        model += f"dtrace_{name}/dt = -trace_{name}/tau_{name} : 1 (event-driven)\n"
        namespace[f"tau_{name}"] = tau
    if rule.limits is not None:
        from brian2 import Quantity

        for name, limit in zip(("lowest", "highest"), rule.limits, strict=True):
            # C++ has no way to write an infinite number.
            namespace[name] = math.copysign(min(abs(float(limit)), 1e300), float(limit))
            namespace[name] = Quantity(namespace[name], dim=Quantity(limit).dim)
    return model, namespace


def _statements(rule: Plasticity, event: Any) -> list[str]:
    """Give the lines of an event; new values wait until all are known, and the weight is clipped last."""
    names = {"w": "w", **{name: f"trace_{name}" for name in rule.traces}}
    known = {**names, **{name: f"parameter_{name}" for name in rule.parameters}}
    lines = []
    for name, text in event.items():
        tree = copy.deepcopy(check_expression(text))
        for part in ast.walk(tree):
            if isinstance(part, ast.Name):
                part.id = known.get(part.id, part.id)
        lines.append(f"new_{names[name]} = {ast.unparse(tree)}")
    lines += [f"{names[name]} = new_{names[name]}" for name in event]
    if rule.limits is not None:
        lines.append("w = clip(w, lowest, highest)")
    return lines
