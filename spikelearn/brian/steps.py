"""Time steps that fit delays."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.parameters.units import seconds, si_value

__all__ = ["check_delay", "fitting_step", "whole_multiple"]


def check_delay(delay: Any, dt: float, name: str = "t_d") -> None:
    """Refuse a delay above zero that is shorter than a step: Brian2 would round it to none or to a whole step.

    Parameters
    ----------
    delay : float or ndarray
        Delays in seconds.
    dt : float
        Time step in seconds.
    name : str
        What the user calls the delay.

    Raises
    ------
    ValueError
        Naming the delay and the step that it needs.
    """
    short = (np.asarray(delay) > 0) & (np.asarray(delay) < dt * (1 - 1e-9))
    if short.any():
        value = float(np.asarray(delay)[short].flat[0])
        raise ValueError(
            f"{name} must be 0 or at least one step dt = {dt:g} s on the brian2 engine, got {value:g} s; "
            f"take dt <= {value:g} s"
        )


def fitting_step(dt: Any, delay: Any, name: str = "t_d") -> Any:
    """Read the time step of Brian2 objects with a delay: a Quantity or plain seconds, or None for the default clock's.

    Raises
    ------
    ValueError
        `dt` has another unit or is not positive, or a delay above zero is shorter than it.
    """
    from brian2 import defaultclock, second

    step = float(defaultclock.dt) if dt is None else seconds(si_value(dt, "1 ms", "dt"), "dt")
    if step <= 0:
        raise ValueError(f"dt must be positive, got {dt}")
    check_delay(delay, step, name)
    return None if dt is None else step * second


def whole_multiple(value: float, step: float, name: str) -> int:
    """Give value/step as an int.

    Raises
    ------
    ValueError
        The ratio is not whole.
    """
    ratio = value / step
    if ratio < 0.5 or abs(ratio - round(ratio)) > 1e-6 * ratio:
        raise ValueError(f"{name} must be a whole multiple of dt = {step:g} s, got {value:g} s")
    return round(ratio)
