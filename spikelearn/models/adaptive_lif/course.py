"""The course of u and g in a recording, with every spike and every arrival in its place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.simulation.recording import Recording

__all__ = ["course", "turn_of"]

_OF_U, _OF_G = frozenset({"V_th", "E_L"}), frozenset({"tau_K", "delta_g", "t_d"})
_SAMPLE, _BEFORE_ARRIVAL, _AFTER_ARRIVAL, _BEFORE_SPIKE, _GAP, _AFTER_SPIKE = range(6)


def turn_of(model: AdaptiveLIF, recording: Recording, name: str = "u") -> tuple[float, float] | None:
    """Give from where and to where u or V is reset, in volt; None where neurons differ in it.

    Parameters
    ----------
    model : AdaptiveLIF
        What was run.
    recording : Recording
        Its run.
    name : {"u", "V"}
        Which variable.
    """
    if _OF_U & set(recording.provenance.get("vary", {})):
        return None
    base = float(model.E_L) if name == "V" else 0.0
    return float(model.theta) + base, base


def course(model: AdaptiveLIF, recording: Recording, neuron: int = 0) -> tuple[Floats, Floats, Floats]:
    """Give u and g of one neuron over time, with the points between the samples at which something happens.

    Parameters
    ----------
    model : AdaptiveLIF
        What was run.
    recording : Recording
        With spikes and the traces u and g.
    neuron : int
        Which neuron.

    Returns
    -------
    time, u, g : ndarray, shape (n,)
        In seconds, volt and leak conductances. At a spike u is at threshold, then all three but time are NaN, then u is
        at reset. At an arrival there are two rows, before and after the jump of g; from the sample before it, g decays
        as its equation says, and u lies on the line between its neighbours.

    References
    ----------
    002 Q1, Eqs. (1) to (3).
    """
    samples = recording.traces["time"].values
    u_seen, g_seen = (np.asarray(recording.traces[name].isel(neuron=neuron).values) for name in ("u", "g"))
    if not len(samples):
        return samples, u_seen, g_seen
    spikes = recording.spike_trains().train(unit=neuron)
    spikes = spikes[(spikes >= samples[0]) & (spikes <= samples[-1])]
    differ = _OF_G & set(recording.provenance.get("vary", {}))
    turn = turn_of(model, recording)
    arrivals = np.empty(0) if differ or turn is None else spikes + float(model.t_d)
    arrivals = arrivals[arrivals <= samples[-1]]
    # Without delay the jump comes right after the reset, else an arrival comes before a spike of the same instant.
    late = float(model.t_d) == 0.0
    kinds: list[tuple[Floats, int, int]] = [(samples, _SAMPLE, 0)]
    for k, kind in enumerate((_BEFORE_ARRIVAL, _AFTER_ARRIVAL)):
        kinds.append((arrivals, kind, (7 if late else 1) + k))
    for k, kind in enumerate((_BEFORE_SPIKE, _GAP, _AFTER_SPIKE)):
        kinds.append((spikes, kind, 4 + k))
    time = np.concatenate([at for at, _, _ in kinds])
    what = np.concatenate([np.full(len(at), kind) for at, kind, _ in kinds])
    rank = np.concatenate([np.full(len(at), place) for at, _, place in kinds])
    order = np.lexsort((rank, time))
    time, what = time[order], what[order]
    u = np.full(len(time), np.nan)
    u[what == _SAMPLE] = u_seen
    u[what == _BEFORE_SPIKE], u[what == _AFTER_SPIKE] = turn or (math.nan, math.nan)
    between = (what == _BEFORE_ARRIVAL) | (what == _AFTER_ARRIVAL)
    known = np.isfinite(u)
    u[between] = 0.0 if late else np.interp(time[between], time[known], u[known])
    return time, u, _conductance(time, what, g_seen, float(model.tau_K), float(model.delta_g))


def _conductance(time: Floats, what: Any, seen: Floats, tau_K: float, jump: float) -> Floats:
    g = np.full(len(time), np.nan)
    g[what == _SAMPLE] = seen
    now, here = float(seen[0]), float(time[0])
    for k in range(len(time)):
        if what[k] == _SAMPLE:
            now = float(g[k])
        elif what[k] != _GAP:
            now = now * math.exp(-(time[k] - here) / tau_K) + (jump if what[k] == _AFTER_ARRIVAL else 0.0)
            g[k] = now
        here = float(time[k])
    return g
