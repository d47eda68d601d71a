"""One door to Brian2: choose a target, seed it, run a network, and leave every process-wide setting as it was."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikelearn.brian.cache import writable_cache
from spikelearn.brian.compiling import build_program
from spikelearn.parameters.loading import load_brian2
from spikelearn.parameters.names import unknown_name
from spikelearn.progress import progress_bar
from spikelearn.simulation.targets import TARGETS, why_not

__all__ = ["Session", "choose_target", "session"]

# Seconds of work on numpy from which compiling a program is the shorter way.
_WORTH_COMPILING = 20.0
# Times of steps up to here are told apart.
_MOST_STEPS = 2.0**53
# Target, device and random state belong to the process: sessions of several threads come one after another.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Session:
    """An open session: the target that generates code now, and the one call that runs a network on it."""

    target: str
    directory: str | None = None

    def run(
        self,
        network: Any,
        duration: Any,
        *,
        namespace: Mapping[str, Any] | None = None,
        progress: bool | str = False,
    ) -> None:
        """Run `network` for `duration`; results are to be read before the session closes.

        Parameters
        ----------
        network : brian2.Network
            Holds every object of the simulation.
        duration : Quantity
            Model time.
        namespace : mapping, optional
            The names that equations use besides their own; nothing is taken from the caller's variables.
        progress : bool or str
            Whether to show a progress bar, and its label.

        Raises
        ------
        ValueError
            Brian2 cannot make code of the equations; the message says why in one line. Or there are more steps than
            its clocks can count.
        KeyboardInterrupt
            The run was interrupted.
        """
        _refuse_uncountable(network, float(duration))
        try:
            self._run(network, duration, dict(namespace or {}), progress)
        except Exception as error:
            # Brian2 wraps what a user's equations caused into several lines about its own objects.
            cause = error.__cause__
            if type(error).__name__ == "BrianObjectException" and cause is not None:
                reason = " ".join(str(next((part for part in cause.args if isinstance(part, str)), cause)).split())
                missing = re.fullmatch(r'The identifier "(\w+)" could not be resolved\.', reason)
                if missing:
                    reason = f"{missing[1]!r} has no value; give it one among the parameters, or declare it"
                raise ValueError(f"Brian2 cannot run these equations: {reason}") from error
            raise

    def _run(self, network: Any, duration: Any, names: dict[str, Any], progress: bool | str) -> None:
        if self.target == "cpp_standalone":
            from brian2.devices.device import get_device

            network.run(duration, namespace=names)
            device = get_device()
            build_program(device, self.directory)
            device.run(self.directory, with_output=False)
            return
        end = float(network.t) + float(duration)
        with _report(progress) as report:
            network.run(duration, namespace=names, report=report, report_period=_report_period())
        # Brian2 takes Ctrl-C as a wish to stop early and returns; half a run must not pass for a whole one.
        if end - float(network.t) > 2 * max(float(clock.dt) for clock in network._clocks):
            raise KeyboardInterrupt


@contextlib.contextmanager
def session(target: str = "numpy", seed: int | None = None) -> Iterator[Session]:
    """Open a Brian2 session in which objects are built and run, and restore all global state at its end.

    The code generation target, the device and its build options, the default clock's step, Brian2's and NumPy's global
    random state and the log level are as before once the session closes, also after an error. A standalone program
    is built in a temporary folder that is removed with the session, so results must be read inside.

    Parameters
    ----------
    target : {"numpy", "cython", "cpp_standalone"}
        How Brian2 generates code. The last two need a C++ compiler.
    seed : int, optional
        Seed of Brian2's random numbers within the session; streams differ between targets.

    Yields
    ------
    Session

    Raises
    ------
    ValueError
        `target` is none of Brian2's targets.
    RuntimeError
        It needs a compiler, and there is none; no folder for what is compiled can be written to; or the standalone
        device holds an unfinished program.

    Examples
    --------
    >>> from brian2 import Network, NeuronGroup, ms
    >>> with session("numpy", seed=1) as brian:
    ...     group = NeuronGroup(2, "dv/dt = (1 - v)/(10*ms) : 1", method="exact", dt=0.1 * ms)
    ...     brian.run(Network(group), 10 * ms, namespace={"ms": ms})
    ...     print(group.v[:].round(3))
    [0.632 0.632]
    """
    if target not in TARGETS:
        raise ValueError(unknown_name("Brian2", "target", target, TARGETS))
    _refuse_unusable(target)
    load_brian2()
    from brian2 import prefs
    from brian2.core.clocks import defaultclock
    from brian2.devices.device import get_device, reset_device, runtime_device, set_device

    if target == "cpp_standalone" and _building():
        raise RuntimeError(
            "Brian2's standalone device holds a program of your own that is not finished; run on numpy or cython, or "
            "finish it first (device.build, device.reinit)"
        )
    with contextlib.ExitStack() as stack:
        if target != "cpp_standalone":
            stack.enter_context(_ONE_AT_A_TIME)
        numpy_and_brian_random = runtime_device.get_random_state()
        old_target = prefs["codegen.target"]
        old_device = get_device()
        old_dt = float(defaultclock.dt) if getattr(old_device, "defaultclock", None) is not None else None
        stack.push(_disown_after_error(set(_brian_objects())))
        stack.callback(runtime_device.set_random_state, numpy_and_brian_random)
        stack.enter_context(_quiet())
        if target == "cpp_standalone":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="spikelearn_", ignore_cleanup_errors=True))
            directory = str(Path(folder) / "standalone")
            set_device("cpp_standalone", build_on_run=False, directory=directory)
            stack.callback(_leave_device, reset_device, old_dt)
            device = get_device()
            device.reinit()
            device.activate(build_on_run=False, directory=directory)
            stack.callback(device.reinit)
            if seed is not None:
                device.seed(_seed(seed))
            yield Session(target, directory)
        else:
            if target == "cython":
                stack.enter_context(writable_cache())
            set_device("runtime")
            stack.callback(_leave_device, reset_device, old_dt)
            prefs["codegen.target"] = target
            stack.callback(prefs.__setitem__, "codegen.target", old_target)
            runtime_device.seed(_seed(seed))
            yield Session(target)


def _refuse_uncountable(network: Any, duration: float) -> None:
    """Refuse steps whose number Brian2's clocks, which count in 64 bits, turn into none."""
    clocks = {thing.clock for thing in network.objects if getattr(thing, "clock", None) is not None}
    for step in sorted(float(clock.dt_) for clock in clocks):
        if not duration / step <= _MOST_STEPS:
            raise ValueError(
                f"dt must be at least {duration / _MOST_STEPS:.2g} s in a run of {duration:g} s, got {step:g} s"
            )


def _seed(seed: int | None) -> int | None:
    """Give a seed that Brian2 takes, below 2**32: larger ones, which other engines take, are mixed into one."""
    if seed is None or seed < 2**32:
        return seed
    return int(np.random.SeedSequence(seed).generate_state(1)[0])


def _brian_objects() -> list[Any]:
    from brian2.core.base import BrianObject

    return list(BrianObject.__instances__())


def _disown_after_error(before: set[Any]) -> Any:
    """After an error, keep Brian2 from warning that the objects of the session never made it into a network."""

    def leave(error_type: Any, _error: Any, _traceback: Any) -> bool:
        if error_type is not None:
            for reference in set(_brian_objects()) - before:
                thing = reference()
                if thing is not None and getattr(thing, "_network", "") is None:
                    thing._network = "abandoned"
        return False

    return leave


def _building() -> bool:
    """Whether the user's own standalone program, or another session, occupies Brian2's only standalone device."""
    from brian2.devices.device import all_devices, get_device

    device = all_devices.get("cpp_standalone")
    return get_device() is device and bool(device.code_objects or device.networks)


def _leave_device(reset_device: Any, old_dt: float | None) -> None:
    from brian2 import second
    from brian2.core.clocks import defaultclock

    reset_device()
    if old_dt is not None and float(defaultclock.dt) != old_dt:
        defaultclock.dt = old_dt * second


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Brian2's own log lines from the user's terminal; errors still come as exceptions."""
    import logging

    logger = logging.getLogger("brian2")
    old = [(handler, handler.level) for handler in logger.handlers]
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for handler, level in old:
            handler.setLevel(level)


def _report_period() -> Any:
    from brian2 import second

    return 0.2 * second


@contextlib.contextmanager
def _report(progress: bool | str) -> Iterator[Any]:
    """Give Brian2's report callback a tqdm bar that appears only for runs longer than two seconds."""
    if not progress:
        yield None
        return
    label = progress if isinstance(progress, str) else "brian2"
    with progress_bar(shown=True, total=100, desc=label, unit="%") as bar:

        def report(_elapsed: Any, completed: float, _start: Any, _duration: Any) -> None:
            bar.update(round(100 * completed) - bar.n)

        yield report


def choose_target(target: str, *, n: int, steps: float) -> str:
    """Resolve "auto": numpy for small or short runs, a compiled program where it pays and a compiler exists.

    Parameters
    ----------
    target : str
        A target or "auto".
    n : int
        Number of neurons.
    steps : float
        Number of time steps.

    Returns
    -------
    str
        One of Brian2's targets.

    Raises
    ------
    ValueError
        `target` is neither "auto" nor one of Brian2's.
    RuntimeError
        A compiled target was asked for by name and cannot be used here.
    """
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", target, (*TARGETS, "auto")))
    if target != "auto":
        _refuse_unusable(target)
        return target
    # Measured: numpy pays about 30 us a step and 0.1 us a step and neuron, compilation 10 s once.
    if steps * (3e-5 + 1e-7 * n) < _WORTH_COMPILING:
        return "numpy"
    reason = why_not("cpp_standalone")
    if reason is None and _building():
        return "numpy"
    if reason is None:
        return "cpp_standalone"
    print(f"spikelearn: {reason}; running on numpy, which may take long", file=sys.stderr)  # noqa: T201
    return "numpy"


def _refuse_unusable(target: str) -> None:
    reason = why_not(target)
    if reason is not None:
        raise RuntimeError(f"Brian2's target {target} cannot be used here: {reason}; numpy works everywhere")
