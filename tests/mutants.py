"""Plant an error in the function of every row of the equation ledger, and demand that the row's own test fails.

Run ``python tests/mutants.py`` for all rows, or ``python tests/mutants.py "003 Eq. (7)"`` for those whose name begins
so. The error is planted while the function's module is imported, so that whoever imports from it gets it:

- a row without `mutant`: what the function returns is changed, every number by a tenth, every truth value turned
  round, every formula times 11/10;
- a row with ``mutant = [old, new]``: this piece of the module's source, which must stand there once, is replaced. For
  classes, compiled functions and text of equations, and where a finer error than a tenth must be seen.

Every error gets a process of its own, forked from one that has loaded the libraries. Nothing in the tree is written.
The exit status is 1 where a test passes despite its error, or an error cannot be planted.
"""

import argparse
import copy
import dataclasses
import functools
import importlib
import importlib.abc
import importlib.util
import inspect
import os
import random
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
CAUGHT, MISSED, BROKEN, LATE = "caught", "NOT CAUGHT", "NOT PLANTED", "late"
# A test that does not end under its error has noticed it, but costs time.
SECONDS_EACH = 120
LIBRARIES = (
    "numpy", "scipy.integrate", "scipy.optimize", "scipy.special", "scipy.stats", "scipy.signal", "sympy", "mpmath",
    "pandas", "xarray", "numba", "matplotlib.figure", "hypothesis.strategies", "brian2", "pytest",
)  # fmt: skip


class PlantingError(Exception):
    """The error of a row could not be planted."""


def find_module(dotted):
    """Split a dotted name into the module, which is a file of the package, and the names within it."""
    parts = dotted.split(".")
    for k in range(len(parts), 0, -1):
        stem = ROOT.joinpath(*parts[:k])
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file():
                return ".".join(parts[:k]), parts[k:], path
    raise PlantingError(f"no module holds {dotted}")


def edited(source, old, new):
    """Replace the one place where `old` stands."""
    if source.count(old) != 1:
        raise PlantingError(f"{old!r} must stand once in the module, found {source.count(old)} times")
    if old == new:
        raise PlantingError(f"{old!r} is replaced by itself")
    return source.replace(old, new)


def wrong(value, depth=0):
    """Give a value with a tenth on every number, every truth value turned round; itself where there is none."""
    import numpy as np

    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, np.integer)):
        return value + 1
    if isinstance(value, (float, complex, np.floating, np.complexfloating)):
        return value * 1.1
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "b":
            return ~value
        if value.dtype.kind in "iu":
            return value + value.dtype.type(1)
        return value * 1.1 if value.dtype.kind in "fc" else value
    if type(value).__module__.split(".")[0] == "sympy" and hasattr(value, "free_symbols"):
        import sympy

        return value * sympy.Rational(11, 10)
    if type(value).__name__ in ("DataArray", "Dataset"):
        return value * 1.1
    if type(value).__name__ == "SpikeTrains":
        return thinned(value)
    if depth > 3:
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(wrong(part, depth + 1) for part in value))
    if isinstance(value, (tuple, list)):
        return type(value)(wrong(part, depth + 1) for part in value)
    if isinstance(value, dict):
        return {key: wrong(part, depth + 1) for key, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        other = copy.copy(value)
        for field in dataclasses.fields(value):
            object.__setattr__(other, field.name, wrong(getattr(value, field.name), depth + 1))
        return other
    if callable(value):
        return spoilt(value)
    return value


def thinned(trains):
    """Give spike trains without every tenth spike."""
    import numpy as np

    kept = np.arange(len(trains.times)) % 10 > 0
    before = np.concatenate([[0], np.cumsum(kept)])
    other = copy.copy(trains)
    object.__setattr__(other, "times", trains.times[kept])
    object.__setattr__(other, "offsets", before[trains.offsets])
    return other


def spoilt(function):
    """Wrap a function so that what it returns is wrong."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        right = function(*args, **kwargs)
        result = wrong(right)
        if result is right:
            raise PlantingError(f"{function.__qualname__} returns {type(right).__name__}: the row needs a mutant")
        return result

    return wrapper


def spoil(module, names):
    """Replace the function that the names lead to, in the module or in one of its classes."""
    if not names:
        raise PlantingError(f"{module.__name__} is a module: the row needs a mutant")
    *outer, last = names
    holder = functools.reduce(getattr, outer, module)
    thing = inspect.getattr_static(holder, last, None)
    if isinstance(thing, (classmethod, staticmethod)):
        setattr(holder, last, type(thing)(spoilt(thing.__func__)))
    elif isinstance(thing, property):
        setattr(holder, last, property(spoilt(thing.fget)))
    elif callable(thing) and not isinstance(thing, type) and not hasattr(thing, "py_func"):
        setattr(holder, last, spoilt(thing))
    else:
        kind = "compiled" if hasattr(thing, "py_func") else type(thing).__name__
        raise PlantingError(f"{'.'.join(names)} is {kind}: the row needs a mutant")


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import hook that plants the error of one row while its module is loaded."""

    def __init__(self, row):
        self.module, self.names, self.path = find_module(row["function"])
        self.edit = row.get("mutant")
        self.problem = None
        if self.edit:
            compile(edited(self.path.read_text(encoding="utf-8"), *self.edit), str(self.path), "exec")

    def find_spec(self, name, path=None, target=None):
        """Take over the one module, as it lies on disk."""
        if name != self.module:
            return None
        package = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, self.path, loader=self, submodule_search_locations=package)

    def create_module(self, spec):
        """Leave it to Python."""

    def exec_module(self, module):
        """Run the source, edited or followed by the replacement of the function."""
        source = self.path.read_text(encoding="utf-8")
        if self.edit:
            source = edited(source, *self.edit)
        exec(compile(source, str(self.path), "exec"), vars(module))
        if not self.edit:
            spoil(module, self.names)


class Verdict:
    """Pytest plugin that notes how the tests failed: by their own doing, or because the error was not planted."""

    def __init__(self):
        self.failed = self.planting = 0

    def pytest_runtest_makereport(self, item, call):
        """Look at every exception."""
        if call.excinfo is not None:
            self.failed += 1
            self.planting += "PlantingError" in repr(call.excinfo.value) or call.excinfo.typename == "PlantingError"

    def pytest_collectreport(self, report):
        """Count files that cannot even be loaded as not planted."""
        self.planting += report.failed


def try_row(row):
    """Run the row's test under its error, in this process: exit status 0 if caught, 1 if not, 2 if not planted."""
    import hypothesis
    import pytest

    hypothesis.settings.register_profile("mutants", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
    hypothesis.settings.load_profile("mutants")
    try:
        sys.meta_path.insert(0, Planter(row))
        verdict = Verdict()
        os.chdir(ROOT)
        name = row["test"]
        # Pytest complains of libraries that were loaded before it could rewrite their assertions.
        options = ["-q", "-x", "-m", "", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        status = pytest.main([*options, "--tb=line", name], plugins=[verdict])
    except (PlantingError, SyntaxError) as error:
        print(error)
        return 2
    if verdict.planting or status not in (0, 1):
        return 2
    return 0 if verdict.failed else 1


def start(row):
    """Fork a process for a row; give its number and the file that takes what it prints."""
    output = tempfile.TemporaryFile()  # noqa: SIM115  (read and closed when the process has ended)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        status = 2
        try:
            # Compiled code is kept by the file's date, which an edit on import does not change.
            with tempfile.TemporaryDirectory() as cache:
                if row.get("mutant") and "njit" in find_module(row["function"])[2].read_text(encoding="utf-8"):
                    import numba

                    numba.config.CACHE_DIR = cache
                signal.alarm(SECONDS_EACH)
                status = try_row(row)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid, output


def verdict_of(code):
    """Read the status of a child."""
    if os.WIFSIGNALED(code):
        return LATE if os.WTERMSIG(code) == signal.SIGALRM else BROKEN
    return {0: CAUGHT, 1: MISSED}.get(os.WEXITSTATUS(code), BROKEN)


def main(arguments=None):
    """Try the rows, print one line each, and say how many were not caught."""
    parser = argparse.ArgumentParser(description="Plant an error a ledger row and see its test fail.")
    parser.add_argument("rows", nargs="*", help="beginnings of 'DOCUMENT ITEM'; all rows by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--quiet", action="store_true", help="print only what was not caught")
    parser.add_argument("--sample", type=int, help="so many rows, drawn with a fixed seed")
    options = parser.parse_args(arguments)
    table = tomllib.loads((ROOT / "docs" / "ledger.toml").read_text(encoding="utf-8"))["row"]
    rows = [row for row in table if row.get("function") and row.get("test")]
    if options.rows:
        rows = [r for r in rows if f"{r['document']} {r['item']}".startswith(tuple(options.rows))]
    if options.sample is not None and options.sample < len(rows):
        rows = random.Random(20220630).sample(rows, options.sample)
    rows.sort(key=lambda row: row["test"])
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)
    for name in LIBRARIES:
        importlib.import_module(name)
    if any(name.split(".")[0] == "spikelearn" for name in sys.modules):
        raise SystemExit("spikelearn must not be loaded before an error is planted in it")
    counts, running, waiting = dict.fromkeys((CAUGHT, LATE, MISSED, BROKEN), 0), {}, list(rows)
    while waiting or running:
        while waiting and len(running) < options.jobs:
            row = waiting.pop(0)
            pid, output = start(row)
            running[pid] = row, output, time.monotonic()
        pid, code = os.wait()
        row, output, begin = running.pop(pid)
        verdict = verdict_of(code)
        counts[verdict] += 1
        if verdict in (MISSED, BROKEN) or not options.quiet:
            print(f"{verdict:12}{time.monotonic() - begin:6.1f} s  {row['document']} {row['item']}  [{row['test']}]")
        if verdict in (MISSED, BROKEN):
            output.seek(0)
            print("    " + output.read().decode(errors="replace").strip()[-400:].replace("\n", "\n    "), flush=True)
        output.close()
    print(", ".join(f"{number} {name}" for name, number in counts.items()))
    return 1 if counts[MISSED] or counts[BROKEN] else 0


if __name__ == "__main__":
    sys.exit(main())
