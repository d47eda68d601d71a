"""Lyapunov exponents of a network from the derivatives of its own spike times, without a second run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.derivatives.runs import Described, describe_network
from spikelearn.derivatives.smoothness import check_reading
from spikelearn.eventdriven.sensitivity.passes import Reading, read_again
from spikelearn.eventdriven.sensitivity.tangent import Tangent, advance_tangent, no_tangent
from spikelearn.network.records import Network
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.simulation.arguments import initial_state, positive_time
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording

__all__ = ["LyapunovExponents", "lyapunov_exponents"]

_WHERE = "lyapunov_exponents"
_BATCHES = 10


@dataclass(frozen=True, eq=False)
class LyapunovExponents:
    """The largest Lyapunov exponents of a run.

    Parameters
    ----------
    exponents : ndarray, shape (n,)
        Falling, 1/s: mean growth rates of small disturbances; -inf, with an error that is NaN, where one is forgotten
        altogether.
    standard_errors : ndarray, shape (n,)
        From the scatter of ten parts of the run.
    times : ndarray
        End of each window, seconds.
    growth : ndarray, shape (n_windows, n)
        Logarithm of the growth in each window.
    autonomous : bool
        Whether nothing from outside sets the time, so that a shift of time is a disturbance that neither grows nor
        decays; it has been projected out.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.002, tau_K="50 ms")
    >>> single = sl.Network({"single": sl.network.Population(neuron, 1)})
    >>> found = sl.derivatives.lyapunov_exponents(single, sl.simulate(single, "4 s"))
    >>> found.autonomous, bool(found.exponents[0] < 0)
    (True, True)
    """

    exponents: Floats
    standard_errors: Floats
    times: Floats
    growth: Floats
    autonomous: bool

    def __repr__(self) -> str:
        listed = ", ".join(f"{a:.3g} +- {b:.2g}" for a, b in zip(self.exponents, self.standard_errors, strict=True))
        return f"LyapunovExponents({listed} per second)"


def lyapunov_exponents(
    network: Network,
    recording: Recording,
    *,
    n: int = 1,
    window: Any = "50 ms",
    transient: Any = "0.5 s",
    seed: int = 0,
    initial: Initial | None = None,
) -> LyapunovExponents:
    """Follow small disturbances of the states of all neurons through a run and give the rates at which they grow.

    A disturbance moves spikes, which move arrivals, and so on: all of it is linear as long as no events change places,
    and exact. Its directions are made orthogonal after each window. What a disturbance does by changing the order of
    events, or by making and unmaking spikes, is not part of any Lyapunov exponent.

    Parameters
    ----------
    network : Network
        What was run, without plastic synapses.
    recording : Recording
        Of the exact engine, from time 0.
    n : int
        How many exponents.
    window : time
        How often disturbances are made orthogonal.
    transient : time
        What is left out at the beginning.
    seed : int
        Of the first disturbances.
    initial : Initial, optional
        As it was given to `simulate`.

    Returns
    -------
    LyapunovExponents

    Raises
    ------
    TypeError
        `network` is no Network.
    ValueError
        The recording does not fit, or is shorter than the transient and ten windows.

    References
    ----------
    Monteforte and Wolf 2010 (Phys. Rev. Lett. 105:268104) for networks of neurons without delay.

    Examples
    --------
    >>> from brian2 import mV
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    >>> ring = sl.Network(
    ...     {"ring": sl.network.Population(neuron, 3, {"V_0": [20, 21, 22] * mV})},
    ...     [sl.network.Projection("ring", "ring", sl.network.Connections([0, 1, 2], [1, 2, 0]), "-1 mV", "2 ms")],
    ... )
    >>> found = sl.derivatives.lyapunov_exponents(ring, sl.simulate(ring, "4 s"))
    >>> bool(found.exponents[0] < 0)
    True
    """
    if not isinstance(network, Network):
        raise TypeError(
            f"{_WHERE}: network must be a Network, got {type(network).__name__}; a single neuron is one of a "
            "Population of 1"
        )
    columns = whole_number("n", n, at_least=1)
    step, skip = positive_time("window", window), positive_time("transient", transient)
    described = describe_network(_WHERE, network, recording, initial_state(initial))
    reading = read_again(described.run)
    check_reading(_WHERE, reading, described)
    end = float(recording.spike_trains().t_stop)
    if end < skip + _BATCHES * step:
        raise ValueError(
            f"{_WHERE}: recording must be longer than the transient of {skip:g} s and {_BATCHES} windows of "
            f"{step:g} s, got {end:g} s"
        )
    times, growth, autonomous = _follow(reading, described, columns, step, end, seed)
    late = times > skip
    rates = growth[late] / step
    batches = np.array([part.mean(axis=0) for part in np.array_split(rates, _BATCHES)])
    with np.errstate(invalid="ignore"):
        errors = batches.std(axis=0, ddof=1) / np.sqrt(_BATCHES)
    return LyapunovExponents(rates.mean(axis=0), errors, times, growth, autonomous)


def _follow(
    reading: Reading, described: Described, columns: int, step: float, end: float, seed: Any
) -> tuple[Floats, Floats, bool]:
    run = reading.run
    neurons = len(run.u0)
    own = int(run.offsets[neurons])
    longest = max(
        float(run.delay.max(initial=0.0)), float(run.parameters[:, 6].max()), float(run.parameters[:, 7].max())
    )
    tangent = no_tangent(run, columns)
    rng = generator(seed)
    tangent.u[:] = rng.standard_normal(tangent.u.shape)
    # Of g too, where anything depends on it: what moves u alone may be no more than a shift of time.
    tangent.g[:] = rng.standard_normal(tangent.g.shape) * (run.parameters[:, 5:6] > 0.0)
    autonomous = len(run.times) == own
    # One scale for volts, one for conductances: exponents do not depend on them.
    scales = float(run.parameters[:, 1].mean() / run.parameters[:, 3].mean()), 1.0
    edges = step * np.arange(1, int(end / step + 1e-9) + 1)
    ends = reading.segments.end[reading.order]
    times, logs = [], []
    part = first = 0
    # When the segment began in which each neuron is; those that never fire again need nothing any more.
    neuron, counts = reading.segments.neuron[reading.order], np.diff(reading.segments.first)
    begun = np.where(counts > 0, 0.0, np.inf)
    done = np.zeros(neurons, dtype=np.int64)
    arrivals = reading.part(0)
    for close in edges:
        last = int(np.searchsorted(ends, close))
        while first < last:
            while first >= reading.edges[part + 1]:
                part += 1
                arrivals = reading.part(part)
            stop = min(last, int(reading.edges[part + 1]))
            advance_tangent(run, reading.segments, arrivals, reading.order, first, stop, tangent)
            begun[neuron[first:stop]] = ends[first:stop]
            done += np.bincount(neuron[first:stop], minlength=neurons)
            first = stop
        begun[done == counts] = np.inf
        times.append(close)
        # Spikes that arrive in a segment that is not over yet, or later.
        oldest = min(float(begun.min()), close) - longest
        live = np.flatnonzero((run.times[:own] >= oldest) & (run.times[:own] < close))
        logs.append(_orthogonal(tangent, live, scales, autonomous))
    return np.array(times), np.array(logs), autonomous


def _orthogonal(tangent: Tangent, live: Any, scales: tuple[float, float], autonomous: bool) -> Floats:
    """Take the shift of time out of all directions, make them orthonormal, and give the logarithms of their lengths."""
    moved = tangent.times[live]
    if autonomous:
        shift = tangent.T.mean(axis=0)
        tangent.T[:] -= shift
        moved -= shift
    blocks = [tangent.T, tangent.u / scales[0], tangent.g / scales[1], moved]
    Q, R = np.linalg.qr(np.concatenate(blocks))
    sizes = np.cumsum([0, *(len(block) for block in blocks)])
    for target, factor, k in ((tangent.T, 1.0, 0), (tangent.u, scales[0], 1), (tangent.g, scales[1], 2)):
        target[:] = Q[sizes[k] : sizes[k + 1]] * factor
    tangent.times[live] = Q[sizes[3] :]
    # A disturbance that is forgotten altogether, as that of a neuron without potassium by its reset, counts as -inf.
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.abs(np.diag(R))))
