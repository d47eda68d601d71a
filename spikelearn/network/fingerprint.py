"""Which network a saved state belongs to: a digest of each part of the description, as it is laid out."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.eventdriven.network.records import NetworkState
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.wiring import Wiring

__all__ = ["check_same_network", "fingerprint", "read_state", "seed_of_run", "signed", "state_digest"]


def fingerprint(wiring: Wiring, time: float) -> dict[str, str]:
    """Digest each part of a network, to the bit.

    Parameters
    ----------
    wiring : Wiring
        The network, with its weights at time 0.
    time : float
        External spikes from here on do not count: a state does not know them, so that longer trains may follow.

    Returns
    -------
    dict
        Name of the part -> SHA-256 in hexadecimal digits.
    """
    past = int(np.searchsorted(wiring.source_times, time))
    return {
        "parameters": _digest(*(wiring.values[name] for name in sorted(wiring.values))),
        "connections": _digest(wiring.start, wiring.target),
        "weights": _digest(wiring.weight),
        "plasticity": _digest(wiring.rule, np.array([_in_words(rule) for rule in wiring.rules])),
        "delays": _digest(wiring.delay),
        "Poisson input": _digest(*wiring.rates, np.array(wiring.weights)),
        "external spikes": _digest(wiring.source_times[:past], wiring.source_rows[:past]),
    }


def signed(state: NetworkState, wiring: Wiring, seed: int) -> NetworkState:
    """Give the state with the network and the seed that it belongs to."""
    named = dataclasses.replace(state, seed=seed, fingerprint=fingerprint(wiring, state.time))
    return dataclasses.replace(named, digest=state_digest(named))


def state_digest(state: NetworkState) -> str:
    """Digest everything in a state, to the bit."""
    arrays = (
        state.state,
        state.poisson_next,
        state.poisson_drawn,
        state.recent_times,
        state.recent_rows,
        state.plastic,
    )
    words = repr((float(state.time), state.seed, sorted(state.fingerprint.items())))
    return _digest(np.array(words), *arrays)


def read_state(given: Any, where: str) -> NetworkState:
    """Refuse what is no state, with a word on where it is.

    Raises
    ------
    TypeError
        It is something else, such as the whole recording.
    """
    if not isinstance(given, NetworkState):
        hint = "; use its .state" if isinstance(getattr(given, "state", None), NetworkState) else ""
        raise TypeError(f"{where} must be a state such as recording.state, got {type(given).__name__}{hint}")
    return given


def seed_of_run(seed: int | None, resume: NetworkState | None) -> int:
    """Give the seed of the random input: the one asked for, that of the state, or a new one.

    Raises
    ------
    ValueError
        Another seed than that of the state.
    """
    if resume is not None and resume.seed is not None:
        if seed not in (None, resume.seed):
            raise ValueError(f"seed must be left out or {resume.seed}, that of the state to resume from, got {seed}")
        return resume.seed
    return int(np.random.default_rng().integers(2**32)) if seed is None else seed


def check_same_network(resume: NetworkState, wiring: Wiring) -> None:
    """Refuse a state of another network, naming the parts that differ.

    Raises
    ------
    ValueError
        The network differs from that of the state in more than what is still to come, or the state was changed.
    """
    if not resume.fingerprint:
        raise ValueError("resume must be a state that says of which network it is, got one without; run again from 0 s")
    found = fingerprint(wiring, resume.time)
    others = [name for name in found if found[name] != resume.fingerprint.get(name)]
    if others:
        raise ValueError(
            f"resume must be a state of this network, got one of a network with other {', '.join(others)} before "
            f"{resume.time:g} s"
        )
    if resume.digest != state_digest(resume):
        raise ValueError("resume must be a state as a run left it, got one that was changed since; run again from 0 s")


def _in_words(rule: Plasticity) -> str:
    """Everything of a rule that changes what it does."""
    return repr({name: value for name, value in rule.provenance.items() if name != "source"})


def _digest(*arrays: NDArray[Any]) -> str:
    found = hashlib.sha256()
    for array in arrays:
        # Type and length first: the bytes of two arrays must not be taken for those of two others.
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
