"""Digests: what tells one function or model from another, so that a store is never continued by something else."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import textwrap
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["digest_of", "function_digest"]


def digest_of(value: Any) -> str:
    """Digest data: numbers, text, arrays, quantities, and containers of them.

    Raises
    ------
    TypeError
        Something whose content cannot be read.
    """
    return hashlib.sha256(_text(value, "value", set()).encode()).hexdigest()[:16]


def function_digest(function: Any) -> str:
    """Digest a function: its source, its defaults, what it closes over, and the plain functions and data it names.

    Raises
    ------
    TypeError
        It closes over something whose content cannot be read; ``version=`` then stands for it.
    """
    return hashlib.sha256(_text(function, "the function", set()).encode()).hexdigest()[:16]


def _text(value: Any, where: str, seen: set[int]) -> str:
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, Mapping):
        items = sorted((str(key), _text(item, f"{where}[{key!r}]", seen)) for key, item in value.items())
        return json.dumps(["mapping", items])
    if isinstance(value, (list, tuple)):
        return json.dumps(["sequence", [_text(item, f"{where}[{k}]", seen) for k, item in enumerate(value)]])
    if isinstance(value, (set, frozenset)):
        return json.dumps(["set", sorted(_text(item, where, seen) for item in value)])
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind in "fiubcSUmM":
            content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            unit = str(value.dim) if hasattr(value, "dim") else ""
            return f"array {array.dtype.str} {array.shape} {unit} {content}"
    if isinstance(value, functools.partial):
        return json.dumps([_text(part, where, seen) for part in (value.func, value.args, value.keywords)])
    if isinstance(value, types.FunctionType):
        return _function(value, where, seen)
    if isinstance(value, types.MethodType):
        return json.dumps([_text(value.__func__, where, seen), _text(value.__self__, where, seen)])
    if isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
        return f"name {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return json.dumps([type(value).__qualname__, _text(fields, where, seen)])
    raise TypeError(
        f"sweep: {where} is a {type(value).__name__}, whose content cannot enter the digest that a store keeps; "
        "pass it as a number, text or array, or say version= by hand"
    )


def _function(function: types.FunctionType, where: str, seen: set[int]) -> str:
    if id(function) in seen:
        return f"again {function.__qualname__}"
    seen.add(id(function))
    closed = inspect.getclosurevars(function)
    parts = {"source": _source(function), "defaults": _text(function.__defaults__ or (), where, seen)}
    parts["keywords"] = _text(function.__kwdefaults__ or {}, where, seen)
    for name, value in closed.nonlocals.items():
        parts[f"closed {name}"] = _text(value, f"{name}, over which {function.__qualname__} closes,", seen)
    for name, value in closed.globals.items():
        own = isinstance(value, types.FunctionType) and value.__module__ == function.__module__
        if own or isinstance(value, (bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray, np.generic)):
            parts[f"global {name}"] = _text(value, f"{name}, which {function.__qualname__} reads,", seen)
    return json.dumps(parts, sort_keys=True)


def _source(function: types.FunctionType) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        code = function.__code__
        names = [code.co_names, code.co_varnames, code.co_freevars]
        inner = [hashlib.sha256(c.co_code).hexdigest() for c in code.co_consts if isinstance(c, types.CodeType)]
        plain = [repr(c) for c in code.co_consts if not isinstance(c, types.CodeType)]
        return json.dumps([code.co_code.hex(), *names, inner, plain])
