"""The source's input network on its limit cycle, found once."""

import pytest

from spikelearn.models import entropy_rule as er


@pytest.fixture(scope="session")
def cycle():
    return er.source_network().cycle(er.START, settle=0.0)


@pytest.fixture(scope="session")
def sampled(cycle):
    """One period at 1200 steps, and the step."""
    return cycle.frames(1200), cycle.period / 1200
