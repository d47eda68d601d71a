"""The state from which a run starts: variables, and the spikes whose effects are still on their way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.copies import private
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import seconds, si_value

__all__ = ["Initial"]


class Initial:
    """State at time zero.

    A delay equation starts from a history: spikes in (-t_d, 0] whose arrivals are still pending; in a network also
    those whose jumps have yet to reach other neurons, or whose refractory period goes on.

    Parameters
    ----------
    past_spikes : time, iterable of times, or iterable of such iterables
        Spike times not after 0, as quantities, as text or in seconds: one or several for all neurons, or one sequence
        for each neuron.
    **states : Quantity, float or array_like
        Variables of the model, one value for all neurons or an array of shape (n,): ``u=0*mV, g=0.2``.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> Initial(past_spikes="-1 ms")
    Initial(past_spikes=['-1 ms'])
    >>> Initial(u=1 * mV, g=0.2, past_spikes=[-3 * ms, -1 * ms])
    Initial(u=1. * mvolt, g=0.2, past_spikes=[-3. * msecond, -1. * msecond])
    """

    def __init__(self, *, past_spikes: Any = (), **states: Any) -> None:
        self.past_spikes = private(_listed(past_spikes))
        self.states = private(states)

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self.states.items()]
        return f"Initial({', '.join([*parts, f'past_spikes={self.past_spikes!r}'])})"

    def plain_states(self, units: Mapping[str, str], n: int) -> dict[str, float | NDArray[np.float64]]:
        """Give the states as SI floats or arrays of shape (n,).

        Raises
        ------
        ValueError
            An unknown variable, a wrong unit or shape, or a value that is not finite.
        """
        plain: dict[str, float | NDArray[np.float64]] = {}
        for name, given in self.states.items():
            if name not in units:
                raise ValueError(unknown_name("Initial", "variable", name, units))
            unit = units[name]
            value = si_value(given, unit if unit == "1" else f"1 {unit}", f"Initial.{name}")
            if not isinstance(value, float) and value.shape != (n,):
                raise ValueError(f"Initial.{name} must be one value or {n}, one a neuron, got shape {value.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"Initial.{name} must be finite, got {given}")
            plain[name] = value
        return plain

    @property
    def per_neuron(self) -> bool:
        """Whether there is one sequence of past spikes for each neuron, instead of one for all."""
        return any(_is_row(item) for item in self.past_spikes)

    def plain_past_spikes(
        self, n: int, delay: float | NDArray[np.float64], what: str = "t_d"
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the past spikes as flat sorted times in seconds and offsets of shape (n + 1,).

        `delay` is how long a spike has effects to come, called `what` in errors.

        Raises
        ------
        ValueError
            A time is not finite, after 0 or not after -delay (its effect has arrived already), or the number of
            sequences is not n.
        """
        nested = self.per_neuron
        if nested and not all(_is_row(item) for item in self.past_spikes):
            raise ValueError("Initial.past_spikes must be times, or one sequence of times for each neuron, not both")
        if nested and len(self.past_spikes) != n:
            raise ValueError(
                f"Initial.past_spikes must hold one sequence for each of {n} neurons, got {len(self.past_spikes)}"
            )
        rows = [_sorted_times(item) for item in self.past_spikes] if nested else [_sorted_times(self.past_spikes)] * n
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        times = np.concatenate([*rows, np.empty(0)])
        reach = np.repeat(np.broadcast_to(np.asarray(delay, dtype=np.float64), (n,)), np.diff(offsets))
        wrong = (times > 0) | (times <= -reach)
        if wrong.any():
            k = int(wrong.argmax())
            raise ValueError(
                f"Initial.past_spikes must lie within -{what.removeprefix('its ')} < t <= 0, got {float(times[k])} s "
                f"for {what} = {float(reach[k])} s"
            )
        return times, offsets


def _listed(given: Any) -> Any:
    """Read an iterable once, so that a generator keeps its times; a single time becomes a list of one."""
    if isinstance(given, Mapping) or not isinstance(given, (str, float, int, np.number, Iterable)):
        raise TypeError(f"Initial.past_spikes must be a time or a sequence of times, got {given!r}")
    if not isinstance(given, Iterable) or isinstance(given, str) or (hasattr(given, "ndim") and given.ndim == 0):
        return [given]
    if hasattr(given, "dim"):
        return given
    return [list(item) if _is_stream(item) else item for item in given]


def _is_stream(given: Any) -> bool:
    return isinstance(given, Iterable) and not hasattr(given, "__len__")


def _is_row(item: Any) -> bool:
    return not isinstance(item, str) and np.ndim(item) == 1


def _sorted_times(times: Any) -> NDArray[np.float64]:
    if hasattr(times, "dim"):
        plain = np.atleast_1d(si_value(times, "1 second", "Initial.past_spikes"))
        if not np.isfinite(plain).all():
            raise ValueError(f"Initial.past_spikes must be finite times, got {times}")
        return np.sort(plain)
    return np.sort(np.array([seconds(time, "Initial.past_spikes") for time in times], dtype=np.float64))
