"""The online rule through `simulate`: compiled Runge-Kutta steps, and Brian2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikelearn.models.entropy_rule.brian import learn_on_brian
from spikelearn.models.entropy_rule.online import OnlineRun, learn_online
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.models.entropy_rule.model import EntropyRule

__all__ = ["run_on_array", "run_on_brian"]

_TERMS = {"stdp", "hebbian", "scaling"}


def run_on_array(rule: EntropyRule, settings: RunSettings) -> Recording:
    """Run network and rule in compiled steps of fourth order; a unit of the model's time is 1 s.

    Raises
    ------
    ValueError
        No input, an input that is no smooth period, or a step too long for the filters.
    """
    arguments = _described(settings)
    run = learn_online(rule, settings.options["input"], settings.dt, settings.duration, **arguments)
    return _recording(rule, settings, run, "array", None)


def run_on_brian(rule: EntropyRule, settings: RunSettings) -> Recording:
    """Run on Brian2, of first order in the step.

    Raises
    ------
    ValueError
        As for `run_on_array`; an integration method, which is fixed here.
    """
    if settings.method is not None:
        raise ValueError(f"method must be left out for an EntropyRule, got {settings.method!r}")
    arguments = _described(settings)
    target = "numpy" if settings.target == "auto" else settings.target
    frames = settings.options["input"]
    run = learn_on_brian(rule, frames, settings.dt, settings.duration, target=target, **arguments)
    return _recording(rule, settings, run, "brian2", target)


def _described(settings: RunSettings) -> dict[str, Any]:
    if settings.counting:
        raise ValueError("record='counts' must be left out: rates have no spikes")
    if "input" not in settings.options:
        raise ValueError("EntropyRule must be run with input=, one period as an array (frames, neurons)")
    every = round(settings.record_dt / settings.dt)
    if every < 1 or abs(every * settings.dt - settings.record_dt) > 1e-6 * settings.dt:
        raise ValueError(f"record_dt must be a whole multiple of dt = {settings.dt:g} s, got {settings.record_dt:g} s")
    return {
        "record_every": every,
        "terms": not settings.record or bool(_TERMS & set(settings.record)),
        "W": settings.options.get("W"),
        "state": settings.options.get("state"),
        "progress": settings.progress,
    }


def _recording(rule: EntropyRule, settings: RunSettings, run: OnlineRun, engine: str, target: str | None) -> Recording:
    traces = run.traces[list(settings.record)] if settings.record else run.traces
    made = provenance_of(
        rule,
        engine=engine,
        target=target,
        dt=settings.dt,
        duration=settings.duration,
        input=settings.options["input"],
        first_weights=settings.options.get("W"),
    )
    return Recording(None, traces, made)
