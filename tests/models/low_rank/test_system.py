"""Low-rank networks in the catalogue: measures, model files, figures."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.catalogue.registry import get_system
from spikelearn.models.low_rank import measures

FILES = ("low_rank_bistable", "low_rank_cycle", "low_rank_memory", "low_rank_populations", "low_rank_random")


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_model_files(name):
    checked = sl.check(name)
    assert len(checked)
    assert (checked["verdict"] == "ok").all()


def recording(m, dt=0.01):
    import xarray as xr

    m = np.asarray(m, dtype=float)
    return sl.Recording(None, xr.Dataset({"m": (("time", "overlap"), m)}, coords={"time": dt * np.arange(len(m))}))


def test_measures_on_hand_made_paths():
    t = 0.01 * np.arange(4000)
    circle = recording(np.stack([2 * np.cos(2 * np.pi * t / 7.3 + 1), np.sin(2 * np.pi * t / 7.3 + 1)], axis=1))
    assert measures.period(None, circle) == pytest.approx(7.3, rel=1e-5)
    assert measures.radius_max(None, circle) == pytest.approx(2, rel=1e-4)
    assert measures.radius_min(None, circle) == pytest.approx(1, rel=1e-4)
    decay = recording((0.5 + 0.3 * np.exp(-0.7 * t))[:, None])
    assert measures.relaxation_rate(None, decay) == pytest.approx(0.7, rel=1e-6)
    assert measures.amplitude(None, decay) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="two upward crossings of zero by m.0., got 0"):
        measures.period(None, decay)
    with pytest.raises(ValueError, match="must settle to 1e-7 of their way"):
        measures.relaxation_rate(None, recording((0.5 + 0.3 * np.exp(-0.1 * t))[:, None]))
    with pytest.raises(ValueError, match="needs the overlaps: record m"):
        measures.amplitude(None, sl.simulate(sl.LowRank([[0.5]]), 1, n=10, record="x"))
    with pytest.raises(ValueError, match="this formula needs a limit cycle"):
        measures.cycle(sl.LowRank([[0.5]]))


def test_mixtures_in_model_files():
    build = get_system("LowRank").build
    made = build({"mixture": [{"weight": 1.0, "C": [[0.5]], "mean_xi": [0.2]}], "gain": 2.0})
    assert made.mixture[0].mean_xi == [0.2]
    with pytest.raises(ValueError, match="LowRank.mixture has no key 'wieght'; did you mean 'weight'"):
        build({"mixture": [{"wieght": 1.0, "C": [[0.5]]}]})
    with pytest.raises(ValueError, match="must give weight and C for every population"):
        build({"mixture": [{"weight": 1.0}]})
    with pytest.raises(ValueError, match="must be a list of tables"):
        build({"mixture": [3]})


@pytest.mark.parametrize(
    "given",
    [
        {"C": [[0.8, -0.3], [0.3, 0.8]]},
        {"C": [[0.9]], "phi": "erf"},
        {"C": [[0.8]], "g": 0.2},
        {"C": [[0.6, 0.1], [0.0, 0.5]], "B": [[0.2], [0.1]]},
    ],
)
def test_figures(given):
    model = sl.LowRank(**given)
    drive = [0.1] if model.q else None
    run = sl.simulate(model, 5, n=100, dt=0.1, seed=1, initial=sl.Initial(m=0.1), input=drive)
    page = get_system("LowRank").figure(model, run, "a title")
    left, right = page.axes
    assert len(left.lines) == model.p * (1 if model.g else 2)
    assert right.get_xlabel().startswith("$m")
    # Every fixed point is marked, both of each pair.
    marked = sum(len(line.get_xdata()) for line in right.lines if line.get_marker() == "o")
    points = model.fixed_points(drive)
    assert marked == (len(points) if drive else 2 * len(points) - 1)


def test_one_package_name():
    assert sl.LowRank.__module__ == "spikelearn.models.low_rank.model"
    assert sl.LowRank([[0.5]]).verdict().startswith("nothing but zero exists")
