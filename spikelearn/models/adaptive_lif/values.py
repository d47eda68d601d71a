"""Parameters of adaptive LIF neurons as plain numbers, one or an array each, with the potentials that theory uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.parameters.fields import check_range
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import si_value

if TYPE_CHECKING:
    from spikelearn.models.adaptive_lif.model import AdaptiveLIF

__all__ = ["check_potentials", "check_start", "difference", "plain_values"]


def plain_values(model: AdaptiveLIF, vary: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Give V_0, theta, Delta, E_L, tau, tau_K, delta_g and t_d as plain SI numbers; see `AdaptiveLIF.values`."""
    fields = {field.name: field for field in dataclasses.fields(model)}
    plain: dict[str, Any] = {name: float(getattr(model, name)) for name in fields}
    for name, given in vary.items():
        if name not in fields:
            # Names of the theory, which follow from potentials.
            meant = {"theta": "V_th", "Delta": "E_K"}.get(name)
            hint = f"AdaptiveLIF has no parameter {name!r}; it follows from E_L and {meant}"
            raise ValueError(hint if meant else unknown_name("AdaptiveLIF", "parameter", name, fields))
        metadata = fields[name].metadata
        unit = metadata["quantity"] if isinstance(metadata["quantity"], str) else "1"
        value = np.asarray(si_value(given, unit, f"vary[{name!r}]"), dtype=np.float64)
        if value.shape != (n,):
            hint = f"; say n={len(value)}" if n == 1 and value.ndim == 1 else ""
            rule = f"one value for each of {n} neurons"
            raise ValueError(f"vary[{name!r}] must have {rule}, got shape {value.shape}{hint}")
        check_range(value, metadata, f"vary[{name!r}]", given)
        plain[name] = value
    E_L, E_K, V_th = plain.pop("E_L"), plain.pop("E_K"), plain.pop("V_th")
    check_potentials(E_L, E_K, V_th)
    plain["theta"], plain["Delta"], plain["E_L"] = difference(V_th, E_L), difference(E_L, E_K), E_L
    return plain


def difference(a: Any, b: Any) -> Any:
    """Subtract as decimals, so that -50 mV - (-65 mV) is the double nearest to 15 mV and ties stay ties."""
    if isinstance(a, float) and isinstance(b, float):
        return float(Decimal(repr(a)) - Decimal(repr(b)))
    pairs = np.broadcast(a, b)
    return np.array([float(Decimal(repr(float(x))) - Decimal(repr(float(y)))) for x, y in pairs])


def check_potentials(E_L: Any, E_K: Any, V_th: Any) -> None:
    """Refuse a threshold not above E_L, or potassium that reverses above it."""
    if np.any(np.asarray(V_th) <= E_L):
        raise ValueError(f"AdaptiveLIF.V_th must lie above E_L, got V_th = {V_th} V and E_L = {E_L} V")
    if np.any(np.asarray(E_K) > E_L):
        raise ValueError(f"AdaptiveLIF.E_K must not lie above E_L, got E_K = {E_K} V and E_L = {E_L} V")


def check_start(states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse a start at or above threshold, below potassium's reversal potential, or with negative conductance."""
    u, g = np.asarray(states.get("u", 0.0)), np.asarray(states.get("g", 0.0))
    for broken, rule, given in (
        (u >= values["theta"], "u must lie below the threshold theta", u),
        (u < -np.asarray(values["Delta"]), "u must not lie below -Delta, potassium's reversal", u),
        (g < 0, "g must not be negative", g),
    ):
        if np.any(broken):
            raise ValueError(f"Initial.{rule}, got {float(np.broadcast_to(given, broken.shape)[broken].flat[0])}")
