"""What a run in trials returns, and the error of one that diverged."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.starts import Starts

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TrialsDivergedError", "to_dataset"]


class TrialsDivergedError(ValueError, FloatingPointError):
    """The weights of every start became infinite or NaN; ``dataset`` holds the trials, NaN from there on.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import TrialsDivergedError
    >>> wild = sl.rules.Homeostatic(alpha_EE=1e308, alpha_EI=1e308, alpha_IE=1e308, alpha_II=1e308)
    >>> try:
    ...     _ = sl.run_trials(sl.EIRates(), wild, 10, (5.0, 1.2, 10.0, 1.5))
    ... except TrialsDivergedError as error:
    ...     print(int(error.dataset["stopped"]) > 0)
    True
    """

    def __init__(self, message: str, dataset: xr.Dataset) -> None:
        super().__init__(message)
        self.dataset = dataset


def to_dataset(
    model: EIRates, history: dict[str, NDArray[Any]], starts: Starts, settings: dict[str, Any]
) -> xr.Dataset:
    """Label what was recorded, shape (trials, starts) each, and name the starts that diverged.

    Raises
    ------
    TrialsDivergedError
        All of them did.
    """
    import xarray as xr

    axes = ("trial", "start") if starts.many else ("trial",)
    data: dict[str, Any] = {}
    for name, values in history.items():
        unit = "1" if name in model.weights else "Hz"
        data[name] = (axes, values if starts.many else values[:, 0], {"units": unit})
    bad = ~np.isfinite(np.array([history[name] for name in history])).all(axis=0)
    stopped = np.where(bad.any(axis=0), bad.argmax(axis=0) + 1, 0)
    data["stopped"] = (axes[1:], stopped if starts.many else stopped[0], {"units": "trial"})
    coords: dict[str, Any] = {"trial": np.arange(1, len(bad) + 1)}
    if starts.many:
        coords["start"] = np.arange(starts.W.shape[1])
    coords["weight"] = list(model.weights)
    data["W0"] = (("weight", *axes[1:]), starts.W if starts.many else starts.W[:, 0], {"units": "1"})
    attrs = {
        name: value if isinstance(value, (int, float, str)) else json.dumps(value)
        for name, value in settings.items()
        if value is not None
    }
    result = xr.Dataset(data, coords=coords, attrs=attrs)
    if stopped.any():
        _name_stopped(stopped, starts, result)
    return result


def _name_stopped(stopped: NDArray[Any], starts: Starts, result: xr.Dataset) -> None:
    found = np.flatnonzero(stopped)
    first = found[np.argmin(stopped[found])]
    weights = ", ".join(f"{w:g}" for w in starts.W[:, first])
    text = (
        f"start {first} (W0 = {weights}) diverged in trial {stopped[first]}: its weights must stay finite, "
        "became infinite or NaN; smaller rates may help"
    )
    if len(found) == len(stopped):
        raise TrialsDivergedError(f"run_trials: {text}", result)
    warnings.warn(
        f"run_trials: {len(found)} of {len(stopped)} starts diverged and were stopped, the first {text}",
        RuntimeWarning,
        stacklevel=4,
    )
