"""What spike times must be before they become SpikeTrains; each error names the first offender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.flags import holds_flag
from spikelearn.parameters.foreign import foreign_seconds, foreign_unit, widened
from spikelearn.parameters.names import shown
from spikelearn.parameters.numbers import is_number
from spikelearn.parameters.units import seconds, si_value
from spikelearn.spikes.ids import Id

__all__ = [
    "check_indices",
    "check_layout",
    "check_observed",
    "check_slack",
    "check_times",
    "frozen",
    "plain_times",
    "without_unit",
]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Make an array read-only."""
    array.setflags(write=False)
    return array


def plain_times(times: Any, where: str = "spike times") -> Floats:
    """Read a one-dimensional array of times in seconds, with or without units.

    Raises
    ------
    ValueError
        The array has another number of dimensions, or the unit is not one of time.
    """
    array = without_unit(times, where)
    if hasattr(times, "dim") or foreign_unit(times):
        return np.atleast_1d(array)
    if array.ndim != 1:
        what = "the spike times of one unit" if where == "spike times" else where
        raise ValueError(f"{what} must be one-dimensional, got shape {array.shape}")
    return array


def without_unit(times: Any, where: str = "spike times") -> Floats:
    """Read times in seconds: plain numbers, or whatever carries a unit, whole or entry by entry.

    Units that NumPy would drop are converted: those of Brian2 and of other packages, time differences, text such as
    "100 ms". Single precision is read by its shortest decimal, see `spikelearn.parameters.foreign`.

    Raises
    ------
    ValueError
        The unit is not one of time, an entry is masked, or the times are dates.
    TypeError
        These are truth values or complex numbers.
    """
    plain = foreign_seconds(times, where)
    if hasattr(plain, "dim"):
        return np.asarray(si_value(plain, "1 second", where), dtype=np.float64)
    if isinstance(plain, (list, tuple)):
        if any(item is np.ma.masked for item in plain):
            raise ValueError(f"{where} must not be masked, got a masked entry")
        if any(hasattr(item, "dim") for item in plain):
            for item in plain:
                if not hasattr(item, "dim"):
                    raise ValueError(f"{where} must be a time, such as '1 s', got {item} beside quantities")
            plain = [si_value(item, "1 second", where) for item in plain]
        elif any(isinstance(item, str) or foreign_unit(item) for item in plain):
            plain = [_one_with_unit(item, where) for item in plain]
        elif any(isinstance(item, (np.ndarray, list, tuple)) for item in plain):
            plain = [without_unit(item, where) for item in plain]
    array = np.asarray(plain)
    if array.dtype.kind in "USO":
        items = [_one_with_unit(item, where) for item in array.ravel()]
        return np.array(items, dtype=np.float64).reshape(array.shape)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{where} must be real numbers, got the type {array.dtype}")
    if holds_flag(plain):
        raise TypeError(f"{where} must be real numbers, got {shown(plain)}")
    return np.asarray(widened(array), dtype=np.float64)


def _one_with_unit(item: Any, where: str) -> float:
    if not isinstance(item, str) and not foreign_unit(item):
        number = np.asarray(item)
        if number.ndim or number.dtype.kind not in "iuf":
            raise TypeError(f"{where} must be real numbers, got {item!r:.80}")
        return float(widened(number))
    if isinstance(item, str) and is_number(item):
        raise ValueError(f"{where} given as text must have a unit, such as '100 ms', got {shown(item)}")
    # NaN is for the checks that name the spike.
    return float(si_value(item, "1 second", where) if isinstance(item, str) else foreign_seconds(item, where))


def check_slack(slack: Any) -> float:
    """Read a slack in seconds.

    Raises
    ------
    ValueError
        It is negative or not finite.
    """
    plain = float(slack) if isinstance(slack, float) else seconds(slack, "SpikeTrains.slack")
    if not 0 <= plain < np.inf:
        raise ValueError(f"SpikeTrains.slack must be a time not below 0, got {slack}")
    return plain


def check_indices(name: str, index: Integers, shape: tuple[int, ...], size: int) -> None:
    """Refuse indices of another length than the times, or outside 0 to ``size - 1``.

    Raises
    ------
    ValueError
        One of these was found.
    """
    if index.shape != shape:
        raise ValueError(f"{name} and times must have the same length, got {index.shape} and {shape}")
    if len(index) and (index.min() < 0 or index.max() >= size):
        raise ValueError(f"{name} must lie in 0 to {size - 1}, got {index.min()} to {index.max()}")


def check_layout(flat: Floats, offsets: Integers, n_units: int) -> None:
    """Refuse offsets that do not cut the flat times into whole trials.

    Raises
    ------
    ValueError
        Times or offsets have a wrong shape, or the offsets do not rise from 0 to the number of spikes.
    """
    if flat.ndim != 1:
        raise ValueError(f"SpikeTrains.times must have one dimension, got shape {flat.shape}")
    if n_units < 0 or offsets.ndim != 1 or not len(offsets) or (len(offsets) - 1) % (n_units or len(offsets)):
        raise ValueError(
            f"SpikeTrains.offsets must have n_trials * n_units + 1 entries, got {offsets.shape} for {n_units} units"
        )
    if offsets[0] != 0 or offsets[-1] != len(flat) or (np.diff(offsets) < 0).any():
        raise ValueError(f"SpikeTrains.offsets must rise from 0 to the number of spikes, {len(flat)}")


def check_observed(observed: ArrayLike | None, n_trials: int, start: float, stop: float) -> Floats | None:
    """Read the observed part of every trial; None where it is the whole window.

    Raises
    ------
    ValueError
        The shape does not fit, or a part is NaN, reversed or reaches beyond the window.
    """
    if observed is None:
        return None
    parts = np.array(without_unit(observed, "SpikeTrains.observed"))
    if parts.shape != (n_trials, 2):
        raise ValueError(f"SpikeTrains.observed must have the shape ({n_trials}, 2), got {parts.shape}")
    fits = (parts[:, 0] >= start) & (parts[:, 1] <= stop) & (parts[:, 0] <= parts[:, 1])
    if not fits.all():
        k = int(fits.argmin())
        got = [float(edge) for edge in parts[k]]
        raise ValueError(f"SpikeTrains.observed of trial {k} must lie within {start} s to {stop} s, got {got} s")
    if (parts == [start, stop]).all():
        return None
    return frozen(parts)


def check_times(
    flat: Floats,
    offsets: Integers,
    window: tuple[float, float],
    observed: Floats | None,
    unit_ids: Sequence[Id],
    trial_ids: Sequence[Id],
) -> None:
    """Refuse NaN, times outside what was observed, and times out of order, naming the first offender by its ids.

    Raises
    ------
    ValueError
        One of these was found.
    """
    (start, stop), n_units = window, len(unit_ids)

    def complain(bad: NDArray[np.bool_], what: str, first: int = 0) -> ValueError:
        position = int(bad.argmax()) + first
        k = int(np.searchsorted(offsets, position, side="right")) - 1
        place = f"spike {position - offsets[k]} of unit {unit_ids[k % n_units]}, trial {trial_ids[k // n_units]}"
        return ValueError(f"{place} {what}, got {float(flat[position])} s")

    bad = np.isnan(flat)
    if bad.any():
        raise complain(bad, "must be a number")
    bad = (flat < start) | (flat >= stop)
    if bad.any():
        raise complain(bad, f"must lie within {start} s <= t < {stop} s")
    if observed is not None:
        per_spike = np.repeat(observed, np.diff(offsets[:: n_units or 1]), axis=0) if len(flat) else np.empty((0, 2))
        bad = (flat < per_spike[:, 0]) | (flat >= per_spike[:, 1])
        if bad.any():
            raise complain(bad, "must lie within the part of the trial that was observed")
    # The step from one train to the next may go down; only falls within a train are out of order.
    bad = np.diff(flat) < 0
    borders = offsets[1:-1]
    bad[borders[(borders > 0) & (borders < len(flat))] - 1] = False
    if bad.any():
        raise complain(bad, "must not come before the spike ahead of it", first=1)
