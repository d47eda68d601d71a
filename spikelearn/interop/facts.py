"""The one line of JSON that rides in files: the window, numbers of trials and units, and how many spikes there are."""

from __future__ import annotations

import json
from typing import Any

from spikelearn.spikes.table import KEYS, facts_of
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["decode_facts", "encode_facts"]


def encode_facts(trains: SpikeTrains) -> str:
    """Write the facts as JSON; floats read back bit for bit."""
    return json.dumps(facts_of(trains) | {"n_spikes": trains.n_spikes})


def decode_facts(text: str, where: str) -> dict[str, Any]:
    """Read what `encode_facts` wrote.

    Raises
    ------
    ValueError
        The text is no JSON object or holds something else.
    """
    try:
        facts = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: the line of facts cannot be read: {error}") from error
    if not isinstance(facts, dict) or not set(facts) <= {*KEYS, "n_spikes"} or "n_spikes" not in facts:
        raise ValueError(f"{where}: the line of facts is not one that spikelearn writes, got {text[:80]!r}")
    return facts
