"""The report: whole, without a request to the outside, and red where a constant is wrong."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue.ledger import AUTHORS, SOURCES, author_year, claims, ledger_rows, source_of
from spikelearn.catalogue.proofs import Outcome, run_tests
from spikelearn.catalogue.report import Entry, page
from spikelearn.cli import main
from spikelearn.cli.report import _wanted as wanted
from spikelearn.storage.manifest import read_manifest

NAME = "spikes_until_silence"


def report_of(folder, *names):
    try:
        main(["check", *names, "--report", str(folder)])
    except SystemExit as left:
        return (folder / "index.html").read_text(encoding="utf-8"), left.code
    return (folder / "index.html").read_text(encoding="utf-8"), 0


def rows_by_state(text):
    return {state: len(re.findall(f'<tr class="{state}">', text)) for state in ("ok", "off")}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "page"
    return folder, *report_of(folder, NAME)


def test_every_value_stands_beside_its_formula_and_figure(good):
    folder, text, status = good
    configuration = catalogue.load(NAME)
    assert status == 0
    assert rows_by_state(text) == {"ok": len(configuration.expected), "off": 0}
    assert SOURCES["002"] in text
    for expected in configuration.expected:
        assert expected.quantity in text
        if expected.formula:
            assert configuration.system.formulas[expected.formula].doc.split("<")[0][:12] in text
    assert read_manifest(folder, "report")["configurations"] == 1
    assert (folder / f"{NAME}.png").stat().st_size > 10_000
    assert f'src="{NAME}.png" alt="Figure of the run: ' in text


def test_the_page_asks_nothing_of_the_outside(good):
    _, text, _ = good
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert "@import" not in text
    assert "url(" not in text


def test_every_erratum_of_the_ledger_is_listed_with_its_proof(good):
    _, text, _ = good
    wrong = [row for row in ledger_rows() if row["status"] != "correct"]
    assert len(wrong) > 100
    assert text.partition('id="errata"')[2].count("<tr><td>") == len(wrong)
    assert all(row.get("test") or row.get("reason") for row in wrong)


def claims_by_state(text):
    found = {}
    for state, name in re.findall(r'<tr class="claim (\w+)(?: flawed)?" id="claim-([^"]+)">', text):
        found.setdefault(state, set()).add(name)
    return found


def test_every_row_of_the_ledger_is_on_the_page_under_its_source(good):
    _, text, _ = good
    rows = ledger_rows()
    found = claims_by_state(text)
    assert sum(map(len, found.values())) == len(rows) > 430
    assert len(set.union(*found.values())) == len(rows)
    places = [text.index(f">{source}</h2>".replace("&", "&amp;")) for source in SOURCES.values()]
    assert places == sorted(places)
    for document, place, end in zip(SOURCES, places, [*places[1:], None], strict=True):
        own = sum(row["document"] == document for row in rows)
        assert text[place:end].count('<tr class="claim ') == own > 0
    # What was measured stands in the row; without tests the others say so, and no claim is better than it is.
    assert found["ok"] == {"002-Q1-Eq---4-", "002-Q1-Eq---6-", "002-Q1-Eq---11-"}
    assert len(found["reason"]) == sum(not row.get("test") and not row.get("values") for row in rows) + 2
    assert text.count("by test, not run here</span>") >= len(found["open"])
    assert "⌈(1/Δg)(V<sub>0</sub> − θ)/(Δ + θ)⌉" in text


def test_the_page_names_sources_by_author_and_year(good):
    _, text, _ = good
    words = re.sub(r"<[^>]*>", " ", text)
    assert not re.findall(r"(?<!\d )(?<![\w.,\-/=])00[0-4](?![\w.\-/=])", words)
    assert "30,000 trials" in words
    assert not re.findall(r"(?<![\w/])ei_trials(?!\w)", words)


def test_short_names_and_authors_lead_to_the_same_source():
    assert list(sorted(AUTHORS)) == list(sorted(SOURCES))
    for short, name in AUTHORS.items():
        assert source_of(short) == source_of(f"{short} Eq. (1)") == source_of(f"{name}, Eq. (1)") == SOURCES[short]
        assert author_year(f"see {short} Eq. (6)") == f"see {name} Eq. (6)"
    for text in ("0.003", "30,000 trials", "30 000", "test_003", "003.py", "tests/ei_trials.py", "models.ei_trials.x"):
        assert author_year(text) == text
    assert source_of("textbook").startswith("Textbooks")


def test_claims_are_chosen_by_authors_or_by_short_names():
    rows = ledger_rows()
    by_short, by_authors = wanted(rows, ["002 Q1 Eq."]), wanted(rows, ["Gatsby 2021 Q1 Eq."])
    assert by_short == by_authors
    assert 8 < len(by_short) < 15
    assert wanted(rows, ["002 Q1 Eq.", "001 Link"]) == [*by_short, *wanted(rows, ["Jones 2019 Link"])]
    assert set(wanted(rows, [])) == {row["test"] for row in rows if row.get("test")}
    with pytest.raises(ValueError, match="must be the beginning of a row of the ledger, such as .*, got 'Brunel'"):
        wanted(rows, ["002", "Brunel"])


def value(verdict):
    fields = {"quantity": "q", "unit": "1", "formula": "", "predicted": None, "expected": 1.0, "measured": 1.0}
    return {**fields, "error": 0.0, "verdict": verdict}


def test_a_claim_is_as_good_as_the_worst_of_its_values_and_its_test():
    row = {"document": "001", "item": "x", "status": "correct", "test": "tests/a.py::test_b", "values": ["file.q"]}
    passed, failed, skipped = (Outcome(end, 0.1, 1, "why") for end in ("passed", "failed", "skipped"))
    for measured, outcome, state in (
        ({"file": [value("ok")]}, passed, "ok"),
        ({"file": [value("ok")]}, None, "ok"),
        ({"file": [value("measurement off")]}, passed, "off"),
        ({"file": [value("ok")]}, failed, "off"),
        ({"file": None}, passed, "off"),
        ({"other": [value("measurement off")]}, passed, "ok"),
        ({}, None, "open"),
        ({}, skipped, "open"),
        ({}, failed, "off"),
    ):
        (claim,) = claims([row], measured, {} if outcome is None else {row["test"]: outcome})
        assert claim.state == state, (measured, outcome)
    (claim,) = claims([{"document": "001", "item": "y", "status": "typo", "reason": "a word"}], {}, {})
    assert (claim.state, claim.verdict) == ("reason", "by reason")


def test_tests_are_run_and_what_they_compare_is_noted(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_few.py").write_text(
        """import numpy as np
import pytest


@pytest.mark.parametrize("x", [1.0, 2.0])
def test_good(x):
    assert 2 * x == pytest.approx(x + x)
    np.testing.assert_allclose([x, x], [x, x * (1 + 1e-9)], rtol=1e-6)
    assert x < 3


@pytest.mark.parametrize("x", [1, 2, 3])
def test_half(x):
    if x != 2:
        pytest.skip("no library")


def test_absent():
    pytest.importorskip("no_such_library")


def test_bad():
    assert 1 + 1 == 3


def test_left_out():
    raise AssertionError
""",
        encoding="utf-8",
    )
    names = ("good", "half", "absent", "bad", "gone")
    chosen = [*(f"tests/test_few.py::test_{name}" for name in names), "tests/test_nowhere.py::test_x"]
    found = run_tests(chosen, root=tmp_path)
    good, half, absent, bad, gone, nowhere = found.values()
    assert (good.outcome, good.cases, half.outcome, half.cases) == ("passed", 2, "passed", 3)
    assert (absent.outcome, bad.outcome, gone.outcome, nowhere.outcome) == ("skipped", "failed", "failed", "failed")
    assert "no_such_library" in absent.why
    assert half.why == ""
    assert "assert (1 + 1) == 3" in bad.why
    assert gone.why == "pytest did not run it"
    sides = [(line["measured"], line["expected"], line["times"]) for line in good.compared]
    assert sides == [("2.0", "2.0 ± 2.0e-06", 2), ("1, 1", "1, 1", 2), ("1.0", "< 3", 2)]
    assert good.compared[1]["off"] == pytest.approx(1e-9, rel=0.01)


def test_without_a_checkout_no_test_is_run_and_the_page_says_why(tmp_path, monkeypatch):
    from spikelearn.catalogue import proofs

    monkeypatch.setattr(proofs, "checkout", lambda: None)
    with pytest.raises(ValueError, match="no part of an installed package"):
        run_tests(["tests/test_ledger.py::test_x"])
    main(["check", "quadratic_onset", "--report", str(tmp_path / "page"), "--tests"])
    text = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "an installed package has none, only a checkout of the repository has" in text


def test_options_that_lead_nowhere_are_refused(tmp_path, capsys):
    for given, said in (
        (["--tests"], "go with --report DIR"),
        (["--claims", "005", "--report", str(tmp_path / "page")], "must be the beginning of a row of the ledger"),
    ):
        with pytest.raises(SystemExit) as left:
            main(["check", NAME, *given])
        assert left.value.code == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_a_planted_wrong_constant_turns_its_rows_red(tmp_path, monkeypatch):
    """One part in a thousand in the theory of the interval: the formula's rows are off, and nothing else."""
    from spikelearn.models.adaptive_lif import theory

    right = theory.time_to_spike
    monkeypatch.setattr(theory, "time_to_spike", lambda *given, **named: 1.001 * right(*given, **named))
    text, status = report_of(tmp_path / "page", "regular_firing")
    configuration = catalogue.load("regular_firing")
    assert status == 1
    states = rows_by_state(text)
    planted = re.findall(r'<tr class="off"><td><strong>(\w+)</strong>', text)
    assert "first_spike" in planted
    assert states["ok"] + states["off"] == len(configuration.expected)
    assert states["ok"] >= 2
    # The claims that this formula measures, and no other of the 438: the other formulas of the file do not use it.
    assert claims_by_state(text)["off"] == {"002-Q1-Eq---4-"}
    assert text.index("002-Q1-Eq---4-") < text.index("<h2")  # what is off comes first
    assert "formula off" in text
    assert '<section class="off" id="regular_firing">' in text
    assert "values as expected; 1 of " in text
    assert 'class="verdict off"' in text


def test_a_wrong_value_and_a_failing_run_are_red_and_the_others_are_run(tmp_path):
    text = catalogue.find(NAME).read_text(encoding="utf-8")
    value = tomllib.loads(text)["expected"][0]["value"]
    assert text.count(f"value = {value}\n") >= 1
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace(f"value = {value}\n", f"value = {value + 1}\n", 1), encoding="utf-8")
    fails = tmp_path / "fails.toml"
    fails.write_text(
        """title = "A <b>run</b> that fails"
[model]
system = "EquationNeuron"
[model.parameters]
equations = "dv/dt = v**2/(0.1*ms) + 1000/second : 1"
method = "euler"
[run]
duration = "0.1 s"
dt = "1 ms"
[initial]
v = 1.0
""",
        encoding="utf-8",
    )
    text, status = report_of(tmp_path / "page", str(wrong), str(fails), NAME)
    assert status == 1
    assert '<section class="off" id="wrong">' in text
    assert '<section class="off" id="fails">' in text
    assert f'<section class="ok" id="{NAME}">' in text
    assert "failed: " in text
    assert "A &lt;b&gt;run&lt;/b&gt; that fails" in text
    assert "1 configurations failed" in text


def test_a_report_replaces_only_a_report(good, tmp_path):
    folder, _, _ = good
    assert report_of(folder, NAME)[1] == 0
    other = tmp_path / "kept"
    other.mkdir()
    (other / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["check", NAME, "--report", str(other)])
    assert left.value.code == 2
    assert (other / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_a_report_of_other_runs_is_kept_and_the_message_says_of_which(good, capsys):
    folder, text, _ = good
    with pytest.raises(SystemExit):
        main(["check", "quadratic_onset", "--report", str(folder)])
    said = capsys.readouterr().err
    assert f"holds results of report of {NAME}, which those of report of quadratic_onset must not replace" in said
    assert (folder / "index.html").read_text(encoding="utf-8").count("<tr") == text.count("<tr")


def test_a_page_without_expected_values_says_nothing_is_off():
    configuration = catalogue.load(NAME)
    text = page([Entry(configuration, [], "exact", 0.1)], [], seconds=1.0, when="today")
    assert "0 of 0 values as expected" in text
    assert '<section class="none"' in text


def test_the_ledger_ships_with_the_package():
    project = tomllib.loads((Path(sl.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["docs/ledger.toml"] == "spikelearn/ledger.toml"


@pytest.mark.slow
def test_a_wrong_constant_in_a_copy_turns_exactly_its_claims_red(tmp_path):
    """One part in a hundred in the closed form of the cross-homeostatic rule, seen by model files and by tests."""
    root = Path(sl.__file__).parents[1]
    for part in ("spikelearn", "tests", "models"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "docs").mkdir()
    for part in ("docs/ledger.toml", "pyproject.toml"):
        shutil.copy(root / part, tmp_path / part)
    path = tmp_path / "spikelearn" / "rules" / "closed_forms.py"
    source = path.read_text(encoding="utf-8")
    right = "(c.W_EI * P_I + np.asarray(W_IE) * P_E)"
    assert source.count(right) == 1
    path.write_text(source.replace(right, right.replace("c.W_EI", "1.01 * c.W_EI")), encoding="utf-8")
    command = [sys.executable, "-m", "spikelearn", "check", "ei_s8_equal_rates", "ei_s9_cross_homeostatic"]
    command += [
        "--report",
        "page",
        "--json",
        *(f"--claims=003 {beginning}" for beginning in ("Eq.", "section 1", "section 2.5")),
    ]
    surroundings = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=900)
    assert done.returncode == 1, done.stdout + done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["off"] == ["ei_s9_cross_homeostatic"]
    equations = [f"003 Eq. ({k})" for k in (7, 8, 41, 42)]
    assert set(facts["claims_off"]) == {*equations, "003 Fig. S9", "003 section 2.5.2, holds for any I_ext"}
    assert facts["tests"] > 40
