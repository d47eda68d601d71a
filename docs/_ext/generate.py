"""Pages that are made of what the repository holds: reference, systems, ledger, errata, gallery, notebooks."""

from __future__ import annotations

import ast
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from spikelearn.catalogue.ledger import author_year
from spikelearn.catalogue.typeset import typeset

__all__ = ["colliding_names", "everything", "public_names"]

PACKAGES = (
    "",
    "analyses",
    "derivatives",
    "interop",
    "network",
    "sources",
    "rules",
    "sweeps",
    "symbolic",
    "plotting",
    "catalogue",
)
# The page that tells of a system.
PAGES = {
    "AdaptiveLIF": "adaptive_lif", "Network": "networks", "EquationNeuron": "howto/own_neuron",
    "QuadraticNeuron": "howto/own_neuron", "CommonDrive": "coding", "GainModulatedPoisson": "coding",
    "InhomogeneousPoisson": "coding", "LinearNonlinear": "triggered", "EIRates": "ei_rate", "EITrials": "ei_trials",
    "EIUnits": "ei_units", "EIOnline": "ei_units", "EntropyRule": "entropy_rule", "EscapeNoise": "escape_noise",
    "LowRank": "low_rank", "TangentKernel": "tangent_kernel", "UpStateNetwork": "up_state_network",
}  # fmt: skip
# Pages at the top of docs/ that are no page of a system.
OTHERS = {
    "index", "README", "trust", "coming_from", "conventions", "exam", "sources", "design", "style", "promises", "texts",
    "exact_engine", "command_line",
}  # fmt: skip


def public_names(root: Path) -> dict[str, list[str]]:
    """Give what every public package exports, functions and classes, from its list of names."""
    found = {}
    for package in PACKAGES:
        folder = root / "spikelearn" / package
        path = folder / "__init__.pyi"
        if path.is_file():
            names = [
                alias.asname or alias.name
                for node in ast.parse(path.read_text(encoding="utf-8")).body
                if isinstance(node, ast.ImportFrom) and node.module
                for alias in node.names
            ]
            names = [name for name in names if not (folder / name).is_dir() and name != "figures"]
        else:
            names = _exported(folder / "__init__.py") or _exported(folder.with_suffix(".py"))
        full = f"spikelearn.{package}".rstrip(".")
        names = [name for name in names if name not in found.get("spikelearn", ())]  # described once
        if names:
            found[full] = sorted(set(names), key=lambda name: (name.lower(), name))
    return found


def _exported(path: Path) -> list[str]:
    if not path.is_file():
        return []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def colliding_names(root: Path) -> dict[str, str]:
    """Give other file names to functions that differ from a class by capitals alone, as file systems may not tell."""
    found: dict[str, str] = {}
    for package, names in public_names(root).items():
        lower = [name.lower() for name in names]
        for name in names:
            if lower.count(name.lower()) > 1 and name == name.lower():
                found[f"{package}.{name}"] = f"{package}.{name}-function"
    return found


def everything(root: Path, into: Path, runs: Path | None = None) -> None:
    """Make all pages anew in the folder `into`; `runs` is what docs/run_scripts.py wrote."""
    shutil.rmtree(into, ignore_errors=True)
    (into / "reference").mkdir(parents=True)
    _reference(root, into)
    _systems(root, into)
    rows = tomllib.loads((root / "docs" / "ledger.toml").read_text(encoding="utf-8"))["row"]
    _ledger(rows, into)
    _errata(rows, into)
    _gallery(root, into, runs)
    _notebooks(root, into, runs)
    _models(root, into, runs)


def _reference(root: Path, into: Path) -> None:
    titles = {"spikelearn": "spikelearn: models, runs, spike trains, rules"}
    lines = ["Reference", "=========", ""]
    lines += [
        "What users call, from the lists of public names. Each entry has its arguments, shapes, units and an example.",
        "",
    ]
    for package, names in public_names(root).items():
        title = titles.get(package, package)
        lines += [title, "-" * len(title), "", f".. currentmodule:: {package}", ""]
        lines += [".. autosummary::", "   :toctree: reference", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in names] + [""]
    (into / "reference.rst").write_text("\n".join(lines), encoding="utf-8")


def _systems(root: Path, into: Path) -> None:
    pages = sorted(path for path in (root / "docs").glob("*.md") if path.stem not in OTHERS)
    text = "# Systems and analyses\n\nOne page each: the question, the equations, code, what was predicted beside "
    text += "what was measured, and where a source is wrong.\n\n"
    text += "[Model files](models.md) has the figure of each system with its table of predicted, expected and measured "
    text += "values, the file that makes it, and how to change it.\n\n"
    text += "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(f"/{path.stem}" for path in pages) + "\nmodels\n```\n"
    (into / "systems.md").write_text(text, encoding="utf-8")


def _cell(text: str) -> str:
    """Write a text as one cell of a table, with nothing in it read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>|$])", r"\\\1", " ".join(text.split()))


def _source(document: str) -> str:
    """Give the heading of a source; its short number becomes author and year when the page is built."""
    return f"Document {document}" if document.isdigit() else author_year(document)


def _formula(text: str) -> str:
    """Write a formula of the ledger as HTML of which Markdown reads nothing."""
    shown = typeset(text)
    for letter in "*[]{}|_`$":
        shown = shown.replace(letter, f"&#{ord(letter)};")
    return f'<br><span class="printed">{shown}</span>' if text else ""


def _ledger(rows: list[dict[str, Any]], into: Path) -> None:
    text = "# The ledger\n\nEvery numbered equation, figure and claim of the source documents, the formula as it is "
    text += "printed, whether it is right, and the test that shows it.\n"
    text += "The file itself is `docs/ledger.toml`; a test asks that every function and test named here exists.\n\n"
    text += "`spikelearn check --report DIR` puts these rows onto one page of your own, beside what your installation "
    text += "measures; from a checkout, `--tests` runs the tests named here and shows what they compared: "
    text += "[Why to trust it](../trust.md).\n"
    for document in sorted({row["document"] for row in rows}):
        these = [row for row in rows if row["document"] == document]
        counts = {
            status: sum(row["status"] == status for row in these) for status in sorted({r["status"] for r in these})
        }
        text += f"\n## {_source(document)}\n\n{', '.join(f'{n} {status}' for status, n in counts.items())}.\n\n"
        text += "| item | status | what is so | function and test |\n|---|---|---|---|\n"
        for row in these:
            test = row.get("test", "").split("::")[-1]
            code = [f"`{word}`" for word in (row.get("function", "").removeprefix("spikelearn."), test) if word]
            place = _cell(row["item"]) + _formula(row.get("formula", ""))
            text += f"| {place} | {row['status']} | {_cell(row.get('reason', ''))} | {'<br>'.join(code)} |\n"
    (into / "ledger.md").write_text(text, encoding="utf-8")


def _errata(rows: list[dict[str, Any]], into: Path) -> None:
    wrong = [row for row in rows if row["status"] in ("wrong", "typo")]
    text = f"# Errata of the sources\n\n{len(wrong)} of {len(rows)} items of the sources are wrong or misprinted. "
    text += "What holds instead, and the test that shows it:\n"
    for document in sorted({row["document"] for row in wrong}):
        text += f"\n## {_source(document)}\n\n"
        text += "| item | | what holds | test |\n|---|---|---|---|\n"
        for row in wrong:
            if row["document"] == document:
                test = row.get("test", "").split("::")[-1]
                text += f"| {_cell(row['item'])} | {row['status']} | {_cell(row.get('reason', ''))} | `{test}` |\n"
    (into / "errata.md").write_text(text, encoding="utf-8")


def _gallery(root: Path, into: Path, runs: Path | None) -> None:
    folder = into / "gallery"
    folder.mkdir()
    text = "# Gallery\n\n"
    if runs:
        text += "Every script below was run for this page: its picture and what it prints are those of that run.\n"
    else:
        text += "The scripts alone, without their pictures: they were not run for this page.\n"
    for kind, title in (
        ("examples", "Examples: one idea each"),
        ("analyses", "Studies: figures and tables of the sources"),
    ):
        text += f"\n## {title}\n\n::::{{grid}} 1 2 2 3\n:gutter: 3\n\n"
        names = []
        for path in sorted((root / kind).glob("*.py")):
            headline, rest = _docstring(path)
            name = f"{kind}-{path.stem}"
            names.append(name)
            pictures = sorted((runs / name).rglob("*.png")) if runs else []
            kept = []
            for picture in pictures:
                kept.append(f"{name}-{picture.stem}.png")
                shutil.copyfile(picture, folder / kept[-1])
            _script_page(path, folder / f"{name}.md", headline, rest, kept, runs and runs / f"{name}.txt")
            card = f":::{{grid-item-card}} {_title(path.stem)}\n:link: gallery/{name}\n:link-type: doc\n"
            if kept:
                card += f":img-top: gallery/{kept[0]}\n:img-alt: Figure of {path.stem}\n"
            text += f"{card}\n{headline}\n:::\n"
        text += "::::\n\n```{toctree}\n:hidden:\n\n" + "\n".join(f"gallery/{name}" for name in names) + "\n```\n"
    text += "\n## Notebooks\n\nText, code and outcome in one: [notebooks](notebooks.md).\n\n"
    text += "```{toctree}\n:hidden:\n\nnotebooks\n```\n"
    (into / "gallery.md").write_text(text, encoding="utf-8")


def _title(stem: str) -> str:
    """Make a title of the name of a script."""
    return re.sub(r"^Ei\b", "E/I", stem.replace("_", " ").capitalize())


def _docstring(path: Path) -> tuple[str, str]:
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem
    headline, _, rest = words.partition("\n")
    return headline.strip(), rest.strip().replace("``", "`")


def _script_page(path: Path, page: Path, headline: str, rest: str, pictures: list[str], printed: Path | None) -> None:
    source = path.read_text(encoding="utf-8")
    first = ast.parse(source).body[0]
    if isinstance(first, ast.Expr):  # the docstring stands above already
        source = "".join(source.splitlines(keepends=True)[first.end_lineno :]).lstrip()
    text = f"# {_title(path.stem)}\n\n{headline}\n\n{rest}\n\n"
    for picture in pictures:
        text += f"![Figure that {path.name} makes: {headline}]({picture})\n\n"
    if printed and printed.is_file() and printed.read_text(encoding="utf-8").strip():
        text += f"It prints\n\n````text\n{printed.read_text(encoding='utf-8').strip()}\n````\n\n"
    text += f"## `{path.parent.name}/{path.name}`\n\n````python\n{source.rstrip()}\n````\n"
    page.write_text(text, encoding="utf-8")


def _notebooks(root: Path, into: Path, runs: Path | None) -> None:
    folder = into / "notebooks"
    folder.mkdir()
    names = []
    for path in sorted((root / "analyses").glob("*.ipynb")):
        executed = runs / "notebooks" / path.name if runs else path
        notebook = json.loads((executed if executed.is_file() else path).read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):  # a picture needs words for who cannot see it
                    output.setdefault("metadata", {})["image/png"] = {"alt": f"Figure in the notebook {path.stem}"}
        (folder / path.name).write_text(json.dumps(notebook), encoding="utf-8")
        names.append(path.stem)
    text = (
        "# Notebooks\n\nText, code and outcome in one; the files are in `analyses/`.\n\n```{toctree}\n:maxdepth: 1\n\n"
    )
    (into / "notebooks.md").write_text(
        text + "\n".join(f"notebooks/{name}" for name in names) + "\n```\n", encoding="utf-8"
    )


def _models(root: Path, into: Path, runs: Path | None) -> None:
    folder = into / "models"
    folder.mkdir()
    files: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((root / "models").glob("*.toml")):
        source = path.read_text(encoding="utf-8")
        facts = tomllib.loads(source)
        system = str(facts["model"].get("system", "EquationNeuron"))
        files.setdefault(system, []).append((path.stem, str(facts["title"])))
        text = f"# {path.stem}\n\n{_cell(str(facts['title']))}.\n\n"
        page = PAGES.get(system, "")
        if page and (root / "docs" / f"{page}.md").is_file():
            text += f"The system is `{system}`: [question, equations and code](../../{page}.md).\n\n"
        picture = runs / f"models-{path.stem}" / "figure.png" if runs else None
        if picture and picture.is_file():
            shutil.copyfile(picture, folder / f"{path.stem}.png")
            text += f"![Figure of the run {path.stem}: {_cell(str(facts['title']))}]({path.stem}.png)\n\n"
        printed = runs / f"models-{path.stem}.txt" if runs else None
        if printed and printed.is_file():
            text += "*Predicted* is the theory, *expected* an independent computation, *measured* the simulation.\n\n"
            text += f"```text\n{printed.read_text(encoding='utf-8').strip()}\n```\n\n"
        text += f"## To run and to change it\n\n```sh\nspikelearn run {path.stem}\nspikelearn systems {system}"
        text += (
            f"      # its parameters, quantities and formulas\nspikelearn copy {path.stem}      # a file of your own\n"
        )
        text += "```\n\n"
        text += "`--set NAME=VALUE` changes a parameter for one run. This is the file:\n\n"
        text += f"```toml\n{source.strip()}\n```\n"
        (folder / f"{path.stem}.md").write_text(text, encoding="utf-8")
    text = "# Model files\n\nEach is a published or textbook case with the values that it must give.\n"
    for system, found in sorted(files.items()):
        text += f"\n## {system}\n\n" + "".join(
            f"- [{stem}](models/{stem}.md): {_cell(title)}\n" for stem, title in found
        )
    names = "\n".join(f"models/{stem}" for found in files.values() for stem, _ in found)
    (into / "models.md").write_text(f"{text}\n```{{toctree}}\n:hidden:\n\n{names}\n```\n", encoding="utf-8")
