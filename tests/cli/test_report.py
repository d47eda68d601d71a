"""The report: whole, without a request to the outside, and red where a constant is wrong."""

import re
import tomllib
from pathlib import Path

import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue.report import SOURCES, Entry, ledger_rows, page
from spikelearn.cli import main
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
    assert text.count("<tr><td>") == len(wrong)
    assert all(row.get("test") or row.get("reason") for row in wrong)


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
    assert "formula off" in text
    assert '<section class="off" id="regular_firing">' in text
    assert "values as expected</p>" in text
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


def test_a_page_without_expected_values_says_nothing_is_off():
    configuration = catalogue.load(NAME)
    text = page([Entry(configuration, [], "exact", 0.1)], [], seconds=1.0, when="today")
    assert "0 of 0 values as expected" in text
    assert '<section class="none"' in text


def test_the_ledger_ships_with_the_package():
    project = tomllib.loads((Path(sl.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["docs/ledger.toml"] == "spikelearn/ledger.toml"
