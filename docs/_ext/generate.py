"""Pages that are made of what the repository holds: reference, systems, ledger, errata, gallery, notebooks."""

from __future__ import annotations

import ast
import functools
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from spikelearn.catalogue.ledger import author_year
from spikelearn.catalogue.typeset import typeset

__all__ = ["colliding_names", "constant", "everything", "origins", "pages_of", "public_names"]

# Every room with names for users: its words on the page of reference, and the pages that tell of it.
PACKAGES = {
    "": ("models, runs, spike trains, rules", ("start/tutorial", "conventions")),
    "analyses": ("statistics of spike trains", ("spike_trains", "coding", "triggered", "surrogates")),
    "derivatives": ("derivatives of spike times, fits, exponents", ("derivatives",)),
    "interop": ("files and objects of other packages", ("howto/own_data", "spike_trains")),
    "network": ("networks and their synapses", ("networks", "exact_engine")),
    "sources": ("spike sources of known statistics", ("coding", "triggered")),
    "rules": ("plasticity rules of rate models", ("ei_rate", "howto/own_rule")),
    "symbolic": ("rules from a loss", ("loss_to_rule",)),
    "sweeps": ("sweeps over grids", ("sweeps", "howto/sweeps")),
    "plotting": ("figures", ()),
    "catalogue": ("model files and systems", ("command_line", "howto/own_neuron")),
    "models.entropy_rule": ("learning by relative entropy, also ``sl.entropy_rule``", ("entropy_rule",)),
    "models.ei_trials": ("E/I populations in trials", ("ei_trials",)),
    "models.ei_units": ("many E and I units", ("ei_units",)),
    "models.escape_noise": ("escape-noise neurons and variational learning", ("escape_noise",)),
    "models.low_rank": ("networks of low rank", ("low_rank",)),
    "models.up_state_network": ("the spiking network with Up states", ("up_state_network",)),
    "eventdriven": ("the exact engine by itself", ("exact_engine",)),
    "simulation.simulable": ("what a model must give to be simulated", ("design",)),
    "compiled": ("compiled code", ("exact_engine",)),
}
# Rooms whose names are for the package itself and for who extends it; the command line has a page of its own.
WITHIN = {"parameters", "cli"}
# Public names of a file whose other names are the package's own.
ONLY = {"compiled": ("silent",), "simulation.simulable": ("RunSettings", "Runner", "Simulable")}
# The page that tells of a system.
PAGES = {
    "AdaptiveLIF": "adaptive_lif", "Network": "networks", "EquationNeuron": "equation_neuron",
    "QuadraticNeuron": "quadratic", "CommonDrive": "coding", "GainModulatedPoisson": "coding",
    "InhomogeneousPoisson": "coding", "LinearNonlinear": "triggered", "EIRates": "ei_rate", "EITrials": "ei_trials",
    "EIUnits": "ei_units", "EIOnline": "ei_units", "EntropyRule": "entropy_rule", "EscapeNoise": "escape_noise",
    "LowRank": "low_rank", "TangentKernel": "tangent_kernel", "UpStateNetwork": "up_state_network",
    "GammaModulatedPoisson": "coding", "OUModulatedPoisson": "coding",
}  # fmt: skip
# Systems of model files that have another name in Python.
RUN_BY = {"EITrials": ("run_trials", "TrialCase"), "EIOnline": ("OnlineCase",)}
# Pages at the top of docs/ that are no page of a system.
OTHERS = {
    "index", "README", "trust", "coming_from", "conventions", "exam", "sources", "design", "style", "promises", "texts",
    "exact_engine", "command_line",
}  # fmt: skip


def public_names(root: Path) -> dict[str, list[str]]:
    """Give what every public room exports, from its list of names; each function and class once, constants as well."""
    return {package: sorted(names, key=lambda name: (name.lower(), name)) for package, names in origins(root).items()}


def origins(root: Path) -> dict[str, dict[str, str]]:
    """Give for every public room its names, each with the module in which it is defined."""
    found: dict[str, dict[str, str]] = {}
    described: set[tuple[str, str]] = set()
    for package in PACKAGES:
        room = package.replace(".", "/")
        given = _named(root / "spikelearn" / room, f"spikelearn/{room}".rstrip("/"))
        names = {
            name: _defined(root, module, name) for name, module in given.items() if name in ONLY.get(package, given)
        }
        names = {name: module for name, module in names.items() if (module, name) not in described}
        described |= {(module, name) for name, module in names.items()}
        if names:
            found[f"spikelearn.{package}".rstrip(".")] = names
    return found


@functools.cache
def _named(folder: Path, room: str) -> dict[str, str]:
    """Give the names in a room's list, or in ``__all__`` of a file, with the modules from which they come."""
    here = room.replace("/", ".")
    stub, plain = folder / "__init__.pyi", folder / "__init__.py"
    if stub.is_file():
        nodes = [node for node in ast.parse(stub.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
        return {
            alias.asname or alias.name: f"{here}.{node.module}"
            for node in nodes
            if node.module
            for alias in node.names
            # A room within the room, such as sl.entropy_rule, has a part of its own.
            if not (folder / node.module.replace(".", "/") / alias.name).is_dir() and alias.name != "figures"
        }
    path = plain if plain.is_file() else folder.with_suffix(".py")
    body = ast.parse(path.read_text(encoding="utf-8")).body
    exported = [
        str(name)
        for node in body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for name in ast.literal_eval(node.value)
    ]
    modules = {
        alias.name: str(node.module) for node in body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return {name: modules.get(name, here) for name in exported}


def _defined(root: Path, module: str, name: str) -> str:
    """Follow a name through the lists of rooms to the module that defines it."""
    folder = root / module.replace(".", "/")
    if not (folder / "__init__.pyi").is_file():
        return module
    return _defined(root, _named(folder, module.replace(".", "/"))[name], name)


@functools.cache
def _read(path: Path) -> tuple[list[ast.stmt], list[str]]:
    source = (path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py").read_text("utf-8")
    return ast.parse(source).body, source.splitlines()


def constant(root: Path, module: str, name: str) -> str | None:
    """Give the words that stand with a constant: the text below it, or the comment above; None where it is none."""
    body, lines = _read(root / module.replace(".", "/"))
    for place, node in enumerate(body):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") != name:
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            return " ".join(after.value.value.split())
        above = []
        for line in reversed(lines[: node.lineno - 1]):
            if not line.startswith("# "):
                break
            above.insert(0, line[2:])
        return " ".join(above)
    return None


def pages_of(root: Path) -> dict[str, str]:
    """Give for what runs a system the words with links to its page and its model files, for its page of reference."""
    files: dict[str, list[str]] = {}
    for path in sorted((root / "models").glob("*.toml")):
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        files.setdefault(str(facts["model"].get("system", "EquationNeuron")), []).append(path.stem)
    inside = {name: package for package, names in origins(root).items() for name in names}
    found = {}
    for system, page in PAGES.items():
        for name in RUN_BY.get(system, (system,)):
            links = ", ".join(f":doc:`{stem} </generated/models/{stem}>`" for stem in files.get(system, ()))
            text = f"Question, equations and code: :doc:`/{page}`."
            found[f"{inside[name]}.{name}"] = text + (f" Model files: {links}." if links else "")
    return found


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
    lines = ["Reference", "=========", ""]
    lines += [
        "What users call, from the lists of public names. Each function and class has its arguments, shapes, units and "
        "an example that runs in the tests.",
        "",
    ]
    for package, found in origins(root).items():
        words, pages = PACKAGES[package.removeprefix("spikelearn").removeprefix(".")]
        title = f"{package}: {words}"
        lines += [title, "-" * len(title), "", f".. currentmodule:: {package}", ""]
        if pages:
            lines += [f"Told at length: {', '.join(f':doc:`/{page}`' for page in pages)}.", ""]
        said = {name: constant(root, module, name) for name, module in found.items()}
        names = [name for name in public_names(root)[package] if said[name] is None]
        if names:
            lines += [".. autosummary::", "   :toctree: reference", "   :nosignatures:", ""]
            lines += [f"   {name}" for name in names] + [""]
        for name in sorted(name for name, text in said.items() if text is not None):
            lines += [f"``{name}``", f"   {said[name]}", ""]
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
                test = f"`{row['test'].split('::')[-1]}`" if row.get("test") else "none"
                text += f"| {_cell(row['item'])} | {row['status']} | {_cell(row.get('reason', ''))} | {test} |\n"
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
