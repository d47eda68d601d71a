"""SpikeTrains: what goes in comes out, selections and cuts equal slow loops, bad input is refused by name."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import Recording, SpikeTrains

STOP = 2.0


def random_trains(seed, n_trials=3, n_units=4, t_stop=STOP, mean=12):
    rng = np.random.default_rng(seed)
    trials = [[np.sort(rng.uniform(0, t_stop, rng.poisson(mean))) for _ in range(n_units)] for _ in range(n_trials)]
    trials[0][0] = np.empty(0)
    return SpikeTrains.from_trials(trials, t_stop=t_stop)


def as_lists(trains):
    return [[trains.train(u, k).tolist() for u in range(trains.n_units)] for k in range(trains.n_trials)]


# Few and close times, so that equal spikes, empty trains and spikes on borders are common.
times = st.lists(st.integers(0, 39).map(lambda k: k * 0.05), max_size=8).map(sorted)


@st.composite
def spike_trains(draw):
    n_trials, n_units = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return SpikeTrains.from_trials([[draw(times) for _ in range(n_units)] for _ in range(n_trials)], t_stop=STOP)


modest = settings(derandomize=True, max_examples=60, deadline=None)


@modest
@given(spike_trains())
def test_every_way_in_gives_the_same_object(trains):
    frame = trains.to_dataframe()
    assert SpikeTrains.from_dataframe(frame) == trains
    assert SpikeTrains.from_dataframe(frame.sample(frac=1, random_state=1)) == trains
    again = SpikeTrains.from_indices(
        frame["unit"],
        frame["time"],
        trials=frame["trial"],
        n_units=trains.n_units,
        n_trials=trains.n_trials,
        t_stop=STOP,
    )
    assert again == trains
    assert SpikeTrains.from_trials(as_lists(trains), t_stop=STOP) == trains


@modest
@given(spike_trains(), st.integers(0, 40))
def test_a_window_split_and_joined_is_the_window(trains, cut):
    edge = cut * 0.05
    parts = [trains.restrict(0.0, edge), trains.restrict(edge, STOP)]
    assert SpikeTrains.concatenate_time(parts) == trains
    assert (parts[0].counts() + parts[1].counts() == trains.counts()).all()


@modest
@given(spike_trains(), st.data())
def test_relabelled_units_and_trials(trains, data):
    units = data.draw(st.permutations(range(trains.n_units)))
    trials = data.draw(st.permutations(range(trains.n_trials)))
    new = trains.select_units(units).select_trials(trials)
    old = as_lists(trains)
    assert as_lists(new) == [[old[k][u] for u in units] for k in trials]
    assert new.select_units(np.argsort(units)).select_trials(np.argsort(trials)) == trains


@modest
@given(spike_trains(), st.data())
def test_joined_along_units_and_trials(trains, data):
    u, k = data.draw(st.integers(0, trains.n_units)), data.draw(st.integers(0, trains.n_trials))
    assert (
        SpikeTrains.concatenate_units([trains.select_units(slice(0, u)), trains.select_units(slice(u, None))])
        if 0 < u < trains.n_units
        else trains
    ) == trains
    assert (
        SpikeTrains.concatenate_trials([trains.select_trials(slice(0, k)), trains.select_trials(slice(k, None))])
        == trains
    )


@modest
@given(spike_trains(), st.floats(-1e6, 1e6))
def test_a_shift_keeps_every_spike_and_its_place_in_the_window(trains, dt):
    moved = trains.shift(dt)
    assert (moved.counts() == trains.counts()).all()
    assert (moved.t_start, moved.t_stop) == (dt, STOP + dt)
    # One rounding of the sum, and at most one more unit where it fell on the end of the window.
    np.testing.assert_allclose(moved.times - dt, trains.times, atol=4 * np.finfo(float).eps * (abs(dt) + STOP))


def test_a_shift_does_not_push_the_last_spike_out_of_the_window():
    last = np.nextafter(1.0, 0.0)
    moved = SpikeTrains.from_arrays([[0.5, last]], t_stop=1.0).shift(1000.0)
    assert moved.counts().tolist() == [[2]]
    assert moved.times[-1] == np.nextafter(1001.0, 0.0)


def test_masks_slices_and_single_numbers_select():
    trains = random_trains(1)
    assert trains.select_units(2).n_units == 1
    assert trains.select_units([True, False, True, False]) == trains.select_units([0, 2])
    assert trains.select_units(slice(1, 3)) == trains.select_units([1, 2])
    assert trains.select_units([]).n_units == 0
    assert trains.select_trials([]).n_trials == 0


def test_cuts_around_events_equal_a_slow_loop():
    trains = random_trains(2, mean=60)
    rng = np.random.default_rng(3)
    events, trial = rng.uniform(0.3, 1.6, 25), rng.integers(0, 3, 25)
    cuts = trains.aligned(events, 0.3, 0.4, trials=trial)
    assert (cuts.n_trials, cuts.n_units, cuts.t_start, cuts.t_stop) == (25, 4, -0.3, 0.4)
    for k, (event, which) in enumerate(zip(events, trial, strict=True)):
        for u in range(4):
            relative = trains.train(u, which) - event
            np.testing.assert_array_equal(cuts.train(u, k), relative[(relative >= -0.3) & (relative < 0.4)])


def test_cuts_on_a_grid_hold_the_same_spikes_wherever_the_event_lies():
    # Spikes at multiples of 0.1 s: every cut [-0.3, 0.2) must hold exactly five, the first on its begin.
    grid = np.arange(2000) * 0.1
    trains = SpikeTrains.from_arrays([grid], t_stop=200.0)
    cuts = trains.aligned(np.arange(10, 1900, 7) * 0.1, 0.3, 0.2)
    assert (cuts.counts() == 5).all()
    np.testing.assert_allclose(cuts.times.reshape(-1, 5), np.tile([-0.3, -0.2, -0.1, 0, 0.1], (270, 1)), atol=1e-12)
    assert (cuts.binned(0.1) == 1).all()


def test_events_near_the_border_are_refused_kept_or_dropped():
    trains = SpikeTrains.from_arrays([[0.05, 0.5, 1.95]], t_stop=STOP)
    with pytest.raises(ValueError, match=r"cut around event 0 at 0.1 s reaches beyond what was observed"):
        trains.aligned([0.1, 1.0], 0.5, 0.5)
    assert trains.aligned([0.1, 1.0], 0.5, 0.5, incomplete="drop").n_trials == 1
    kept = trains.aligned([0.1, 1.0, 1.9], 0.5, 0.5, incomplete="keep")
    np.testing.assert_allclose(kept.observed, [[-0.1, 0.5], [-0.5, 0.5], [-0.5, 0.1]])
    assert kept.counts().ravel().tolist() == [2, 1, 1]
    assert kept.observed_bins(0.25).tolist() == [[False, False, True, True], [True] * 4, [True, True, False, False]]


def test_trials_of_unequal_length():
    observed = [[0.0, 1.0], [0.5, 2.0]]
    trains = SpikeTrains.from_trials([[[0.2], [0.9]], [[0.5, 1.9], []]], t_stop=2.0, observed=observed)
    assert not trains.fully_observed
    assert trains.observed_bins(0.5).tolist() == [[True, True, False, False], [False, True, True, True]]
    assert trains.select_trials([1]).observed.tolist() == [[0.5, 2.0]]
    assert trains.shift(1.0).observed.tolist() == [[1.0, 2.0], [1.5, 3.0]]
    assert trains.restrict(0.5, 1.0).fully_observed
    split = [trains.restrict(0.0, 0.7), trains.restrict(0.7, 2.0)]
    assert SpikeTrains.concatenate_time(split) == trains
    assert SpikeTrains.concatenate_trials([trains.select_trials(k) for k in (0, 1)]) == trains
    assert SpikeTrains.from_dataframe(trains.to_dataframe()) == trains
    assert trains != SpikeTrains.from_trials([[[0.2], [0.9]], [[0.5, 1.9], []]], t_stop=2.0)
    with pytest.raises(ValueError, match=r"spike 0 of unit 0, trial 1 must lie within the part .* got 0.4 s"):
        SpikeTrains.from_trials([[[0.2]], [[0.4]]], t_stop=2.0, observed=observed)


def test_a_recording_keeps_trials_of_unequal_length(tmp_path):
    trains = SpikeTrains.from_trials([[[0.2]], [[0.5]]], t_stop=2.0, observed=[[0.0, 1.0], [0.5, 2.0]])
    Recording(trains, xr.Dataset()).save(tmp_path / "it")
    assert Recording.load(tmp_path / "it").spikes == trains


def test_a_stored_object_cannot_be_changed():
    trains = random_trains(4)
    for array in (trains.times, trains.offsets, trains.observed, trains.train(1, 1)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([[0.1, np.nan]], r"spike 1 of unit 0, trial 0 must be a number, got nan s"),
        ([[0.1], [2.0]], r"spike 0 of unit 1, trial 0 must lie within 0.0 s <= t < 2.0 s, got 2.0 s"),
        ([[], [-0.1]], r"spike 0 of unit 1, trial 0 must lie within .* got -0.1 s"),
        ([[np.inf]], r"must lie within 0.0 s <= t < 2.0 s, got inf s"),
        ([[], [0.3, 0.2]], r"spike 1 of unit 1, trial 0 must not come before the spike ahead of it, got 0.2 s"),
        ([[[0.3, 0.2]]], r"must be one-dimensional, got shape \(1, 2\)"),
    ],
)
def test_bad_times_are_refused_by_name(arrays, message):
    with pytest.raises(ValueError, match=message):
        SpikeTrains.from_arrays(arrays, t_stop=2.0)


def test_trains_may_fall_from_one_to_the_next():
    assert SpikeTrains.from_arrays([[0.9], [], [0.1]], t_stop=1.0).n_spikes == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SpikeTrains([0.1], [0, 1], 1, t_start=1.0, t_stop=0.0), "t_stop must not be before t_start"),
        (lambda: SpikeTrains([[0.1]], [0, 1], 1, t_stop=1.0), "times must have one dimension"),
        (lambda: SpikeTrains([0.1], [0, 1], 2, t_stop=1.0), r"offsets must have n_trials \* n_units \+ 1 entries"),
        (lambda: SpikeTrains([], [0, 0], 0, t_stop=1.0), r"n_units \+ 1 entries, got \(2,\) for 0 units"),
        (lambda: SpikeTrains([0.1], [0, 2], 1, t_stop=1.0), "offsets must rise from 0 to the number of spikes, 1"),
        (lambda: SpikeTrains.from_trials([[[]], [[], []]], t_stop=1.0), "same number of units, got"),
        (lambda: SpikeTrains.from_arrays([[]], t_stop="3 mV"), "must be a time, such as '1 s'"),
        (lambda: SpikeTrains.from_indices([0, 5], [0.1, 0.2], n_units=2, t_stop=1), "indices must lie in 0 to 1"),
        (
            lambda: SpikeTrains.from_indices([0], [0.1, 0.2], n_units=2, t_stop=1),
            "indices and times must have the same",
        ),
        (
            lambda: SpikeTrains.from_indices([0], [0.1], n_units=1, trials=[1], n_trials=1, t_stop=1),
            "trials must lie in 0 to 0, got 1 to 1",
        ),
        (lambda: SpikeTrains.from_arrays([[0.1]], t_stop=1).restrict(0.0, 1.5), "restrict: the window must lie within"),
        (lambda: SpikeTrains.from_arrays([[0.1]], t_stop=1).aligned([0.5], 0, 0), "the window must have a length"),
        (lambda: SpikeTrains.from_arrays([[0.1]], t_stop=1).aligned([np.nan], 0.1, 0), "event 0 must be a number"),
        (lambda: random_trains(0).aligned([0.5], 0.1, 0.1), "trials= must say in which of the 3 trials"),
        (lambda: random_trains(0).aligned([0.5], 0.1, 0.1, trials=[0, 1]), "trials must have one entry an event"),
        (
            lambda: SpikeTrains.from_arrays([[0.1]], t_stop=1).aligned([0.5], 0.1, 0.1, incomplete="no"),
            "incomplete must be 'refuse', 'keep' or 'drop', got 'no'",
        ),
        (lambda: SpikeTrains.concatenate_trials([]), "at least one SpikeTrains, got none"),
        (
            lambda: SpikeTrains.concatenate_trials([random_trains(0), random_trains(0, n_units=2)]),
            "every part must have the same n_units, got 4 and 2",
        ),
        (
            lambda: SpikeTrains.concatenate_time([random_trains(0), random_trains(0)]),
            r"each window must begin where the one before ends, got 0.0 s after 2.0 s",
        ),
        (
            lambda: SpikeTrains.concatenate_time(
                [
                    SpikeTrains.from_arrays([[]], t_stop=1),
                    SpikeTrains([], [0, 0], 1, t_start=1, t_stop=2, observed=[[1.5, 2]]),
                ]
            ),
            "trial 0 was not observed from 1.0 s to 1.5 s",
        ),
        (
            lambda: SpikeTrains.concatenate_units(
                [SpikeTrains.from_arrays([[]], t_stop=1), SpikeTrains([], [0, 0], 1, t_stop=1, observed=[[0.5, 1]])]
            ),
            "observed at the same times",
        ),
        (
            lambda: SpikeTrains([], [0, 0], 1, t_stop=1, observed=[[0.5, 1.5]]),
            r"observed of trial 0 must lie within 0.0 s to 1.0 s, got \[0.5, 1.5\] s",
        ),
        (
            lambda: SpikeTrains([], [0, 0], 1, t_stop=1, observed=[[0.8, 0.2]]),
            r"observed of trial 0 must lie within 0.0 s to 1.0 s, got \[0.8, 0.2\] s",
        ),
        (lambda: SpikeTrains.from_arrays([[[0.1], [0.2]]], t_stop=1), "^the spike times of one unit must be one-dimen"),
        (
            lambda: SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0], "time": [1.0], "trail": [0]}), t_stop=2),
            "has a column 'trail'; did you mean it to be 'trial'",
        ),
        (lambda: SpikeTrains([], [0, 0], 1, t_stop=1, observed=[0, 1]), r"observed must have the shape \(1, 2\)"),
        (lambda: SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0], "tine": [1.0]})), "did you mean 'tine'"),
        (lambda: SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0], "time": [1.0]})), "pass t_stop="),
        (
            lambda: SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0.5], "time": [1.0]}), t_stop=2),
            "unit must be a whole number from 0, got 0.5 in row 0",
        ),
        (
            lambda: SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0], "time": ["x"]}), t_stop=2),
            "^the table: time must be numbers in seconds",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: t.train(unit=4), "unit must be 0 to 3, got 4"),
        (lambda t: t.train(trial=-1), "trial must be 0 to 2, got -1"),
        (lambda t: t.select_units([0, 4]), "select_units: units must be 0 to 3, got 4"),
        (lambda t: t.select_trials([-1]), "select_trials: trials must be 0 to 2, got -1"),
        (lambda t: t.select_units([True]), "a mask must have 4 entries"),
        (lambda t: t.select_units(["a"]), "must be whole numbers, a mask or a slice"),
    ],
)
def test_what_is_not_there_is_refused(call, message):
    with pytest.raises(IndexError, match=message):
        call(random_trains(0))


def test_quantities_and_text_are_times():
    from brian2 import ms, second

    trains = SpikeTrains.from_arrays([[100, 300] * ms], t_stop=1 * second)
    assert trains == SpikeTrains.from_arrays([[0.1, 0.3]], t_stop="1000 ms")
    assert trains.aligned([200] * ms, 150 * ms, "150 ms").counts().tolist() == [[2]]


def test_quantities_in_a_list_keep_their_units():
    from brian2 import ms, mV, second

    trains = SpikeTrains.from_arrays([[100 * ms, 0.3 * second]], t_stop=1)
    assert trains == SpikeTrains.from_arrays([[0.1, 0.3]], t_stop=1)
    assert SpikeTrains([100, 300] * ms, [0, 2], 1, t_stop=1) == trains
    assert SpikeTrains([100 * ms, 300 * ms], [0, 2], 1, t_stop=1) == trains
    for times in ([1 * mV], [1 * ms, 3], [1 * ms, 2 * mV], [1, 2] * mV):
        with pytest.raises(ValueError, match="spike times must be a time, such as '1 s'"):
            SpikeTrains.from_arrays([times], t_stop=5)
        with pytest.raises(ValueError, match="spike times must be a time, such as '1 s'"):
            SpikeTrains(times, [0, len(times)], 1, t_stop=5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: SpikeTrains.from_indices([0.7], [0.1], n_units=2, t_stop=1),
            "indices must be whole numbers, got float64",
        ),
        (
            lambda: SpikeTrains.from_indices([True], [0.1], n_units=2, t_stop=1),
            "indices must be whole numbers, got bool",
        ),
        (
            lambda: SpikeTrains.from_indices([0], [0.1], trials=[0.5], n_units=2, t_stop=1),
            "trials must be whole numbers, got float64 values such as 0.5",
        ),
        (
            lambda: SpikeTrains.from_indices([0], [0.1], n_units=2.5, t_stop=1),
            "n_units must be a whole number, got 2.5",
        ),
        (lambda: SpikeTrains([0.1], [0.0, 1.0], 1, t_stop=1), "SpikeTrains.offsets must be whole numbers, got float64"),
        (lambda: SpikeTrains([0.1], [0, 1], 1.0, t_stop=1), "SpikeTrains.n_units must be a whole number, got 1.0"),
        (lambda: SpikeTrains([0.1], [0, 1], True, t_stop=1), "SpikeTrains.n_units must be a whole number, got True"),
    ],
)
def test_whole_numbers_are_not_cut_from_floats(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SpikeTrains([], [0], -1, t_stop=1), "SpikeTrains.n_units must not be negative, got -1"),
        (lambda: SpikeTrains.from_indices([], [], n_units=-2, t_stop=1), "n_units must not be negative, got -2"),
        (lambda: SpikeTrains.from_indices([], [], n_units=2, n_trials=-1, t_stop=1), "n_trials must not be negative"),
        (lambda: SpikeTrains([], [0, 0], 1, t_stop=1, slack=-1e-9), "SpikeTrains.slack must be a time not below 0"),
        (lambda: SpikeTrains([], [0, 0], 1, t_stop=1, slack=np.nan), "SpikeTrains.slack must be a time not below 0"),
        (lambda: SpikeTrains([], [0, 0], 1, t_stop=1, slack=np.inf), "SpikeTrains.slack must be a time not below 0"),
        (lambda: SpikeTrains([], [0, 0], 1, t_stop=1, slack="-1 us"), "must be a time not below 0, got -1 us"),
    ],
)
def test_sizes_and_slack_are_not_negative(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("record", [True, False])
def test_spikes_of_a_brian2_monitor(record):
    from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor, ms

    from spikelearn.brian.session import session

    with session("numpy") as brian:
        source = SpikeGeneratorGroup(3, [2, 0, 2], [1, 2, 3] * ms, dt=0.1 * ms)
        monitor = SpikeMonitor(source, record=record)
        network = Network(source, monitor)
        brian.run(network, 5 * ms)
        if not record:
            with pytest.raises(ValueError, match="record=False"):
                SpikeTrains.from_spike_monitor(monitor)
            return
        trains = SpikeTrains.from_spike_monitor(monitor)
        assert trains.t_stop == 0.005
        np.testing.assert_allclose(trains.train(2), [0.001, 0.003], rtol=1e-12)
        assert trains.counts().tolist() == [[1, 0, 2]]
        with pytest.raises(TypeError, match="must get a brian2.SpikeMonitor, got list"):
            SpikeTrains.from_spike_monitor([])


def test_edges_that_miss_the_window_by_rounding_are_its_edges():
    trains = SpikeTrains.from_arrays([[0.05, 0.25]], t_stop=0.3)
    assert 3 * 0.1 > 0.3
    assert trains.restrict(0, 3 * 0.1) == trains
    late = trains.shift(0.1)
    assert late.restrict(np.nextafter(0.1, 0), late.t_stop) == late
    with pytest.raises(ValueError, match=r"restrict: the window must lie within \[0.0, 0.3\) s"):
        trains.restrict(0, 0.3 + 1e-12)
    # Two spikes within rounding of the seam, the later in the earlier window.
    first = SpikeTrains.from_arrays([[0.05, 0.3]], t_stop=3 * 0.1)
    earlier = float(np.nextafter(0.3, 0))
    second = SpikeTrains.from_arrays([[earlier, 0.35]], t_start=earlier, t_stop=0.4)
    both = SpikeTrains.concatenate_time([first, second])
    assert both == SpikeTrains.from_arrays([[0.05, earlier, 0.3, 0.35]], t_stop=0.4)
    parts = [
        SpikeTrains([0.1], [0, 1], 1, t_stop=0.5, observed=[[0.0, 3 * 0.1]]),
        SpikeTrains([], [0, 0], 1, t_start=0.5, t_stop=1.0),
    ]
    with pytest.raises(ValueError, match="trial 0 was not observed from 0.3"):
        SpikeTrains.concatenate_time(parts)
    with pytest.raises(ValueError, match="each window must begin where the one before ends"):
        SpikeTrains.concatenate_time([first, second.shift(1e-9)])


def test_the_description_of_one_spike_and_of_a_window_from_zero():
    trains = SpikeTrains.from_arrays([[0.25]], t_start=-0.0, t_stop=0.5)
    assert repr(trains) == "SpikeTrains(1 trial x 1 unit, 1 spike in [0.0, 0.5) s)"


def test_what_is_equal_is_counted_alike():
    """The slack decides in which bin a spike counts: trains of another slack were equal and were counted otherwise."""
    spike = 0.5 - 1e-13
    typed = SpikeTrains.from_arrays([[spike]], t_stop=1.0)
    carried = SpikeTrains([spike], [0, 1], 1, t_stop=1.0, slack=1e-12)
    assert SpikeTrains([spike], [0, 1], 1, t_stop=1.0, slack="1 us").slack == pytest.approx(1e-6, rel=1e-15)
    assert typed.binned(0.5).tolist() != carried.binned(0.5).tolist()
    assert typed != carried
    assert carried == SpikeTrains([spike], [0, 1], 1, t_stop=1.0, slack=1e-12)
    assert typed.same_spikes(carried)
    assert carried.same_spikes(typed.with_ids(unit_ids=["a"], unit_columns={"quality": ["good"]}))
    others = [
        SpikeTrains.from_arrays([[0.5]], t_stop=1.0),
        SpikeTrains.from_arrays([[spike]], t_stop=2.0),
        SpikeTrains.from_arrays([[spike]], t_start=-1.0, t_stop=1.0),
        SpikeTrains.from_arrays([[], [spike]], t_stop=1.0),
        SpikeTrains.from_trials([[[spike]], [[]]], t_stop=1.0),
        SpikeTrains.from_trials([[[spike]]], t_stop=1.0, observed=[[0.0, 0.75]]),
    ]
    assert not any(typed.same_spikes(other) for other in others)
    with pytest.raises(TypeError, match=r"SpikeTrains.same_spikes must get SpikeTrains, got list"):
        typed.same_spikes([0.5])


def test_counted_from_the_end_the_first_train_is_there_too():
    trains = random_trains(0)
    assert np.array_equal(trains[-len(trains)], trains[0])
    with pytest.raises(IndexError, match=f"must have k from 0 to {len(trains) - 1}, got {-len(trains) - 1}"):
        trains[-len(trains) - 1]
