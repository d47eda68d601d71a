"""Many units in `spikelearn.run_trials`: what is read, what is run, and how it is labelled."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.checkpoint import Keeper, checksum
from spikelearn.models.ei_trials.loop import run_loop
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_trials.result import TrialsDivergedError
from spikelearn.models.ei_trials.starts import read_noise, read_sensor
from spikelearn.models.ei_units.model import EIUnits
from spikelearn.models.ei_units.rates import unit_rates
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_matrices", "run_units"]


def run_units(
    model: EIUnits,
    rule: Any,
    n_trials: int,
    W0: Any,
    noise: float,
    seed: int,
    sensor: float,
    variant: str,
    A0: Any,
    kept: tuple[Any, ...],
    progress: bool,
) -> xr.Dataset:
    """Run many units in trials.

    Returns
    -------
    xarray.Dataset
        As for two populations, with means over units; beside them ``rates`` (trial, start, unit), the running means of
        every unit, and ``W_end`` (start, to, from), the weights after the last trial. ``W_EE`` and the others are the
        sums of the weights that a unit receives, averaged over units.
    """
    total = whole_number("run_trials: n_trials", n_trials, at_least=1)
    rates = unit_rates(model, rule)
    W, many = read_matrices(model, W0)
    A = _read_means(model, A0, len(W))
    protocol, size, tau = protocol_of(variant), read_noise(noise), read_sensor(sensor)
    seed = whole_number("run_trials: seed", seed)
    settings: dict[str, Any] = {
        "model": dict(model.parameters),
        "rates": {"cross": list(rates.cross), "own": list(rates.own)},
        "starts": checksum(W, A),
        "noise": size,
        "seed": seed,
        "sensor": tau,
        "variant": variant,
    }
    from spikelearn.models.ei_units.runner import UnitTrials

    keeper = Keeper(kept[0], kept[1], kept[2], settings, total)
    runner = UnitTrials(model, rates, protocol, W, A, size, seed, tau)
    history = run_loop(runner, total, keeper, progress)
    end = runner.W if keeper.found is None or keeper.found.trial < total else keeper.found.arrays["W"]
    facts = {"engine": "array", "dt_ms": protocol.dt, "n_trials": total}
    return _label(model, history, W, end, many, {**settings, **facts})


def read_matrices(model: EIUnits, W0: Any) -> tuple[Floats, bool]:
    """Read start weights: one matrix (to, from), or one a start; the diagonal is zero.

    Returns
    -------
    ndarray, shape (starts, n, n)
        The matrices.
    bool
        Whether several starts were given, even an array of one.

    Raises
    ------
    ValueError
        Shapes do not fit, a weight is not finite, or a unit sends to itself.
    """
    try:
        W = np.array(W0, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"run_trials: W0 must be matrices of weights, got {type(W0).__name__}") from error
    many = W.ndim == 3
    if W.shape[-2:] != (model.n, model.n) or W.ndim not in (2, 3) or not W.size:
        raise ValueError(
            f"run_trials: W0 must have shape ({model.n}, {model.n}) or (starts, {model.n}, {model.n}), such as "
            f"model.draw_weights(seed), got {W.shape}"
        )
    W = W if many else W[None]
    if not np.isfinite(W).all():
        raise ValueError(f"run_trials: W0 must be finite, got {W[~np.isfinite(W)].flat[0]}")
    if np.diagonal(W, axis1=1, axis2=2).any():
        raise ValueError("run_trials: W0 must be zero on the diagonal: no unit sends to itself")
    return W, many


def _read_means(model: EIUnits, A0: Any, n: int) -> Floats:
    try:
        E, I = (float(value) for value in A0)  # noqa: E741
    except (TypeError, ValueError) as error:
        raise ValueError(f"run_trials: A0 must be two numbers, for E and I units, got {A0!r}") from error
    if not (0 <= E < np.inf and 0 <= I < np.inf):
        raise ValueError(f"run_trials: A0 must be finite and not negative, got {A0!r}")
    return np.tile(np.repeat([E, I], [model.n_E, model.n_I]), (n, 1))


def _label(
    model: EIUnits, history: dict[str, NDArray[Any]], W0: Floats, end: Floats, many: bool, settings: dict[str, Any]
) -> xr.Dataset:
    import xarray as xr

    at = ("start",) if many else ()
    data: dict[str, Any] = {}
    for name, values in history.items():
        dims = ("trial", *at, "unit") if name == "rates" else ("trial", *at)
        unit = "1" if name in model.blocks else "Hz"
        data[name] = (dims, values if many else values[:, 0], {"units": unit})
    bad = ~np.isfinite(history["rates"]).all(axis=2)
    stopped = np.where(bad.any(axis=0), bad.argmax(axis=0) + 1, 0)
    data["stopped"] = (at, stopped if many else stopped[0], {"units": "trial"})
    data["W0"] = ((*at, "to", "from"), W0 if many else W0[0], {"units": "1"})
    data["W_end"] = ((*at, "to", "from"), end if many else end[0], {"units": "1"})
    kind = ["E"] * model.n_E + ["I"] * model.n_I
    coords: dict[str, Any] = {"trial": np.arange(1, len(bad) + 1), "kind": ("unit", kind)}
    if many:
        coords["start"] = np.arange(len(W0))
    attrs = {k: v if isinstance(v, (int, float, str)) else json.dumps(v) for k, v in settings.items()}
    result = xr.Dataset(data, coords=coords, attrs=attrs)
    found = np.flatnonzero(stopped)
    if found.size:
        start = found[np.argmin(stopped[found])]
        text = (
            f"start {start} diverged in trial {stopped[start]}: its weights must stay finite, became infinite or NaN; "
            "smaller rates may help"
        )
        if found.size == len(stopped):
            raise TrialsDivergedError(f"run_trials: {text}", result)
        warnings.warn(
            f"run_trials: {found.size} of {len(stopped)} starts diverged and were stopped, the first {text}",
            RuntimeWarning,
            stacklevel=5,
        )
    return result
