"""What a run in trials is given, read and checked: model, rule, starts, noise and sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.parameters.foreign import bare
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import one_number
from spikelearn.rules.rule import Rule

__all__ = ["Starts", "read_noise", "read_rule", "read_sensor", "read_starts"]


@dataclass(frozen=True, eq=False)
class Starts:
    """Where the runs begin.

    Parameters
    ----------
    W : ndarray, shape (4, n)
        Weights, in the order of ``model.weights``.
    A : ndarray, shape (2, n)
        Running means of E and I before the first trial, in Hz.
    many : bool
        Whether several starts were given, even an array of one; results then have the dimension ``start``.
    """

    W: Floats
    A: Floats
    many: bool


def read_rule(model: Any, rule: Any) -> Rule:
    """Check model and rule, and take the `Rule` out of a derived one.

    Raises
    ------
    TypeError
        The model is no `EIRates`, or the rule is no rule; the message says what to write.
    ValueError
        The rule is of another model, or was expanded about a set point that is not filled in.
    """
    if not isinstance(model, EIRates):
        got = model if isinstance(model, str) else type(model).__name__
        raise TypeError(f"run_trials must be given a spikelearn.EIRates, got {got!r}")
    found = rule if isinstance(rule, Rule) else getattr(rule, "rule", None)
    if not isinstance(found, Rule):
        if callable(rule):
            name = getattr(rule, "__name__", repr(rule))
            raise TypeError(f"run_trials must be given a Rule, got the function {name}: call it with its rates first")
        raise TypeError(
            "run_trials must be given a Rule such as spikelearn.rules.CrossHomeostatic(alpha_EE=5e-4, ...), "
            f"got {rule!r}"
        )
    found.update(model)
    return found


def read_starts(model: EIRates, rule: Rule, W0: Any, A0: Any) -> Starts:
    """Read the weights and running means that runs begin with; they broadcast with rates that are arrays.

    Raises
    ------
    ValueError
        Not four weights, a negative weight, or shapes that do not fit.
    """
    weights = _parts("W0", W0, model.weights)
    means = _parts("A0", A0, model.populations)
    for kind, parts in (("W0", weights), ("A0", means)):
        for name, part in parts.items():
            bad = part[~(np.isfinite(part) & (part >= 0))]
            if bad.size:
                raise ValueError(f"run_trials: {kind} must be finite and not negative, got {name} = {bad.flat[0]:g}")
    rates = {name: np.asarray(value) for name, value in rule.parameters.items()}
    every = {**weights, **means, **rates}
    for name, part in every.items():
        if part.ndim > 1:
            raise ValueError(f"run_trials: {name} must be a number or one a start, got shape {part.shape}")
    try:
        shape = np.broadcast_shapes(*(part.shape for part in every.values()))
    except ValueError as error:
        sizes = ", ".join(f"{name} {part.size}" for name, part in every.items() if part.ndim)
        raise ValueError(f"run_trials: starts and rates must broadcast, got sizes {sizes}") from error
    if 0 in shape:
        raise ValueError("run_trials: there must be at least one start, got none")
    n = shape[0] if shape else 1
    W = np.array([np.broadcast_to(part, (n,)) for part in weights.values()], dtype=np.float64)
    A = np.array([np.broadcast_to(part, (n,)) for part in means.values()], dtype=np.float64)
    return Starts(W, A, bool(shape))


def _parts(kind: str, given: Any, names: tuple[str, ...]) -> dict[str, Floats]:
    """Split into one array a name: a mapping, a sequence with one entry a name, or an array (starts, names)."""
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise ValueError(unknown_name(f"run_trials: {kind}", "name", str(name), names))
        if len(given) < len(names):
            raise ValueError(f"run_trials: {kind} must have {', '.join(names)}, got {', '.join(given)}")
        entries = [given[name] for name in names]
    elif isinstance(given, np.ndarray):
        if given.ndim < 1 or given.shape[-1] != len(names):
            raise ValueError(
                f"run_trials: {kind} must have {len(names)} columns ({', '.join(names)}), got shape {given.shape}"
            )
        entries = list(np.moveaxis(given, -1, 0))
    else:
        if not isinstance(given, (list, tuple)) or len(given) != len(names):
            raise ValueError(
                f"run_trials: {kind} must be {', '.join(names)}, each a number or an array, or an array of shape "
                f"(starts, {len(names)}), got {given!r}"
            )
        entries = list(given)
    entries = [bare(entry, f"run_trials: {kind} {name}") for name, entry in zip(names, entries, strict=True)]
    try:
        return {name: np.asarray(entry, dtype=np.float64) for name, entry in zip(names, entries, strict=True)}
    except (TypeError, ValueError) as error:
        raise ValueError(f"run_trials: {kind} must hold numbers, got {given!r}") from error


def read_noise(noise: Any) -> float:
    """Read the size of the noise; not negative and finite."""
    value = one_number("run_trials: noise", noise)
    if not 0 <= value < np.inf:
        raise ValueError(f"run_trials: noise must be finite and not negative, got {value:g}")
    return value


def read_sensor(sensor: Any) -> float:
    """Read the time constant of the sensor in trials; at least 1, which is no filter."""
    value = one_number("run_trials: sensor", sensor)
    if not 1 <= value < np.inf:
        raise ValueError(f"run_trials: sensor must be at least 1 trial and finite, got {value:g}")
    return value
