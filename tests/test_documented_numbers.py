"""Numbers in the documentation are those that a run gives: each test computes one and looks for its sentence."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.eventdriven import simulate_neurons
from spikelearn.models.adaptive_lif.regimes import burst_ratio, tonic_edge
from spikelearn.models.adaptive_lif.tonic import tonic_interval
from spikelearn.models.ei_rate.stability import grid_axes
from spikelearn.rules.rule import slower

ROOT = Path(__file__).parents[1]
CELL = {"V_0": 0.02, "theta": 0.015, "Delta": 0.015}


def prose(name):
    """A page of the documentation with single spaces for line ends."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


def test_edge_of_tonic_firing():
    values = [tonic_edge(V_0=V * 1e-3, theta=0.015, Delta=0.015) for V in (20, 25)]
    assert [f"{v:.4f}" for v in values] == ["1.3081", "1.2994"]
    assert f"`tonic_edge` ({values[0]:.3f} at $V_0$ = 20 mV, {values[1]:.4f} at 25 mV" in prose("docs/adaptive_lif.md")


def longest_pause(rho, disturbance, delays=60):
    """Longest interval of the last ten delays, in delays, from tonic firing whose intervals vary by `disturbance`."""
    tau, tau_K, t_d = 0.01, 0.2, 2.0
    delta_g = rho / burst_ratio(**CELL, tau=tau, tau_K=tau_K, delta_g=1.0)
    T = float(tonic_interval(**CELL, tau=tau, tau_K=tau_K, delta_g=delta_g))
    past = [0.0]
    while past[-1] > -t_d:
        past.append(past[-1] - T * (1 + disturbance * np.sin(np.pi * past[-1] / t_d)))
    past = past[-2::-1]
    values = dict(**CELL, tau=tau, tau_K=tau_K, delta_g=delta_g, t_d=t_d)
    times = simulate_neurons(values, delays * t_d, 1, g0=delta_g * tau_K / T, past_spikes=([0, len(past)], past)).times
    return np.diff(times[times > (delays - 10) * t_d]).max() / t_d


def test_how_long_tonic_firing_outlives_its_edge():
    found = {
        (rho, disturbance): longest_pause(rho, disturbance) < 0.5
        for rho, disturbance in ((1.7, 0.0), (1.4, 0.05), (1.45, 0.05), (1.3, 0.15), (1.35, 0.15))
    }
    assert list(found.values()) == [True, True, False, True, False]
    sentence = (
        "still there after 60 delays at $\\rho = 1.7$ where all intervals had been equal; "
        "where they had varied by 5 %, at 1.4 and no more at 1.45; by 15 %, at 1.3 and no more at 1.35."
    )
    assert sentence in prose("docs/adaptive_lif.md")


def half_lost(rule, method="full", n=60):
    """Largest common rate per ms at which half of the valid set points are stable, activities and weights together."""
    model = sl.EIRates()
    ee, ie = (a.ravel() for a in np.meshgrid(*grid_axes(n), indexing="ij"))
    valid = sl.stability(model, rule, W_EE=ee, W_IE=ie).valid
    point = {"W_EE": ee[valid], "W_IE": ie[valid], "method": method}
    low, high = 1e-3, 1.0
    for _ in range(12):
        middle = np.sqrt(low * high)
        enough = sl.stability(model, slower(rule, middle), **point).stable.mean() >= 0.5
        low, high = (middle, high) if enough else (low, middle)
    return 0.02 * low


def test_rates_at_which_half_of_the_set_points_are_lost():
    equal = {f"alpha_{name}": 0.02 for name in ("EE", "EI", "IE", "II")}
    cross = half_lost(sl.rules.CrossHomeostatic(**equal))
    gradient = half_lost(sl.rules.LossGradient(alpha=0.02))
    text = prose("docs/ei_rate.md")
    sentence = f"lost at {cross:.2g} per ms for the cross-homeostatic rule and at {gradient:.2g} for the gradient"
    assert sentence in text, sentence


def test_times_that_stand_twice_are_the_same():
    """A timing belongs to one machine; the README has it, and the page that tells of it repeats it."""
    row = next(line for line in prose_lines("README.md") if line.startswith("| JPSTH, 1000 trials"))
    _, _, ours, loop, *_ = (cell.strip() for cell in row.split("|"))
    ours, loop = float(ours.removesuffix(" ms")), 1e3 * float(loop.split(" s")[0])
    sentence = f"takes {ours:g} ms on two cores and 24 MB; a loop over trials takes {loop / ours:.0f} times as long"
    assert sentence in prose("docs/coding.md"), sentence


def prose_lines(name):
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def test_no_area_under_a_curve_is_above_one():
    path = ROOT / "analyses" / "rezende_novelty.py"
    spec = importlib.util.spec_from_file_location("rezende_novelty", path)
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    low, high = study.interval(np.array([1.0, 1.0, 0.85, 0.97, 1.0]))
    assert 0.85 < low < 0.95
    assert high == 1.0
    assert study.interval(np.array([0.4, 0.5, 0.6]))[0] == pytest.approx(0.5 - 4.3027 * 0.1 / np.sqrt(3), abs=1e-4)
    (corridor,) = re.findall(r"novelty at the exchanged places.*?Ninety laps", prose("docs/escape_noise.md"))
    areas = [float(number) for number in re.findall(r"\d\.\d\d", corridor)]
    assert len(areas) >= 9
    assert max(areas) <= 1.0
