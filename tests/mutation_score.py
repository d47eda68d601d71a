"""Measure how many small errors in the package its tests notice, and print those that they do not.

``python tests/mutation_score.py --number 60`` draws 60 errors from all that can be planted in the rooms below (figures
apart, whose look no number decides; `small_errors` finds them), plants each in a copy of the repository in a temporary
folder, runs the fast tests of the room's own folder until one fails, and prints the share that failed with its Wilson
interval. The tests of a folder run once without an error, and which lines each of them reaches is noted: an error is
shown to those that reach its line, and to the others of the folder only if none of those fails.

A longer run begins with the errors of a shorter one with the same seed. With ``--log`` what was found is kept after
every error, and the next run goes on from there. Limits are in processor time, so that other work does not matter; a
test that does not end has noticed the error. This stands outside the suite.
"""

import argparse
import importlib
import importlib.machinery
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from reached import Chosen, Others, Tracer, read_kept, state_of, tests_at  # noqa: E402  (they lie beside this file)
from small_errors import KINDS, candidates, drawn  # noqa: E402

sys.path.pop(0)

ROOT = Path(__file__).parents[1]
# Spikes, analyses, and what is computed without simulating: closed forms, fixed points, stability, exact solutions.
ROOMS = (
    "spikes/*.py", "analyses/*.py", "models/*/theory.py", "models/*/stability.py", "rules/*.py", "symbolic/spectrum.py",
    "models/adaptive_lif/manifold.py", "models/adaptive_lif/re*.py", "models/adaptive_lif/bursting.py",
    "models/adaptive_lif/tonic.py", "models/ei_rate/fixed_points.py", "models/ei_rate/nondimensional.py",
    "models/ei_rate/share.py", "models/entropy_rule/stationary.py", "models/entropy_rule/periodic.py",
    "models/entropy_rule/connectivity.py", "models/escape_noise/enumeration.py", "models/escape_noise/links.py",
    "models/low_rank/fixed_points.py", "models/low_rank/admissible.py", "models/low_rank/closure.py",
    "models/low_rank/driven.py", "models/low_rank/fluctuations.py", "models/low_rank/gaussian.py",
    "models/low_rank/mixture.py", "models/low_rank/limit_cycle.py", "models/low_rank/nonlinearity.py",
    "models/low_rank/random_part.py", "models/tangent_kernel/infinite.py", "models/tangent_kernel/kernels.py",
    "models/tangent_kernel/solution.py",
)  # fmt: skip
# Rooms that are tested in the folder of another.
ELSEWHERE = {"rules": "models/ei_rate"}
KILLED, SURVIVED, LATE = "killed", "survived", "late"
WALL_SECONDS = 1800


def tests_of(path):
    """Give the folder of the tests of a file, and its test files: those that name the module come first."""
    parts = Path(path).parts
    place = Path(*parts[1:-1]).as_posix()
    folder = ROOT / "tests" / ELSEWHERE.get(place, place)
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


def run_tests(copy, files, seconds, source="", plugin=None):
    """Run test files of a copy in a process of its own, until one fails or, with a tracer, to the end.

    Gives exit status or None if late, first failure, seconds, text, and what the tracer found.
    """
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

            options = ["-q", "--tb=line", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
            options += [] if isinstance(plugin, Tracer) else ["-x"]
            status = int(pytest.main([*options, *files], plugins=[first, *([plugin] if plugin else [])]))
        except BaseException:
            traceback.print_exc()
        finally:
            with os.fdopen(writer, "w", encoding="utf-8") as pipe:
                json.dump([first.name, plugin.found() if isinstance(plugin, Tracer) else None], pipe)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        first, seen = json.loads(pipe.read() or '["", null]')
    _, code, used = os.wait4(pid, 0)
    output.seek(0)
    text = output.read().decode(errors="replace")
    output.close()
    took = used.ru_utime + used.ru_stime
    if os.WIFSIGNALED(code) and os.WTERMSIG(code) in (signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL):
        return None, first, took, text, seen
    # A crash, as by an array of the wrong size in compiled code, ends with a negative number.
    return os.waitstatus_to_exitcode(code), first, took, text, seen


def wilson(killed, number, z=1.959964):
    """Give the Wilson interval of a share, 95 % by default."""
    if not number:
        return 0.0, 1.0
    share = killed / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z / (1 + z * z / number) * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return middle - half, middle + half


def report(results):
    """Print survivors with their diffs, and the score: at first sight, and where that differs with the tests of now."""
    for found in results:
        if found["verdict"] == SURVIVED:
            print(f"\nsurvived: {found['kind']}\n{found['diff']}")
    print()
    for name, told in (("first", "at first sight"), ("verdict", "by the tests of now")):
        noticed = sum(found[name] != SURVIVED for found in results)
        late = sum(found[name] == LATE for found in results)
        low, high = wilson(noticed, len(results))
        print(f"{noticed} of {len(results)} noticed {told} ({late} by not ending):", end=" ")
        print(f"{noticed / max(1, len(results)):.1%}, 95 % interval {low:.1%} to {high:.1%}")
    for kind in KINDS:
        own = [found for found in results if found["kind"] == kind]
        print(f"  {kind:12}{sum(found['first'] != SURVIVED for found in own):4} of {len(own)} at first sight")


class Bench:
    """A copy of the repository in which errors are planted one after the other.

    Parameters
    ----------
    copy : Path
        An empty folder.
    kept : dict
        What was found before: tests that are known to pass without an error or to fail in any case.
    beside : Path or None
        File that keeps which tests reach which lines.
    quick : bool
        Whether tests that do not reach a line are spared; one that they alone would notice counts as not noticed.
    """

    def __init__(self, copy, kept, beside=None, quick=False):
        self.copy, self.kept, self.beside, self.quick, self.planted = copy, kept, beside, quick, 0
        self.maps = read_kept(beside)
        copy_repository(copy)

    def known(self, room, files, path):
        """Give which tests of a folder reach which lines of the files beside `path`, from one run without an error."""
        place = Path(path).parent
        sources = [name.relative_to(self.copy).as_posix() for name in sorted((self.copy / place).glob("*.py"))]
        state = state_of(self.copy, [*sources, *files])
        room = room if room == f"tests/{'/'.join(place.parts[1:])}" else f"{room} for {place}"
        if self.maps.get(room, {}).get("state") != state:
            status, first, took, text, seen = run_tests(self.copy, files, 3600, plugin=Tracer(self.copy, sources))
            if seen is None or not seen["seconds"]:
                raise SystemExit(f"tests of {room} must run without an error planted, got {status}\n{text[-3000:]}")
            self.maps[room] = {"state": state, "first": first, "total": took, **seen}
            print(f"{room}: {len(seen['seconds'])} tests, {took:.0f} s of processor time {first}", flush=True)
            if self.beside is not None:
                self.beside.write_text(json.dumps(self.maps), encoding="utf-8")
        return self.maps[room]

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

    def plant(self, mutant, before=None):
        """Plant one error, show it to the tests that reach it and then to the others, and give what is kept of it.

        What was seen of it at first sight, if that was `before`, stays.
        """
        room, files = tests_of(mutant.path)
        known = self.known(room, files, mutant.path)
        text, diff = (self.copy / mutant.path).read_text(encoding="utf-8"), mutant.diff(self.copy)
        tests, seconds = tests_at(known, mutant.path, text, mutant.line, files)
        spent, status = 0.0, 0
        if tests:
            own = list(dict.fromkeys(test.split("::")[0] for test in tests))
            status, first, spent = self.shown(mutant, own, 3 * seconds + 60, text, Chosen(tests))
        quick = self.quick and bool(tests)
        if status == 0 and not quick:
            status, first, took = self.shown(mutant, files, 3 * known["total"] + 60, text, Others(tests))
            spent += took
        found = {"file": mutant.path, "line": mutant.line, "kind": mutant.kind, "by": first or "a crash" * bool(status)}
        found["verdict"] = LATE if status is None else KILLED if status else SURVIVED
        found["first"] = before["first"] if before else found["verdict"]
        if quick and found["verdict"] == SURVIVED:
            found["quick"] = True
        return found | {"seconds": round(spent, 1), "diff": diff}

    def shown(self, mutant, files, seconds, text, plugin=None):
        """Run tests with an error until one fails that passes without it: status, that test, processor seconds."""
        path, spent = self.copy / mutant.path, 0.0
        before, stamp = path.read_bytes(), path.stat()
        self.planted += 1
        while True:
            left_out = [part for test in self.kept["broken"] for part in ("--deselect", test)]
            try:
                path.write_bytes(mutant.source(self.copy))
                # Another time, so that it is read again, but no newer one: other compiled code stays.
                os.utime(path, (stamp.st_atime, int(stamp.st_mtime) - 1 - self.planted))
                status, first, took, said, _ = run_tests(self.copy, [*left_out, *files], seconds, text, plugin)
            finally:
                path.write_bytes(before)
                os.utime(path, (stamp.st_atime, stamp.st_mtime))
            spent += took
            if status == 5:
                # All that reach it fail in any case.
                return 0, "", spent
            if status is not None and status > 2:
                raise SystemExit(f"pytest ended with {status}:\n{mutant}\n{said[-3000:]}")
            if status is None or status <= 0 or self.passes(first):
                return status, first, spent


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
    kept = {"good": [], "broken": [], "results": []}
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
    parser.add_argument("--quick", action="store_true", help="show errors only to tests that reach them; see `Bench`")
    parser.add_argument("--again", action="store_true", help="test the survivors in the log once more, and no others")
    parser.add_argument("--list", action="store_true", help="only print what would be planted")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Draw, plant, test, and print the score."""
    options = read_options(arguments)
    if options.list:
        chosen = drawn(candidates(options.rooms, options.seed), options.number)
        print(*(mutant.diff(ROOT) for _, mutant in chosen), sep="\n\n")
        return 0
    kept = read_log(options.log)
    known = {found["key"]: found for found in kept["results"]}
    load_libraries()
    end, results = time.monotonic() + 60 * options.minutes, []
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        beside = options.log and options.log.with_suffix(".reached.json")
        bench = Bench(Path(folder).resolve(), kept, beside, options.quick)
        # The tree may change meanwhile; the copy does not.
        by_kind = candidates(options.rooms, options.seed, bench.copy, known)
        print(
            f"{sum(map(len, by_kind.values()))} errors, seed {options.seed}:", {k: len(v) for k, v in by_kind.items()}
        )
        for key, mutant in drawn(by_kind, options.number):
            found = before = known.get(key)
            if found is None and options.again:
                continue
            if found is not None and found["verdict"] == KILLED and not bench.passes(found["by"]):
                found = None
            if found is not None and found.get("quick") and not options.quick:
                # The others may still notice it at first sight.
                found = before = None
            if found is None or (options.again and found["verdict"] == SURVIVED):
                if time.monotonic() > end:
                    break
                found = known[key] = bench.plant(mutant, before) | {"key": key}
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
