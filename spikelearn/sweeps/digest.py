"""Digests: what tells one function or model from another, so that a store is never continued by something else."""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import hashlib
import inspect
import json
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikelearn.sweeps.reads import bound, closed_over, globals_read, imported, in_a_package, source_of

__all__ = ["digest_of", "function_digest"]

_DATA = (bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray, np.generic)
# What C has made, and what is known by its name alone.
_NAMED = (
    types.BuiltinFunctionType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.ModuleType,
    types.WrapperDescriptorType,
    np.ufunc,
)


def digest_of(value: Any) -> str:
    """Digest data: numbers, text, arrays, quantities, and containers of them.

    Raises
    ------
    TypeError
        Something whose content cannot be read.
    """
    return _Digester("").digest(value, "value")


def function_digest(function: Any) -> str:
    """Digest a function, or an object that can be called.

    Its source counts, its defaults, what it closes over and every global that it reads, with functions, classes and
    objects of its own file; what it imports does not. An object counts by its content, and by its class where that is
    of the same file.

    Raises
    ------
    TypeError
        It reads something whose content cannot be read; ``version=`` then stands for it.
    """
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    return _Digester(str(inner.__module__)).digest(function, "the function")


class _Digester:
    """One reading.

    Parameters
    ----------
    home : str
        Module of what is digested; functions of other installed ones count by their own source alone.
    """

    def __init__(self, home: str) -> None:
        self.home = home
        # Kept alive, so that no other object gets the same id meanwhile.
        self.seen: dict[int, Any] = {}
        # Whether an object or a class is being read, in which functions of packages have a name alone.
        self.inside = False

    def digest(self, value: Any, where: str) -> str:
        """Digest a value, whose content is read as far as it goes."""
        try:
            return hashlib.sha256(self.text(value, where, self.home).encode()).hexdigest()[:16]
        except RecursionError:
            raise _refusal(where, value) from None

    def text(self, value: Any, where: str, home: str) -> str:
        """Give the content of a value that a function of the module `home` reads, with its class if that is of it."""
        content = self._content(value, where, home)
        kind = type(value)
        if kind.__module__ != home:
            return content
        return json.dumps(["of", self.text(kind, where, home), content])

    def _content(self, value: Any, where: str, home: str) -> str:
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            return f"{type(value).__name__} {value!r}"
        if isinstance(value, Mapping):
            items = sorted((self._key(k, where, home), self.text(v, f"{where}[{k!r}]", home)) for k, v in value.items())
            return json.dumps(["mapping", items])
        if isinstance(value, (list, tuple)):
            return json.dumps(["sequence", [self.text(item, f"{where}[{k}]", home) for k, item in enumerate(value)]])
        if isinstance(value, (set, frozenset)):
            return json.dumps(["set", sorted(self.text(item, where, home) for item in value)])
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            if array.dtype.kind in "fiubcSUmM":
                content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
                unit = str(value.dim) if hasattr(value, "dim") else ""
                return f"array {array.dtype.str} {array.shape} {unit} {content}"
            return json.dumps([array.dtype.str, array.shape, self.text(array.ravel().tolist(), where, home)])
        if isinstance(value, functools.partial):
            return json.dumps([self.text(part, where, home) for part in (value.func, value.args, value.keywords)])
        if isinstance(value, types.FunctionType):
            return self._function(value, where)
        if isinstance(value, types.MethodType):
            return json.dumps([self.text(value.__func__, where, home), self.text(value.__self__, where, home)])
        if isinstance(value, type):
            return self._within(lambda: self._class(value, where, home))
        if isinstance(value, _NAMED) and not bound(value):
            return _name(value)
        if dataclasses.is_dataclass(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return json.dumps([type(value).__qualname__, self.text(fields, where, home)])
        return self._within(lambda: self._object(value, where, home))

    def _within(self, read: Callable[[], str]) -> str:
        before, self.inside = self.inside, True
        try:
            return read()
        finally:
            self.inside = before

    def _key(self, key: Any, where: str, home: str) -> str:
        plain = key is None or isinstance(key, (bool, int, float, complex, str, bytes))
        return str(key) if plain else self.text(key, where, home)

    def _function(self, function: types.FunctionType, where: str) -> str:
        home, name = function.__module__, function.__qualname__
        foreign = home != self.home and in_a_package(function)
        if foreign and self.inside:
            return _name(function)
        if id(function) in self.seen:
            return f"again {function.__qualname__}"
        self.seen[id(function)] = function
        parts = {"source": source_of(function), "defaults": self.text(function.__defaults__ or (), where, home)}
        parts["keywords"] = self.text(function.__kwdefaults__ or {}, where, home)
        for key, value in closed_over(function).items():
            parts[f"closed {key}"] = self.text(value, f"{key}, over which {name} closes,", home)
        for key, value in globals_read(function).items():
            data = isinstance(value, _DATA) or (isinstance(value, types.FunctionType) and value.__module__ == home)
            if data if foreign else data or not imported(value, home):
                parts[f"global {key}"] = self.text(value, f"{key}, which {name} reads,", home)
        own = {key: value for key, value in vars(function).items() if key != "__wrapped__"}
        if own and not foreign:
            parts["attributes"] = self.text(own, f"an attribute of {name}", home)
        return json.dumps(parts, sort_keys=True)

    def _class(self, kind: type, where: str, home: str) -> str:
        """Give the content of a class of the same file, else its name."""
        if kind.__module__ != home:
            return _name(kind)
        if id(kind) in self.seen:
            return f"again {kind.__qualname__}"
        self.seen[id(kind)] = kind
        parts = {"bases": json.dumps([self.text(base, where, home) for base in kind.__bases__])}
        for key, value in vars(kind).items():
            special = key.startswith("__") and key.endswith("__")
            # What dataclass makes follows from the fields; the caches of abstract classes say nothing.
            made = special and isinstance(value, types.FunctionType) and value.__code__.co_filename == "<string>"
            plain = special and not isinstance(value, (types.FunctionType, classmethod, staticmethod, property))
            if key != "_abc_impl" and not plain and not (made and dataclasses.is_dataclass(kind)):
                parts[key] = self._member(value, f"{key} of {kind.__qualname__}", home)
        if dataclasses.is_dataclass(kind):
            for field in dataclasses.fields(kind):
                known = [value for value in (field.default, field.default_factory) if value is not dataclasses.MISSING]
                parts[f"field {field.name}"] = self.text(known, f"{field.name} of {kind.__qualname__}", home)
        return json.dumps([kind.__qualname__, parts], sort_keys=True)

    def _member(self, value: Any, where: str, home: str) -> str:
        if isinstance(value, property):
            return self.text([value.fget, value.fset, value.fdel], where, home)
        if isinstance(value, (classmethod, staticmethod)):
            return self.text(value.__func__, where, home)
        if isinstance(value, functools.cached_property):
            return self.text(value.func, where, home)
        if isinstance(value, functools.partialmethod):
            return self.text([value.func, value.args, value.keywords], where, home)
        return self.text(value, where, home)

    def _object(self, value: Any, where: str, home: str) -> str:
        """Give the content of any other object: what it would be copied from."""
        wrapped = inspect.getattr_static(value, "__wrapped__", None)
        if isinstance(wrapped, types.FunctionType):  # compiled, or with a cache
            return json.dumps(["wraps", _name(type(value)), self.text(wrapped, where, home)])
        if hasattr(value, "__qualname__") and not bound(value) and getattr(value, "__module__", home) != home:
            return _name(value)
        if id(value) in self.seen:
            return f"again {list(self.seen).index(id(value))}"
        self.seen[id(value)] = value
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            content: Any = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:  # whatever its class raises: it says that it cannot be copied
            content = None
        if content is None or type(value) is object:
            raise _refusal(where, value)
        if isinstance(content, str):
            return f"name {type(value).__module__}.{content}"
        maker, arguments, state, items, pairs, *_ = *content, None, None, None
        if isinstance(state, dict):
            state = {k: v for k, v in state.items() if not _cached(type(value), k)} or None
        made = _name(maker) if hasattr(maker, "__qualname__") else self.text(maker, where, home)
        parts = [arguments, state, list(items or ()), list(pairs or ())]
        return json.dumps([made, *(self.text(part, where, home) for part in parts)])


def _cached(kind: type, key: Any) -> bool:
    return isinstance(inspect.getattr_static(kind, str(key), None), functools.cached_property)


def _name(value: Any) -> str:
    return f"name {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', ''))}"


def _refusal(where: str, value: Any) -> TypeError:
    return TypeError(
        f"sweep: {where} is a {type(value).__name__}, whose content cannot enter the digest that a store keeps; "
        "pass it as a number, text or array, or say version= by hand"
    )
