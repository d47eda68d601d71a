"""Every row of the equation ledger names code and tests that exist, or says why there are none."""

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs" / "ledger.toml"
TABLE = tomllib.loads(LEDGER.read_text(encoding="utf-8"))
ROWS = TABLE.get("row", [])
KEYS = {"document", "item", "status", "function", "test", "reason", "mutant"}


def name_of(row):
    return f"{row.get('document')} {row.get('item')}"


def resolve(dotted):
    parts = dotted.split(".")
    for k in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            thing = getattr(thing, part)
        return thing
    raise ModuleNotFoundError(dotted)


def module_source(dotted):
    parts = dotted.split(".")
    for k in range(len(parts), 0, -1):
        for path in (ROOT.joinpath(*parts[:k]).with_suffix(".py"), ROOT.joinpath(*parts[:k]) / "__init__.py"):
            if path.is_file():
                return path.read_text(encoding="utf-8")
    raise FileNotFoundError(dotted)


def test_the_ledger_is_one_array_of_tables():
    assert set(TABLE) == {"row"}
    names = [name_of(row) for row in ROWS]
    assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_row_is_complete_and_true(row):
    assert set(row) <= KEYS
    assert row["status"] in {"correct", "typo", "wrong", "ambiguous"}
    assert row.get("test") or row.get("reason"), "a row without a test needs a reason"
    for function in filter(None, [row.get("function", "")]):
        resolve(function)
    if "mutant" in row:
        # What `tests/mutants.py` plants: a piece of the function's module that stands there once, and what replaces it.
        old, new = row["mutant"]
        assert old != new
        assert module_source(row["function"]).count(old) == 1, old
    for test in filter(None, [row.get("test", "")]):
        file, _, name = test.partition("::")
        path = ROOT / file
        assert path.is_file(), file
        if path.suffix == ".py" and name:
            functions = {n.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)}
            assert name.split("[")[0] in functions, test
