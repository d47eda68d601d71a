"""Which tests reach which lines of the package, so that an error is shown first to the tests that run into it."""

import ast
import hashlib
import json
import sys
import threading
import time

import pytest


class Tracer:
    """Pytest plugin that notes the lines that every test runs, of some files, and its processor time.

    What a fixture runs before a test counts for that test alone, although others may share it; compiled code and other
    processes are not seen. A test that is not known to reach a line may therefore reach it.
    """

    def __init__(self, root, paths):
        self.files = {str(root / path): path for path in paths}
        self.lines, self.seconds, self.reached = set(), {}, {}

    def trace(self, frame, event, _):
        """Follow the functions of the files and no others."""
        path = self.files.get(frame.f_code.co_filename)
        if path is None:
            return None
        self.lines.add((path, frame.f_lineno))

        def follow(frame, event, _):
            if event == "line":
                self.lines.add((path, frame.f_lineno))
            return follow

        return follow

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        """Trace setup, call and teardown."""
        self.lines, before = set(), time.process_time()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        yield
        sys.settrace(None)
        threading.settrace(None)
        self.seconds[item.nodeid] = round(time.process_time() - before, 3)
        for path, line in self.lines:
            self.reached.setdefault(path, {}).setdefault(str(line), []).append(item.nodeid)

    def found(self):
        """Give the processor seconds of every test, and the tests of every line of every file."""
        return {"seconds": self.seconds, "reached": self.reached}


class Chosen:
    """Pytest plugin that leaves only some tests, and runs them in their order."""

    def __init__(self, tests):
        self.place = {test: k for k, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items):
        """Choose and sort."""
        items[:] = sorted((i for i in items if i.nodeid in self.place), key=lambda i: self.place[i.nodeid])


class Others:
    """Pytest plugin that leaves out some tests, which have run already."""

    def __init__(self, tests):
        self.tests = frozenset(tests)

    def pytest_collection_modifyitems(self, items):
        """Leave the others in their order."""
        items[:] = [item for item in items if item.nodeid not in self.tests]


def lines_of(text, line):
    """Give the lines of the innermost statement at a line, those of the body for the head of a function.

    None where it is run on import, and in functions that are compiled, of which no line is seen.
    """
    found, inside = None, None
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= node.end_lineno:
            continue
        function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if function and "njit" in "".join(map(ast.dump, node.decorator_list)):
            return None
        if function:
            inside = node
        # Inner statements come after outer ones in this walk.
        found = node
    if inside is None:
        return None
    if found is inside:
        return range(found.body[0].lineno, found.end_lineno + 1)
    body = getattr(found, "body", None)
    end = max(found.lineno, body[0].lineno - 1) if body and isinstance(body[0], ast.stmt) else found.end_lineno
    return range(found.lineno, max(end, line) + 1)


def tests_at(known, path, text, line, files):
    """Give the tests that reach an error, the likely and quick ones first, and their seconds; none if unknown."""
    lines = lines_of(text, line)
    here = known["reached"].get(path, {})
    tests = {test for k in lines or () for test in here.get(str(k), ())}
    seconds = {test: known["seconds"][test] for test in tests}
    by_file = {}
    for test in tests:
        by_file.setdefault(test.split("::")[0], []).append(seconds[test])
    # Tests of one file stay together, for the sake of what they share.
    stem = path.rpartition("/")[2].removesuffix(".py")
    rank = {file: (stem not in file, sum(own) / len(own)) for file, own in by_file.items() if file in files}
    tests = sorted((t for t in tests if t.split("::")[0] in rank), key=lambda t: (*rank[t.split("::")[0]], seconds[t]))
    return tests, sum(seconds[test] for test in tests)


def state_of(root, names):
    """Give a digest of some files: what was seen to reach a line holds as long as they stay."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + (root / name).read_bytes())
    return digest.hexdigest()


def read_kept(path):
    """Give what an earlier run has seen, by folder of tests."""
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.is_file() else {}
