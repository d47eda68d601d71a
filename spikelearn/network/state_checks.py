"""Whether a state can be what a run left behind: shape, type, range and finiteness of every array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.eventdriven.network.cells import (
    BOUND,
    DEVIATION,
    NOW,
    NOW_LOW,
    OWN_NEXT,
    PAUSE_END,
    STATE_COLUMNS,
    T_NEXT,
    X,
)
from spikelearn.eventdriven.network.event_code import LAST
from spikelearn.eventdriven.network.records import NetworkState

__all__ = ["check_form", "check_sizes", "check_values"]

_KINDS = {
    "state": (np.float64, 2),
    "poisson_next": (np.float64, 1),
    "poisson_drawn": (np.uint64, 1),
    "recent_times": (np.float64, 1),
    "recent_rows": (np.int64, 1),
    "plastic": (np.float64, 2),
}


def check_form(state: NetworkState, where: str) -> None:
    """Refuse arrays of another type or number of axes, and what is no time.

    Raises
    ------
    ValueError
        With the name of what is wrong.
    """
    time: Any = state.time
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not 0.0 <= time < np.inf:
        raise ValueError(f"{where}.time must be a finite number of seconds not below 0, got {time!r}")
    for name, (kind, axes) in _KINDS.items():
        array = getattr(state, name)
        if not isinstance(array, np.ndarray) or array.dtype != kind or array.ndim != axes:
            got = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise ValueError(f"{where}.{name} must be an array of {np.dtype(kind)} with {axes} axes, got {got}")


def check_sizes(state: NetworkState, n: int, inputs: int, plastic: tuple[int, ...]) -> None:
    """Refuse a state that is not as large as the network.

    Parameters
    ----------
    state : NetworkState
        What to go on from, of the right form.
    n, inputs : int
        Number of neurons and of their Poisson inputs.
    plastic : tuple of int
        Number of plastic synapses, and of columns for each.

    Raises
    ------
    ValueError
        It is that of another network.
    """
    if len(state.state) != n or len(state.poisson_next) != inputs:
        raise ValueError(f"resume must be a state of this network of {n} neurons, got {len(state.state)}")
    if state.plastic.shape != plastic:
        raise ValueError(
            f"resume must be a state of this network of {plastic[0]} plastic synapses and their traces, got "
            f"{len(state.plastic)}"
        )
    for name, shape in (
        ("state", (n, STATE_COLUMNS)),
        ("poisson_drawn", (inputs,)),
        ("recent_rows", state.recent_times.shape),
    ):
        found = getattr(state, name).shape
        if found != shape:
            raise ValueError(f"resume.{name} must have the shape {shape}, got {found}")


def check_values(state: NetworkState, rows: int) -> None:
    """Refuse values that no run leaves behind, from which the loop would go wrong or never end.

    Parameters
    ----------
    state : NetworkState
        Of the right sizes.
    rows : int
        Number of neurons and external trains.

    Raises
    ------
    ValueError
        With the name of the array and the first bad value.
    """
    time, cells = state.time, state.state
    latest = time * (1.0 + 1e-12)
    for column, name in ((X, "conductance"), (NOW, "time"), (NOW_LOW, "time"), (DEVIATION, "membrane")):
        _all(np.isfinite(cells[:, column]), cells[:, column], f"state ({name})", "be finite")
    _all(cells[:, X] >= 0.0, cells[:, X], "state (conductance)", "not be negative")
    _all(cells[:, NOW] <= latest, cells[:, NOW], "state (time)", f"not lie beyond {time:g} s")
    for column, name in ((BOUND, "bound"), (PAUSE_END, "pause"), (OWN_NEXT, "potassium")):
        _all(~np.isnan(cells[:, column]), cells[:, column], f"state ({name})", "be a number")
    _all(~(cells[:, T_NEXT] < cells[:, NOW]), cells[:, T_NEXT], "state (next spike)", "not lie in the past")
    _all(np.isfinite(state.poisson_next), state.poisson_next, "poisson_next", "be finite")
    _all(state.poisson_next >= time, state.poisson_next, "poisson_next", f"lie at {time:g} s or later")
    _all(np.isfinite(state.recent_times), state.recent_times, "recent_times", "be finite")
    _all(state.recent_times <= latest, state.recent_times, "recent_times", f"not lie beyond {time:g} s")
    valid = (state.recent_rows >= 0) & (state.recent_rows < rows)
    _all(valid, state.recent_rows, "recent_rows", f"lie in 0 to {rows - 1}")
    order = np.lexsort((state.recent_times, state.recent_rows))
    in_place: Any = order == np.arange(len(order))
    _all(in_place, state.recent_times, "recent_times", "be sorted by row, then time")
    _all(
        np.asarray(np.isfinite(state.plastic).all(axis=1)),
        state.plastic[:, LAST],
        "plastic",
        "be finite; that of the event at",
    )
    _all(state.plastic[:, LAST] <= latest, state.plastic[:, LAST], "plastic", f"not lie beyond {time:g} s")


def _all(good: NDArray[np.bool_], values: NDArray[Any], name: str, rule: str) -> None:
    if not good.all():
        k = int((~good).argmax())
        raise ValueError(f"resume.{name} must {rule}, got {values[k]} in row {k}")
