"""spike_time_jacobian against central differences of forty-digit spike times, and symmetries."""

import random
import warnings

import numpy as np
import pytest
from brian2 import second, volt
from mpmath import mp, mpf

import spikelearn as sl
from spikelearn.derivatives import NoDerivative, NoEffect
from spikelearn.derivatives.directions import DIRECTIONS
from spikelearn.eventdriven.sensitivity.counted import run_of_one
from spikelearn.eventdriven.sensitivity.flow_jacobian import flow_jacobian, membrane_after
from spikelearn.eventdriven.sensitivity.passes import forward, read_again
from spikelearn.eventdriven.sensitivity.tangent import no_tangent

NAMES = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "u0", "g0")
ALL = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "u", "g")


def draw(rng, k):
    """Parameters over the range of the promise, with and without delay and past spikes."""
    tau = rng.choice([0.01, 10 ** rng.uniform(-2.5, -1.5)])
    theta, above = rng.uniform(0.005, 0.03), 1e-3 * 10 ** rng.uniform(-1, 1.3)
    Delta = rng.choice([0.015, rng.uniform(0, 0.05)])
    g_star = above / (theta + Delta)
    t_d = 0.0 if k % 2 else tau * 10 ** rng.uniform(-1, 1)
    values = {
        "V_0": theta + above, "theta": theta, "Delta": Delta, "tau": tau, "tau_K": tau * 10 ** rng.uniform(0, 3),
        "delta_g": g_star * 10 ** rng.uniform(-2, 0.5), "t_d": t_d, "u0": rng.uniform(-Delta, theta),
        "g0": g_star * rng.choice([0.0, rng.uniform(0.0, 2.0)]),
    }  # fmt: skip
    return values, sorted(rng.uniform(-t_d, 0) for _ in range(rng.choice([0, 0, 3]))) if t_d else []


def differences(times, p, name, past, spikes):
    """Central differences to some forty digits; one-sided where a value is 0 and cannot be less."""
    with mp.workdps(60):
        value = mpf(p[name])
        e = (value if value else mpf(1)) * mpf(10) ** -24
        sides = [value - e, value + e] if value or name == "u0" else [value, value + e]
        low, high = (times({**p, name: side}, max_spikes=spikes, past_spikes=past) for side in sides)
        return np.array([float((b - a) / (sides[1] - sides[0])) for a, b in zip(low, high, strict=True)])


def compare(forty_digits, cases, spikes, seed):
    rng = random.Random(seed)
    worst = dict.fromkeys(NAMES, 0.0)
    for k in range(cases):
        p, past = draw(rng, k)
        times = forty_digits.spike_times(p, max_spikes=spikes, past_spikes=past)
        run = run_of_one(np.array([p[name] for name in NAMES]), np.array([float(t) for t in times]), np.array(past))
        reading = read_again(run)
        assert reading.margins.mismatch < 1e-14
        tangent = no_tangent(run, len(NAMES), parameters=True)
        for j in range(7):
            tangent.parameters[0, j, j] = 1.0
        tangent.u[0, 7] = tangent.g[0, 8] = 1.0
        found = forward(reading, tangent)[len(past) :]
        for j, name in enumerate(NAMES):
            expected = differences(forty_digits.spike_times, p, name, past, spikes)
            # Of a column that is 0 but for less than 1e-20 s a unit, differences of 60 digits know nothing.
            error = np.abs(found[:, j] - expected).max() / max(np.abs(expected).max(), 1e-20)
            worst[name] = max(worst[name], error)
    return worst


def test_four_random_neurons_by_forty_digits(forty_digits):
    worst = compare(forty_digits, 4, 4, seed=11)
    assert max(worst.values()) < 1e-12, worst


@pytest.mark.slow
def test_sixty_random_neurons_by_forty_digits(forty_digits):
    """One column, of a steep crossing, reaches 1.5e-12 of its largest derivative; all others stay below 1e-12."""
    worst = sorted(compare(forty_digits, 60, 8, seed=12).values())
    assert worst[-2] < 1e-12, worst
    assert worst[-1] < 2e-12, worst


@pytest.mark.parametrize("tau_K", [0.003, 0.2, np.inf])
@pytest.mark.parametrize("length", [0.1, 3.0, 400.0])
def test_the_flow_has_the_semigroup_property(tau_K, length):
    """Two halves make a whole, in value and in derivative, however the time is cut and whatever is forgotten."""
    tau, A, y, g = 0.01, 0.035, 0.02, 0.7
    h = length * tau
    whole = flow_jacobian(y, g, h, A, tau, tau_K)
    first = flow_jacobian(y, g, 0.3 * h, A, tau, tau_K)
    g_between = g * np.exp(-0.3 * h / tau_K)
    second = flow_jacobian(first[0], g_between, 0.7 * h, A, tau, tau_K)
    assert whole[0] == pytest.approx(second[0], rel=1e-13)
    assert whole[0] == pytest.approx(membrane_after(y, g, h, A, tau, tau_K), rel=1e-15)
    assert whole[2] == pytest.approx(second[1] * first[2] + second[2], rel=1e-12)
    by_g = second[1] * first[3] + second[3] * np.exp(-0.3 * h / tau_K)
    assert whole[3] == pytest.approx(by_g, rel=1e-12)
    if np.isfinite(tau_K):
        between = g_between * 0.3 * h / tau_K**2
        by_tau_K = second[1] * first[5] + second[5] + second[3] * between
        assert whole[5] == pytest.approx(by_tau_K, rel=1e-11)


def test_times_and_volts_scale():
    """Spike times are homogeneous of degree one in all times and of degree zero in all voltages."""
    neuron = sl.AdaptiveLIF(V_0="22 mV", delta_g=0.1, tau_K="150 ms", t_d="12 ms")
    vary = {"V_0": np.array([19e-3, 22e-3, 30e-3]) * volt}
    start = sl.Initial(u="3 mV", g=0.1, past_spikes=["-4 ms", "-1 ms"])
    found = sl.spike_time_jacobian(neuron, "1 s", wrt=(*ALL, "past_spikes"), initial=start, n=3, vary=vary)
    by = {str(name): found["derivative"].sel(parameter=name).values for name in found["parameter"].values}
    times = found["time"].values
    scaled = 0.01 * by["tau"] + 0.15 * by["tau_K"] + 0.012 * by["t_d"]
    scaled += -4e-3 * by["past_spikes[0]"] - 1e-3 * by["past_spikes[1]"]
    np.testing.assert_allclose(scaled, times, rtol=1e-11)
    V_0 = np.array([19e-3, 22e-3, 30e-3])[found["neuron"].values]
    volts = [V_0 * by["V_0"], 0.015 * by["theta"], 0.015 * by["Delta"], 3e-3 * by["u"]]
    np.testing.assert_allclose(sum(volts), 0.0, atol=1e-11 * np.abs(volts).max())


def test_potentials_and_thresholds_are_the_same_thing():
    neuron = sl.AdaptiveLIF(V_0="22 mV", delta_g=0.1, t_d="3 ms")
    found = sl.spike_time_jacobian(neuron, n_spikes=6, wrt=tuple(DIRECTIONS))
    by = {str(name): found["derivative"].sel(parameter=name).values for name in found["parameter"].values}
    np.testing.assert_allclose(by["V_th"], by["theta"], rtol=1e-15)
    np.testing.assert_allclose(by["E_K"], -by["Delta"], rtol=1e-15)
    np.testing.assert_allclose(by["E_L"], by["Delta"] - by["theta"], rtol=1e-13)
    assert found["units"].sel(parameter="tau_K").item() == "s/s"


def test_a_derivative_predicts_the_next_run():
    """A second run with another V_0: what is left is of second order."""
    neuron = sl.AdaptiveLIF(V_0="22 mV", delta_g=0.1, t_d="3 ms")
    found = sl.spike_time_jacobian(neuron, n_spikes=10, wrt="V_0")
    left = []
    for step in (1e-5, 1e-6):
        moved = sl.spike_time_jacobian(
            sl.AdaptiveLIF(V_0=(0.022 + step) * volt, delta_g=0.1, t_d="3 ms"), n_spikes=10, wrt="V_0"
        )
        expected = found["time"].values + step * found["derivative"].values[:, 0]
        left.append(np.abs(moved["time"].values - expected).max())
    assert 80 < left[0] / left[1] < 120


def test_what_no_spike_depends_on_is_said():
    neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.1, t_d="1 s")
    with pytest.warns(NoEffect, match="no spike depends on tau_K, t_d: zero in every row"):
        found = sl.spike_time_jacobian(neuron, "0.2 s", wrt=("V_0", "tau_K", "t_d"))
    assert found.attrs["no_effect"] == ["tau_K", "t_d"]
    assert not found["derivative"].values[:, 1:].any()


def test_an_arrival_that_meets_a_spike_is_said():
    """With a delay of exactly one interval the potassium of a spike arrives when the next spike is due."""
    neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    T = float(sl.spike_time_jacobian(neuron, n_spikes=1, wrt="V_0")["time"][0])
    late = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.1, t_d=T * second)
    with pytest.warns(NoDerivative, match="a spike of neuron 0 and an arrival meet at 0.0277"):
        sl.spike_time_jacobian(late, n_spikes=2, wrt="V_0")


def test_slope_and_nearest_change():
    neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0, t_d="10 ms")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoEffect)
        found = sl.spike_time_jacobian(neuron, "0.1 s", wrt="V_0")
    assert found.attrs["smallest_slope"] == pytest.approx(0.005 / 0.01, rel=1e-12)
    assert found.attrs["nearest_change"] == pytest.approx(10 * np.log(4) * 1e-3 - 0.01, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({}, ValueError, "must get either duration or n_spikes, got neither"),
        ({"duration": 1, "n_spikes": 2}, ValueError, "got both"),
        ({"n_spikes": 2, "wrt": ()}, ValueError, "wrt must name at least one of V_0"),
        ({"n_spikes": 2, "wrt": "V0"}, ValueError, "V_0"),
        ({"n_spikes": 2, "wrt": ("V_0", "V_0")}, ValueError, "once, got 'V_0' twice"),
        ({"n_spikes": 2, "wrt": 3}, TypeError, "must be names such as 'V_0', got 3"),
        ({"n_spikes": 0}, ValueError, "n_spikes must be at least 1"),
        ({"n_spikes": 2.5}, TypeError, "n_spikes"),
    ],
)
def test_bad_input_is_refused(given, error, text):
    with pytest.raises(error, match=text):
        sl.spike_time_jacobian(sl.AdaptiveLIF(), given.pop("duration", None), **given)


def test_a_silent_neuron_and_another_model_are_refused():
    with pytest.raises(ValueError, match="must fire n_spikes = 3 spikes, got 0 before it falls silent"):
        sl.spike_time_jacobian(sl.AdaptiveLIF(V_0="10 mV"), n_spikes=3)
    with pytest.raises(TypeError, match="neuron must be an AdaptiveLIF, got EscapeNoise"):
        sl.spike_time_jacobian(sl.EscapeNoise(), n_spikes=3)
