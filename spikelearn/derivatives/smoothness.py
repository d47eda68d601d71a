"""How near a run is to where a spike time has no derivative, and what is said about it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from spikelearn.derivatives.runs import Described
from spikelearn.eventdriven.sensitivity.passes import Reading

__all__ = ["NoDerivative", "Smoothness", "check_reading"]

# Of a threshold: how far a neuron may be from it at a spike of the exact engine.
_OFF = 1e-8
_ULP = 2.0**-52


class NoDerivative(UserWarning):
    """A spike time has no derivative, or none on both sides.

    Examples
    --------
    >>> import warnings
    >>> import spikelearn as sl
    >>> from spikelearn.network import Connections, Population, Projection, SpikeSource
    >>> both = SpikeSource(sl.SpikeTrains.from_arrays([[0.01], [0.01]], t_stop=0.1))
    >>> onto = Projection("both", "cell", Connections([0, 1], [0, 0]), "8 mV", "2 ms")
    >>> cell = sl.Network({"cell": Population(sl.AdaptiveLIF(V_0="0 mV"), 1)}, [onto], sources={"both": both})
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     _ = sl.gradient(cell, sl.simulate(cell, "0.1 s"), [1.0])
    >>> said[0].category.__name__, str(said[0].message)[:69]
    ('NoDerivative', 'gradient: a spike is made by several arrivals at one instant: derivat')
    """


@dataclass(frozen=True)
class Smoothness:
    """Distances of a run from the nearest place where spike times are not smooth.

    Parameters
    ----------
    smallest_slope : float
        Smallest du/dt at which the flow reaches a threshold, V/s: derivatives grow as one over it, and at 0, where
        the membrane only grazes its threshold, the spike vanishes. Infinite where no spike is made by the flow.
    slope_time : float
        When, seconds; NaN if never.
    nearest_change : float
        Shortest time between a spike made by the flow and an arrival at the same neuron, seconds: a change of
        parameters that brings the two into the other order may make spike times jump.
    change_time : float
        When.
    smallest_excess : float
        Smallest height above threshold right after a jump that made a spike, volts: below 0 the spike is lost.
    excess_time : float
        When.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0, tau="10 ms")
    >>> found = sl.gradient(neuron, sl.simulate(neuron, "20 ms"), [1.0]).smoothness
    >>> round(found.smallest_slope, 9)  # (V_0 - theta)/tau = 5 mV/10 ms
    0.5
    >>> round(found.slope_time, 6)
    0.013863
    """

    smallest_slope: float
    slope_time: float
    nearest_change: float
    change_time: float
    smallest_excess: float
    excess_time: float


def check_reading(where: str, reading: Reading, described: Described) -> Smoothness:
    """Refuse spikes that are not of the model, warn where a derivative does not exist, and give the distances.

    Raises
    ------
    ValueError
        At a recorded spike the neuron is not at its threshold.

    Warns
    -----
    NoDerivative
        A spike meets an arrival, is made by several at once, or grazes the threshold.
    """
    margins, run = reading.margins, described.run
    neurons = len(run.u0)
    scale = float(np.max(np.abs(run.parameters[:, :3]))) if neurons else 1.0

    def when(spike: int) -> float:
        return float(run.times[spike]) if spike >= 0 else float("nan")

    def who(spike: int) -> str:
        return described.names[int(np.searchsorted(run.offsets, spike, side="right")) - 1]

    if not margins.mismatch <= _OFF * scale:
        spike = margins.mismatch_spike
        raise ValueError(
            f"{where}: recording must be a run of this model from this initial state, got a spike of {who(spike)} at "
            f"{when(spike):.9g} s, {margins.mismatch * 1e3:.3g} mV from its threshold"
        )
    said = []
    if margins.gap <= 4.0 * _ULP * abs(when(margins.gap_spike)):
        said.append(
            f"a spike of {who(margins.gap_spike)} and an arrival meet at {when(margins.gap_spike):.9g} s: "
            "its time has no derivative there"
        )
    if margins.together:
        many = f"{margins.together} spikes are" if margins.together > 1 else "a spike is"
        said.append(
            f"{many} made by several arrivals at one instant: derivatives by the delays of these synapses, "
            "and by whatever moves their spikes apart, exist on one side only"
        )
    if margins.slope_spike >= 0 and margins.slope <= 1e-9 * scale / float(run.parameters[:, 3].max()):
        said.append(
            f"the membrane of {who(margins.slope_spike)} grazes its threshold at {when(margins.slope_spike):.9g} s: "
            "derivatives are as large as one over its slope"
        )
    if margins.excess_spike >= 0 and margins.excess <= 4.0 * _ULP * scale:
        said.append(
            f"a jump takes {who(margins.excess_spike)} exactly to its threshold at {when(margins.excess_spike):.9g} s: "
            "a little less, and the spike is lost"
        )
    for text in said:
        warnings.warn(f"{where}: {text}", NoDerivative, stacklevel=4)
    return Smoothness(
        margins.slope, when(margins.slope_spike), margins.gap, when(margins.gap_spike), margins.excess,
        when(margins.excess_spike),
    )  # fmt: skip
