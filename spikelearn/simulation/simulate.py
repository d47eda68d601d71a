"""simulate(): the one entry point from a model to a recording."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.arguments import initial_state, method_name, positive_time, record_names
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings, Simulable, check_options
from spikelearn.simulation.size import announce, foresee
from spikelearn.simulation.targets import TARGETS

__all__ = ["Initial", "simulate"]

_log = logging.getLogger(__name__)
_NEEDED = ("recordable", "settable", "run_options", "engines", "check_initial")


def simulate(
    model: Simulable,
    duration: Any,
    *,
    n: int | None = None,
    engine: str | None = None,
    target: str = "auto",
    dt: Any = None,
    method: str | None = None,
    seed: int | None = None,
    record: str | Iterable[str] = (),
    record_dt: Any = None,
    vary: Mapping[str, Any] | None = None,
    initial: Initial | None = None,
    progress: bool = False,
    threads: int | None = None,
    **options: Any,
) -> Recording:
    """Run a model and return its spikes, its traces and how they were made.

    Parameters
    ----------
    model : Simulable
        What to run: an AdaptiveLIF, EquationNeuron, Network, EscapeNoise, EIRates, a source of `spikelearn.sources`, or
        anything else with the members of `spikelearn.simulation.simulable.Simulable`.
    duration : Quantity, str or float
        Model time, in seconds where it has no unit. Spikes lie within ``0 <= t < duration``.
    n : int, optional
        Number of independent neurons, where the model is one neuron; one if not given.
    engine : str, optional
        One of those that the model names, the first if not given. "exact": event-driven or sampled without a time
        step; "array": NumPy or compiled loops in steps of `dt`; "brian2": Brian2, in steps of `dt`, which `target`
        and `method` imply.
    target : {"auto", "numpy", "cython", "cpp_standalone"}
        Brian2's code generation; "auto" takes numpy for small or short runs and compiled code where it pays.
    dt : Quantity, str or float, optional
        Time step, the model's own if not given (mostly 0.1 ms); the exact engine takes no steps and leaves it aside,
        but for `record_dt`.
    method : str, optional
        Brian2's integration method; the model's own choice if not given.
    seed : int, optional
        Seed of random numbers. Streams differ between engines and targets.
    record : str or iterable of str
        Variables to record as traces; "counts" alone keeps spike counts instead of spike times. Where a model has no
        spikes, all its variables are recorded if none is named. At the very time of an
        event the exact engine gives the value after it, Brian2 that at the start of the step, before it.
    record_dt : Quantity, str or float, optional
        Step of the traces; `dt` if not given. On the brian2 engine a whole multiple of `dt`.
    vary : mapping of str to array_like, optional
        Parameters that differ between neurons: name -> array of shape (n,), with units. In a network, of populations:
        "E.V_0" -> one value for each neuron of E. The fast way to map a plane of parameters; `spikelearn.sweep` makes
        the arrays from a grid, measures every neuron and keeps the results.
    initial : Initial, optional
        State at time 0; everything zero and no past spikes if not given.
    progress : bool
        Show a progress bar for runs of more than two seconds.
    threads : int, optional
        Threads of the exact engine, all processors if not given; results do not depend on it.
    **options
        What the model adds:

        - a Network: ``units``, a slice or numbers of the neurons whose traces are recorded, such as
          ``network.units("E")`` (all if not given); ``synapses``, numbers of those whose weights are recorded as "w",
          numbered as in ``recording.sources``; ``resume``, a NetworkState to go on from: `duration` is then the time
          at which the run ends, and `seed` that of the state if not given;
        - EIRates: ``weights``, the four numbers W_EE, W_EI, W_IE, W_II, and ``rule``, a `Rule` in continuous time;
        - EntropyRule: ``input``, one period of the input as an array (frames, neurons), frames one `dt` apart; ``W``,
          its first weights; ``state``, an OnlineState to go on from;
        - EscapeNoise: ``W``, an array (units, units), and ``n_trials``;
        - sources: ``n_trials`` and ``n_units``;
        - LowRank: ``input``, numbers or a function of time; ``units``, whose x is recorded; ``whiten``; ``vectors``,
          a network drawn before; n is then the size of the network.

    Returns
    -------
    Recording
        ``spikes``: SpikeTrains, of one trial and n units where there are no trials; None for rates. ``traces``:
        xarray.Dataset over (time, neuron), weights of networks over (time, synapse).
        On the brian2 engine a spike carries the time at which its step begins, as in Brian2.

    Raises
    ------
    ValueError
        A parameter, unit, range or name that does not fit, said in one line.
    TypeError
        A value of a kind that the argument cannot have.

    Warns
    -----
    LongRun
        The run may need more memory than the machine has, or more than an hour; see `spikelearn.simulation.size`.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from brian2 import mV, ms, second
    >>> neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms)
    >>> sl.simulate(neuron, 1 * second).spikes
    SpikeTrains(1 trial x 1 unit, 79 spikes in [0.0, 1.0) s)
    """
    engines = _engines_of(model)
    name = type(model).__name__
    if engine is not None and engine not in engines:
        raise ValueError(unknown_name(name, "engine", str(engine), engines))
    length = positive_time("duration", duration)
    count = 1 if n is None else whole_number("n", n, at_least=1, at_most=2**31 - 1)
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", str(target), (*TARGETS, "auto")))
    if target != "auto" or method_name(method) is not None:
        said = f"target = {target!r}" if target != "auto" else f"method = {method!r}"
        if engine not in (None, "brian2") or "brian2" not in engines:
            raise ValueError(f"{said} belongs to Brian2: leave it out on the {engine or next(iter(engines))} engine")
        engine = "brian2"
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    general = {"n": count != 1, "vary": bool(vary), "initial": initial is not None, "threads": threads is not None}
    check_options(model, {**{key: None for key, used in general.items() if used}, **given})
    step = model.default_dt if dt is None else positive_time("dt", dt)
    settings = RunSettings(
        duration=length,
        dt=step,
        record_dt=step if record_dt is None else positive_time("record_dt", record_dt),
        target=target,
        method=method,
        seed=None if seed is None else whole_number("seed", seed, at_least=0),
        record=record_names(record, model),
        n=count,
        sized=n is not None,
        vary=dict(vary or {}),
        initial=initial_state(initial),
        progress=progress,
        threads=None if threads is None else whole_number("threads", threads, at_least=1, at_most=2**31 - 1),
        options=given,
    )
    chosen = engine or next(iter(engines))
    announce(foresee(model, settings, chosen))
    _log.info("%s on the engine %s: %g s of model time", name, chosen, length)
    _log.debug("%s: %s", name, settings)
    begin = time.perf_counter()
    recording: Recording = engines[chosen](model, settings)
    _log.info("%s after %.3f s: %r", name, time.perf_counter() - begin, recording)
    return recording


def _engines_of(model: Any) -> Mapping[str, Any]:
    if isinstance(model, type):
        name = model.__name__
        raise TypeError(f"simulate() must be given a model such as AdaptiveLIF(), got the class {name}; use {name}()")
    if not all(hasattr(model, needed) for needed in _NEEDED):
        raise TypeError(f"simulate() must be given a model such as AdaptiveLIF, got {type(model).__name__}")
    engines: Mapping[str, Any] = model.engines
    return engines
