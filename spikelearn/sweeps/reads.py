"""What a function reads: the globals of its code and of all code nested in it, and what it closes over."""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import json
import os
import sys
import sysconfig
import textwrap
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["bound", "closed_over", "globals_read", "imported", "in_a_package", "source_of"]

_READS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


def globals_read(function: types.FunctionType) -> dict[str, Any]:
    """Give the globals that a function reads, in comprehensions, lambdas and inner functions too; no builtins."""
    names = sorted({name for code in _codes(function.__code__) for name in _names(code)})
    return {name: function.__globals__[name] for name in names if name in function.__globals__}


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _names(code: types.CodeType) -> set[str]:
    return {step.argval for step in dis.get_instructions(code) if step.opname in _READS}


def closed_over(function: types.FunctionType) -> dict[str, Any]:
    """Give what a function closes over, as far as it is there already."""
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # a name that gets its value later
            continue
    return found


def source_of(function: types.FunctionType) -> str:
    """Give the source of a function, of a wrapper its own and not what it wraps; the compiled code where there is none.

    Examples
    --------
    >>> source_of(eval("lambda x: x + 1")) == source_of(eval("lambda x: x + 2"))
    False
    """
    try:
        return textwrap.dedent(inspect.getsource(function.__code__))
    except (OSError, TypeError):
        return _compiled(function.__code__)


def _compiled(code: types.CodeType) -> str:
    names = [code.co_names, code.co_varnames, code.co_freevars]
    inner = [hashlib.sha256(_compiled(c).encode()).hexdigest() for c in code.co_consts if isinstance(c, types.CodeType)]
    plain = [_constant(c) for c in code.co_consts if not isinstance(c, types.CodeType)]
    return json.dumps([code.co_code.hex(), *names, inner, plain])


def _constant(value: Any) -> str:
    # Sets of text have another order in every process.
    return f"frozenset {sorted(map(repr, value))}" if isinstance(value, frozenset) else repr(value)


def in_a_package(function: types.FunctionType) -> bool:
    """Tell whether the code of a function belongs to Python, to an installed package or to this one."""
    return _installed(function.__code__.co_filename)


def _installed(path: str) -> bool:
    return path.startswith("<frozen") or os.path.realpath(path).startswith(_packages())


@functools.cache
def _packages() -> tuple[str, ...]:
    """Give the folders of Python, of its packages and of this one."""
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.add(str(Path(__file__).parents[1]))
    return tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in sorted(folders))


def imported(value: Any, home: str) -> bool:
    """Tell whether something that the module `home` reads is another's: a module, a name of one, or its one object."""
    if isinstance(value, (types.ModuleType, types.BuiltinFunctionType)) and not bound(value):
        return True
    if hasattr(value, "__qualname__") and isinstance(getattr(value, "__module__", None), str):
        return bool(value.__module__ != home)
    for name, module in list(sys.modules.items()):
        held = getattr(module, "__dict__", {})
        path = held.get("__file__")
        known = name != home and isinstance(path, str) and any(one is value for one in list(held.values()))
        if known and _installed(path):
            return True
    return False


def bound(value: Any) -> bool:
    """Tell whether something is the method of an object, such as ``values.get``, and not of a module or class."""
    owner = getattr(value, "__self__", None)
    return owner is not None and not isinstance(owner, (types.ModuleType, type))
