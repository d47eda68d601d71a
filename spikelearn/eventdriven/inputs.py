"""Parameters of independent neurons, checked and packed for the compiled loop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.eventdriven.cell import CONSTANT_G, STEPS
from spikelearn.eventdriven.neurons import PARAMETERS
from spikelearn.eventdriven.phi import LOWEST_KAPPA, Tables, build_tables
from spikelearn.parameters.names import unknown_name

__all__ = ["FEW_TABLES", "MANY_TABLES", "Inputs", "assign_tables", "read_inputs"]


# So many tables are always made; up to the second number where the run is long enough to repay them; else none.
FEW_TABLES = 16
MANY_TABLES = 1024
# A table costs about as much as the power series over so many membrane time constants of one neuron.
_REPAID = 2e5


class Inputs(NamedTuple):
    """What `neurons.run_neurons` reads, all checked."""

    duration: float
    flat: Floats
    places: Integers
    table_of: Integers
    tables: Tables
    past_offsets: Integers
    past_times: Floats
    trace_times: Floats


def read_inputs(
    parameters: Mapping[str, ArrayLike],
    duration: float,
    n: int,
    u0: ArrayLike,
    g0: ArrayLike,
    past_spikes: tuple[ArrayLike, ArrayLike] | None,
    trace_times: ArrayLike | None,
) -> Inputs:
    """Check everything that `simulate_neurons` takes and pack it.

    Raises
    ------
    ValueError
        See `simulate_neurons`.
    """
    if n < 0:
        raise ValueError(f"n must not be negative, got {n}")
    if not (math.isfinite(duration) and duration >= 0.0):
        raise ValueError(f"duration must be finite and not negative, got {duration}")
    for name in parameters:
        if name not in PARAMETERS[:7]:
            raise ValueError(unknown_name("simulate_neurons", "parameter", name, PARAMETERS[:7]))
    missing = [name for name in PARAMETERS[:7] if name not in parameters]
    if missing:
        raise ValueError(f"simulate_neurons needs the parameter {missing[0]}")
    values = {name: _values(name, parameters[name], n) for name in PARAMETERS[:7]}
    values["u0"], values["g0"] = _values("u0", u0, n), _values("g0", g0, n)
    _check_ranges(values)
    sizes = [len(values[name]) for name in PARAMETERS]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    places = np.array([(start, int(size > 1)) for start, size in zip(starts, sizes, strict=True)], dtype=np.int64)
    flat = np.concatenate([values[name] for name in PARAMETERS])
    table_of, tables = assign_tables(values, duration, n)
    past_offsets, past_times = _past(past_spikes, values["t_d"], n)
    return Inputs(
        float(duration), flat, places, table_of, tables, past_offsets, past_times, _trace(trace_times, duration)
    )


def _values(name: str, given: ArrayLike, n: int) -> Floats:
    array = np.asarray(given, dtype=np.float64)
    if array.ndim == 0:
        return array.reshape(1)
    if array.shape != (n,):
        raise ValueError(f"{name} must be one number or an array of shape ({n},), got shape {array.shape}")
    return np.ascontiguousarray(array)


def _check_ranges(values: Mapping[str, Floats]) -> None:
    def refuse(name: str, rule: str, bad: NDArray[np.bool_]) -> None:
        if bad.any():
            raise ValueError(f"{name} must {rule}, got {float(values[name][bad][0])!r}")

    for name, array in values.items():
        finite = np.isfinite(array) if name != "tau_K" else ~np.isnan(array)
        refuse(name, "be a finite number", ~finite)
    for name in ("theta", "tau", "tau_K"):
        refuse(name, "be positive", values[name] <= 0.0)
    for name in ("delta_g", "t_d", "g0"):
        refuse(name, "not be negative", values[name] < 0.0)
    if (values["theta"] + values["Delta"] <= 0.0).any():
        raise ValueError("theta + Delta must be positive: potassium must pull down at the threshold")
    gap = values["theta"] - values["u0"]
    if (gap <= 0.0).any():
        worst = float(np.broadcast_to(values["u0"], gap.shape)[gap <= 0.0][0])
        raise ValueError(f"u0 must be below theta, got {worst!r}")


def assign_tables(values: Mapping[str, Floats], duration: float, n: int) -> tuple[Integers, Tables]:
    """Decide for every neuron between a table, steps of the power series, and a conductance that stays.

    Parameters
    ----------
    values : mapping
        ``V_0``, ``theta``, ``Delta``, ``tau``, ``tau_K``: arrays of shape (1,) or (n,).
    duration : float
        Length of the run, seconds.
    n : int
        Number of neurons.

    Returns
    -------
    table_of : ndarray of int64, shape (1,) or (n,)
        Number of the table, or `cell.STEPS`, or `cell.CONSTANT_G`.
    tables : Tables
        The tables.
    """
    kappa = values["tau_K"] / values["tau"]
    falling = values["V_0"] - values["theta"] <= values["theta"] + values["Delta"]
    # One signed number tells kappa and form together.
    key = np.where(falling, kappa, -kappa)
    distinct, which, members = np.unique(key, return_inverse=True, return_counts=True)
    # Beyond the second limit g is constant to far below the last digit, and kappa g would overflow.
    finite = np.abs(distinct) < 1e100
    tabled = finite & (np.abs(distinct) >= LOWEST_KAPPA)
    if len(key) == 1:
        members = members * n
    work = members * duration / float(values["tau"].max())
    wanted = tabled.copy()
    if tabled.sum() > FEW_TABLES:
        wanted &= (work >= _REPAID) & (tabled.sum() <= MANY_TABLES)
    numbers = np.full(len(distinct), STEPS, dtype=np.int64)
    numbers[wanted] = np.arange(int(wanted.sum()))
    numbers[~finite] = CONSTANT_G
    tables = build_tables(np.abs(distinct[wanted]), distinct[wanted] > 0.0)
    return np.ascontiguousarray(numbers[which.reshape(-1)]), tables


def _past(past_spikes: tuple[ArrayLike, ArrayLike] | None, t_d: Floats, n: int) -> tuple[Integers, Floats]:
    if past_spikes is None:
        return np.empty(0, dtype=np.int64), np.empty(0)
    offsets = np.ascontiguousarray(past_spikes[0], dtype=np.int64)
    times = np.ascontiguousarray(past_spikes[1], dtype=np.float64)
    if offsets.shape != (n + 1,) or offsets[0] != 0 or offsets[-1] != len(times) or (np.diff(offsets) < 0).any():
        raise ValueError(f"past_spikes offsets must rise from 0 to {len(times)} in {n + 1} entries")
    neuron = np.repeat(np.arange(n), np.diff(offsets))
    delay = np.broadcast_to(t_d, (n,))[neuron]
    bad = ~((times > -delay) & (times <= 0.0))
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"past_spikes must lie in -t_d < t <= 0, got {float(times[first])!r} s of neuron {neuron[first]}"
        )
    if ((np.diff(times) < 0.0) & (np.diff(neuron) == 0)).any():
        raise ValueError("past_spikes of a neuron must be in order")
    return offsets, times


def _trace(trace_times: ArrayLike | None, duration: float) -> Floats:
    if trace_times is None:
        return np.empty(0)
    times = np.ascontiguousarray(trace_times, dtype=np.float64)
    if times.ndim != 1 or (np.diff(times) < 0.0).any() or (len(times) and not 0.0 <= times[0] <= times[-1] <= duration):
        raise ValueError(f"trace_times must rise within 0 to {duration} s")
    return times
