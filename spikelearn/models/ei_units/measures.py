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
    """Give the standard deviation over the E or the I units of their rates after the last trial, one a start (Hz).

    Parameters
    ----------
    run : xarray.Dataset
        From `run_trials`.
    kind : {"E", "I"}
        Which units.

    Returns
    -------
    float, or ndarray, shape (starts,)
        Hz.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from spikelearn.models.ei_units import spread
    >>> rates = np.array([[4.0, 6.0, 14.0]])
    >>> run = xr.Dataset({"rates": (("trial", "unit"), rates)}, {"kind": ("unit", ["E", "E", "I"])})
    >>> float(spread(run, "E"))
    1.0
    """
    last = run["rates"].isel(trial=-1)
    return last.where(last["kind"] == kind, drop=True).std("unit").values


def silent_units(run: xr.Dataset, kind: str) -> Any:
    """Count the E or I units below 1 Hz after the last trial, one number a start."""
    last = run["rates"].isel(trial=-1)
    return ((last < 1.0) & (last["kind"] == kind)).sum("unit").values


def saturated(model: EIUnits, run: xr.Dataset, trial: int = 1) -> Any:
    """Say which starts have E above nine tenths of its cut-off in a trial, counted from 1.

    Parameters
    ----------
    model : EIUnits
        What was run.
    run : xarray.Dataset
        From `run_trials`.
    trial : int
        Which trial, counted from 1.

    Returns
    -------
    bool, or ndarray of bool, shape (starts,)

    Examples
    --------
    >>> import xarray as xr
    >>> from spikelearn.models.ei_units import EIUnits, saturated
    >>> run = xr.Dataset({"E_trial": (("trial", "start"), [[5.0, 99.0]])}, {"trial": [1]})
    >>> saturated(EIUnits(), run)
    array([False,  True])
    """
    trial = whole_number("saturated: trial", trial, at_least=1)
    return run["E_trial"].sel(trial=trial).values > 0.9 * model.populations.E_max


def summed(model: EIUnits, W: Floats, onto: str) -> tuple[Floats, Floats]:
    """Give the sums of the weights that every E or every I unit receives, from E and from I; shape (..., units)."""
    W = np.asarray(W)
    from_E, from_I = (W[(..., *model.blocks[f"W_{onto}{pre}"])].sum(axis=-1) for pre in "EI")
    return from_E, from_I


def weight_correlation(model: EIUnits, W: Floats, onto: str) -> Any:
    """Give the correlation over units of the summed weights from E with those from I, one a start.

    Parameters
    ----------
    model : EIUnits
        Sizes.
    W : ndarray, shape (..., n, n)
        Weights (to, from).
    onto : {"E", "I"}
        Which units receive.

    Returns
    -------
    float, or ndarray, shape (...)

    Examples
    --------
    >>> from spikelearn.models.ei_units import EIUnits, weight_correlation
    >>> units = EIUnits()
    >>> W = units.draw_weights(0)
    >>> bool(abs(weight_correlation(units, W, "E")) < 0.3)  # drawn independently of each other: 0 within 1/sqrt(80)
    True
    >>> W[:80, 80:] = W[:80, :80].sum(axis=1, keepdims=True) / 20
    >>> round(float(weight_correlation(units, W, "E")), 9)
    1.0
    """
    x, y = summed(model, W, onto)
    x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    return (x * y).sum(axis=-1) / np.sqrt((x * x).sum(axis=-1) * (y * y).sum(axis=-1))
