"""Build a C++ program once and run it many times, with other parameters and seeds."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import shutil
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from spikelearn.brian.compiling import build_program
from spikelearn.brian.neurons import BrianNeuron, Circuit, check_start
from spikelearn.brian.reseeding import SEEDING, seeds_for_a_run
from spikelearn.brian.session import session
from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.arguments import initial_state, method_name, positive_time, record_names
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

__all__ = ["StandaloneProgram"]


class StandaloneProgram:
    """A model compiled by Brian2 into a C++ program, for many runs that differ in parameters and seed.

    Use it as a context manager: the program lives in a temporary folder that is removed at the end. The time step, the
    duration, the delays and what is recorded are built in; everything else may differ from run to run.

    Parameters
    ----------
    model : AdaptiveLIF or another model with ``brian_objects``
        What to compile.
    duration : Quantity, str or float
        Model time of each run, in seconds where it has no unit.
    n : int
        Number of neurons.
    dt : Quantity, str or float
        Time step.
    method : str, optional
        Brian2's integration method.
    record : str or iterable of str
        Variables to record; "counts" alone keeps spike counts instead of spike times.
    record_dt : Quantity, str or float, optional
        Step of the traces; `dt` if not given.
    vary : mapping, optional
        Delays that differ between neurons, and defaults for the runs.
    initial : Initial, optional
        State at time 0 of every run.
    threads : int
        OpenMP threads of the program; 0 for none.

    Raises
    ------
    ValueError
        A parameter that does not fit.
    RuntimeError
        The program cannot be built, or a run did not take over its parameters.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from brian2 import mV, second  # doctest: +SKIP
    >>> with StandaloneProgram(sl.AdaptiveLIF(), 1 * second, n=2) as program:  # doctest: +SKIP
    ...     rates = [program.run(vary={"V_0": [low, 30] * mV}).counts for low in (16, 20, 24)]
    """

    def __init__(
        self,
        model: Any,
        duration: Any,
        *,
        n: int = 1,
        dt: Any = 1e-4,
        method: str | None = None,
        record: str | Iterable[str] = (),
        record_dt: Any = None,
        vary: Mapping[str, Any] | None = None,
        initial: Initial | None = None,
        threads: int = 0,
    ) -> None:
        step = positive_time("dt", dt)
        if not hasattr(model, "group_values"):
            raise TypeError(f"StandaloneProgram must be given a neuron such as AdaptiveLIF, got {type(model).__name__}")
        self.model: BrianNeuron = model
        self.settings = RunSettings(
            n=whole_number("n", n, at_least=1),
            dt=step,
            duration=positive_time("duration", duration),
            method=method_name(method),
            record=record_names(record, model),
            record_dt=step if record_dt is None else positive_time("record_dt", record_dt),
        )
        self.vary = dict(vary or {})
        self.initial = initial_state(initial)
        self.threads = whole_number("threads", threads, at_least=0)
        self.run_seconds = float("nan")
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count()
        self._circuit: Circuit | None = None
        self._states, self._past = check_start(model, self.settings, self.vary, self.initial)

    def __enter__(self) -> StandaloneProgram:
        from brian2 import prefs, second
        from brian2.devices.device import get_device

        with contextlib.ExitStack() as stack:
            old_threads = prefs["devices.cpp_standalone.openmp_threads"]
            stack.callback(prefs.__setitem__, "devices.cpp_standalone.openmp_threads", old_threads)
            prefs["devices.cpp_standalone.openmp_threads"] = self.threads
            brian = stack.enter_context(session("cpp_standalone"))
            device = get_device()
            self._circuit = Circuit.build(
                self.model, self.settings, vary=self.vary, states=self._states, past=self._past
            )
            device.insert_code("after_start", SEEDING)
            self._circuit.network.run(self.settings.duration * second, namespace={})
            build_program(device, brian.directory)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._circuit = None
        self._stack.__exit__(kind, error, trace)

    def run(self, *, vary: Mapping[str, Any] | None = None, seed: int = 0) -> Recording:
        """Run the program once.

        Parameters
        ----------
        vary : mapping, optional
            Parameters of this run, one value a neuron: arrays of shape (n,), with units. Laid over those of the build.
        seed : int
            Seed of the random numbers of this run, not negative, of any size.

        Returns
        -------
        Recording

        Raises
        ------
        ValueError
            A delay that differs from the one built in, a parameter that does not fit, or a step too long for it.
        RuntimeError
            Outside the ``with`` block, or the program did not take over the parameters.
        """
        if self._circuit is None:
            raise RuntimeError("StandaloneProgram.run must be called inside its with block")
        entropy = np.random.SeedSequence(whole_number("seed", seed, at_least=0))
        from brian2.devices.device import get_device

        n = self.settings.n
        merged = {**self.vary, **(vary or {})}
        delay, built = self.model.arrival_delay(merged, n), self.model.arrival_delay(self.vary, n)
        if not np.array_equal(np.broadcast_to(delay, (n,)), np.broadcast_to(built, (n,))):
            name = self.model.delay_name
            raise ValueError(
                f"StandaloneProgram: {name} is built in and cannot differ between runs; build another program"
            )
        values = self.model.group_values(merged, n)
        check_start(self.model, self.settings, merged, self.initial)
        group = self._circuit.objects[0]
        wanted = {name: np.ascontiguousarray(np.broadcast_to(value, (n,))) for name, value in values.items()}
        arguments = {getattr(group, name): _with_unit(group, name, value) for name, value in wanted.items()}
        device = get_device()
        results = f"results_{next(self._numbers)}"
        with seeds_for_a_run(entropy, self.threads):
            device.run(results_directory=results, with_output=False, run_args=arguments)
        for name, value in wanted.items():
            if not np.array_equal(np.asarray(group.variables[name].get_value()), value):
                raise RuntimeError(f"the compiled program did not take over {name}; its result is not to be used")
        self.run_seconds = float(device._last_run_time)
        self._circuit.check_finite()
        recorded = self._circuit.collect()
        shutil.rmtree(device.results_dir, ignore_errors=True)
        provenance = provenance_of(
            self.model,
            engine="brian2",
            target="cpp_standalone",
            dt=self.settings.dt,
            method=self.settings.method or self.model.method,
            seed=seed,
            duration=self.settings.duration,
            n=n,
            vary=merged,
            initial=self.initial,
        )
        return dataclasses.replace(recorded, provenance=provenance)


def _with_unit(group: Any, name: str, value: Any) -> Any:
    from brian2.units.fundamentalunits import Quantity

    return Quantity(value, dim=group.variables[name].dim)
