"""Model files with one value changed into something else: each is read, or refused in one clear line, at once."""

import copy
import math
import time
import tomllib

import pytest

from spikelearn import catalogue
from spikelearn.catalogue.files import model_folder
from spikelearn.parameters.names import shown

VALUES = [
    10**400,
    -(10**400),
    9007199254740993,
    1e308,
    5e-324,
    -1.0,
    0,
    math.nan,
    math.inf,
    True,
    "",
    "x" * 700,
    "10 km**9999999",
    "1e400 ms",
    "\u03bc\x00\u202e",
    "10 ms",
    "__import__('os').getpid()",
    [],
    ["a", "b"],
    [[1.0, "x"]],
    [["1e400"]],
    [10**400],
    {},
    {"a": {"b": 1}},
    [[[]]],
]
FILES = sorted(path.stem for path in model_folder().glob("*.toml"))


def places(table, path=()):
    """Every key of a table, within tables too."""
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from ((*path, key, 0, *rest) for rest in places(value[0]))


def changed(content, path, value):
    made = copy.deepcopy(content)
    table = made
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    return made


def tries():
    for name in FILES:
        content = tomllib.loads((model_folder() / f"{name}.toml").read_text())
        for path in places(content):
            for value in VALUES:
                yield name, path, value, changed(content, path, value)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("stride", [211, pytest.param(11, marks=pytest.mark.slow)])
def test_every_key_of_every_file_with_every_hostile_value(monkeypatch, stride):
    """Some three hundred files (three thousand in the slow stage), read as `show` and `run` read them."""
    for name in FILES:
        catalogue.load(name)  # what is imported once is not counted below
    foreign, slow, long = [], [], []
    # All values and all keys come in turn: the strides have no common divisor with the number of values.
    for name, path, value, content in list(tries())[::stride]:
        monkeypatch.setattr(catalogue.files.tomllib, "loads", lambda text, given=content: given)
        said, started = "", time.process_time()
        try:
            catalogue.load(name)
        except ValueError as error:
            said = str(error)
        except Exception as error:  # noqa: BLE001 - whatever comes, it is to be named
            foreign.append((name, path, shown(value), repr(error)))
        foreign += [(name, path, said)] if "could not convert" in said or "\n" in said else []
        long += [(name, path, said)] if len(said) > 520 else []
        slow += [(name, path, shown(value))] if time.process_time() - started > 2.5 else []
    assert (foreign, slow, long) == ([], [], [])
    assert math.gcd(11, len(VALUES)) == 1
