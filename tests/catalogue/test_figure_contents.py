"""What the standard figures of the systems draw: spikes, traces, theory lines and rates, read back from the artists."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second
from matplotlib.colors import to_hex

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue import get_system
from spikelearn.catalogue.overview import overview as plain_overview
from spikelearn.models.adaptive_lif.course import course
from spikelearn.models.adaptive_lif.figure import overview, phase_plane
from spikelearn.models.escape_noise.binning import bin_spikes
from spikelearn.network import Population
from spikelearn.network.figure import overview as network_overview
from spikelearn.plotting import COLOURS, SERIES, new_figure, raster, trace

BURSTER = sl.AdaptiveLIF(tau_K=100 * ms, delta_g=0.1, t_d=1 * second)


@pytest.fixture(scope="module")
def bursting():
    return sl.simulate(BURSTER, 8 * second, record=("u", "g"), record_dt=1 * ms)


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_bursting_neuron_shows_spikes_traces_and_theory(bursting):
    figure = overview(BURSTER, bursting, "bursts")
    spikes, plane, u, g, zoom = figure.axes
    assert (u.get_ylabel(), zoom.get_ylabel(), g.get_ylabel()) == ("u (mV)", "u (mV)", "g (leak\nconductances)")
    train = bursting.spikes.train(unit=0)
    np.testing.assert_array_equal(np.sort(spikes.collections[0].get_positions()), train)
    time, u_of, g_of = course(BURSTER, bursting)
    np.testing.assert_array_equal(u.lines[0].get_xdata(), time)
    np.testing.assert_allclose(u.lines[0].get_ydata(), u_of * 1e3)
    np.testing.assert_array_equal(g.lines[0].get_ydata(), g_of)
    # Every sample is among the points.
    sampled = bursting.traces["time"].values
    at = np.searchsorted(time, sampled)
    np.testing.assert_allclose(np.interp(sampled, time[at], u_of[at]), bursting.traces["u"].values[:, 0])
    np.testing.assert_allclose(labelled(u)[r"threshold $\theta$"].get_ydata(), [15, 15])
    # g* = (20 - 15)/(15 + 15)
    np.testing.assert_allclose(
        labelled(g)[r"critical $g^* = (V_0-\theta)/(\theta+\Delta)$"].get_ydata(), [1 / 6, 1 / 6]
    )
    # Bars over the predicted bursts: they begin one period apart at the start of a settled burst, and last `on`.
    bars = spikes.collections[-1].get_segments()
    theory = BURSTER.bursting()
    starts, ends = np.array([bar[:, 0] for bar in bars]).T
    np.testing.assert_allclose(np.diff(starts), theory.period)
    np.testing.assert_allclose((ends - starts)[:-1], theory.on)
    assert np.abs(train - starts[0]).min() < 1e-12
    assert train[train < starts[0]].max() < starts[0] - 0.5
    assert "the first still carries the initial state" in spikes.texts[0].get_text()
    # One burst is enlarged, with its predicted first and last spike.
    low, high = zoom.get_xlim()
    inside = train[(train > low) & (train < high)]
    assert 20 < len(inside) < len(train) / 3
    assert np.diff(inside).max() < 0.5
    marks = [line.get_xdata()[0] for line in zoom.lines if line.get_linestyle() == "--"]
    assert [np.abs(inside[0] - marks[0]) < 0.02, np.abs(inside[-1] - marks[1]) < 0.05] == [True, True]
    assert "phase plane" in plane.get_title()


def test_regular_firing_is_enlarged_beside_its_predicted_interval():
    neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms, delta_g=0.1)
    recording = sl.simulate(neuron, 2 * second, record=("u", "g"), record_dt=1 * ms)
    zoom = overview(neuron, recording, "regular").axes[-1]
    low, high = zoom.get_xlim()
    inside = recording.spikes.train()[(recording.spikes.train() > low) & (recording.spikes.train() < high)]
    marks = np.array([line.get_xdata()[0] for line in zoom.lines if line.get_linestyle() == "--"])
    np.testing.assert_allclose(marks[: len(inside)], inside, atol=1e-6)
    assert len(inside) == 12


def test_two_neurons_are_both_traced():
    neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms, delta_g=0.1)
    recording = sl.simulate(neuron, 0.3 * second, n=3, record=("u", "g"), record_dt=1 * ms)
    labels = [axes.get_ylabel() for axes in overview(neuron, recording, "three").axes]
    assert labels[2:4] == ["u, neuron 0\n(mV)", "u, neuron 1\n(mV)"]


def test_phase_plane_has_g_to_the_right_and_u_upwards_and_is_broken_at_resets(bursting):
    axes = new_figure().subplots()
    phase_plane(axes, BURSTER, bursting)
    run, nullcline, threshold, critical = axes.lines
    _, u, g = course(BURSTER, bursting)
    np.testing.assert_array_equal(run.get_xdata(), g)
    np.testing.assert_allclose(run.get_ydata(), u * 1e3)
    # From one point to the next u never falls from near the threshold to near the reset.
    assert np.nanmin(np.diff(run.get_ydata())) > -5
    grid = nullcline.get_xdata()
    np.testing.assert_allclose(nullcline.get_ydata(), (20 - 15 * grid) / (1 + grid))
    np.testing.assert_allclose(threshold.get_ydata(), [15, 15])
    np.testing.assert_allclose(critical.get_xdata(), [1 / 6, 1 / 6])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("g (leak conductances)", "u (mV)")


@pytest.mark.parametrize("g_star", [0.9, 0.17])
def test_the_legend_of_a_phase_plane_covers_no_line(bursting, g_star):
    """With the critical conductance to the right of the plane the legend stands just above its line."""
    figure = new_figure(3.2, 4.6)
    axes = figure.subplots()
    neuron = BURSTER if g_star < 0.5 else sl.AdaptiveLIF(V_0=42 * mV, tau_K=100 * ms, delta_g=0.1, t_d=0.5 * second)
    assert abs(neuron.critical_conductance() - g_star) < 0.01
    phase_plane(axes, neuron, bursting)
    axes.set_xlim(right=max(axes.get_xlim()[1], 1.05 * g_star))
    figure.canvas.draw()
    box = axes.get_legend().get_window_extent()
    lines = [line for line in axes.lines if line.get_label() != r"threshold $\theta$"]
    assert len(lines) == 3
    for line in lines:
        x, y = (np.interp(np.linspace(0, 1, 5000), np.linspace(0, 1, len(part)), part) for part in line.get_data())
        x, y = axes.transData.transform(np.column_stack([x, y])).T
        assert not ((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any(), line.get_label()


def test_rows_of_a_raster_are_the_units(bursting):
    trains = sl.SpikeTrains.from_arrays([[0.1, 0.2], [], [0.15]], t_stop=0.3)
    axes = new_figure().subplots()
    raster(axes, trains)
    assert [(c.get_lineoffset(), list(c.get_positions())) for c in axes.collections] == [
        (0, [0.1, 0.2]), (1, []), (2, [0.15])
    ]  # fmt: skip
    axes = new_figure().subplots()
    trace(axes, bursting.traces, "u", scale=2.0, label="twice")
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), 2 * bursting.traces["u"].values[:, 0])
    assert axes.get_ylabel() == "twice"


def test_neurons_have_the_colours_of_their_traces_in_the_raster():
    neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=100 * ms, delta_g=0.1)
    recording = sl.simulate(neuron, 0.3 * second, n=3, record=("u", "g"), record_dt=1 * ms)
    axes = overview(neuron, recording, "three").axes
    rows = [to_hex(row.get_colors()[0]).upper() for row in axes[0].collections[:3]]
    traces = [to_hex(panel.lines[0].get_color()).upper() for panel in axes[2:4]]
    assert rows == [*traces, COLOURS["simulation"]]
    assert rows[0] != rows[1]


def test_e_and_i_have_their_colours_in_a_network_too():
    cell = sl.AdaptiveLIF(V_0=20 * mV, t_d=5 * ms)
    for names, colours in (("EI", (COLOURS["E"], COLOURS["I"])), ("AB", SERIES[:2])):
        network = sl.Network({name: Population(cell, 3) for name in names}, [])
        figure = network_overview(network, sl.simulate(network, 0.2 * second), "two")
        seen = dict.fromkeys(to_hex(row.get_colors()[0]).upper() for row in figure.axes[0].collections)
        assert tuple(seen) == colours


def test_the_quadratic_neuron_fires_where_its_closed_form_says():
    neuron = sl.QuadraticNeuron(eta=0.04, tau=10 * ms)
    recording = sl.simulate(neuron, 1 * second)
    axes = plain_overview(neuron, recording, "quadratic").axes[0]
    (theory,) = [one for one in axes.collections if "predicted" in str(one.get_label())]
    marks = np.array([segment[0, 0] for segment in theory.get_segments()])
    np.testing.assert_allclose(marks, recording.spikes.train(), rtol=1e-12)
    assert "one every 156.9 ms" in theory.get_label()
    silent = sl.QuadraticNeuron(eta=-0.04, tau=10 * ms)
    assert plain_overview(silent, sl.simulate(silent, 1 * second), "silent").axes[0].get_legend() is None


def test_the_figure_of_a_system_without_one_shows_every_trace(bursting):
    figure = plain_overview(BURSTER, bursting, "plain")
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels[1:] == ["u (mV)", "g"]
    for axes, name, factor in zip(figure.axes[1:], ("u", "g"), (1e3, 1), strict=True):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), bursting.traces[name].values[:, 0] * factor)
    np.testing.assert_array_equal(np.sort(figure.axes[0].collections[0].get_positions()), bursting.spikes.train(unit=0))


def test_rates_of_a_network_are_spikes_a_second_and_unit():
    cells = {
        "fast": Population(sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.0), 3),
        "slow": Population(sl.AdaptiveLIF(V_0=17 * mV, delta_g=0.0), 2),
    }
    network = sl.Network(cells)
    recording = sl.simulate(network, 1 * second)
    spikes, rates = network_overview(network, recording, "two").axes
    for patch, name in zip(rates.patches, cells, strict=True):
        assert patch.get_label() == name
        trains = [recording.spikes.train(unit=k) for k in range(*network.units(name).indices(5))]
        data = patch.get_data()
        width = data.edges[1] - data.edges[0]
        np.testing.assert_allclose(data.edges, np.arange(len(data.values) + 1) * width)
        by_hand = [sum(((t >= a) & (t < b)).sum() for t in trains) / width / len(trains) for a, b in
                   zip(data.edges[:-1], data.edges[1:], strict=True)]  # fmt: skip
        np.testing.assert_allclose(data.values[:-1], by_hand[:-1])
    assert [c.get_lineoffset() for c in spikes.collections] == [0, 1, 2, 3, 4]
    assert [label.get_text() for label in spikes.get_yticklabels()] == ["fast", "slow"]
    # The slow population has 2 neurons of about 35 Hz: bins so wide that 25 spikes are in one, ten of them at least.
    assert width == pytest.approx(0.1)
    assert rates.get_ylabel() == "rate (Hz),\nbins of 100 ms"


def test_every_population_has_its_rows():
    network = sl.Network({
        "E": Population(sl.AdaptiveLIF(V_0=30 * mV), 300), "I": Population(sl.AdaptiveLIF(V_0=17 * mV), 100),
    })  # fmt: skip
    spikes = network_overview(network, sl.simulate(network, 0.05 * second), "many").axes[0]
    assert [label.get_text() for label in spikes.get_yticklabels()] == ["E\n150 of 300", "I\n50 of 100"]
    assert len(spikes.collections) == 200


def test_window_of_plasticity_lies_on_its_formula():
    configuration = catalogue.load("stdp_window")
    recording = catalogue.run(configuration)
    axes = get_system("Network").figure(configuration.model, recording, "title").axes[0]
    before, after, points = axes.lines[:3]
    assert before.get_xdata().max() < 0 <= after.get_xdata().min()
    for x, y in points.get_xydata():
        side = before if x < 0 else after
        assert y == pytest.approx(np.interp(x, side.get_xdata(), side.get_ydata()), rel=1e-3)
    # The target first: depression; after the arrival: potentiation.
    assert before.get_ydata().max() < 0 < after.get_ydata().min()


def test_rescaled_intervals_are_drawn_as_the_share_that_is_longer():
    system = get_system("EscapeNoise")
    case = system.build({"rho_0": "50 Hz"})
    trains = sl.SpikeTrains.from_arrays([np.arange(1, 41) * 0.02], t_stop=1.0)
    recording = sl.Recording(trains, sl.simulate(BURSTER, 0.01).traces, {})
    left, right = system.figure(case, recording, "escape").axes
    np.testing.assert_allclose(np.sort(left.collections[0].get_positions()), trains.train())
    share, line = right.lines
    intervals = share.get_xdata()
    assert len(intervals) in (39, 40)
    assert (np.diff(intervals) >= 0).all()
    np.testing.assert_allclose(share.get_ydata(), 1 - (np.arange(len(intervals)) + 0.5) / len(intervals))
    np.testing.assert_allclose(line.get_ydata(), np.exp(-line.get_xdata()))
    # Twenty bins of 1 ms at 50 Hz: about one expected spike an interval.
    assert bin_spikes(trains, case.dt).sum() == 40
    assert 0.8 < np.median(intervals) < 1.2
    assert float(case.cell.rho_0 / Hz) == 50
