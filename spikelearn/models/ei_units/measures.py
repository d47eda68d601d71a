"""Numbers of a run of many units: spread of the rates, correlation of summed weights, saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_units.model import EIUnits
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["saturated", "silent_units", "spread", "summed", "weight_correlation"]


def spread(run: xr.Dataset, kind: str) -> Any:
    """Give the standard deviation over the E or the I units of their rates after the last trial, one a start (Hz)."""
    last = run["rates"].isel(trial=-1)
    return last.where(last["kind"] == kind, drop=True).std("unit").values


def silent_units(run: xr.Dataset, kind: str) -> Any:
    """Count the E or I units below 1 Hz after the last trial, one number a start."""
    last = run["rates"].isel(trial=-1)
    return ((last < 1.0) & (last["kind"] == kind)).sum("unit").values


def saturated(model: EIUnits, run: xr.Dataset, trial: int = 1) -> Any:
    """Say which starts have E above nine tenths of its cut-off in a trial, counted from 1."""
    trial = whole_number("saturated: trial", trial, at_least=1)
    return run["E_trial"].sel(trial=trial).values > 0.9 * model.populations.E_max


def summed(model: EIUnits, W: Floats, onto: str) -> tuple[Floats, Floats]:
    """Give the sums of the weights that every E or every I unit receives, from E and from I; shape (..., units)."""
    W = np.asarray(W)
    from_E, from_I = (W[(..., *model.blocks[f"W_{onto}{pre}"])].sum(axis=-1) for pre in "EI")
    return from_E, from_I


def weight_correlation(model: EIUnits, W: Floats, onto: str) -> Any:
    """Give the correlation over units of the summed weights from E with those from I, one a start."""
    x, y = summed(model, W, onto)
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    return (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
