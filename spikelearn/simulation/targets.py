"""What this machine can run: Brian2's targets and the exact engine, tried and not guessed."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["TARGETS", "TargetStatus", "compiler", "target_status", "why_not"]

_PROGRAM = "#include <vector>\nint main() { return static_cast<int>(std::vector<int>(0).size()); }\n"


@dataclass(frozen=True)
class TargetStatus:
    """Whether a target works here, and why or why not."""

    name: str
    works: bool
    reason: str


@functools.cache
def compiler() -> str | None:
    """Find a C++ compiler that compiles and links a small program; None where there is none."""
    for name in ("g++", "c++", "clang++"):
        path = shutil.which(name)
        if path is None:
            continue
        with tempfile.TemporaryDirectory(prefix="spikelearn_") as folder:
            source = Path(folder) / "program.cpp"
            source.write_text(_PROGRAM, encoding="utf-8")
            done = subprocess.run(
                [path, "-std=c++11", str(source), "-o", str(Path(folder) / "program")], capture_output=True, check=False
            )
            if done.returncode == 0:
                return path
    return None


def why_not(target: str) -> str | None:
    """Say in one line why a target of Brian2 cannot be used here; None where it can.

    Parameters
    ----------
    target : {"numpy", "cython", "cpp_standalone"}
        Brian2's target.
    """
    if target == "numpy":
        return None
    if compiler() is None:
        return "no C++ compiler found (looked for g++, c++ and clang++)"
    if target == "cpp_standalone":
        return None if shutil.which("make") else "no 'make' found to build the program with"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file():
        return "Python's C headers (Python.h) are not installed"
    return None


def target_status() -> list[TargetStatus]:
    """Try every engine and target of this machine.

    Returns
    -------
    list of TargetStatus
        The exact engine first, then Brian2's targets.
    """
    rows = [TargetStatus("exact", True, "event-driven, compiled by numba; adaptive LIF neurons and networks")]
    remarks = {
        "numpy": "works everywhere; fastest for small or short runs",
        "cython": f"compiles with {compiler()}; 10 to 40 s for new equations, then cached",
        "cpp_standalone": f"compiles with {compiler()}; 3 to 20 s a program, then fastest",
    }
    for name, remark in remarks.items():
        reason = why_not(name)
        rows.append(TargetStatus(f"brian2 {name}", reason is None, reason or remark))
    return rows


TARGETS = ("numpy", "cython", "cpp_standalone")
