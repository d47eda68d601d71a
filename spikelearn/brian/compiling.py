"""Brian2's C++ programs, made and run by processes that a stop ends at once.

Brian2 calls the compiler by `os.system`, during which Python hears neither Ctrl-C nor a request to terminate, and then
takes the compiler's own death for an error of the program.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

__all__ = ["build_program", "run_to_end"]

# What the compiler says, at most so much of it, where the program cannot be made.
_SHOWN = 300


def build_program(device: Any, directory: str | None) -> None:
    """Write a standalone program into a folder and compile it.

    Raises
    ------
    RuntimeError
        The compiler refuses it.
    """
    from brian2 import prefs

    if os.name != "posix":
        device.build(directory=directory, compile=True, run=False, with_output=False)
        return
    device.build(directory=directory, compile=False, run=False, with_output=False)
    make = [
        *shlex.split(prefs["devices.cpp_standalone.make_cmd_unix"]),
        *prefs["devices.cpp_standalone.extra_make_args_unix"],
    ]
    status, said = run_to_end(make, device.project_dir)
    if status:
        raise RuntimeError(f"Brian2's program cannot be compiled: {' '.join(said.split())[-_SHOWN:]}")


def run_to_end(command: Sequence[str], directory: str) -> tuple[int, str]:
    """Run a command with all that it starts, and end all of it if this process is to stop.

    Returns
    -------
    status : int
        Its exit status.
    said : str
        What it printed.
    """
    with subprocess.Popen(
        command,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            # A session of its own: the compilers that it has started, too.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, said
