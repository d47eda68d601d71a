"""The one line of JSON that rides in files: the window, numbers of trials and units, and how many spikes there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from spikelearn.spikes.table import KEYS, facts_of
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["check_facts", "column_bytes", "decode_facts", "encode_facts"]


def encode_facts(trains: SpikeTrains, body: Iterable[bytes] | None = None) -> str:
    """Write the facts as JSON; floats read back bit for bit.

    Parameters
    ----------
    trains : SpikeTrains
        What is written.
    body : iterable of bytes, optional
        The spikes as they stand in the file, for a checksum of them and of the facts.
    """
    facts = facts_of(trains) | {"n_spikes": trains.n_spikes}
    return json.dumps(facts if body is None else facts | {"sha256": _sha256(facts, body)})


def decode_facts(text: str, where: str) -> dict[str, Any]:
    """Read what `encode_facts` wrote; a checksum stays in it, for `check_facts`.

    Raises
    ------
    ValueError
        The text is no JSON object or holds something else.
    """
    try:
        facts = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{where}: the line of facts cannot be read: {error}") from error
    if not isinstance(facts, dict) or not set(facts) <= {*KEYS, "n_spikes", "sha256"} or "n_spikes" not in facts:
        raise ValueError(f"{where}: the line of facts is not one that spikelearn writes, got {text[:80]!r}")
    return facts


def check_facts(
    facts: dict[str, Any], body: Iterable[bytes], where: str, instead: str = "without its facts, with t_stop="
) -> dict[str, Any]:
    """Give the facts without their checksum, which must be that of facts and spikes.

    Files of earlier versions have none. `instead` tells how a file that was changed on purpose is read.

    Raises
    ------
    ValueError
        Facts or spikes were changed since they were written.
    """
    rest = {key: value for key, value in facts.items() if key != "sha256"}
    if "sha256" in facts and facts["sha256"] != _sha256(rest, body):
        raise ValueError(
            f"{where} was changed since spikelearn wrote it (checksum differs); a file that was changed on purpose is "
            f"read {instead}"
        )
    return rest


def column_bytes(values: Any) -> bytes:
    """Give the bytes of a column that its checksum is made of, whatever holds it: numbers or text."""
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array.dtype.str.encode() + np.ascontiguousarray(array).tobytes()
    return json.dumps([item if isinstance(item, (int, float)) else str(item) for item in array.tolist()]).encode()


def _sha256(facts: dict[str, Any], body: Iterable[bytes]) -> str:
    found = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for part in body:
        found.update(part)
    return found.hexdigest()
