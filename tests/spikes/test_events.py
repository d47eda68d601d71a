"""Events around which trials are cut."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains
from spikelearn.spikes.binning import rounding


@pytest.mark.parametrize("event", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("incomplete", ["refuse", "keep", "drop"])
def test_events_without_a_time_are_refused(event, incomplete):
    trains = SpikeTrains.from_arrays([[0.25, 0.5]], t_stop=1.0)
    with pytest.raises(ValueError, match=r"aligned: event 1 must be a number and finite, got (-?inf|nan)"):
        trains.aligned([0.5, event], 0.1, 0.1, incomplete=incomplete)


def beside(*places):
    """Floating-point numbers at some places, and the next few on both sides."""

    def step(drawn):
        place, steps = drawn
        for _ in range(abs(steps)):
            place = float(np.nextafter(place, np.inf if steps > 0 else -np.inf))
        return place

    return st.tuples(st.sampled_from([float(place) for place in places]), st.integers(-3, 3)).map(step)


@st.composite
def cuts(draw):
    """One trial, perhaps observed in part, with spikes, events and borders of the cut on its edges or beside them."""
    start = draw(beside(0.0, -0.2, 0.1, 100.0))
    stop = start + draw(beside(0.3, 1.0, 2.0))
    near = beside(start, start + 0.1, start + 0.3, stop - 0.1, stop)
    edges = sorted(min(max(draw(near), start), stop) for _ in range(2)) if draw(st.booleans()) else [start, stop]
    spikes = sorted(t for t in draw(st.lists(near, max_size=5)) if edges[0] <= t < edges[1])
    before, after = draw(beside(0.0, 0.1, 0.3, -0.1)), draw(beside(0.1, 0.3, 0.2))
    return (start, stop, edges), spikes, draw(st.lists(near, min_size=1, max_size=3)), before, after


@given(cuts())
@settings(derandomize=True, max_examples=150, deadline=None)
def test_events_and_spikes_beside_every_edge_are_cut(case):
    """Whatever lies beside an edge: each event gives its trial, with the spikes that exact arithmetic puts there."""
    (start, stop, edges), spikes, events, before, after = case
    if before + after < 1e-9:
        return
    trains = SpikeTrains([*spikes], [0, len(spikes)], 1, t_start=start, t_stop=stop, observed=[edges])
    found = trains.aligned(events, before, after, incomplete="keep")
    assert found.n_trials == len(events)
    assert trains.aligned(events, before, after, incomplete="drop").n_trials <= len(events)
    error = Fraction(2 * float(rounding(start, stop, before, after, max(map(abs, events)))))
    for k, event in enumerate(events):
        places = [Fraction(t) - Fraction(event) for t in spikes]
        begin, end = (Fraction(edge) - Fraction(event) for edge in edges)
        begin, end = max(begin, Fraction(-before)), min(end, Fraction(after))
        sure = sum(begin <= place < end - error for place in places)
        at_most = sum(begin - error <= place < end + error for place in places)
        assert sure <= len(found.train(trial=k)) <= at_most


def test_a_spike_at_the_last_moment_that_was_observed_is_not_after_it():
    """It was moved to -5e-324 s, before the begin of the cut."""
    trains = SpikeTrains.from_arrays([[0.25, 0.9999999999999999]], t_stop=1.0)
    found = trains.aligned([1.0, 0.9999999999999999], 0.0, 0.1, incomplete="keep")
    assert found.counts().tolist() == [[0], [1]]
    assert found.observed[0].tolist() == [0.0, 0.0]


def test_a_cut_that_begins_at_its_event_begins_at_zero():
    cut = SpikeTrains.from_arrays([[0.25, 0.5]], t_stop=1.0).aligned([0.25, 0.5], 0.0, 0.25)
    assert not np.signbit(cut.t_start)
    assert "[0.0, 0.25)" in repr(cut)
