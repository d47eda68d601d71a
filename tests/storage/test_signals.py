"""Ctrl-C and SIGTERM while a command saves: it ends at once, and leaves the earlier result or the new one, whole."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.storage.files import whole_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX systems")

# A command saves once; here it goes on saving, so that the signal falls into it.
SAVING = """
import sys, time
import spikelearn as sl
from spikelearn.cli.app import main

honest = sl.Recording.write_into
def again_and_again(self, folder, **options):
    honest(self, folder, **options)
    print("saving", flush=True)
    while True:
        honest(self, folder, **options)
sl.Recording.write_into = again_and_again
try:
    main(["run", "regular_firing", "--quiet", "-o", sys.argv[1]])
finally:
    print(time.process_time(), flush=True)
"""
# Seconds of processor time, which on a machine with nothing else to do are those of a clock: from the signal until the
# command has ended, and until its libraries are unloaded, too.
ENDS_WITHIN, UNLOADED_WITHIN = 0.5, 2.0


def interrupted(folder, number, wait):
    """Send a signal so long after the first save, and give the exit status, what was said, and how long it took."""
    said = folder.parent.with_name(folder.parent.name + ".said")
    with open(said, "w") as errors:
        code = [sys.executable, "-c", SAVING, str(folder)]
        process = subprocess.Popen(code, stdout=subprocess.PIPE, stderr=errors, text=True)
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            assert "saving" in (line.strip() for line in process.stdout), said.read_text()
            time.sleep(wait)
            used = processor_time(process.pid)
            process.send_signal(number)
            ended = float(process.stdout.read())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            guard.cancel()
            process.stdout.close()
            if process.returncode is None:
                process.kill()
                process.wait()
    return process.returncode, said.read_text(), (ended - used, usage.ru_utime + usage.ru_stime - used)


def processor_time(process):
    """Seconds that a process has used so far."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def check_end(folder, before, status, errors, spent):
    assert status == 130, errors
    assert errors.strip().splitlines()[-1] == "spikelearn: interrupted; nothing was written"
    assert spent[0] < ENDS_WITHIN
    assert spent[1] < UNLOADED_WITHIN
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "the earlier result, whole"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "nothing is left behind"


LOST = """
import sys, weakref
from spikelearn.storage.interrupts import interrupts_heard

class Thing:
    pass

def lost(reference):
    import signal
    signal.raise_signal(signal.SIGINT)

def drop():
    thing = Thing()
    kept = weakref.ref(thing, lost)
    del thing
    for _ in range(100):
        __import__("time").sleep(0.01)

try:
    if sys.argv[1] == "heard":
        with interrupts_heard():
            drop()
    else:
        sys.unraisablehook = lambda _: None
        drop()
    print("went on")
except KeyboardInterrupt:
    print("stopped")
"""


def test_an_interrupt_within_a_callback_is_not_lost():
    """Python reports it as ignored and goes on."""
    for how, expected in (("heard", "stopped"), ("plain", "went on")):
        done = subprocess.run([sys.executable, "-c", LOST, how], capture_output=True, text=True, check=True)
        assert (done.stdout.strip(), done.stderr) == (expected, "")


@pytest.fixture
def earlier(tmp_path):
    trains = sl.SpikeTrains.from_arrays([[0.1, 0.5]], t_stop=1.0)
    source = {"name": "regular_firing", "catalogue": "spikelearn"}
    with whole_folder(tmp_path / "run", kind="recording", source=source) as place:
        sl.Recording(trains, xr.Dataset()).write_into(place, source=source)
    return {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_while_a_command_saves(tmp_path, earlier, number):
    check_end(tmp_path / "run", earlier, *interrupted(tmp_path / "run", number, 0.1))


@pytest.mark.slow
def test_signals_at_random_moments_while_a_command_saves(tmp_path, earlier):
    rng = np.random.default_rng(5)
    for k in range(4):
        number = [signal.SIGINT, signal.SIGTERM][k % 2]
        check_end(tmp_path / "run", earlier, *interrupted(tmp_path / "run", number, float(rng.uniform(0, 0.2))))
