"""Events around which trials are cut."""

import pytest

from spikelearn import SpikeTrains


@pytest.mark.parametrize("event", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("incomplete", ["refuse", "keep", "drop"])
def test_events_without_a_time_are_refused(event, incomplete):
    trains = SpikeTrains.from_arrays([[0.25, 0.5]], t_stop=1.0)
    with pytest.raises(ValueError, match=r"aligned: event 1 must be a number and finite, got (-?inf|nan)"):
        trains.aligned([0.5, event], 0.1, 0.1, incomplete=incomplete)
