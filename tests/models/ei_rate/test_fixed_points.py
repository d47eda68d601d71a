"""Every fixed point of the rectified, cut-off activities, against the equations themselves and runs of them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spikelearn as sl

WEIGHTS = [float(w) for w in sl.EIRates().setpoint_weights(5.0, 10.0)]


def speed(model, state, w):
    """d(E, I)/dt of Eq. (17) with cut-offs, by hand."""
    E, I = state  # noqa: E741
    drive_E = model.g_E * (w[0] * E - w[1] * I - model.Theta_E + model.I_ext)
    drive_I = model.g_I * (w[2] * E - w[3] * I - model.Theta_I)
    return [
        (-E + min(max(drive_E, 0), model.E_max)) / model.tau_E,
        (-I + min(max(drive_I, 0), model.I_max)) / model.tau_I,
    ]


def test_down_threshold_and_up_at_the_papers_point():
    points = sl.EIRates().fixed_points(*WEIGHTS)
    names = ["Down", "E active, I silent", "Up", "E active, I saturated", "E saturated, I saturated"]
    assert [p.name for p in points] == names
    assert [p.stable for p in points] == [True, False, True, False, True]
    # With I silent x E = theta, 4 E = 4.8; with I at 250 Hz 4 E = 4.8 + 250 W_EI.
    assert [p.E for p in points] == pytest.approx([0.0, 1.2, 5.0, (4.8 + 250 * WEIGHTS[1]) / 4, 100.0])
    up = sl.EIRates().up_state(*WEIGHTS)
    assert pytest.approx((float(up.E), float(up.I))) == (points[2].E, points[2].I)


def test_saturated_states():
    """Without inhibition E runs to its cut-off; its drive to I takes that to its own, or leaves it silent."""
    model = sl.EIRates()
    points = model.fixed_points(5.0, 0.0, 10.0, 1.5)
    assert [(p.E_state, p.I_state) for p in points if p.E == 100] == [("saturated", "saturated")]
    assert points[-1].stable
    alone = model.fixed_points(5.0, 0.0, 0.0, 1.5)[-1]
    assert (alone.E, alone.I, alone.I_state, alone.stable) == (100.0, 0.0, "silent", True)
    part = model.fixed_points(5.0, 0.0, 1.0, 1.5)[-1]
    # I = 4 (100 - 1.5 I - 25) gives I = 300/7.
    assert (part.name, part.I) == ("E saturated, I active", pytest.approx(300 / 7))


def test_spontaneous_activity_leaves_no_down_state():
    points = sl.EIRates(I_ext=8.0).fixed_points(0.5, 1.0, 1.0, 1.0)
    assert [(p.name, p.stable) for p in points] == [("E active, I silent", True)]
    assert pytest.approx(6.4) == points[0].E


def test_random_weights_each_rests_and_behaves_as_it_says():
    rng = np.random.default_rng(17)
    seen = set()
    for k in range(60):
        model = sl.EIRates(I_ext=float(rng.choice([0.0, 8.0])), g_E=float(rng.uniform(0.3, 1.5)))
        w = rng.uniform(0, [8, 4, 15, 4])
        points = model.fixed_points(*w)
        assert any(p.stable for p in points) or len(points) > 0
        for p in points:
            seen.add(p.name)
            # Solved to rounding: gains of up to 60 and activities of up to 250.
            assert np.abs(speed(model, (p.E, p.I), w)).max() < 1e-9
        if k < 12:
            for p in points:
                start = np.array([p.E, p.I]) + 1e-6 * rng.random(2)
                end = solve_ivp(
                    lambda _, s, m=model, v=w: speed(m, s, v), (0, 2000), start, rtol=1e-9, atol=1e-12, method="LSODA"
                ).y[:, -1]
                # 2 s are many time constants unless an eigenvalue is near zero, which no point of these has.
                assert (np.abs(end - [p.E, p.I]).max() < 1e-6) == p.stable
    assert {"Up", "Down", "E active, I silent", "E saturated, I active", "E saturated, I saturated"} <= seen


def test_refusals():
    model = sl.EIRates()
    with pytest.raises(ValueError, match=r"one number for W_EE, got shape \(2,\)"):
        model.fixed_points([1.0, 2.0], 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="finite W_II that is not negative, got -1"):
        model.fixed_points(1.0, 1.0, 1.0, -1.0)
