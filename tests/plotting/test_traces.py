"""Traces without aliasing: every drawn spike reaches the threshold within a pixel, and no line joins across a reset."""

import numpy as np
import pytest
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.catalogue.overview import overview as plain_overview
from spikelearn.catalogue.overview import resets as resets_of
from spikelearn.models.adaptive_lif.course import course
from spikelearn.models.adaptive_lif.figure import overview
from spikelearn.models.equation_neuron.resets import resets
from spikelearn.plotting import broken_at, new_figure, trace

REGULAR = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms, delta_g=0.1)
BURSTER = sl.AdaptiveLIF(tau_K=100 * ms, delta_g=0.1, t_d=0.5 * second)
QIF = sl.EquationNeuron(
    "dx/dt = (x**2 + drive)/tau : 1", "x > x_peak", "x = -x_peak", method="rk4",
    parameters={"tau": "10 ms", "drive": 1.0, "x_peak": 1000.0},
)  # fmt: skip


def peaks_in_pixels(axes, line, spikes, level):
    """How far below (or above) the level the line ends at each spike that the axes show, in pixels."""
    axes.figure.canvas.draw()
    low, high = axes.get_xlim()
    x, y = line.get_xdata(), line.get_ydata()
    missed = []
    for spike in spikes[(spikes > max(low, x[0])) & (spikes < min(high, x[-1]))]:
        # The last point before the gap at this spike.
        gap = np.flatnonzero(np.isnan(y) & (x == spike))
        assert len(gap) == 1, spike
        before = y[gap[0] - 1]
        pixels = axes.transData.transform([(spike, before), (spike, level)])
        missed.append(abs(pixels[0, 1] - pixels[1, 1]))
    return np.array(missed)


@pytest.mark.parametrize(
    ("neuron", "engine"),
    [(REGULAR, "exact"), (BURSTER, "exact"), (REGULAR, "brian2")],
    ids=("regular", "bursts", "brian2"),
)
def test_every_drawn_spike_reaches_the_threshold_within_a_pixel(neuron, engine):
    target = {"target": "numpy"} if engine == "brian2" else {}
    seconds = 4 if neuron is BURSTER else 0.6
    recording = sl.simulate(neuron, seconds * second, engine=engine, record=("u", "g"), record_dt=1 * ms, **target)
    spikes = recording.spikes.train()
    assert len(spikes) > 5
    figure = overview(neuron, recording, "regular")
    panels = {axes.get_ylabel(): axes for axes in figure.axes if axes.get_xlabel() != "g (leak conductances)"}
    whole = panels["u (mV)"]
    for axes in [axes for axes in figure.axes if axes.get_ylabel() == "u (mV)" and axes.lines]:
        if axes.get_xlabel() == "g (leak conductances)":
            continue
        missed = peaks_in_pixels(axes, axes.lines[0], spikes, 15.0)
        assert len(missed) > 3
        assert missed.max() < 1.0
    assert whole.lines
    # The sampled peaks alone miss it by far: what is drawn is not what was sampled.
    u = recording.traces["u"].values[:, 0] * 1e3
    time = recording.traces["time"].values
    sampled = [u[(time <= spike) & (time > spike - 2e-3)].max() for spike in spikes[1:-1]]
    assert 15.0 - min(sampled) > 0.3


def test_a_neuron_of_equations_is_drawn_from_its_threshold_to_its_reset():
    assert resets(QIF) == {"x": (1000.0, -1000.0)}
    recording = sl.simulate(QIF, 0.2 * second, record=("x",), dt=0.01 * ms, record_dt=1 * ms, target="numpy")
    figure = plain_overview(QIF, recording, "quadratic")
    axes = figure.axes[1]
    assert peaks_in_pixels(axes, axes.lines[0], recording.spikes.train(), 1000.0).max() < 1.0
    y = axes.lines[0].get_ydata()
    assert np.nanmin(y) == -1000.0
    # Sampled alone it would seem to run over a tenth of its range.
    assert np.abs(recording.traces["x"].values).max() < 500


def test_the_quadratic_neuron_says_it_by_its_equations():
    neuron = sl.QuadraticNeuron(eta=1.0, v_peak=50.0, v_reset=-20.0)
    recording = sl.Recording(None, sl.simulate(REGULAR, 0.001).traces, {})
    assert resets_of(neuron, recording) == {"v": (50.0, -20.0)}
    assert resets_of(sl.EIRates(), recording) == {}


def test_what_a_reset_does_is_read_from_the_texts():
    neuron = sl.EquationNeuron(
        "dv/dt = (E - v)/tau : volt\ndw/dt = -w/tau : 1", "v >= 2*V_t - 10*mV and w < 5", "v = V_r; w += 0.1",
        parameters={"E": "-40 mV", "V_t": "-20 mV", "V_r": "-70 mV", "tau": "10 ms"},
    )  # fmt: skip
    found = resets(neuron)
    assert found["v"] == pytest.approx((-0.05, -0.07))
    assert np.isnan(found["w"]).all()
    assert resets(sl.EquationNeuron("dv/dt = -v/tau : 1", parameters={"tau": "10 ms"})) == {}
    # A threshold that is another variable is no number.
    moving = sl.EquationNeuron("dv/dt = -v/tau : 1\nth : 1", "v > th", "v = 0", parameters={"tau": "10 ms", "th": 1.0})
    assert resets(moving)["v"][1] == 0.0


def test_lines_are_broken_at_resets():
    time = np.arange(5.0)
    x, y = broken_at(time, np.array([0.0, 1, 2, 0, 1]), [2.5], (3.0, -1.0))
    np.testing.assert_array_equal(x, [0, 1, 2, 2.5, 2.5, 2.5, 3, 4])
    np.testing.assert_array_equal(y, [0, 1, 2, 3, np.nan, -1, 0, 1])
    # Without knowing where from and to, the line is broken and nothing is made up.
    np.testing.assert_array_equal(broken_at(time, time, [2.5])[1], [0, 1, 2, np.nan, 3, 4])
    # Outside the samples nothing is drawn; a sample at the spike stands before it, or after it if it shows the reset.
    assert len(broken_at(time, time, [-1.0, 9.0], (3.0, 0.0))[0]) == 5
    np.testing.assert_array_equal(broken_at(time, time, [2.0], (3.0, -1.0))[1], [0, 1, 2, 3, np.nan, -1, 3, 4])
    np.testing.assert_array_equal(broken_at(time, np.array([0, 1.0, -1, 0, 1]), [2.0], (3.0, -1.0))[1],
                                  [0, 1, 3, np.nan, -1, -1, 0, 1])  # fmt: skip
    empty = broken_at(np.empty(0), np.empty(0), [1.0], (3.0, 0.0))
    assert len(empty[0]) == len(empty[1]) == 0


def test_the_conductance_jumps_where_spikes_arrive():
    """Between samples g decays as its equation says: beside a run that is sampled fifty times as often."""
    coarse, fine = (sl.simulate(BURSTER, 2 * second, record=("u", "g"), record_dt=step * ms) for step in (1.0, 0.02))
    time, u, g = course(BURSTER, coarse)
    arrivals = fine.spikes.train() + 0.5
    arrivals = arrivals[arrivals < coarse.traces["time"].values[-1]]
    assert len(arrivals) > 10
    for arrival in arrivals:
        at = np.flatnonzero(np.isclose(time, arrival, rtol=0, atol=1e-12))
        assert np.diff(g[at[:2]])[0] == pytest.approx(0.1, rel=1e-9)
    ascending = np.flatnonzero(np.isfinite(g) & (np.diff(time, append=np.inf) > 0))
    there = fine.traces["time"].values
    expected = np.interp(time[ascending], there, fine.traces["g"].values[:, 0])
    away = np.abs(time[ascending][:, None] - arrivals[None, :]).min(axis=1) > 5e-5
    np.testing.assert_allclose(g[ascending][away], expected[away], atol=2e-5)
    # At an arrival u lies on the line between samples.
    joined = np.isfinite(u)
    assert np.nanmax(u[joined]) == pytest.approx(0.015)
    assert np.isnan(u).sum() == len(coarse.spikes.train()[coarse.spikes.train() <= coarse.traces["time"].values[-1]])


def test_without_delay_the_jump_comes_right_after_the_reset():
    recording = sl.simulate(REGULAR, 0.2 * second, record=("u", "g"), record_dt=1 * ms)
    time, u, g = course(REGULAR, recording)
    gap = np.flatnonzero(np.isnan(u))
    np.testing.assert_allclose(u[gap - 1], 0.015)
    np.testing.assert_allclose(u[gap + 1], 0.0)
    np.testing.assert_allclose(g[gap + 3] - g[gap - 1], 0.1)
    np.testing.assert_array_equal(time[gap], recording.spikes.train())


def test_traces_of_neurons_with_other_thresholds_are_only_broken():
    recording = sl.simulate(
        REGULAR, 0.1 * second, n=2, vary={"V_th": [-50, -45] * mV}, record=("u", "g"), record_dt=1 * ms
    )
    _, u, _ = course(REGULAR, recording, 1)
    assert np.nanmax(u) == recording.traces["u"].values[:, 1].max()
    axes = new_figure().subplots()
    trace(axes, recording.traces, "u", neuron=1, label="u", spikes=recording.spikes.train(unit=1))
    assert np.isnan(axes.lines[0].get_ydata()).sum() == len(recording.spikes.train(unit=1))
