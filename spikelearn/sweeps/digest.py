"""Digests: what tells one function or model from another, so that a store is never continued by something else."""

from __future__ import annotations

import copyreg
import dataclasses
import functools
import hashlib
import inspect
import json
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.sweeps.reads import (
    attributes_read,
    closed_over,
    globals_read,
    installed,
    module_installed,
    named,
    source_of,
)

__all__ = ["digest_of", "function_digest"]


def digest_of(value: Any) -> str:
    """Digest data: numbers, text, arrays, quantities, and containers of them; the order of a mapping says nothing.

    Raises
    ------
    TypeError
        Something whose content cannot be read.
    """
    return _Digester(None).digest(value, "value")


def function_digest(function: Any) -> str:
    """Digest a function, or an object that can be called.

    Its source counts, its defaults, what it closes over and every global that it reads: data and objects by their
    content, functions and classes of one's own files as they are themselves, also where they are read through a module
    of one's own. What is installed counts by its name.

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
    home : str or None
        Module of the function that is digested: one's own, also where it is installed. None for data.
    """

    def __init__(self, home: str | None) -> None:
        self.home = home
        # By their ids; kept alive, so that nothing else gets the same id meanwhile.
        self.read: dict[int, tuple[Any, str]] = {}
        # What is being read, from the outside to the inside.
        self.path: list[int] = []

    def digest(self, value: Any, where: str) -> str:
        """Digest a value, whose content is read as far as it goes."""
        try:
            return _hash(self._content(value, where))[:16]
        except RecursionError:
            raise _refusal(where, value) from None

    def own(self, module: str) -> bool:
        """Tell whether what a module defines is to be read, and not known by its name."""
        return module == self.home or not module_installed(module)

    def text(self, value: Any, where: str) -> str:
        """Give the text that stands for a value: its content, with its class if that is one's own."""
        if value is None or type(value) in (bool, int, float, complex, str, bytes):
            return self._content(value, where)
        if id(value) in self.read:
            return self.read[id(value)][1]
        if id(value) in self.path:
            return f"again, {len(self.path) - self.path.index(id(value))} above"
        self.path.append(id(value))
        text = self._content(value, where)
        if self.own(type(value).__module__):
            text = json.dumps(["of", self.text(type(value), where), text])
        self.path.pop()
        self.read[id(value)] = (value, text)
        return text

    def _content(self, value: Any, where: str) -> str:
        # Of data alone every container is what it holds; of code its class counts as well.
        kind, data = type(value), self.home is None
        if value is None or value is ... or isinstance(value, (bool, int, float, complex, str, bytes)):
            return f"{kind.__name__} {value!r}"
        if kind in (dict, types.MappingProxyType) or (data and isinstance(value, Mapping)):
            return self._mapping(value, where, ordered=not data)
        if kind in (list, tuple) or (data and isinstance(value, (list, tuple))):
            return json.dumps(["sequence", [self.text(item, f"{where}[{k}]") for k, item in enumerate(value)]])
        if kind in (set, frozenset) or (data and isinstance(value, (set, frozenset))):
            return json.dumps(["set", sorted(self.text(item, where) for item in value)])
        if isinstance(value, np.generic) or kind is np.ndarray or (isinstance(value, np.ndarray) and _has_unit(value)):
            return self._array(np.asarray(value), str(value.dim) if _has_unit(value) else "", where)
        if isinstance(value, functools.partial):
            return json.dumps([self.text(part, where) for part in (value.func, value.args, value.keywords)])
        name = named(value)
        if name is not None and not self._of_home(value):
            return f"name {name}"
        if isinstance(value, types.FunctionType):
            content = self._function(value, where)
            return content if len(self.path) == 0 else _hash(content)
        if isinstance(value, types.ModuleType):
            raise _refusal(where, value)
        if isinstance(value, type):
            return _hash(self._class(value, where))
        if dataclasses.is_dataclass(value) and not self.own(kind.__module__):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return json.dumps([kind.__qualname__, self._mapping(fields, where, ordered=False)])
        return _hash(self._object(value, where))

    def _of_home(self, value: Any) -> bool:
        return getattr(value, "__module__", None) == self.home and self.home is not None

    def _mapping(self, value: Mapping[Any, Any], where: str, *, ordered: bool) -> str:
        items = [
            (key if isinstance(key, str) else self.text(key, where), self.text(item, f"{where}[{key!r}]"))
            for key, item in value.items()
        ]
        return json.dumps(["mapping", items if ordered else sorted(items)])

    def _array(self, array: np.ndarray[Any, Any], unit: str, where: str) -> str:
        if array.dtype.kind in "fiubcSUmM":
            content = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
            return f"array {array.dtype.str} {array.shape} {unit} {content}"
        return json.dumps([str(array.dtype), array.shape, self.text(array.ravel().tolist(), where)])

    def _function(self, function: types.FunctionType, where: str) -> str:
        name = function.__qualname__
        parts = {"source": source_of(function), "defaults": self.text(function.__defaults__ or (), where)}
        parts["keywords"] = self.text(function.__kwdefaults__ or {}, where)
        for key, value in closed_over(function).items():
            parts[f"closed {key}"] = self.text(value, f"{key}, over which {name} closes,")
        # A wrapper of an installed package counts by its source and by what it wraps.
        if self._of_home(function) or not installed(function.__code__.co_filename):
            for key, value in globals_read(function).items():
                parts[f"global {key}"] = self._global(function, key, value)
        attributes = {key: value for key, value in vars(function).items() if key != "__wrapped__"}
        if attributes:
            parts["attributes"] = self._mapping(attributes, f"an attribute of {name}", ordered=False)
        return json.dumps(parts, sort_keys=True)

    def _global(self, function: types.FunctionType, key: str, value: Any) -> str:
        """Give the text of a global; a module of one's own counts by what the function may read of it."""
        where = f"{key}, which {function.__qualname__} reads,"
        if not isinstance(value, types.ModuleType) or not self.own(value.__name__):
            return self.text(value, where)
        if id(value) in self.path:
            return "again"
        self.path.append(id(value))
        read = attributes_read(function, value)
        parts = {name: self._global(function, f"{key}.{name}", held) for name, held in read.items()}
        self.path.pop()
        return json.dumps(["module", parts])

    def _class(self, kind: type, where: str) -> str:
        parts = {"bases": json.dumps([self.text(base, where) for base in kind.__bases__])}
        made = dataclasses.is_dataclass(kind)
        for key, value in vars(kind).items():
            special = key.startswith("__") and key.endswith("__")
            # Notes of Python and what dataclass makes follow from the rest; caches of abstract classes say nothing.
            code = getattr(value, "__code__", None)
            if (special and not _acts(value)) or (made and code and code.co_filename == "<string>"):
                continue
            if key not in ("__dict__", "__weakref__", "_abc_impl"):
                parts[key] = self._member(value, f"{key} of {kind.__qualname__}")
        if made:
            parts["dataclass"] = repr(inspect.getattr_static(kind, "__dataclass_params__", None))
            for field in dataclasses.fields(kind):
                known = [value for value in (field.default, field.default_factory) if value is not dataclasses.MISSING]
                parts[f"field {field.name}"] = self.text(known, f"{field.name} of {kind.__qualname__}")
        return json.dumps([kind.__qualname__, parts], sort_keys=True)

    def _member(self, value: Any, where: str) -> str:
        if isinstance(value, property):
            return self.text([value.fget, value.fset, value.fdel], where)
        if isinstance(value, (classmethod, staticmethod)):
            return json.dumps([type(value).__name__, self.text(value.__func__, where)])
        if isinstance(value, functools.cached_property):
            return self.text(value.func, where)
        if isinstance(value, functools.partialmethod):
            return self.text([value.func, value.args, value.keywords], where)
        return self.text(value, where)

    def _object(self, value: Any, where: str) -> str:
        """Give the content of any other object: what it would be copied from."""
        wrapped = inspect.getattr_static(value, "__wrapped__", None)
        if isinstance(wrapped, types.FunctionType):  # compiled, or with a cache
            options = getattr(value, "targetoptions", {})
            return json.dumps(["wraps", self.text([type(value), wrapped, options], where)])
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            content: Any = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:  # whatever its class raises: it says that it cannot be copied
            content = None
        if not isinstance(content, tuple) or type(value) is object:
            raise _refusal(where, value)
        maker, arguments, state, items, pairs, *_ = *content, None, None, None
        if isinstance(state, dict):
            kept = {key: item for key, item in state.items() if not _cached(type(value), key)}
            state = self._mapping(kept, where, ordered=False) if kept else None
        return self.text([maker, arguments, state, list(items or ()), list(pairs or ())], where)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _has_unit(value: Any) -> bool:
    return hasattr(value, "dim")


def _acts(value: Any) -> bool:
    return callable(value) or hasattr(type(value), "__get__")


def _cached(kind: type, key: Any) -> bool:
    return isinstance(inspect.getattr_static(kind, str(key), None), functools.cached_property)


def _refusal(where: str, value: Any) -> TypeError:
    return TypeError(
        f"sweep: {where} is a {type(value).__name__}, whose content cannot enter the digest that a store keeps; "
        "pass it as a number, text or array, or say version= by hand"
    )
