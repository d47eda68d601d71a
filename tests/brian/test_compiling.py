"""The processes that make a program end with the one that asked for it."""

import os
import signal
import time

import pytest

from spikelearn.brian.compiling import run_to_end

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes and signals as on POSIX systems")


def test_status_and_words_come_back(tmp_path):
    assert run_to_end(["sh", "-c", "echo made; pwd; echo wrong >&2; exit 3"], str(tmp_path)) == (
        3,
        f"made\n{tmp_path.resolve()}\nwrong\n",
    )


def test_an_interrupt_ends_all_that_was_started(tmp_path):
    def stop(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    begin = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_to_end(["sh", "-c", "(trap '' INT; sleep 60) & echo $! > child; wait"], str(tmp_path))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begin < 10.0
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if b") Z" in _stat(child):
            return
        time.sleep(0.05)
    pytest.fail("the compiler works on")


def _stat(process):
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read()
    except OSError:
        return b") Z"
