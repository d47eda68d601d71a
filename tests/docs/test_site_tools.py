"""The tools that build and examine the site, with faults planted; and the pages, without building them."""

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs").is_dir():
    pytest.skip("installed without its documents", allow_module_level=True)


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_site = load(Path("docs/check_site.py"))
generate = load(Path("docs/_ext/generate.py"))
run_scripts = load(Path("docs/run_scripts.py"))
run_pictures = load(Path("docs/_ext/run_pictures.py"))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<script src="https://cdn.example/a.js"></script>', "loads https://cdn.example/a.js"),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', "loads //fonts.example/a.css"),
        ('<img src="picture.png" alt="">', "without words"),
        ('<img src="nothing.png" alt="words">', "nothing.png, which is not there"),
        ("<math><mi>a</mi><mi>&amp;</mi></math>", "signs of LaTeX in 1 places"),
        (r"<math><mi>\dddot</mi></math>", "signs of LaTeX in 1 places"),
        ('<a href="other.html#nowhere">x</a>', "a place that is not there"),
        ('<a href="missing.html">x</a>', "missing.html, which is not there"),
    ],
)
def test_a_fault_of_the_site_is_found(body, fault, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"x")
    (tmp_path / "other.html").write_text('<p id="here">x</p>')
    page = tmp_path / "index.html"
    page.write_text('<a href="other.html#here">x</a><a href="https://example.org">x</a><img src="picture.png" alt="x">')
    assert check_site.faults(tmp_path) == []
    page.write_text(page.read_text() + body)
    (found,) = check_site.faults(tmp_path)
    assert fault in found


def test_style_sheets_are_looked_at(tmp_path):
    (tmp_path / "index.html").write_text("<p>x</p>")
    (tmp_path / "a.css").write_text(
        '@font-face { src: url("https://fonts.example/a.woff2"); } p { background: url(b.png) }'
    )
    (found,) = check_site.faults(tmp_path)
    assert "a.css loads" in found
    assert check_site.faults(tmp_path / "empty") != []


def scripts(root, **texts):
    (root / "examples").mkdir(parents=True)
    (root / "analyses").mkdir()
    for name, text in texts.items():
        (root / "examples" / f"{name}.py").write_text(text)
    return root


def test_every_script_runs_and_one_that_fails_fails_all(tmp_path, capsys):
    good = "import pathlib, sys\npathlib.Path(sys.argv[1], 'a.png').write_bytes(b'x')\nprint('seen in', sys.argv[1])\n"
    root = scripts(tmp_path / "good", one=good)
    assert run_scripts.main([str(tmp_path / "out")], root) == 0
    assert (tmp_path / "out" / "examples-one" / "a.png").is_file()
    assert (tmp_path / "out" / "examples-one.txt").read_text() == "seen in FOLDER\n"
    root = scripts(tmp_path / "bad", one=good, two="import warnings\nwarnings.warn('overflow', RuntimeWarning)\n")
    assert run_scripts.main([str(tmp_path / "out2"), "--jobs", "2"], root) == 1
    printed = capsys.readouterr().out
    assert "examples/two.py" in printed
    assert "RuntimeWarning: overflow" in printed
    assert "1 of 2 scripts ran to their end" in printed
    assert run_scripts.main([str(tmp_path / "out3"), "--only", "none"], root) == 1


DRAWS = """
import sys
import matplotlib.pyplot as plt
figure, axes = plt.subplots(figsize=(4, 3))
axes.text(0.5, 0.5, "one text")
{more}
figure.savefig(sys.argv[1] + "/a.png")
print("drawn")
"""


def test_a_figure_with_a_fault_fails_its_script(tmp_path, capsys):
    over = 'axes.text(0.51, 0.51, "over another")'
    root = scripts(tmp_path, good=DRAWS.format(more=""), over=DRAWS.format(more=over))
    assert run_scripts.main([str(tmp_path / "out"), "--jobs", "2"], root) == 1
    printed = capsys.readouterr().out
    assert "figure 1: 'one text' over 'over another'" in printed
    assert "1 of 2 scripts ran to their end" in printed
    assert (tmp_path / "out" / "examples-over" / "a.png").is_file()
    assert (tmp_path / "out" / "examples-good.txt").read_text() == "drawn\n"


@pytest.mark.slow
def test_a_figure_with_a_fault_fails_its_notebook(tmp_path, capsys, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the test extra")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    draw = "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.text(0.5, 0.5, 'one text')\n"
    (tmp_path / "examples").mkdir()
    (tmp_path / "analyses").mkdir()
    for name, more in (("good", "2"), ("over", "axes.text(0.51, 0.5, 'over another');")):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(draw + more)])
        nbformat.write(notebook, tmp_path / "analyses" / f"{name}.ipynb")
    assert run_scripts.main([str(tmp_path / "out")], tmp_path) == 1
    printed = capsys.readouterr().out
    assert "'one text' over 'over another'" in printed
    assert "1 of 2 scripts ran to their end" in printed
    shown = nbformat.read(tmp_path / "out" / "notebooks" / "good.ipynb", as_version=4)
    assert [cell.source for cell in shown.cells] == [draw + "2"]


def test_ci_runs_all_scripts_and_examines_the_site():
    text = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"docs/run_scripts\.py \"\$work/output\" --jobs \d+$", text, flags=re.MULTILINE)  # no --only
    assert "sphinx -W" in text
    assert "docs/check_site.py" in text


def test_every_entry_of_the_reference_is_there_and_has_an_example_and_its_place():
    """A function or class has a doctest in its docstring, a constant has words; nothing else is in the reference."""
    without = []
    for package, names in generate.origins(ROOT).items():
        for name, module in names.items():
            thing = getattr(reached(package), name)
            words = generate.constant(ROOT, module, name)
            if words is not None:
                if len(words) < 15:
                    without.append(f"{package}.{name} has no words")
                continue
            assert callable(thing), f"{package}.{name}"
            document = inspect.getdoc(thing) or ""
            if ">>> " not in document.partition("Examples\n--------\n")[2]:
                without.append(f"{package}.{name} has no example")
            if inspect.isfunction(thing):
                parameters = [word for word in inspect.signature(thing).parameters if word != "self"]
                if parameters and "Parameters\n----------\n" not in document:
                    without.append(f"{package}.{name} does not tell its arguments")
                given = thing.__annotations__.get("return")
                if given not in ("None", "Iterator[None]") and "Returns\n-------\n" not in document:
                    without.append(f"{package}.{name} does not tell what it gives")
    assert without == []


def reached(package):
    """A room as users reach it: sl.entropy_rule is an attribute, not a module of that name."""
    found = importlib.import_module("spikelearn")
    for part in package.split(".")[1:]:
        found = getattr(found, part, None) or importlib.import_module(f"{found.__name__}.{part}")
    return found


def test_every_list_of_public_names_is_in_the_reference_or_said_to_be_within():
    """Rooms with a list of names are found by looking; each is described, is the package's own, or is in another."""
    import spikelearn as sl

    lists = {path.parent for path in (ROOT / "spikelearn").rglob("__init__.pyi")}
    lists |= {path.parent for path in (ROOT / "spikelearn").rglob("__init__.py") if "\n__all__ = [" in path.read_text()}
    rooms = {path.relative_to(ROOT / "spikelearn").as_posix().replace("/", ".").strip(".") for path in lists}
    assert rooms - generate.WITHIN == set(generate.PACKAGES) - set(generate.ONLY)
    found = generate.public_names(ROOT)
    described = {id(getattr(reached(package), name)) for package, names in found.items() for name in names}
    for room in sorted(rooms - generate.WITHIN):
        module = importlib.import_module(f"spikelearn.{room}".rstrip("."))
        missing = [name for name in module.__all__ if id(getattr(module, name)) not in described]
        assert set(missing) <= {*generate.PACKAGES, "entropy_rule", "figures"}, room
    assert sl.entropy_rule.minimiser is reached("spikelearn.models.entropy_rule").minimiser
    assert generate.colliding_names(ROOT)["spikelearn.stability"] == "spikelearn.stability-function"


def test_what_pages_name_of_the_package_is_in_the_reference():
    """``sl.room.name`` and ``sl.name`` in prose and code; and the words of the contract in the page on design."""
    listed = {f"{package}.{name}" for package, names in generate.public_names(ROOT).items() for name in names}
    listed |= {name.replace(".models.entropy_rule.", ".entropy_rule.") for name in listed}
    rooms = {
        *generate.public_names(ROOT),
        "spikelearn.analyses.figures",
        "spikelearn.models",
        "spikelearn.entropy_rule",
    }
    pages = [path for path in (ROOT / "docs").rglob("*.md") if not {"generated", "_build"} & set(path.parts)]
    missing = set()
    for path in [*pages, ROOT / "README.md", *ROOT.glob("examples/*.py")]:
        for name in re.findall(r"(?<![\w.])sl\.(\w+(?:\.\w+)?)", path.read_text(encoding="utf-8")):
            full, first = f"spikelearn.{name}", f"spikelearn.{name.partition('.')[0]}"
            if full not in listed | rooms and first not in listed:
                missing.add(f"{path.name}: sl.{name}")
    assert missing == set()
    last = {name.rpartition(".")[2] for name in listed}
    contract = (
        (ROOT / "docs" / "design.md").read_text(encoding="utf-8").partition("## The contract")[2].partition("##")[0]
    )
    for name in ("simulate", "RunSettings", "Simulable", "Recording", "check_system"):
        assert f"`{name}" in contract
        assert name in last


def test_pages_of_systems_are_linked_from_the_reference(tmp_path):
    from spikelearn.catalogue.registry import system_names

    found = generate.pages_of(ROOT)
    systems = {
        tomllib.loads(path.read_text())["model"].get("system", "EquationNeuron") for path in ROOT.glob("models/*.toml")
    }
    assert systems <= set(generate.PAGES) <= set(system_names())
    names = generate.public_names(ROOT)
    for name, text in found.items():
        package, _, own = name.rpartition(".")
        assert own in names[package], name
        for place in re.findall(r":doc:`(?:\w+ <)?(/[\w/]+)>?`", text):
            if place.startswith("/generated/models/"):
                assert (ROOT / "models" / f"{place.rpartition('/')[2]}.toml").is_file()
            else:
                assert (ROOT / "docs" / f"{place[1:]}.md").is_file(), place
    generate._reference(ROOT, tmp_path)
    text = (tmp_path / "reference.rst").read_text()
    for place in re.findall(r":doc:`(/[\w/]+)`", text):
        assert (ROOT / "docs" / f"{place[1:]}.md").is_file(), place
    assert "``COLOURS``\n   Colour by meaning." in text


def test_pages_are_generated_whole(tmp_path):
    runs = tmp_path / "runs"
    (runs / "examples-bursting").mkdir(parents=True)
    (runs / "examples-bursting" / "bursting.png").write_bytes(b"x")
    (runs / "examples-bursting.txt").write_text("rho = 4.3\n")
    generate.everything(ROOT, tmp_path / "generated", runs)
    gallery = (tmp_path / "generated" / "gallery.md").read_text()
    for path in [*ROOT.glob("examples/*.py"), *ROOT.glob("analyses/*.py")]:
        assert f":link: gallery/{path.parent.name}-{path.stem}\n" in gallery
    assert gallery.count(":img-top:") == 1
    page = (tmp_path / "generated" / "gallery" / "examples-bursting.md").read_text()
    assert "rho = 4.3" in page
    assert "](examples-bursting-bursting.png)" in page
    ledger = (tmp_path / "generated" / "ledger.md").read_text()
    rows = (ROOT / "docs" / "ledger.toml").read_text().count("[[row]]")
    assert sum(line.startswith("| ") and not line.startswith("| item") for line in ledger.splitlines()) == rows
    assert (tmp_path / "generated" / "models" / "bursting.md").read_text().count("[[expected]]") == 8
    assert set(run_scripts.MODELS) <= {path.stem for path in ROOT.glob("models/*.toml")}
    systems = (tmp_path / "generated" / "systems.md").read_text()
    assert "\n/adaptive_lif\n" in systems
    assert "/conventions" not in systems


def test_a_source_is_named_by_author_and_year():
    pytest.importorskip("sphinx", reason="sphinx comes with the docs extra")
    author_year = load(Path("docs/_ext/author_year.py"))
    assert author_year.pieces("see 003 Eq. (6)") == [
        ("see ", False), ("Soldado-Magraner et al. 2022", True), (" Eq. (6)", False),
    ]  # fmt: skip
    for text in (
        "0.002 s", "1e-003", "10000", "size 5001", "100,000 trials", "1,001 or 5,003", "003,5", "1,000,003",
        "20 000 trials",
    ):  # fmt: skip
        assert author_year.pieces(text) == [(text, False)]


def test_every_source_has_its_words_and_its_authors():
    from spikelearn.catalogue.ledger import AUTHORS, NUMBERED, SOURCES

    assert set(AUTHORS) == set(SOURCES)
    assert {short for short in AUTHORS if NUMBERED.fullmatch(short)} == set(AUTHORS) - {"ei_trials"}


SHORT = re.compile(r"(?<![\w.,\-/=#])(?:[Dd]ocuments? )?(00[0-4])(?![\w\-/=#]|\.\d)")


def test_readers_meet_no_short_number_of_a_source():
    """They stand in References sections, comments, the ledger, its file and docs/sources.md, which explain them."""
    met = []
    for path in [
        *ROOT.glob("models/*.toml"),
        *ROOT.glob("analyses/*.ipynb"),
        *ROOT.glob("*/README.md"),
        ROOT / "README.md",
    ]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if SHORT.search(re.sub(r"\d+[ ,]000", "many", line)):
                met.append(f"{path.name}: {line.strip()[:80]}")
    for path in [*(ROOT / "spikelearn").rglob("*.py"), *ROOT.glob("examples/*.py"), *ROOT.glob("analyses/*.py")]:
        if path.name == "ledger.py" or not SHORT.search(source := path.read_text(encoding="utf-8")):
            continue
        tree = ast.parse(source)
        keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
                if "00" not in node.value:
                    continue
                text = re.sub(r"References\n *-{10}\n.*?(?=\n\n *\w+\n *-{3,}|\Z)", "", node.value, flags=re.DOTALL)
                if found := SHORT.search(text):
                    met.append(f"{path.relative_to(ROOT)}:{node.lineno} {found[0]}")
    assert met == []
    for text in ("document 003 Eq. (6)", "after 003 Eq. (6)", "Fig. S8 of 003."):
        assert SHORT.search(text)


def test_pictures_have_words_and_links_between_pages_lead_somewhere():
    pages = [
        path for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts and "_build" not in path.parts
    ]
    assert len(pages) > 30
    for path in [*pages, ROOT / "README.md"]:
        text = re.sub(r"^(`{3,}).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r"`[^`\n]*`", "", text)
        for mark, words, place in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", text):
            assert not mark or len(words) > 10, f"{path.name}: {place} has no words"
            if not re.match(r"[a-z]+:|#|(\.\./)?generated/", place):
                assert (path.parent / place.partition("#")[0]).exists(), f"{path.name} leads to {place}"


WITH_DOCTESTS = ("absolute_values.py", "run_pictures.py")


def test_the_doctests_of_the_tools():
    done = subprocess.run(
        [sys.executable, "-m", "doctest", *(str(ROOT / "docs" / "_ext" / name) for name in WITH_DOCTESTS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_page_is_in_a_list_of_pages(tmp_path):
    generate.everything(ROOT, tmp_path / "generated")
    listed = set()
    for path in [*(ROOT / "docs").rglob("*.md"), *(tmp_path / "generated").glob("*.md")]:
        for block in re.findall(r"```\{toctree\}\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL):
            for line in block.splitlines():
                place = ROOT / "docs" / line[1:] if line.startswith("/") else path.parent / line
                listed.add(place.with_suffix(".md").name)
    names = [path for path in (ROOT / "docs").rglob("*.md") if not {"generated", "_build"} & set(path.parts)]
    assert {path.name for path in names} - listed == {"README.md", "index.md"} - listed


def test_a_comment_becomes_the_picture_of_a_run_and_what_it_printed(tmp_path):
    (tmp_path / "models-a").mkdir()
    (tmp_path / "models-a" / "figure.png").write_bytes(b"x")
    (tmp_path / "models-a.txt").write_text("      name\nrate  5 Hz  ok\n")
    page = "A\n\n<!-- picture: models-a/figure.png | A raster -->\n\n<!-- printed: models-a -->\n\n"
    page += "<!-- picture: models-b/figure.png | Not run -->\n\n<!-- printed: models-b -->\n"
    found = run_pictures.shown(page, tmp_path, tmp_path / "into", "../pictures/")
    assert found.split("\n\n")[:3] == [
        "A", "![A raster](../pictures/models-a-figure.png)", "```text\n      name\nrate  5 Hz  ok\n```",
    ]  # fmt: skip
    assert "models-b" not in found
    assert (tmp_path / "into" / "models-a-figure.png").read_bytes() == b"x"


def test_the_comparison_of_a_run_becomes_a_table(tmp_path):
    (tmp_path / "models-a.txt").write_text(
        "A title (exact)\n\n"
        "quantity  formula  predicted   measured        error    verdict\n"
        "--------  -------  ----------  --------------  -------  -------\n"
        "rate      rate     5 Hz        5.1 Hz          2.0e-02  ok\n"
        "weights            [1, 2] Hz   [1, 2, ...] Hz           ok\n\n"
        "figure, data and manifest in FOLDER\n"
    )
    found = run_pictures.shown("<!-- printed: models-a -->\n", tmp_path, tmp_path / "into", "")
    assert found.splitlines() == [
        "| quantity | predicted | measured | error | verdict |", "|---|---|---|---|---|",
        "| `rate` | [5 Hz]{.value} | [5.1 Hz]{.value} | [2.0e-02]{.value} | [ok]{.value} |",
        r"| `weights` | \[1, 2\] Hz | \[1, 2, ...\] Hz |  | [ok]{.value} |",
    ]  # fmt: skip
    text = (tmp_path / "models-a.txt").read_text().replace("rate      rate ", "rate      other")
    assert run_pictures.comparison(text).splitlines()[2].startswith("| `rate` | [5 Hz]{.value} by `other` |")
    assert run_pictures.comparison("name  value\n----  -----\na     1\n") is None


def test_every_system_has_a_page_with_a_picture_a_comparison_and_what_to_change():
    from spikelearn.catalogue.registry import system_names

    assert len(system_names()) > 15
    assert set(system_names()) == set(generate.PAGES)
    for name in system_names():
        text = (ROOT / "docs" / f"{generate.PAGES[name]}.md").read_text(encoding="utf-8")
        assert run_pictures.PICTURE.search(text), f"the page of {name} has no picture"
        assert run_pictures.PRINTED.search(text), f"the page of {name} shows nothing that was printed"
        assert re.search(r"^## What to change$", text, flags=re.MULTILINE), f"the page of {name} has no such section"
        assert "generated/models" in text, f"the page of {name} leads to no model file"


def test_pages_show_only_runs_that_are_made():
    scripts = [path for kind in ("examples", "analyses") for path in ROOT.glob(f"{kind}/*.py")]
    made = {f"{path.parent.name}-{path.stem}" for path in scripts}
    made |= {f"models-{name}" for name in run_scripts.MODELS}
    shown = []
    for path in (ROOT / "docs").rglob("*.md"):
        if not {"generated", "_build", "README.md"} & set(path.parts):
            text = path.read_text(encoding="utf-8")
            shown += [name.partition("/")[0] for name, _ in run_pictures.PICTURE.findall(text)]
            shown += run_pictures.PRINTED.findall(text)
            assert text.count("<!-- p") == len(run_pictures.PICTURE.findall(text) + run_pictures.PRINTED.findall(text))
    assert len(shown) > 10
    assert set(shown) <= made
