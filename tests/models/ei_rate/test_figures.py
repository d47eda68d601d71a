"""What Figs. S8 to S13 must show: shares of the valid region, panels, asymptotes; and that the studies draw them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_rate.figure import stability_panel
from spikelearn.models.ei_rate.stability import grid_axes
from spikelearn.plotting import new_figure
from spikelearn.rules.rule import slower

ROOT = Path(__file__).parents[3]
TABLE_1, OTHER = sl.EIRates(), sl.EIRates.non_paradoxical()


def four(*values):
    return dict(zip(("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II"), values, strict=True))


def share(model, rule, method="closed", n=200):
    return sl.stability_map(model, rule, *grid_axes(n), method=method).attrs["stable_fraction"]


def test_s8_little_overlap_at_equal_rates_and_all_with_slow_inhibition():
    assert 0.05 < share(TABLE_1, sl.rules.Homeostatic(**four(0.02, 0.02, 0.02, 0.02))) < 0.1
    assert share(TABLE_1, sl.rules.Homeostatic(**four(0.02, 0.02, 2e-4, 2e-4))) == 1.0
    # g_E 1 would hide a gain left out: the other set, against Eq. (2) by hand, x I_set P_I < g_E (E_set W_IE - 25) P_E.
    ee, ie = np.meshgrid(*grid_axes(200), indexing="ij")
    w = OTHER.setpoint_weights(ee, ie)
    valid = OTHER.neural_stable(*w) & (w.W_EI > 0) & (w.W_II > 0)
    shares = []
    for slow in (0.02, 2e-3):
        by_hand = slow * 14 * (0.5 * ee - 1) < 0.02 * 0.5 * (5 * ie - 25)
        shares.append(share(OTHER, sl.rules.Homeostatic(**four(0.02, 0.02, slow, slow))))
        assert shares[-1] == pytest.approx(by_hand[valid].mean(), abs=1e-12)
    assert 0.1 < shares[0] < 0.9 < shares[1]


def test_s9_cross_homeostatic_is_stable_wherever_the_network_is():
    assert share(TABLE_1, sl.rules.CrossHomeostatic(**four(0.02, 0.02, 0.02, 0.02))) == 1.0
    assert share(OTHER, sl.rules.CrossHomeostatic(**four(0.02, 0.02, 0.02, 0.02))) == 1.0


def test_s10_the_region_shrinks_as_beta_takes_over():
    shares = [share(TABLE_1, sl.rules.TwoTerm(alpha=a, beta=b)) for a, b in ((0.02, 0.005), (0.02, 0.02), (2e-4, 0.02))]
    assert shares[0] == shares[1] == 1.0
    assert shares[2] < 0.1


def test_s11_scaling_needs_slow_inhibition():
    assert share(TABLE_1, sl.rules.SynapticScaling(**four(0.02, 0.02, 0.02, 0.02))) == 0.0
    assert share(TABLE_1, sl.rules.SynapticScaling(**four(0.002, 0.002, 0.02, 0.02))) == 0.0
    assert share(TABLE_1, sl.rules.SynapticScaling(**four(0.02, 0.02, 0.002, 0.002))) > 0.99


def boundary_slope(alpha_1, alpha_3):
    """Slope of the boundary of Eq. (16) near W_IE = 12: where the larger real part changes sign along W_EE."""
    rule = sl.rules.ForcedBalance(alpha_1=alpha_1, alpha_3=alpha_3, ie_sign=-1)
    found = []
    for ie in (11.0, 13.0):
        ee = np.linspace(1.01, 6, 20_001)
        values = sl.stability(TABLE_1, rule, W_EE=ee, W_IE=ie, method="closed").eigenvalues[:, :2]
        times_C = (values.sum(axis=-1).real * TABLE_1.determinant(*TABLE_1.setpoint_weights(ee, ie))) < 0
        product = values.prod(axis=-1).real * TABLE_1.determinant(*TABLE_1.setpoint_weights(ee, ie)) > 0
        good = times_C & product
        found.append(ee[np.argmax(good)])
    return 2 / (found[1] - found[0])


def test_e10_which_panel_of_s12_is_which():
    """Slow inhibition: the boundary runs along the determinant line, slope 25/4.8. Slow excitation: nearly upright."""
    assert boundary_slope(0.02, 2e-4) == pytest.approx(25 / 4.8, rel=0.1)
    assert boundary_slope(2e-4, 0.02) > 50


def test_e11_asymptotes_of_s13_at_the_base_weights():
    """C = 0 by pencil: 4 w_EI w_IE = (w_EE - 1)(4 w_II + 1), one weight free at a time about (5, 2, 10, 2)."""
    base = {"W_EE": 5.0, "W_EI": 2.0, "W_IE": 10.0, "W_II": 2.0}
    for name, at in {"W_EE": 80 / 9 + 1, "W_EI": 36 / 40, "W_IE": 36 / 8, "W_II": (80 / 4 - 1) / 4}.items():
        assert TABLE_1.determinant(**{**base, name: at}) == pytest.approx(0, abs=1e-12)
        assert 0 < at < 10
    state = TABLE_1.up_state(**base)
    assert float(state.E) == pytest.approx(156.8 / 44, rel=1e-14)
    assert float(state.I) == pytest.approx(208 / 44, rel=1e-14)
    assert state.stable


def test_s13_i_answers_paradoxically_to_its_own_weights():
    base = {"W_EE": 5.0, "W_EI": 2.0, "W_IE": 10.0, "W_II": 2.0}
    before = TABLE_1.up_state(**base)
    more_IE = TABLE_1.up_state(**{**base, "W_IE": 10.1})
    more_II = TABLE_1.up_state(**{**base, "W_II": 2.1})
    assert more_IE.I < before.I < more_II.I
    assert more_IE.E < before.E < more_II.E
    # Eq. (18) by pencil: C = 44, 44.8 and 42.4; I = 4 (25*4 - 4.8 W_IE)/C.
    for state, by_hand in ((before, 208 / 44), (more_IE, 206.08 / 44.8), (more_II, 208 / 42.4)):
        assert float(state.I) == pytest.approx(by_hand, rel=1e-13)


def test_the_non_paradoxical_set_holds_stable_points_of_both_kinds():
    """Section 2.5: with I_ext the network can be stable and not paradoxical."""
    assert (OTHER.g_E, OTHER.I_ext, OTHER.Theta_E) == (0.5, 8.0, 4.8)
    grid = sl.stability_map(OTHER, sl.rules.TwoTerm(alpha=0.02, beta=0.02), *grid_axes(200))
    calm = grid["valid"].values & ~grid["paradoxical"].values
    assert 0.05 < calm.sum() / grid["valid"].values.sum() < 0.1


def test_slow_rates_make_all_three_verdicts_one():
    """Every rate times 1e-6: of 200 valid points none is judged otherwise by 6-D or per trial than by QSS."""
    rng = np.random.default_rng(10)
    ee, ie = rng.uniform(2.5, 10, 400), rng.uniform(6.5, 20, 400)
    for rule in (
        sl.rules.CrossHomeostatic(**four(0.02, 0.02, 0.02, 0.02)),
        sl.rules.SynapticScaling(**four(0.02, 0.02, 0.004, 0.004)),
        sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=1),
    ):
        slow = slower(rule, 1e-6)
        qss = sl.stability(TABLE_1, slow, W_EE=ee, W_IE=ie)
        for method in ("full", "trial"):
            other = sl.stability(TABLE_1, slow, W_EE=ee, W_IE=ie, method=method)
            assert np.array_equal(other.stable[qss.valid], qss.stable[qss.valid])


def test_a_panel_carries_its_annotations():
    axes = new_figure(4, 4).subplots()
    shown = stability_panel(axes, TABLE_1, sl.rules.Homeostatic(**four(0.02, 0.02, 0.02, 0.02)), "S8")
    assert f"stable: {100 * shown:.2f} % of valid" in [t.get_text() for t in axes.texts]
    legend = " ".join(t.get_text() for t in axes.get_legend().get_texts())
    for label in ("stable set point", "determinant", "trace", "W_{EI}", "W_{II}", "paradoxical", "rule stable"):
        assert label in legend
    assert axes.get_xlim() == (0, 10)
    assert axes.get_ylim() == (0, 20)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ei_paradoxical_effect", "ei_learning_rate"])
def test_studies_run(name, tmp_path):
    extra = ["--grid", "8"] if name == "ei_learning_rate" else []
    command = [sys.executable, str(ROOT / "analyses" / f"{name}.py"), "--output", str(tmp_path), *extra]
    subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=ROOT, env=_environment())
    assert list(tmp_path.glob("*.png"))


@pytest.mark.slow
def test_all_maps_are_drawn(tmp_path):
    command = [sys.executable, str(ROOT / "analyses" / "ei_stability_maps.py"), "--output", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=ROOT, env=_environment())
    assert len(list(tmp_path.glob("ei_S*.png"))) == 10


def _environment():
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}
