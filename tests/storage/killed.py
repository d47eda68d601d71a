"""Kills and breaks a process that writes a folder, at each step in turn or at random moments; run by the tests.

``python killed.py FOLDER WHAT NUMBER``: prints how many were tried; an AssertionError says what broke.
"""

import contextlib
import errno
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from spikelearn.storage import files, manifest, workspace
from spikelearn.storage.earlier import CONTENT
from spikelearn.storage.files import whole_folder, write_manifest
from spikelearn.storage.manifest import read_folder

CALLS = ("mkdir", "open", "rename", "unlink", "rmdir", "fsync", "close", "link")
STEPS = {*CALLS, "write", "half a write", "closing", "exchange"}


def content(version):
    return {f"part{k}": str(version) * (1000 * (k + 1)) for k in range(3)}


def save(folder, version, keeping=False):
    """Write a folder; where `keeping`, from a file that holds the version, so that others are kept."""
    source = {"source": {"name": "file", CONTENT: str(version)}} if keeping else {}
    with whole_folder(folder, overwrite=True, kind="test", **source) as place:
        for name, text in content(version).items():
            (place / name).write_text(text)
        write_manifest(place, "test", {"version": version, **source})


def load(folder):
    def read(place, found):
        return found["version"], {name: (place / name).read_text() for name in found["files"]}

    version, parts = read_folder(folder, "test", read)
    assert parts == content(version), "half a result"
    return version


def at_step(number, act):
    """Call `act` before the step with this number, counted over all kinds; return the kinds of the steps so far.

    Steps are calls of the system from Python, and the beginning, the middle and the end of what is written into a file.
    """
    met = []

    def step(name):
        met.append(name)
        if len(met) == number:
            act()

    def watched(name, honest):
        def call(*arguments, **options):
            step(name)
            return honest(*arguments, **options)

        return call

    def opened(*arguments, honest=io.open, **options):
        file = honest(*arguments, **options)
        if file.writable():
            write = file.write

            def in_halves(text):
                step("write")
                write(text[: len(text) // 2])
                file.flush()
                step("half a write")
                return write(text[len(text) // 2 :])

            file.write, file.close = in_halves, watched("closing", file.close)
        return file

    for name in CALLS:
        setattr(os, name, watched(name, getattr(os, name)))
    # What `Path.write_text` calls.
    io.open = opened
    workspace.exchange = watched("exchange", workspace.exchange)
    return met


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def fail():
    raise OSError(errno.ENOSPC, "no space left")


def in_child(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except OSError:
            os._exit(3)
        except KeyboardInterrupt:
            os._exit(130)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(4)
        os._exit(0)
    return child


def check(folder, allowed, started):
    """What is there now is one of the two, whole; the next start works and leaves nothing behind."""
    assert load(folder) in allowed
    save(folder, started)
    assert load(folder) == started
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], list(folder.parent.iterdir())


def check_kept(folder):
    """The earlier version is there, whole, under its own name or another; the next start works."""
    places = {path.name: load(path) for path in folder.parent.glob("run*")}
    assert 0 in places.values(), places
    assert places[folder.name] in (0, 1), places
    save(folder, 0, keeping=True)
    assert {path.name for path in folder.parent.iterdir()} >= {folder.name, *places}
    assert not list(folder.parent.glob(".*")), list(folder.parent.iterdir())
    for path in folder.parent.glob("run.*"):
        shutil.rmtree(path)


def steps(folder, act, keeping=False):
    """Let the n-th step fail, for every n there is."""
    save(folder, 0, keeping)
    total = steps_of(folder.parent.with_name("counted") / folder.name, keeping)
    for number in range(1, total + 2):

        def work(number=number):
            at_step(number, act)
            save(folder, 1, keeping)

        status = os.waitstatus_to_exitcode(os.waitpid(in_child(work), 0)[1])
        assert status != 4
        assert (number <= total) or (status == 0 and load(folder) == 1), "what is after the last step"
        if keeping:
            check_kept(folder)
        else:
            check(folder, (0, 1), 0)
    return total


def steps_of(folder, keeping=False):
    """Count the steps of a writing; all kinds must be among them."""
    folder.parent.mkdir()
    save(folder, 0, keeping)

    def work():
        met = at_step(0, die)
        save(folder, 1, keeping)
        # Two names are exchanged, or moved; results that are kept get their second name by a move.
        assert set(met) | {"exchange", "rename"} == STEPS - (set() if keeping else {"link"}), set(met) ^ STEPS
        (folder.parent / "total").write_text(str(len(met)))

    assert os.waitstatus_to_exitcode(os.waitpid(in_child(work), 0)[1]) == 0
    return int((folder.parent / "total").read_text())


def at_random(folder, number):
    """Kill a process that saves again and again, at random moments."""
    rng, kills = random.Random(1), 0
    save(folder, 0)
    end = time.monotonic() + 50.0
    while kills < number and time.monotonic() < end:

        def work():
            for version in range(1, 1000):
                save(folder, version % 7)

        child = in_child(work)
        time.sleep(rng.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills += 1
        check(folder, range(7), 0)
    return kills


def in_turn(folder, seconds):
    """Let four processes write and this one read the same folder: none sees half of anything."""
    save(folder, 0)
    end = time.monotonic() + seconds

    def work(version):
        while time.monotonic() < end:
            with contextlib.suppress(FileExistsError):
                save(folder, version)

    children = [in_child(lambda version=version: work(version)) for version in range(4)]
    reads = 0
    while time.monotonic() < end:
        assert load(folder) in range(4)
        reads += 1
    found = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert found == [0] * 4, found
    check(folder, range(4), 0)
    return reads


def main():
    folder, what, number = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    if what.endswith("without exchange"):
        workspace.exchange = lambda one, other: False
    tried = {
        "steps": lambda: steps(folder, die),
        "steps without exchange": lambda: steps(folder, die),
        "faults": lambda: steps(folder, fail),
        "faults without exchange": lambda: steps(folder, fail),
        "interrupts": lambda: steps(folder, interrupt),
        "interrupts without exchange": lambda: steps(folder, interrupt),
        "terminations": lambda: steps(folder, terminate),
        "random": lambda: at_random(folder, number),
        "steps that keep": lambda: steps(folder, die, keeping=True),
        "faults that keep": lambda: steps(folder, fail, keeping=True),
        "writers": lambda: in_turn(folder, number),
    }[what]()
    print(json.dumps(tried))


assert files.swap_in is workspace.swap_in
assert manifest.FORMAT == 2
if __name__ == "__main__":
    main()
