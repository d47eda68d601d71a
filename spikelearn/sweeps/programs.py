"""Brian2's compiled programs in sweeps: built once in a process, run at many points."""

from __future__ import annotations

import atexit
import tempfile
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.brian.session import choose_target
from spikelearn.brian.standalone import StandaloneProgram
from spikelearn.catalogue.tables import duration_of, initial_of
from spikelearn.parameters.fields import field_values
from spikelearn.parameters.series import read_series, read_value
from spikelearn.parameters.units import seconds
from spikelearn.simulation.recording import Recording
from spikelearn.sweeps.digest import digest_of

__all__ = ["ON_BRIAN", "close_program", "keep_programs_in", "run_program", "runs_as_program"]

# Brian2's settings belong to the process: one run at a time, also where threads compute points.
ON_BRIAN = threading.RLock()


class _Kept:
    """The program that this process holds open; Brian2 has one device for all of them."""

    program: StandaloneProgram | None = None
    key: tuple[str, ...] = ()
    folder: str | None = None


def runs_as_program(built: Any, settings: Mapping[str, Any], engine: str | None, target: str) -> bool:
    """Tell whether a run of a neuron goes to a compiled program, asked for or because it is long."""
    engines = getattr(built, "engines", {})
    chosen = "brian2" if target != "auto" or "method" in settings else engine or next(iter(engines), None)
    if chosen != "brian2" or "brian2" not in engines or not hasattr(built, "group_values"):
        return False
    if target != "auto":
        return target == "cpp_standalone"
    duration, step = duration_of(dict(settings)), built.default_dt
    if "dt" in settings:
        step = seconds(read_value(settings["dt"], "[run] dt"), "[run] dt")
    return choose_target("auto", n=int(settings.get("n", 1)), steps=duration / step) == "cpp_standalone"


def run_program(
    built: Any, names: frozenset[str], settings: Mapping[str, Any], initial: Mapping[str, Any]
) -> Recording:
    """Run a neuron as a compiled program, which is built only where the last one was another.

    Parameters
    ----------
    built : model
        With the values of the point.
    names : frozenset of str
        The parameters that the sweep varies. All but the delay, and names of equations that are no declared
        parameters, may differ from run to run of a program.
    settings, initial : mapping
        The ``[run]`` and ``[initial]`` tables.

    Raises
    ------
    ValueError
        As for `spikelearn.brian.standalone.StandaloneProgram`.
    RuntimeError
        The program cannot be built.
    """
    given = dict(settings)
    seed = given.pop("seed", 0)
    n = given.get("n", 1)
    spread = {name: read_series(f"[run] vary.{name}", values) for name, values in given.pop("vary", {}).items()}
    own = field_values(built)
    nested = own.get("parameters", {})
    free = {name for name in names if name in own or name in built.values(spread, n)} - {built.delay_name, *spread}
    fixed = {name: value for name, value in own.items() if name not in free and name != "parameters"}
    constants = {name: value for name, value in nested.items() if name not in free}
    key = tuple(map(digest_of, (fixed, constants, given, initial, sorted(spread), sorted(free))))
    if _Kept.key != key:
        close_program()
        if _Kept.folder is None:
            _Kept.program = _built(built, given, spread, initial)
        else:
            with _temporary_files_in(_Kept.folder):
                _Kept.program = _built(built, given, spread, initial)
        _Kept.key = key
    program = _Kept.program
    if program is None:
        raise RuntimeError("sweep: the compiled program was closed while it was in use")
    taken = {name: _repeated(nested[name] if name in nested else own[name], n) for name in sorted(free)}
    return program.run(vary={**taken, **spread}, seed=seed)


def _built(built: Any, given: dict[str, Any], spread: Mapping[str, Any], initial: Mapping[str, Any]) -> Any:
    duration = duration_of(given)
    program = StandaloneProgram(built, duration, vary=spread, initial=initial_of(initial) if initial else None, **given)
    return program.__enter__()


def _repeated(value: Any, n: int) -> Any:
    plain = np.full(n, float(np.asarray(value)))
    if not hasattr(value, "dim"):
        return plain
    from brian2.units.fundamentalunits import Quantity

    return Quantity(plain, dim=value.dim)


class _temporary_files_in:
    """Let temporary folders be made in a folder of the driver's, which removes it even where this process is killed."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        self.before, tempfile.tempdir = tempfile.tempdir, self.folder

    def __exit__(self, *error: object) -> None:
        tempfile.tempdir = self.before


def keep_programs_in(folder: str) -> None:
    """Say where the programs of this process are to lie."""
    _Kept.folder = folder


def close_program() -> None:
    """Remove the program of this process, if there is one, and leave Brian2 as it was."""
    with ON_BRIAN:
        program, _Kept.program, _Kept.key = _Kept.program, None, ()
        if program is not None:
            program.__exit__(None, None, None)


atexit.register(close_program)
