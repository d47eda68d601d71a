"""What users see, found by looking: functions, classes and methods that packages name in __all__."""

import importlib
import inspect
import pkgutil
import types
from collections.abc import Iterator
from typing import Any

import spikelearn

# These have tests of their own.
ELSEWHERE = ("sweeps", "cli")


def functions() -> Iterator[tuple[str, Any]]:
    """Each once, by its shortest name: ``analyses.jpsth``, ``SpikeTrains.aligned``."""
    for name, thing in _things():
        yield name, thing
        for own, member in vars(thing).items() if inspect.isclass(thing) else ():
            plain = getattr(member, "__func__", member)
            if not own.startswith("_") and inspect.isfunction(plain):
                yield f"{name}.{own}", plain


def arguments() -> Iterator[tuple[str, inspect.Parameter]]:
    """Each argument of each of them."""
    for name, thing in functions():
        try:
            parameters = inspect.signature(thing).parameters.values()
        except (TypeError, ValueError):
            continue
        yield from ((name, parameter) for parameter in parameters)


def _things() -> Iterator[tuple[str, Any]]:
    found = set()
    packages = [item.name for item in pkgutil.walk_packages(spikelearn.__path__, "spikelearn.") if item.ispkg]
    for name in ["spikelearn", *packages]:
        if _elsewhere(name):
            continue
        module = importlib.import_module(name)
        for own in getattr(module, "__all__", ()):
            thing = getattr(module, own)
            known = id(thing) in found or _elsewhere(getattr(thing, "__module__", None) or "")
            if callable(thing) and not isinstance(thing, types.ModuleType) and not known:
                found.add(id(thing))
                yield f"{name}.{own}".removeprefix("spikelearn."), thing


def _elsewhere(name: str) -> bool:
    parts = name.split(".")
    return len(parts) > 1 and parts[1] in ELSEWHERE
