"""The tools that build and examine the site, with faults planted; and the pages, without building them."""

import importlib.util
import re
import subprocess
import sys
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


def test_public_names_are_all_in_the_reference(tmp_path):
    import spikelearn as sl

    found = generate.public_names(ROOT)
    assert {"simulate", "AdaptiveLIF", "SpikeTrains", "sweep"} <= set(found["spikelearn"])
    for package, names in found.items():
        module = importlib.import_module(package)
        assert all(hasattr(module, name) for name in names), package
    described = {name for names in found.values() for name in names}
    modules = {name for name in dir(sl) if (ROOT / "spikelearn" / name).is_dir()}
    assert {name for name in dir(sl) if name[0] != "_"} - modules - described <= {"check", "entropy_rule", "plotting"}
    assert generate.colliding_names(ROOT)["spikelearn.stability"] == "spikelearn.stability-function"


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
    for text in ("0.002 s", "1e-003", "10000", "size 5001"):
        assert author_year.pieces(text) == [(text, False)]


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


def test_the_doctests_of_the_tools():
    done = subprocess.run(
        [sys.executable, "-m", "doctest", str(ROOT / "docs" / "_ext" / "absolute_values.py")],
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
