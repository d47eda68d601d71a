"""Kills and breaks a process that writes a folder, at each step in turn or at random moments; run by the tests.

``python killed.py FOLDER WHAT NUMBER``: prints how many were tried; an AssertionError says what broke.
"""

import contextlib
import errno
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from spikelearn.storage import files, manifest, workspace
from spikelearn.storage.files import whole_folder, write_manifest
from spikelearn.storage.manifest import read_folder

STEPS = ("mkdir", "open", "rename", "replace", "unlink", "rmdir", "fsync", "close", "write")


def content(version):
    return {f"part{k}": str(version) * (1000 * (k + 1)) for k in range(3)}


def save(folder, version):
    with whole_folder(folder, overwrite=True, kind="test") as place:
        for name, text in content(version).items():
            (place / name).write_text(text)
        write_manifest(place, "test", {"version": version})


def load(folder):
    def read(place, found):
        return found["version"], {name: (place / name).read_text() for name in found["files"]}

    version, parts = read_folder(folder, "test", read)
    assert parts == content(version), "half a result"
    return version


def at_step(number, act):
    """Call `act` before the system call with this number, counted over all kinds; return the counter."""
    count = [0]

    def watched(honest):
        def call(*arguments, **options):
            count[0] += 1
            if count[0] == number:
                act()
            return honest(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, watched(getattr(os, name)))
    workspace.exchange = watched(workspace.exchange)
    return count


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


def steps(folder, act):
    """Let the n-th step fail, for every n there is."""
    save(folder, 0)
    for number in range(1, 500):

        def work(number=number):
            at_step(number, act)
            save(folder, 1)

        status = os.waitstatus_to_exitcode(os.waitpid(in_child(work), 0)[1])
        assert status != 4
        if status == 0 and load(folder) == 1:
            done = in_child(lambda number=number: os._exit(0 if steps_of(folder) < number else 5))
            if os.waitstatus_to_exitcode(os.waitpid(done, 0)[1]) == 0:
                return number
        check(folder, (0, 1), 0)
    raise AssertionError("it never ended")


def steps_of(folder):
    count = at_step(0, die)
    save(folder, 1)
    return count[0]


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
        "writers": lambda: in_turn(folder, number),
    }[what]()
    print(json.dumps(tried))


assert files.swap_in is workspace.swap_in
assert manifest.FORMAT == 2
if __name__ == "__main__":
    main()
