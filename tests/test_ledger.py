"""Every row of the equation ledger names code and tests that exist, or says why there are none."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs" / "ledger.toml"
TABLE = tomllib.loads(LEDGER.read_text(encoding="utf-8"))
ROWS = TABLE.get("row", [])
KEYS = {"document", "item", "formula", "status", "values", "function", "test", "reason", "mutant"}


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


def test_every_value_that_a_row_names_is_expected_by_a_model_file():
    from spikelearn.catalogue.ledger import parts_of

    expected = {}
    for path in (ROOT / "models").glob("*.toml"):
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("expected", [])
        expected[path.stem] = {(entry["quantity"], entry.get("formula", "")) for entry in entries}
    wanted = [(name_of(row), value) for row in ROWS for value in row.get("values", ())]
    assert len(wanted) > 150
    for name, value in wanted:
        file, quantity, formula = parts_of(value)
        found = {of for what, of in expected[file] if what == quantity}
        assert found, (name, value)
        assert formula in found if formula else len(found) == 1, (name, value, found)


def test_every_number_of_an_equation_has_its_formula():
    """The rows named after equations say what is printed; those that say more of an equation are named otherwise."""
    numbered = re.compile(r"(Q\d )?Eqs?\. \(\d+[abc]?\)( and \(\d+\))?")
    rows = [row for row in ROWS if numbered.fullmatch(row["item"])]
    assert len(rows) > 130
    assert not [name_of(row) for row in rows if not row.get("formula", "").strip()]


def test_every_numbered_equation_of_the_sources_has_a_row():
    """How many each source has, counted in print: 57, 15, and 14, 22 and 45 in three questions of the exam."""
    for document, prefix, last in (
        ("003", "", 57),
        ("004", "", 15),
        ("002", "Q1", 14),
        ("002", "Q2", 22),
        ("002", "Q4", 45),
    ):
        items = " ".join(row["item"] for row in ROWS if row["document"] == document and row["item"].startswith(prefix))
        assert [k for k in range(1, last + 1) if not re.search(rf"\({k}[abc]?\)", items)] == []
    notebook = " ".join(row["item"] for row in ROWS if row["document"] == "000")
    assert [k for k in range(1, 18) if f"In [{k}]" not in notebook] == []
    figures = " ".join(row["item"] for row in ROWS if row["document"] == "003")
    assert [k for k in range(8, 14) if f"Fig. S{k}" not in figures] == []


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
