"""Measure how many small errors in the package its tests notice, and print those that they do not.

``python tests/mutation_score.py --number 60`` draws 60 errors from all that can be planted in the rooms below (figures
apart, whose look no number decides), plants each in a copy of the repository in a temporary folder, runs the fast tests
of the room's own folder until one fails, and prints the share that failed with its Wilson interval. Six kinds of error
take turns, each drawn uniformly from all of its kind: another operator, another comparison, a constant a tenth larger,
a whole number off by one, another name of the same function, a term or factor left out. Python's own
grammar (`ast`) finds the places; text, annotations, decorators and the messages of errors are left alone.

A longer run begins with the errors of a shorter one with the same seed. With ``--log`` what was found is kept after
every error, and the next run goes on from there. Limits are in processor time, so that other work does not matter; a
test that does not end has noticed the error. This stands outside the suite: a hundred errors take about an hour.
"""

import argparse
import ast
import bisect
import dataclasses
import difflib
import importlib
import importlib.machinery
import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("spikes/*.py", "analyses/*.py", "models/*/theory.py", "models/*/stability.py")
KINDS = ("operator", "comparison", "constant", "off by one", "name", "dropped")
KILLED, SURVIVED, LATE = "killed", "survived", "late"
WALL_SECONDS = 1800

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ("<", "<=", ">"), ast.LtE: ("<=", "<", ">="), ast.Gt: (">", ">=", "<"), ast.GtE: (">=", ">", "<="),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One error: bytes `start` to `end` of a file, and what replaces them."""

    path: str
    line: int
    kind: str
    start: int
    end: int
    new: str

    def source(self, root):
        """Give the file's text with the error."""
        text = (root / self.path).read_bytes()
        return text[: self.start] + self.new.encode() + text[self.end :]

    def diff(self, root):
        """Show the error as a unified diff."""
        before, after = ((root / self.path).read_text(encoding="utf-8"), self.source(root).decode("utf-8"))
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), self.path, self.path, n=1, lineterm="")
        return "\n".join(lines)


class Finder(ast.NodeVisitor):
    """Find every error that can be planted in one file."""

    def __init__(self, path, text, seed):
        self.path, self.text, self.seed, self.found = path, text, seed, []
        self.begins = [0]
        for line in text.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line))
        # Names of the innermost function, each with the line from which on it has a value.
        self.names = {}

    def place(self, line, column):
        """Byte of a line and column."""
        return self.begins[line - 1] + column

    def span(self, node):
        """First and last byte of a node."""
        return self.place(node.lineno, node.col_offset), self.place(node.end_lineno, node.end_col_offset)

    def segment(self, node):
        """Text of a node, in brackets."""
        start, end = self.span(node)
        return f"({self.text[start:end].decode()})"

    def add(self, kind, start, end, new):
        """Note an error, if the file stays Python with it."""
        line = bisect.bisect_right(self.begins, start)
        mutant = Mutant(self.path, line, kind, start, end, new)
        try:
            warnings.simplefilter("ignore", SyntaxWarning)
            compile(self.text[:start] + new.encode() + self.text[end:], self.path, "exec")
        except (SyntaxError, ValueError):
            return
        self.found.append(mutant)

    def between(self, left, right, old, new, kind):
        """Replace the sign between two operands."""
        start, end = self.span(left)[1], self.span(right)[0]
        at = self.text[start:end].decode().find(old)
        if at >= 0:
            at = start + len(self.text[start:end].decode()[:at].encode())
            self.add(kind, at, at + len(old), new)

    def visit_FunctionDef(self, node):
        """Go through defaults and body, with the names of this function."""
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        outer, self.names = self.names, {}
        for arg in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            if arg.arg not in ("self", "cls"):
                self.names[arg.arg] = node.lineno
        for inside in ast.walk(node):
            if isinstance(inside, ast.Name) and isinstance(inside.ctx, ast.Store):
                self.names.setdefault(inside.id, inside.lineno)
        for statement in node.body:
            self.visit(statement)
        self.names = outer

    def visit_ClassDef(self, node):
        """Leave bases and decorators alone."""
        for statement in node.body:
            self.visit(statement)

    def visit_Expr(self, node):
        """Leave docstrings alone."""
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            self.visit(node.value)

    def visit_AnnAssign(self, node):
        """Leave the annotation alone."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node):
        """Leave `__all__` alone."""
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            self.generic_visit(node)

    def visit_Raise(self, node):
        """Leave messages alone."""

    visit_JoinedStr = visit_Import = visit_ImportFrom = visit_Raise

    def visit_If(self, node):
        """Leave imports for annotations alone."""
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_BinOp(self, node):
        """Another operator, or one operand alone."""
        if type(node.op) in OPERATORS:
            self.between(node.left, node.right, *OPERATORS[type(node.op)], "operator")
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            start, end = self.span(node)
            self.add("dropped", start, end, self.segment(node.left))
            if isinstance(node.op, (ast.Add, ast.Mult)):
                self.add("dropped", start, end, self.segment(node.right))
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        """The other operator, or one condition less."""
        self.between(node.values[0], node.values[1], *OPERATORS[type(node.op)], "operator")
        start, end = self.span(node)
        for kept in (node.values[:-1], node.values[1:]):
            word = " and " if isinstance(node.op, ast.And) else " or "
            self.add("dropped", start, end, f"({word.join(self.segment(value) for value in kept)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        """Without its sign, or its `not`."""
        if isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
            self.add("operator", *self.span(node), self.segment(node.operand))
        self.generic_visit(node)

    def visit_AugAssign(self, node):
        """Another operator."""
        if type(node.op) in OPERATORS:
            old, new = OPERATORS[type(node.op)]
            self.between(node.target, node.value, old + "=", new + "=", "operator")
        self.generic_visit(node)

    def visit_Compare(self, node):
        """A bound that counts or does not, and the other side."""
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old, *others = COMPARISONS[type(op)]
            for new in others:
                self.between(left, right, old, new, "comparison")
        self.generic_visit(node)

    def visit_Constant(self, node):
        """A tenth more, one more or less, the other truth value."""
        value = node.value
        if isinstance(value, bool):
            self.add("constant", *self.span(node), repr(not value))
        elif isinstance(value, int):
            self.add("off by one", *self.span(node), repr(value + 1))
            self.add("off by one", *self.span(node), f"({value - 1})" if value < 1 else repr(value - 1))
        elif isinstance(value, float):
            self.add("constant", *self.span(node), repr(1.1 * value or 1.0))

    def visit_Name(self, node):
        """Another name that has a value by then."""
        if not isinstance(node.ctx, ast.Load) or node.id not in self.names:
            return
        others = sorted(name for name, line in self.names.items() if name != node.id and line < node.lineno)
        if others:
            start, end = self.span(node)
            chosen = random.Random(f"{self.seed} {self.path} {start}").choice(others)
            self.add("name", start, end, chosen)


def candidates(rooms, seed, root=ROOT):
    """Give all errors of the rooms by kind, in an order that the seed decides."""
    by_kind = {kind: [] for kind in KINDS}
    paths = sorted(path for room in rooms for path in (root / "spikelearn").glob(room) if "figure" not in path.name)
    for path in paths:
        text = path.read_bytes()
        finder = Finder(path.relative_to(root).as_posix(), text, seed)
        finder.visit(ast.parse(text))
        for mutant in finder.found:
            by_kind[mutant.kind].append(mutant)
    for kind, mutants in by_kind.items():
        random.Random(f"{seed} {kind}").shuffle(mutants)
    return by_kind


def drawn(by_kind, number):
    """Take the kinds in turn until there are so many; a kind that runs out is left out."""
    longest = max(map(len, by_kind.values()))
    turns = [mutants[k] for k in range(longest) for mutants in by_kind.values() if k < len(mutants)]
    return turns[:number]


def tests_of(path):
    """Give the folder of the tests of a file, and its test files: those that name the module come first."""
    parts = Path(path).parts
    folder = ROOT / "tests" / Path(*parts[1:-1])
    stem = Path(path).stem
    files = sorted(folder.glob("test_*.py"))
    files.sort(key=lambda file: (stem not in file.stem, -file.read_text(encoding="utf-8").count(stem)))
    return folder.relative_to(ROOT).as_posix(), [file.relative_to(ROOT).as_posix() for file in files]


def copy_repository(target):
    """Copy what git knows and does not ignore; times stay, so that compiled code may."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


class First:
    """Pytest plugin that notes the first test, or file, that fails."""

    def __init__(self):
        self.name = ""

    def pytest_runtest_logreport(self, report):
        """Look at setup, call and teardown."""
        if report.failed:
            self.name = self.name or report.nodeid

    pytest_collectreport = pytest_runtest_logreport


def run_tests(copy, files, seconds, source=""):
    """Run test files of a copy in a process of its own: exit status or None if late, first failure, seconds, text."""
    reader, writer = os.pipe()
    output = tempfile.TemporaryFile()  # noqa: SIM115  (read and closed when the process has ended)
    pid = os.fork()
    if pid == 0:
        status, first = 70, First()
        try:
            os.close(reader)
            os.setsid()
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5))
            signal.alarm(WALL_SECONDS)
            os.chdir(copy)
            sys.path.insert(0, str(copy))
            os.environ["PYTHONPATH"] = str(copy)
            if not str(importlib.machinery.PathFinder.find_spec("spikelearn").origin).startswith(str(copy)):
                raise RuntimeError("the copy must be what is tested")
            if "njit" in source:
                import numba

                numba.config.CACHE_DIR = tempfile.mkdtemp(dir=copy)
            import pytest

            options = [
                "-q",
                "-x",
                "--tb=line",
                "-p",
                "no:cacheprovider",
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
            ]
            status = int(pytest.main([*options, *files], plugins=[first]))
        except BaseException:
            traceback.print_exc()
        finally:
            os.write(writer, first.name.encode())
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        first = pipe.read().decode()
    _, code, used = os.wait4(pid, 0)
    output.seek(0)
    text = output.read().decode(errors="replace")
    output.close()
    took = used.ru_utime + used.ru_stime
    if os.WIFSIGNALED(code) and os.WTERMSIG(code) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL):
        return None, first, took, text
    # A crash, as by an array of the wrong size in compiled code, ends with a negative number.
    return os.waitstatus_to_exitcode(code), first, took, text


def wilson(killed, number, z=1.959964):
    """Give the Wilson interval of a share, 95 % by default."""
    if not number:
        return 0.0, 1.0
    share = killed / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return middle - half, middle + half


def report(results):
    """Print survivors with their diffs, and the score."""
    for found in results:
        if found["verdict"] == SURVIVED:
            print(f"\nsurvived: {found['kind']}\n{found['diff']}")
    noticed = sum(found["verdict"] != SURVIVED for found in results)
    late = sum(found["verdict"] == LATE for found in results)
    low, high = wilson(noticed, len(results))
    print(f"\n{noticed} of {len(results)} noticed ({late} by not ending):", end=" ")
    print(f"{noticed / max(1, len(results)):.1%}, 95 % interval {low:.1%} to {high:.1%}")
    for kind in KINDS:
        own = [found for found in results if found["kind"] == kind]
        print(f"  {kind:12}{sum(found['verdict'] != SURVIVED for found in own):4} of {len(own)}")


class Bench:
    """A copy of the repository in which errors are planted one after the other.

    Parameters
    ----------
    copy : Path
        An empty folder.
    limit : float or None
        Processor seconds an error; None for three times those of all the folder's tests without an error, and 60 more.
    kept : dict
        What was found before: limits, and tests that are known to pass without an error or to fail in any case.
    """

    def __init__(self, copy, limit, kept):
        self.copy, self.limit, self.kept, self.planted = copy, limit, kept, 0
        copy_repository(copy)

    def seconds(self, room, files):
        """Give the limit of a folder of tests."""
        if self.limit is not None:
            return self.limit
        if room not in self.kept["limits"]:
            status, first, took, text = run_tests(self.copy, files, 3600)
            if status != 0:
                raise SystemExit(f"tests of {room} must pass without an error planted, got {first}\n{text[-3000:]}")
            self.kept["limits"][room] = 3 * took + 60
            print(f"{room}: {took:.0f} s of processor time", flush=True)
        return self.kept["limits"][room]

    def passes(self, test):
        """Say whether a test passes without an error, so that its failure means something."""
        if "::" not in test:
            # A crash, or a file that cannot even be loaded with the error.
            return True
        for name, answer in (("good", True), ("broken", False)):
            if test in self.kept[name]:
                return answer
        good = run_tests(self.copy, [test], 3600)[0] == 0
        self.kept["good" if good else "broken"].append(test)
        return good

    def plant(self, mutant):
        """Plant one error, run the tests, and give what is kept of it."""
        room, files = tests_of(mutant.path)
        seconds = self.seconds(room, files)
        path = self.copy / mutant.path
        before, stamp, diff = path.read_bytes(), path.stat(), mutant.diff(self.copy)
        self.planted += 1
        while True:
            left_out = [part for test in self.kept["broken"] for part in ("--deselect", test)]
            try:
                path.write_bytes(mutant.source(self.copy))
                # Another time, so that it is read again, but no newer one, so that compiled code beside it may stay.
                os.utime(path, (stamp.st_atime, int(stamp.st_mtime) - 1 - self.planted))
                status, first, took, text = run_tests(self.copy, [*left_out, *files], seconds, before.decode())
            finally:
                path.write_bytes(before)
                os.utime(path, (stamp.st_atime, stamp.st_mtime))
            if status is not None and status > 2:
                raise SystemExit(f"pytest ended with {status}:\n{mutant}\n{text[-3000:]}")
            if status is None or status <= 0 or self.passes(first):
                break
        found = {"file": mutant.path, "line": mutant.line, "kind": mutant.kind, "by": first or "a crash" * bool(status)}
        found["verdict"] = LATE if status is None else KILLED if status else SURVIVED
        return found | {"seconds": round(took, 1), "diff": diff}


def load_libraries():
    """Load once what every test loads; Brian2 keeps a file open, of which a test in a forked process complains."""
    sys.path.insert(0, str(Path(__file__).parent))
    from mutants import LIBRARIES

    sys.path.pop(0)
    for name in LIBRARIES:
        if name != "brian2":
            importlib.import_module(name)


def read_log(path):
    """Give what an earlier run has found."""
    kept = {"limits": {}, "good": [], "broken": [], "results": []}
    if path and path.is_file():
        kept |= json.loads(path.read_text(encoding="utf-8"))
    return kept


def read_options(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Share of small errors that the tests notice.")
    parser.add_argument("--number", type=int, default=400, help="errors to draw")
    parser.add_argument("--seed", type=int, default=20210506, help="seed of the draw")
    parser.add_argument("--rooms", nargs="*", default=ROOMS, help="files, as patterns below spikelearn/")
    parser.add_argument("--log", type=Path, help="JSON file to go on from and to write to after every error")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no error after so many minutes")
    parser.add_argument("--limit", type=float, help="processor seconds an error, in place of a run without errors")
    parser.add_argument("--again", action="store_true", help="test the survivors in the log once more, and no others")
    parser.add_argument("--list", action="store_true", help="only print what would be planted")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Draw, plant, test, and print the score."""
    options = read_options(arguments)
    if options.list:
        print(*(m.diff(ROOT) for m in drawn(candidates(options.rooms, options.seed), options.number)), sep="\n\n")
        return 0
    kept = read_log(options.log)
    known = {found["diff"]: found for found in kept["results"]}
    load_libraries()
    end, results = time.monotonic() + 60 * options.minutes, []
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        bench = Bench(Path(folder).resolve(), options.limit, kept)
        # The tree may change meanwhile; the copy does not.
        by_kind = candidates(options.rooms, options.seed, bench.copy)
        print(
            f"{sum(map(len, by_kind.values()))} errors, seed {options.seed}:", {k: len(v) for k, v in by_kind.items()}
        )
        for mutant in drawn(by_kind, options.number):
            found = known.get(mutant.diff(bench.copy))
            if found is None and options.again:
                continue
            if found is not None and found["verdict"] == KILLED and not bench.passes(found["by"]):
                found = None
            if found is None or (options.again and found["verdict"] == SURVIVED):
                if time.monotonic() > end:
                    break
                found = bench.plant(mutant)
                known[found["diff"]] = found
                told = f"{found['verdict']:9}{found['seconds']:6.0f} s  {mutant.path}:{mutant.line} {mutant.kind}"
                print(f"{len(results) + 1:4} {told}  {found['by']}", flush=True)
                if options.log:
                    text = json.dumps(kept | {"results": list(known.values())}, indent=1)
                    options.log.write_text(text, encoding="utf-8")
            results.append(found)
    report(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
