"""What tests compare while they run: a plugin for pytest, loaded by `spikelearn.catalogue.proofs` with ``-p``.

Every assertion that holds, and every call of NumPy's ``assert_allclose`` and ``assert_array_equal``, is noted with the
values that met in it. The file that the environment names holds the tests that are wanted, and afterwards what was
noted, one entry a test function.
"""

from __future__ import annotations

import ast
import functools
import json
import linecache
import os
import re
import sys
from pathlib import Path
from typing import Any

__all__ = ["OUTPUT", "Notes", "pytest_configure", "values_of"]

OUTPUT = "SPIKELEARN_COMPARISONS"
"""The variable of the environment that names the file."""

_KEPT = 12
_LONGEST = 160
_SIGNS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in"}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_SCALAR = re.compile(r"np\.\w+\(([^()]*)\)")


class Notes:
    """The plugin: outcomes, seconds and comparisons of the tests of one run."""

    def __init__(self) -> None:
        self.tests: dict[str, dict[str, Any]] = {}
        self.current: dict[str, Any] | None = None
        self.wanted = frozenset(json.loads(Path(os.environ[OUTPUT]).read_text(encoding="utf-8")))
        self._wrap()

    def _wrap(self) -> None:
        import numpy.testing as testing

        for name in ("assert_allclose", "assert_array_equal"):  # every test file that is imported from now on gets them
            setattr(testing, name, self._noting(name, getattr(testing, name)))

    def _noting(self, name: str, right: Any) -> Any:
        @functools.wraps(right)
        def noted(actual: Any, desired: Any, *given: Any, **named: Any) -> None:
            __tracebackhide__ = True  # one frame fewer in what pytest shows of a failure
            right(actual, desired, *given, **named)
            line = sys._getframe(1).f_lineno
            self.note(line, name, values_of(actual), values_of(desired), deviation(actual, desired))

        return noted

    def note(self, line: int, how: str, measured: str, expected: str, off: float | None = None) -> None:
        """Note one comparison of a test; of those on one line the first, their number, and the largest deviation."""
        if self.current is None:
            return
        found = self.current["compared"]
        entry = found.setdefault(
            str(line), {"how": how, "measured": measured, "expected": expected, "off": off, "times": 0}
        )
        entry["times"] += 1
        if off is not None and (entry["off"] is None or off > entry["off"]):
            entry["off"] = off
        while len(found) > _KEPT:  # the first lines of a test prepare, the last ones claim
            found.pop(next(iter(found)))

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Leave out the tests that are not wanted."""
        kept = [item for item in items if item.nodeid.split("[")[0] in self.wanted]
        dropped = [item for item in items if item.nodeid.split("[")[0] not in self.wanted]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin a test; the cases of a function with parameters are one."""
        name = nodeid.split("[")[0]
        fresh: dict[str, Any] = {"outcome": "skipped", "seconds": 0.0, "cases": 0, "why": "", "compared": {}}
        self.current = self.tests.setdefault(name, fresh)
        self.current["cases"] += 1

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take time and outcome of one phase of a test."""
        if self.current is None:
            return
        self.current["seconds"] += report.duration
        if report.failed:
            self.current["outcome"] = "failed"
            self.current["why"] = self.current["why"] or _why(report)
        elif self.current["outcome"] == "skipped" and report.skipped:
            self.current["why"] = _why(report)
        elif self.current["outcome"] == "skipped" and report.when == "call":  # one case that passes is not skipped
            self.current |= {"outcome": "passed", "why": ""}

    def pytest_runtest_logfinish(self) -> None:
        """Leave the test."""
        self.current = None

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be loaded: its tests have failed."""
        if report.failed:
            self.tests[report.nodeid] = {
                "outcome": "failed",
                "seconds": 0.0,
                "cases": 0,
                "why": _why(report),
                "compared": {},
            }

    def pytest_assertion_pass(self, item: Any, lineno: int, orig: str, expl: str) -> None:
        """Note an assertion that holds, with both sides as pytest explains them; only those of the test's own file."""
        own = orig.splitlines()[0][:40] in linecache.getline(str(item.path), lineno)
        if self.current is not None and own:
            self.note(lineno, _short(orig), *(compared_sides(orig, expl) or ("", "")))

    def pytest_sessionfinish(self) -> None:
        """Write everything down."""
        for test in self.tests.values():
            test["compared"] = list(test["compared"].values())
        Path(os.environ[OUTPUT]).write_text(json.dumps(self.tests), encoding="utf-8")


def pytest_configure(config: Any) -> None:
    """Register the plugin where a file for its notes is named."""
    if os.environ.get(OUTPUT):
        # Test files are compiled with other assertions than in a common run: the compiled files must not be mixed up.
        from _pytest.assertion import rewrite

        if hasattr(rewrite, "PYC_TAIL"):
            rewrite.PYC_TAIL = f"-compared{rewrite.PYC_TAIL}"
        config.pluginmanager.register(Notes(), "spikelearn-comparisons")


def _why(report: Any) -> str:
    given = report.longrepr
    crash = getattr(given, "reprcrash", None)
    text = str(crash.message) if crash is not None else str(given[2] if isinstance(given, tuple) else given)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _short(" ".join(lines[:2]), 240)


def _short(text: str, longest: int = _LONGEST) -> str:
    text = _SCALAR.sub(r"\1", _ADDRESS.sub("", " ".join(text.split())))
    return text if len(text) <= longest else f"{text[:longest]} ..."


def compared_sides(orig: str, expl: str) -> tuple[str, str] | None:
    """Give left and right side of one comparison as pytest explains them; None where it is not just one.

    Examples
    --------
    >>> compared_sides("rate == approx(4)", "3.9999 == 4 ± 4.0e-06")
    ('3.9999', '4 ± 4.0e-06')
    >>> compared_sides("found", "True") is None
    True
    """
    try:
        node = ast.parse(orig.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in _SIGNS:
        return None
    sign = _SIGNS[type(node.ops[0])]
    left, found, right = expl.splitlines()[0].partition(f" {sign} ")
    if not found:
        return None
    return _short(left), _short(right if sign == "==" else f"{sign} {right}")


def values_of(given: Any) -> str:
    """Write a number, or the first three of many with how many there are.

    Examples
    --------
    >>> values_of([1.0, 2.5, 3.0, 4.0])
    '1, 2.5, 3, ... (4 numbers)'
    >>> values_of(0.1234567891)
    '0.1234567891'
    >>> values_of([True, False, True])
    '2 of 3 true'
    """
    import numpy as np

    try:
        values = np.asarray(getattr(given, "magnitude", given))
        if values.dtype.kind == "b" and values.size > 1:
            return f"{int(values.sum())} of {values.size} true"
        flat = values.reshape(-1)
        shown = [f"{value:.10g}" if values.size == 1 else f"{value:.6g}" for value in flat[:3].tolist()]
    except (TypeError, ValueError, AttributeError):
        return _short(repr(given))
    if values.size > 3:
        shown.append(f"... ({values.size} numbers)")
    return ", ".join(shown)


def deviation(actual: Any, desired: Any) -> float | None:
    """Give the largest deviation of two arrays, relative to the largest number that is expected.

    Examples
    --------
    >>> deviation([1.0, 2.002], [1.0, 2.0])
    0.001
    """
    import numpy as np

    try:
        one, other = np.broadcast_arrays(np.asarray(actual), np.asarray(desired))
        if not one.size or one.dtype.kind not in "iufcb" or other.dtype.kind not in "iufcb":
            return None
        with np.errstate(all="ignore"):
            finite = np.isfinite(one) & np.isfinite(other)
            if not finite.any():
                return None
            scale = float(np.max(np.abs(other[finite])))
            kind = np.result_type(one, other, 1.0)
            largest = float(np.max(np.abs(one[finite].astype(kind) - other[finite].astype(kind))))
    except (TypeError, ValueError):
        return None
    return float(f"{largest / scale if scale else largest:.3g}")
