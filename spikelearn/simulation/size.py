"""How large a run will be, foreseen before it starts: steps, spikes, bytes, and about how long it takes."""

from __future__ import annotations

import math
import os
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.simulation.simulable import RunSettings

__all__ = ["LongRun", "RunSize", "announce", "foresee"]

# A neuron that nothing more is known of is taken to fire so often.
_RATE = 100.0
# Seconds that one step takes, for all neurons together and for each; and one spike of an exact engine.
_STEP, _STEP_OF_ONE, _SPIKE = 5e-5, 2e-8, 2e-7
_BYTES_OF_A_SPIKE = 16
# Beyond this, steps cannot be counted in floating point; and what a person would wait for, in seconds.
_COUNTABLE = 2.0**53
_PATIENCE = 3600.0


class LongRun(UserWarning):
    """A run that the machine cannot hold or a person would not wait for; the command line refuses it unless asked."""


@dataclass(frozen=True)
class RunSize:
    """What a run will need, to an order of magnitude.

    Parameters
    ----------
    steps : float
        Steps of the clock; 0 on an engine that takes none.
    spikes : float
        Expected, at 100 spikes a second and unit.
    memory : float
        Bytes of spikes, traces and arrivals on their way.
    seconds : float
        How long it may take.
    """

    steps: float
    spikes: float
    memory: float
    seconds: float

    def __str__(self) -> str:
        parts = [f"{self.steps:.1g} steps"] if self.steps else []
        parts += [f"about {self.spikes:.1g} spikes at 100 Hz", f"{self.memory / 2**30:.1g} GiB", _length(self.seconds)]
        return ", ".join(parts)


def foresee(model: Any, settings: RunSettings, engine: str) -> RunSize:
    """Foresee the size of a run.

    Parameters
    ----------
    model : Simulable
        What is to run.
    settings : RunSettings
        How.
    engine : str
        Where; all but "exact" take steps of dt.

    Raises
    ------
    ValueError
        There are more steps, or more samples of a trace, than can be counted.
    """
    units = float(settings.n)
    for count in (getattr(model, "n", 1), *(settings.options.get(name, 1) for name in ("n_trials", "n_units"))):
        units *= float(count) if isinstance(count, int) and count > 0 else 1.0
    counting = settings.record == ("counts",)
    traces = 0 if counting else len(settings.record)
    steps = 0.0 if engine == "exact" else _count("dt", settings.duration, settings.dt)
    samples = _count("record_dt", settings.duration, settings.record_dt) if traces else 0.0
    spikes = _RATE * units * settings.duration
    waiting = 0.0
    if engine == "brian2" and hasattr(model, "arrival_delay"):
        # Brian2 keeps a place for every step of a delay.
        waiting = 32.0 * float(np.max(model.arrival_delay(settings.vary, settings.n))) / settings.dt
    memory = (0.0 if counting else _BYTES_OF_A_SPIKE * spikes) + 8.0 * samples * traces * units + waiting
    seconds = steps * (_STEP + _STEP_OF_ONE * units) if steps else _SPIKE * spikes
    return RunSize(steps, spikes, memory, seconds + 1e-8 * samples * traces * units)


def announce(size: RunSize) -> None:
    """Warn of a run that the machine cannot hold, or that would take more than an hour.

    Warns
    -----
    LongRun
        With the estimate.
    """
    room = _memory()
    reasons = [f"more than the {room / 2**30:.2g} GiB of this machine"] if size.memory > room else []
    reasons += ["more than an hour"] if size.seconds > _PATIENCE else []
    if reasons:
        warnings.warn(f"this run may need {' and '.join(reasons)}: {size}", LongRun, stacklevel=3)


def _count(name: str, duration: float, step: float) -> float:
    count = duration / step if step > duration * 1e-300 else math.inf
    if not count < _COUNTABLE:
        raise ValueError(f"{name} must be at least duration/2**53 = {duration / _COUNTABLE:.3g} s, got {step:g} s")
    return count


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def _length(seconds: float) -> str:
    for size, name in ((31_557_600.0, "years"), (86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1g} {name}"
    return f"{seconds:.1g} seconds"
