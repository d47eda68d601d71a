"""The studies and the example: their claims in small, and their figures."""

import importlib.util
import runpy
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]


def study(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "analyses" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_networks_run_along_the_attractors_of_the_mean_field():
    """n = 1000 whitened units: within 3/sqrt(n), where each case was seen within 0.4/sqrt(n) at n = 3000."""
    overlaps = study("low_rank_overlaps")
    runs = {name: overlaps.trajectories(model, 1000) for name, model in overlaps.CASES.items()}
    for name, model in overlaps.CASES.items():
        assert np.mean([overlaps.deviation(model, path) for path in runs[name]]) < 3 / np.sqrt(1000)
    assert len(overlaps.figure(runs).axes) == 4


@pytest.mark.slow
def test_the_branches_and_a_small_million(tmp_path, capsys):
    for name, arguments in (
        ("low_rank_branches", ["--output", str(tmp_path)]),
        ("low_rank_million", ["--n", "100000", "--duration", "4", "--output", str(tmp_path)]),
    ):
        module = study(name)
        with mock.patch.object(sys, "argv", [name, *arguments]):
            module.main()
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000
    said = capsys.readouterr().out
    measured = {line.split(":")[0]: line for line in said.splitlines()}
    for kind in ("drawn", "whitened"):
        words = measured[f"n^(-1/2), {kind}"].replace(",", "").split()
        # 5 sizes of 80 networks of 2 overlaps: a coefficient is known to 5 %; three of those.
        found, predicted = float(words[words.index("coefficient") + 1]), float(words[-1])
        assert abs(found / predicted - 1) < 0.15


@pytest.mark.slow
def test_the_example(tmp_path, capsys):
    with mock.patch.object(sys, "argv", ["low_rank.py", str(tmp_path)]):
        runpy.run_path(str(ROOT / "examples" / "low_rank.py"))
    assert "1 stable" in capsys.readouterr().out
    assert (tmp_path / "low_rank.png").exists()
