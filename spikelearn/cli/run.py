"""The command run: data first, then table, figure and manifest, in a folder named after what was set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikelearn import catalogue
from spikelearn.cli.answers import Answer
from spikelearn.cli.catalogue import table
from spikelearn.cli.drawing import drawable, saved_figure
from spikelearn.cli.naming import run_label, run_words
from spikelearn.storage.earlier import CONTENT, content_digest, link
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import origin, own_files, write_manifest

__all__ = ["run_and_write"]


def run_and_write(
    name: str,
    output: Path | None,
    *,
    changes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
    engine: str | None,
    target: str,
    progress: bool,
) -> Answer:
    """Run a configuration and write data, then table, figure and manifest into a folder, whole or not at all.

    The data are saved before anything is calculated from them: a figure that cannot be drawn, or a formula that takes
    for ever, costs the figure and not the run.

    Parameters
    ----------
    name : str
        Configuration or model file.
    output : Path or None
        The folder; ``runs/NAME`` with everything that was set if not given. Only an earlier run of the same file with
        the same settings is replaced; if the file has changed since, it is kept as ``NAME.1``.
    changes, words : mapping, optional
        Values laid over the file, and the same as they were written; see `spikelearn.cli.settings.read_changes`.
    engine, target, progress
        As for `spikelearn.catalogue.run`.

    Returns
    -------
    Answer
        The table and what was written; the status is 0 if every expected value was met and the figure is there, 130 if
        the run was interrupted, else 1.
    """
    configuration = catalogue.load(name, changes)
    words = words or {}
    label = run_label(configuration.name, words, engine, target)
    folder = output or Path("runs") / label
    source = _source(name, configuration, label)
    place: dict[str, Any] = {"overwrite": True, "kind": "recording", "source": source}
    with whole_folder(folder, inputs=[configuration.path], **place) as temporary:
        recording = catalogue.run(configuration, engine=engine, target=target, progress=progress)
        recording.write_into(temporary, source=source)
        saved = own_files(temporary)[1]["files"]
    try:
        result = catalogue.check(configuration, recording)
    except KeyboardInterrupt:
        return _interrupted(folder)
    except Exception as error:
        error.args = (f"{error}; the data are in {folder}",)
        raise
    said = run_words(words, engine, target)
    try:
        with whole_folder(folder, **place) as temporary:
            result.to_csv(temporary / "check.csv", index=False)
            title = "\n".join(drawable(line) for line in (configuration.title, ", ".join(said)) if line)
            trouble = saved_figure(
                lambda: configuration.system.figure(configuration.model, recording, title), temporary / "figure.png"
            )
            if not _taken_over(folder, temporary, saved, {"source": source, "provenance": recording.provenance}):
                recording.write_into(temporary, source=source)
    except KeyboardInterrupt:
        return _interrupted(folder)
    made = recording.provenance
    how = made.get("engine", "")
    if made.get("target"):
        how += f", {made['target']}, dt = {made['dt']:g} s"
    heading = f"{configuration.title} ({how})" + (f"\nwith {', '.join(said)}" if said else "")
    body = table(result) if len(result) else "no expected values: nothing to compare"
    if len(result) and not configuration.comparable:
        body += "\n\nnothing is compared: what the file expects is about other values; errors are from the formulas"
    written = (
        f"data and manifest in {folder}; no figure: {trouble}" if trouble else f"figure, data and manifest in {folder}"
    )
    interrupted = bool(made.get("interrupted", False))
    if interrupted:
        body += f"\n\ninterrupted at {made.get('reached', 0.0):g} s: this is the result so far"
    passed = all(verdict.startswith(("ok", "not compared")) for verdict in result["verdict"]) and not trouble
    facts = {
        "configuration": configuration.name,
        "title": configuration.title,
        "settings": dict(words),
        **{key: made.get(key) for key in ("engine", "target", "dt", "seed") if made.get(key) is not None},
        "folder": str(folder),
        "files": sorted(own_files(folder)[0]),
        "compared": configuration.comparable,
        "interrupted": interrupted,
        "trouble": trouble,
    }
    text = f"{heading}\n\n{body}\n\n{written}"
    return Answer(text, result.to_dict("records"), facts, 130 if interrupted else int(not passed))


def _interrupted(folder: Path) -> Answer:
    """Say that the run itself is not lost."""
    return Answer(
        f"interrupted; the data are in {folder}", facts={"folder": str(folder), "interrupted": True}, status=130
    )


def _source(name: str, configuration: Any, label: str) -> dict[str, str]:
    """Say what a run was made from: only a run of the same file with the same settings replaces it."""
    file = name.endswith(".toml")
    source = origin(configuration.path) if file else {"name": configuration.name, "catalogue": "spikelearn"}
    source[CONTENT] = content_digest(configuration.path)
    if label != configuration.name:
        source["name"] += f" as {label}"
    return source


def _taken_over(folder: Path, temporary: Path, saved: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Take the data that are saved already over into the new folder, without writing them again.

    Gives False, and leaves the files to be written, where somebody else has replaced them in the meantime.
    """
    try:
        for name in saved:
            link(folder / name, temporary / name)
        write_manifest(temporary, "recording", content)
        found = own_files(temporary)[1]["files"]
    except OSError:
        found = {}
    if all(found.get(name) == facts for name, facts in saved.items()):
        return True
    for name in saved:
        (temporary / name).unlink(missing_ok=True)
    return False
