"""What code reads: globals, attributes, what it closes over; and which code is one's own and which is installed."""

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

import numpy as np

__all__ = ["attributes_read", "closed_over", "globals_read", "installed", "module_installed", "named", "source_of"]

# Functions of arrays made by C, which do not know where they are from.
_UFUNCS = ("numpy", "scipy.special")


def globals_read(function: types.FunctionType) -> dict[str, Any]:
    """Give the globals that a function reads, in comprehensions, lambdas and inner functions too; no builtins."""
    names = {step.argval for code in _codes(function.__code__) for step in dis.get_instructions(code) if _loads(step)}
    return {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}


def _loads(step: dis.Instruction) -> bool:
    # LOAD_FROM_DICT_OR_GLOBALS is of Python 3.12; bodies of classes have LOAD_NAME.
    return step.opname == "LOAD_NAME" or (step.opname.startswith("LOAD") and "GLOBAL" in step.opname)


def attributes_read(function: types.FunctionType, owner: types.ModuleType) -> dict[str, Any]:
    """Give what a function may read of a module: everything in it of which the code has the name."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    return {name: vars(owner)[name] for name in sorted(names) if name in vars(owner)}


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


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
    code = function.__code__
    # Any number of texts have these names; since Python 3.13 the program after -c is what is found under the first.
    if code.co_filename in ("<string>", "<stdin>"):
        return _compiled(code)
    try:
        text = textwrap.dedent(inspect.getsource(code))
    except (OSError, TypeError):
        return _compiled(code)
    # The source of a lambda is its lines, which may hold another.
    return text + _compiled(code) if code.co_name == "<lambda>" and text.count("lambda") > 1 else text


def _compiled(code: types.CodeType) -> str:
    names = [code.co_names, code.co_varnames, code.co_freevars]
    inner = [hashlib.sha256(_compiled(c).encode()).hexdigest() for c in code.co_consts if isinstance(c, types.CodeType)]
    plain = [_constant(c) for c in code.co_consts if not isinstance(c, types.CodeType)]
    return json.dumps([code.co_code.hex(), *names, inner, plain])


def _constant(value: Any) -> str:
    # Sets of text have another order in every process.
    return f"frozenset {sorted(map(repr, value))}" if isinstance(value, frozenset) else repr(value)


def named(value: Any) -> str | None:
    """Give the name by which something can be imported from an installed module; None where it cannot.

    Examples
    --------
    >>> named(json.dumps), named(os.environ), named(_constant("x".upper))
    ('json.dumps', 'os.environ', None)
    """
    if isinstance(value, types.ModuleType):
        return value.__name__ if module_installed(value.__name__) else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str):
        found: Any = sys.modules.get(module) if module_installed(module) else None
        for part in name.split("."):
            found = inspect.getattr_static(found, part, None)
        if found is value:
            return f"{module}.{name}"
    if isinstance(value, np.ufunc):
        return next((f"{m}.{value.__name__}" for m in _UFUNCS if _held(m, value.__name__) is value), None)
    # The one object of its kind, such as Brian2's clock, lies beside its class or in a package above it.
    module = type(value).__module__
    while module and module != "builtins" and module_installed(module):
        for key, held in list(vars(sys.modules[module]).items()):
            if held is value:
                return f"{module}.{key}"
        module = module.rpartition(".")[0]
    return None


def _held(module: str, name: str) -> Any:
    return vars(sys.modules[module]).get(name) if module in sys.modules else None


def module_installed(name: str) -> bool:
    """Tell whether a module belongs to Python, to an installed package or to this one."""
    if name.partition(".")[0] in sys.stdlib_module_names:
        return name != "__main__"
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return False
    path = getattr(module, "__file__", None)
    return path is None or installed(path)


@functools.cache
def installed(path: str) -> bool:
    """Tell whether a file of code belongs to Python, to an installed package or to this one."""
    if path.startswith("<"):
        return path.startswith("<frozen")
    place = Path(os.path.realpath(path))
    folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(__file__).parents[1])]
    inside = any(Path(os.path.realpath(folder)) in place.parents for folder in folders)
    return inside or not {"site-packages", "dist-packages"}.isdisjoint(place.parts)
