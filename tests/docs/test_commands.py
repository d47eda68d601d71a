"""Command lines of README and pages are run for real, beside the files that they name; tables are compared."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.catalogue.folder import names

ROOT = Path(sl.__file__).resolve().parents[1]
if not (ROOT / "docs").is_dir():
    pytest.skip("installed without its documents", allow_module_level=True)

spec = importlib.util.spec_from_file_location("documented_commands", ROOT / "tests" / "cli" / "test_docs.py")
documents = importlib.util.module_from_spec(spec)
spec.loader.exec_module(documents)

# Commands that are not run here, and why; each is parsed by tests/cli/test_docs.py.
NOT_RUN = {
    ("check",): "runs every model file, minutes: .ci/run does",
    ("check", "--report", "report"): "the same, with figures",
    ("check", "--report", "report", "--tests"): "the same, with all tests of the ledger",
    ("check", "faster_regular"): "of a file that the page lets the reader write: tests/test_contributing.py",
    (
        "run",
        "bursting",
        "--engine",
        "brian2",
    ): "compiles, then 300,000 steps, a minute: tests/models/adaptive_lif runs it shorter",
    ("run", "bursting", "--engine", "brian2", "--dt", "0.05 ms"): "the same with 600,000 steps",
    ("targets",): "compiles C++ on every target",
    ("sweep", "--status", "runs/NAME-sweep"): "NAME stands for a name of the reader's",
}
# The command alone, or with what stands for a reader's own word.
AS_SUCH = {"run", "analyse", "derive", "new", "copy", "show", "sweep", "completion", "fit"}


def commands_of_pages():
    """Every command once, with the first page that has it; `new` and `copy` where they stand, for what follows them."""
    found, seen = {}, set()
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for path in pages:
        if {"generated", "_build"} & set(path.parts) or path.name == "README.md" and path.parent.name == "docs":
            continue
        page = path.relative_to(ROOT).as_posix()
        for words in documents.commands(page):
            command = tuple(words)
            if command in NOT_RUN or (len(words) == 1 and words[0] in AS_SUCH):
                continue
            # `check` runs each model file and its report draws it; here one of them, of which README shows the table.
            if words[0] == "run" and len(words) == 2 and words[1] in set(names()) - {"bursting"}:
                continue
            if command not in seen or words[0] in ("new", "copy"):
                found.setdefault(page, {})[command] = None
                seen.add(command)
    return {page: list(commands) for page, commands in found.items()}


def spikelearn(words, folder):
    place = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return subprocess.run(
        [sys.executable, "-m", "spikelearn", *words], cwd=folder, capture_output=True, text=True, check=False,
        timeout=600, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": place, "MPLBACKEND": "agg"},
    )  # fmt: skip


def recordings(folder):
    """The files that docs/command_line.md names: two cells and events in 120 s, in every format."""
    from scipy.io import savemat

    rng = np.random.default_rng(3)
    cells = [np.unique(rng.integers(1, 119 * 30000, 600)) / 30000 for _ in range(2)]
    events = np.arange(1.0, 110.0, 2.0)
    rows = "".join(
        f"{unit};{1e3 * time:.9f}\n".replace(".", ",")
        for unit, cell in zip(("A3", "B1"), cells, strict=True)
        for time in cell
    )
    (folder / "cells.csv").write_text("Neuron_ID;Spike time\n" + rows)
    np.savetxt(folder / "events.csv", events, header="onset", comments="")
    np.save(folder / "stimulus.npy", rng.normal(size=120_000))
    trains = sl.SpikeTrains.from_arrays(cells, t_stop=120.0)
    pynwb = pytest.importorskip("pynwb", reason="pynwb comes with the test extra")
    from datetime import UTC, datetime

    session = pynwb.NWBFile("demo", "demo", datetime(2026, 1, 1, tzinfo=UTC))
    for cell in cells:
        session.add_unit(spike_times=cell)
    for event in events:
        session.add_trial(start_time=event, stop_time=event + 0.6)
    with pynwb.NWBHDF5IO(folder / "session.nwb", "w") as file:
        file.write(session)
    (folder / "sorting").mkdir()
    order = np.argsort(trains.times, kind="stable")
    np.save(folder / "sorting" / "spike_times.npy", np.round(trains.times[order] * 30000).astype(np.int64))
    np.save(folder / "sorting" / "spike_clusters.npy", np.repeat([17, 905], [len(c) for c in cells])[order])
    (folder / "sorting" / "cluster_group.tsv").write_text("cluster_id\tgroup\n17\tgood\n905\tgood\n")
    (folder / "sorting" / "params.py").write_text("dat_path = 'raw.dat'\nsample_rate = 30000.0\n")
    own = np.empty(2, dtype=object)
    own[:] = [cell * 1000 for cell in cells]
    savemat(folder / "session.mat", {"session": {"spikes": own}})


def first_block(page):
    """The page's first block of Python, which writes the file of its command."""

    def write(folder):
        spec = importlib.util.spec_from_file_location("page_blocks", ROOT / "tests" / "docs" / "blocks.py")
        blocks = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(blocks)
        before = os.getcwd()
        os.chdir(folder)
        try:
            exec(blocks.blocks((ROOT / page).read_text(encoding="utf-8"))[0][1], {"__name__": "page"})
        finally:
            os.chdir(before)

    return write


WRITES = {
    "docs/command_line.md": recordings,
    "docs/howto/own_data.md": first_block("docs/howto/own_data.md"),
    "docs/start/spikes.md": first_block("docs/start/spikes.md"),
}


def table(text):
    """The rows of a printed table as words, without the column of errors, which differ in the last digit."""
    lines = text.strip().splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("quantity"))
    bars = re.finditer(r"-+", lines[start + 1])
    columns = [(bar.start(), bar.end()) for bar in bars]
    names = [lines[start][a:b].strip() for a, b in columns]
    rows = []
    for line in lines[start + 2 :]:
        if not line.strip():
            break
        rows.append({n: line[a:b].strip() for n, (a, b) in zip(names, columns, strict=True) if n != "error"})
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("page", list(commands_of_pages()))
def test_commands_of_a_page_run(page, tmp_path):
    (tmp_path / "models").symlink_to(ROOT / "models", target_is_directory=True)
    WRITES.get(page, lambda folder: None)(tmp_path)
    for words in commands_of_pages()[page]:
        done = spikelearn(words, tmp_path)
        assert done.returncode == 0, f"spikelearn {' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert done.stdout.strip(), words
        if page == "README.md" and words == ("run", "bursting"):
            text = (ROOT / page).read_text(encoding="utf-8")
            (shown,) = (
                block for block in re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL) if "verdict" in block
            )
            assert table(shown) == table(done.stdout)
            assert len(table(shown)) == 8


def test_every_command_is_run_or_has_a_reason():
    found = commands_of_pages()
    assert len(found) > 10
    everywhere = {
        tuple(words) for page in [*found, "README.md", "CONTRIBUTING.md"] for words in documents.commands(page)
    }
    everywhere |= {tuple(words) for words in documents.commands("docs/sweeps.md")}
    assert set(NOT_RUN) <= everywhere
    assert sum(len(commands) for commands in found.values()) > 35
    assert set(WRITES) <= set(found)


def test_tables_that_differ_are_seen():
    shown = "quantity  measured  error  verdict\n--------  --------  -----  -------\nrate      5 Hz      1e-15  ok\n"
    assert table(shown) == table(shown.replace("1e-15", "2e-15"))
    assert table(shown) != table(shown.replace("5 Hz", "6 Hz"))
