"""Digests of functions: everything that a result depends on counts, and nothing is passed over in silence."""

import functools
import os
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.sweeps.digest import digest_of, function_digest
from tests.sweeps.functions import add

HEAD = """
    import abc, dataclasses, enum, functools, threading, typing
    import numpy as np
    import spikelearn as sl
    from brian2 import mV, defaultclock, prefs
"""


def module(tmp_path, text):
    """Make a module of a text, always under one name, from a file of its own."""
    source = textwrap.dedent(HEAD) + textwrap.dedent(text)
    path = tmp_path / f"study{len(list(tmp_path.iterdir()))}.py"
    path.write_text(source)
    made = types.ModuleType("study")
    sys.modules["study"] = made
    try:
        exec(compile(source, str(path), "exec"), made.__dict__)
    finally:
        del sys.modules["study"]
    return made


CASES = {
    "comprehension": "G = 2.0\ndef f(x, seed): return {'y': [G * k * x for k in range(3)]}",
    "generator": "G = 2.0\ndef f(x, seed): return {'y': sum(G * k * x for k in range(3))}",
    "lambda": "G = 2.0\ndef f(x, seed): return {'y': (lambda v: G * v)(x)}",
    "inner function": "G = 2.0\ndef f(x, seed):\n    def g(v):\n        return [G * v for _ in '1']\n"
    "    return {'y': g(x)}",
    "inner class": "G = 2.0\ndef f(x, seed):\n    class C:\n        gain = G\n    return {'y': C.gain * x}",
    "called function": "G = 2.0\ndef g(v): return max(G * v for _ in '1')\ndef f(x, seed): return {'y': g(x)}",
    "model": "NEURON = sl.AdaptiveLIF(V_0=2.0 * mV)\ndef f(x, seed): return {'y': float(NEURON.V_0) * x}",
    "set": "S = {1, 2.0}\ndef f(x, seed): return {'y': sum(S) * x}",
    "array of objects": "A = np.array([2.0, None])\ndef f(x, seed): return {'y': A[0] * x}",
    "object": "class P:\n    pass\np = P()\np.gain = 2.0\ndef f(x, seed): return {'y': p.gain * x}",
    "object of a class": "class P:\n    gain = 2.0\np = P()\ndef f(x, seed): return {'y': p.gain * x}",
    "slots": "class P:\n    __slots__ = ('g',)\np = P()\np.g = 2.0\ndef f(x, seed): return {'y': p.g * x}",
    "class": "class P:\n    gain = 2.0\ndef f(x, seed): return {'y': P.gain * x}",
    "method": "class P:\n    def g(self, v):\n        return 2.0 * v\ndef f(x, seed): return {'y': P().g(x)}",
    "global of a method": "G = 2.0\nclass P:\n    @staticmethod\n    def g(v):\n        return G * v\n"
    "def f(x, seed): return {'y': P.g(x)}",
    "property": "class P:\n    @property\n    def g(self):\n        return 2.0\n"
    "def f(x, seed): return {'y': P().g * x}",
    "base class": "class B(abc.ABC):\n    gain = 2.0\nclass P(B):\n    pass\ndef f(x, seed): return {'y': P.gain * x}",
    "dataclass factory": "@dataclasses.dataclass\nclass P:\n    g: list = dataclasses.field("
    "default_factory=lambda: [2.0])\n"
    "def f(x, seed): return {'y': P().g[0] * x}",
    "callable dataclass": "@dataclasses.dataclass\nclass P:\n    a: float = 1.0\n    def __call__(self, x, seed):\n"
    "        return {'y': 2.0 * self.a * x}\nf = P()",
    "callable object": "class P:\n    def __call__(self, x, seed):\n        return {'y': 2.0 * x}\nf = P()",
    "method of an object": "class P:\n    def g(self, x, seed):\n        return {'y': 2.0 * x}\nf = P().g",
    "named tuple": "class P(typing.NamedTuple):\n    a: float = 1.0\n    def g(self):\n        return 2.0\np = P()\n"
    "def f(x, seed): return {'y': p.g() * x}",
    "enumeration": "class E(enum.Enum):\n    A = 2.0\ndef f(x, seed): return {'y': E.A.value * x}",
    "cached": "@functools.lru_cache\ndef g(v): return 2.0 * v\ndef f(x, seed): return {'y': g(x)}",
    "compiled": "import numba\n@numba.njit\ndef g(v): return 2.0 * v\ndef f(x, seed): return {'y': g.py_func(x)}",
    "partial": "def g(v, k): return k * v\nh = functools.partial(g, k=2.0)\ndef f(x, seed): return {'y': h(x)}",
    "bound method": "g = {'a': 2.0}.get\ndef f(x, seed): return {'y': g('a') * x}",
    "generator of numbers": "r = np.random.default_rng(2)\ndef f(x, seed): return {'y': int(str(r.bit_generator.state"
    "['state']['state'])[:9]) * x}",
    "wrapper": "def twice(g):\n    @functools.wraps(g)\n    def inner(x, seed):\n        return {'y': 2.0 * g(x)}\n"
    "    return inner\n@twice\ndef f(x): return x",
    "attribute": "def f(x, seed): return {'y': f.gain * x}\nf.gain = 2.0",
}


@pytest.mark.parametrize("case", CASES)
def test_a_store_never_gives_the_results_of_another_function(tmp_path, case):
    text = CASES[case]
    other = text.replace("default_rng(2)", "default_rng(3)").replace("2.0", "3.0")
    first, again, changed = (module(tmp_path, version).f for version in (text, text, other))
    store = tmp_path / "store"
    before = sl.sweep(first, {"x": [1.0]}, store=store, executor="serial")["y"].values
    np.testing.assert_array_equal(sl.sweep(again, {"x": [1.0]}, store=store, executor="serial")["y"], before)
    # The two do differ, and the store says so.
    assert not np.array_equal(sl.sweep(changed, {"x": [1.0]}, executor="serial")["y"], before)
    with pytest.raises(ValueError, match=r"what.source is [0-9a-f]{16} there and [0-9a-f]{16} here"):
        sl.sweep(changed, {"x": [1.0]}, store=store, executor="serial")


READS = "def f(x, seed): return {'y': x, 'z': g}"
PAIRS = {
    "import": ("from math import sin as g\n" + READS, "from math import cos as g\n" + READS),
    "imported module": ("import math as g\n" + READS, "import cmath as g\n" + READS),
    "imported object": ("from brian2 import mV as g\n" + READS, "from brian2 import ms as g\n" + READS),
    "function of arrays": (
        "from scipy.special import erf as g\n" + READS,
        "from scipy.special import erfc as g\n" + READS,
    ),
    "order of a mapping": ("g = {'a': 1, 'b': 2}\n" + READS, "g = {'b': 2, 'a': 1}\n" + READS),
    "keys of a mapping": ("g = {1: 2}\n" + READS, "g = {'1': 2}\n" + READS),
    "default of a mapping": (
        "import collections\ng = collections.defaultdict(lambda: 1)\n" + READS,
        "import collections\ng = collections.defaultdict(lambda: 2)\n" + READS,
    ),
    "kind of a mapping": (
        "class D(dict):\n    gain = 1\ng = D(a=1)\n" + READS,
        "class D(dict):\n    gain = 2\ng = D(a=1)\n" + READS,
    ),
    "mask": ("g = np.ma.array([1, 2], mask=[0, 0])\n" + READS, "g = np.ma.array([1, 2], mask=[0, 1])\n" + READS),
    "attribute of a dataclass": (
        "@dataclasses.dataclass\nclass P:\n    a: int = 1\ng = P()\ng.more = 1\n" + READS,
        "@dataclasses.dataclass\nclass P:\n    a: int = 1\ng = P()\ng.more = 2\n" + READS,
    ),
    "order of a dataclass": (
        "@dataclasses.dataclass(order=False)\nclass P:\n    a: int = 1\ng = P()\n" + READS,
        "@dataclasses.dataclass(order=True)\nclass P:\n    a: int = 1\ng = P()\n" + READS,
    ),
    "call that is an object": (
        "class P:\n    __call__ = functools.partial(max, 1)\ng = P()\n" + READS,
        "class P:\n    __call__ = functools.partial(max, 2)\ng = P()\n" + READS,
    ),
    "class of classes": (
        "class T(type):\n    gain = 1\nclass g(metaclass=T): pass\n" + READS,
        "class T(type):\n    gain = 2\nclass g(metaclass=T): pass\n" + READS,
    ),
    "wrapper of a package": (
        "import contextlib\n@contextlib.contextmanager\ndef g(): yield 1\n" + READS,
        "import contextlib\n@contextlib.contextmanager\ndef g(): yield 2\n" + READS,
    ),
    "options of a compiled function": (
        "import numba\ndef h(v): return v\ng = numba.njit(h)\n" + READS,
        "import numba\ndef h(v): return v\ng = numba.njit(h, fastmath=True)\n" + READS,
    ),
    "place in a circle": (
        "a = [1]; b = [2]; a.append(b); b.append(a); g = a\n" + READS,
        "a = [1]; b = [2]; a.append(b); b.append(b); g = a\n" + READS,
    ),
    "frame": (
        "import pandas\ng = pandas.DataFrame({'a': [1]})\n" + READS,
        "import pandas\ng = pandas.DataFrame({'a': [2]})\n" + READS,
    ),
    "labels": (
        "import xarray\ng = xarray.Dataset({'a': 1}, attrs={'u': 's'})\n" + READS,
        "import xarray\ng = xarray.Dataset({'a': 1}, attrs={'u': 'V'})\n" + READS,
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_whatever_differs_in_what_is_read_differs_in_the_digest(tmp_path, case):
    one, other = PAIRS[case]
    before = function_digest(module(tmp_path, one).f)
    assert function_digest(module(tmp_path, one).f) == before
    assert function_digest(module(tmp_path, other).f) != before


@pytest.mark.parametrize(
    "study",
    [
        "import helpers\ndef f(x, seed): return {'y': helpers.g(x)}",
        "from helpers import g\ndef f(x, seed): return {'y': g(x)}",
    ],
)
def test_modules_of_ones_own_count_by_what_is_read_of_them(tmp_path, monkeypatch, study):
    digests = []
    for text in (
        "G = 1\ndef g(v): return G * v",
        "G = 2\ndef g(v): return G * v",
        "G = 2\ndef g(v): return G * v\nH = 3",
    ):
        helpers = module(tmp_path, text)
        for function in [helpers.g]:
            function.__module__ = helpers.__name__ = "helpers"
        helpers.__file__ = str(tmp_path / "helpers.py")
        monkeypatch.setitem(sys.modules, "helpers", helpers)
        digests.append(function_digest(module(tmp_path, study).f))
    assert digests[0] != digests[1] == digests[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lock = threading.Lock()\ndef f(x, seed):\n    return {'y': [x for _ in [lock]]}",
            "lock, which f reads, is a lock",
        ),
        ("thing = object()\ndef f(x, seed):\n    return {'y': x, 'z': id(thing)}", "thing, which f reads, is a object"),
        (
            "def k():\n    yield\ng = k()\ndef f(x, seed):\n    return {'y': x, 'z': next(g)}",
            "g, which f reads, is a generator",
        ),
        ("class P:\n    lock = threading.Lock()\ndef f(x, seed):\n    return {'y': P.lock}", "lock of P is a lock"),
        (
            "a = []\nfor _ in range(5000):\n    a = [a]\ndef f(x, seed):\n    return {'y': len(a)}",
            "content cannot enter",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_until_a_version_stands_for_it(tmp_path, text, message):
    f = module(tmp_path, text).f
    with pytest.raises(TypeError, match=f"sweep: .*{message}.* say version= by hand"):
        sl.sweep(f, {"x": [1.0]}, store=tmp_path / "store", executor="serial")
    assert not (tmp_path / "store").exists()
    sl.sweep(f, {"x": [1.0]}, store=tmp_path / "store", executor="serial", version="1")


ORDINARY = """
    GAIN = 2.5
    TABLE = {"a": [1, 2], "b": np.arange(3.0)}
    UNREAD = threading.Lock()
    mean = threading.Lock()
    def helper(v): return GAIN * v
    def plain(x, seed, k=3):
        defaultclock, prefs, sl.AdaptiveLIF, sl
        return {"y": helper(x) + np.mean(TABLE["a"]) * mV * k}
    def closing(factor):
        return lambda x, seed: {"y": factor * x * GAIN}
    class P:
        names = {"one", "two", "three"}
        @functools.cached_property
        def h(self): return 1.0
    p = P()
    def reading(x, seed): return {"y": p.h if "one" in {"one", "two"} else len(p.names)}
"""


def test_what_is_imported_or_not_read_does_not_count(tmp_path):
    one, two = module(tmp_path, ORDINARY), module(tmp_path, ORDINARY + "    NEW = 3\n    def more(): return NEW\n")
    assert function_digest(one.plain) == function_digest(two.plain)
    assert function_digest(one.closing(2.0)) == function_digest(two.closing(2.0)) != function_digest(two.closing(2.5))
    assert function_digest(functools.partial(one.plain, k=4)) != function_digest(functools.partial(one.plain, k=5))
    before = function_digest(one.reading)
    assert one.p.h == 1.0  # what is kept on the way is not content
    assert function_digest(one.reading) == before


def test_stores_of_ordinary_functions_stay_good():
    """The digest of a function that reads plain data is what it always was."""
    assert function_digest(add) == "4e1e7ea06eae63b6"
    assert digest_of({"a": [1, 2.0, "x"], "b": None}) == "5b7c74ccaf7e88a3"


def test_a_digest_is_the_same_in_every_process(tmp_path):
    text = "NAMES = {'one', 'two', 'three'}\ndef f(x, seed): return {'y': len(NAMES) if x in {'one', 'two'} else x}"
    (tmp_path / "study.py").write_text(text)
    line = "import study; from spikelearn.sweeps.digest import function_digest as d; print(d(study.f))"
    # Compiled from text alone, a function has no source.
    line += f"; names = {{}}; exec({text!r}, names); print(d(names['f']))"
    found = {
        subprocess.run(
            [sys.executable, "-c", line],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_lambdas_of_one_line_are_told_apart(tmp_path):
    both = module(tmp_path, "f, g = lambda x, seed: {'y': x}, lambda x, seed: {'y': -x}")
    assert function_digest(both.f) != function_digest(both.g)


def test_functions_of_no_file_are_told_apart_also_in_a_program_of_the_command_line():
    # Python 3.13 finds the program after -c for every code named <string>.
    program = (
        "from spikelearn.sweeps.digest import function_digest\n"
        "seen = set()\n"
        "for k in (1, 2, 2):\n"
        "    space = {'__name__': '__main__'}\n"
        "    exec(f'def f(x, seed): return {{\"y\": {k} * x}}', space)\n"
        "    seen.add(function_digest(space['f']))\n"
        "print(len(seen))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
