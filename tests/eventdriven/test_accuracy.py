"""The exact engine against the forty-digit reference, an ordinary integrator, and its own slower method."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from spikelearn.eventdriven import inputs, simulate_neurons

TABLE = json.loads((Path(__file__).parents[1] / "reference" / "adaptive_lif_reference.json").read_text())
PHYSICAL = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d")
EPS = np.finfo(float).eps


def simulate(parameters, duration, *, past=(), **options):
    values = {name: float(parameters[name]) for name in PHYSICAL}
    history = ([0, len(past)], past) if len(past) else None
    return simulate_neurons(
        values, duration, 1, u0=parameters["u0"], g0=parameters["g0"], past_spikes=history, threads=1, **options
    )


def relative_errors(found, expected):
    """Compare with decimal text: the difference of the leading floats, then of what they leave."""
    from mpmath import mp, mpf

    with mp.workdps(40):
        return np.array([abs(float((mpf(float(t)) - mpf(e)) / mpf(e))) for t, e in zip(found, expected, strict=True)])


def random_case_errors(name="random"):
    worst = []
    for case in TABLE[name]:
        expected = case["spikes"]
        duration = math.nextafter(float(expected[-1]), math.inf) * (1 + 1e-9)
        result = simulate(case["parameters"], duration, past=case["past_spikes"])
        assert result.counts[0] == len(expected), case
        errors = relative_errors(result.times, expected)
        # The promise: 1e-13, or 4 eps (1 + c) where the problem amplifies its inputs by more than 300.
        allowed = [1e-13 if c <= 300 else 4 * EPS * (1 + c) for c in case["conditions"]]
        worst.append(np.max(errors / allowed))
    return np.array(worst)


def test_reference_spans_the_promised_range():
    parameters = [case["parameters"] for case in TABLE["random"]]
    kappa = np.array([p["tau_K"] / p["tau"] for p in parameters])
    above = np.array([p["V_0"] - p["theta"] for p in parameters])
    assert kappa.min() < 0.2
    assert kappa.max() > 5e3
    assert above.min() < 2e-6
    assert above.max() > 0.5
    assert max(p["g0"] for p in parameters) > 300
    assert min(p["g0"] for p in parameters) == 0
    assert {p["t_d"] > 0 for p in parameters} == {True, False}


def test_spike_times_over_the_whole_range():
    assert random_case_errors().max() <= 1


def test_power_series_steps_over_the_whole_range(monkeypatch):
    """The second method, for many distinct kappas, keeps the same promise."""
    monkeypatch.setattr(inputs, "FEW_TABLES", -1)
    monkeypatch.setattr(inputs, "MANY_TABLES", -1)
    assert random_case_errors().max() <= 1


def test_low_starts_span_both_sides_of_the_reversal():
    parameters = [case["parameters"] for case in TABLE["low"]]
    w = np.array([p["u0"] + p["Delta"] for p in parameters])
    Delta = np.array([p["Delta"] for p in parameters])
    assert min((w < 0).sum(), (w == 0).sum(), (w > 0).sum()) >= 5
    assert min((Delta < 0).sum(), (Delta == 0).sum(), (Delta > 0).sum()) >= 5
    assert w.min() < -0.1
    g0 = np.array([p["g0"] for p in parameters])
    assert min((g0 == 0).sum(), ((g0 > 0) & (g0 < 1e-6)).sum(), (g0 > 1).sum()) >= 5


@pytest.mark.parametrize("tables", [True, False])
def test_spike_times_from_the_reversal_of_potassium_and_below(monkeypatch, tables):
    """Where w = u + Delta is zero or negative potassium does not pull down: at every reset if Delta = 0."""
    if not tables:
        monkeypatch.setattr(inputs, "FEW_TABLES", -1)
        monkeypatch.setattr(inputs, "MANY_TABLES", -1)
    assert random_case_errors("low").max() <= 1


def test_bursts_to_the_last_spike():
    case = TABLE["bursting"]
    result = simulate(case["parameters"], case["duration"])
    assert result.counts[0] == case["spike_count"]
    edges = np.cumsum([0, *case["burst_spikes"]])
    assert relative_errors(result.times[edges[:-1]], case["burst_first"]).max() < 1e-14
    assert relative_errors(result.times[edges[1:] - 1], case["burst_last"]).max() < 1e-14


def test_regular_interval():
    case = TABLE["regular"]
    result = simulate(case["parameters"], 20.0)
    assert (result.times < 2.0).sum() == case["spike_count_in_2_s"]
    assert relative_errors(result.times[:10], case["first_spikes"]).max() < 1e-15
    # The mean of a thousand settled intervals, so that the rounding of the times themselves does not count.
    interval = (result.times[1300] - result.times[300]) / 1000
    assert relative_errors([interval], [case["steady_interval"]])[0] < 1e-14


def test_spikes_until_silence():
    case = TABLE["silence"]
    result = simulate(case["parameters"], 100.0)
    assert result.counts[0] == case["spike_count"] == 10
    assert relative_errors(result.times, case["spikes"]).max() < 1e-15


def test_tonic_by_saturation():
    """Erratum A5: more spikes fit into the delay than it takes to silence the neuron, and yet it never bursts."""
    case = TABLE["saturation"]
    result = simulate(case["parameters"], case["duration"])
    assert result.counts[0] == case["spike_count"]
    assert relative_errors(result.times[-1:], [case["last_spike"]])[0] < 1e-14
    assert np.diff(result.times).max() == pytest.approx(float(case["longest_interval"]), rel=1e-11)


@pytest.mark.parametrize("steps", [997, 3000, 10_000])
def test_a_conductance_that_never_decays_does_not_drift(steps):
    """Eq. (6): g is a multiple of delta_g; ten thousand additions would be off by 1e-12, and by a spike at the tie."""
    p = dict(V_0=0.042, theta=0.015, Delta=0.015, tau=0.01, tau_K=math.inf, delta_g=0.9 / steps, t_d=0.0)
    result = simulate_neurons(p, 1e4, 1, trace_times=[1e4])
    assert result.counts[0] == steps
    assert result.g[0, 0] == steps * (0.9 / steps)


def test_the_first_spike_of_a_strong_drive_keeps_all_digits(forty_digits):
    """A hundredth of tau after the reset exponentials cancel and the series must serve: 1e-15, not 1e-13."""
    worst = 0.0
    for V_0 in np.geomspace(0.6, 12.0, 16).tolist():
        p = dict(V_0=V_0, theta=0.015, Delta=0.015, tau=0.01, tau_K=0.03, delta_g=0.0, t_d=0.0, u0=0.0, g0=0.7)
        exact = forty_digits.spike_times(p, max_spikes=1)
        found = simulate(p, 2 * float(exact[0])).times[:1]
        worst = max(worst, relative_errors(found, exact)[0])
    assert worst < 1e-15


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.slow), 3])
def test_against_an_ordinary_integrator(seed):
    """DOP853 with rtol 1e-12 keeps about 1e-10 over a few spikes; g is integrated too, not put in by formula."""
    from scipy.integrate import solve_ivp

    draw = np.random.default_rng(seed)
    V_0, tau, tau_K = 0.015 + draw.uniform(1e-3, 2e-2), 0.01, draw.uniform(0.005, 0.3)
    p = dict(V_0=V_0, theta=0.015, Delta=0.015, tau=tau, tau_K=tau_K, delta_g=0.2, t_d=draw.uniform(0, 0.03))
    found = simulate_neurons(p, 0.4, 1, g0=0.1).times
    spikes, arrivals, state, now = [], [], np.array([0.0, 0.1]), 0.0

    def right_hand_side(t, s):
        return [(-s[0] + V_0 - s[1] * (s[0] + 0.015)) / tau, -s[1] / tau_K]

    def threshold(t, s):
        return s[0] - 0.015

    threshold.terminal, threshold.direction = True, 1
    while now < 0.4:
        end = min(arrivals[0], 0.4) if arrivals else 0.4
        solution = solve_ivp(
            right_hand_side, (now, end), state, method="DOP853", rtol=1e-12, atol=1e-16, events=threshold
        )
        now, state = solution.t[-1], solution.y[:, -1].copy()
        if solution.status == 1:
            spikes.append(now)
            arrivals.append(now + p["t_d"])
            state[0] = 0.0
        elif arrivals and end == arrivals[0]:
            arrivals.pop(0)
            state[1] += 0.2
    assert len(found) == len(spikes) > 1
    np.testing.assert_allclose(found, spikes, rtol=3e-10)


def test_traces_follow_the_equation():
    """Integrate the recorded g to recover u: a relation between the two traces that no formula here uses."""
    p = dict(V_0=0.02, theta=0.015, Delta=0.015, tau=0.01, tau_K=0.05, delta_g=0.2, t_d=0.004)
    times = np.linspace(0.0, 0.2, 20001)
    result = simulate_neurons(p, 0.2, 1, trace_times=times)
    u, g = result.u[0], result.g[0]
    step = times[1]
    slope = (-u + 0.02 - g * (u + 0.015)) / 0.01
    predicted = u[:-1] + 0.5 * step * (slope[1:] + slope[:-1])
    events = np.concatenate([result.times, result.times + 0.004])
    quiet = ~np.isin(np.arange(len(times) - 1), (events / step).astype(int))
    # The trapezoidal rule errs by step^3 u'''/12, about 1e-12 V here.
    assert np.abs(predicted - u[1:])[quiet].max() < 1e-11
    assert np.abs(g[1:] - g[:-1] * math.exp(-step / 0.05))[quiet].max() < 1e-15


def test_traces_are_right_continuous():
    p = dict(V_0=0.03, theta=0.015, Delta=0.015, tau=0.01, tau_K=math.inf, delta_g=0.05, t_d=0.0)
    first = simulate_neurons(p, 1.0, 1).times[0]
    before = math.nextafter(first, 0.0)
    result = simulate_neurons(p, 1.0, 1, trace_times=[0.0, before, first, 1.0])
    assert result.u[0, [0, 2]].tolist() == [0.0, 0.0]
    assert result.u[0, 1] == pytest.approx(0.015, rel=1e-12)
    np.testing.assert_allclose(result.g[0], [0, 0, 0.05, 0.5], rtol=1e-15)
