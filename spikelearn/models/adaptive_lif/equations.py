"""The adaptive leaky integrate-and-fire neuron in Brian2's words: its equations, and the objects made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikelearn.brian.steps import fitting_step

if TYPE_CHECKING:
    from spikelearn.models.adaptive_lif.model import AdaptiveLIF

__all__ = ["MEMBRANE", "REST", "neurons_and_arrivals"]

MEMBRANE = "du/dt = (V_0 - u - g*(u + Delta))/tau : volt"
REST = """
dg/dt = -g/tau_K : 1
V = u + E_L : volt
V_0 : volt (constant)
Delta : volt (constant)
theta : volt (constant)
E_L : volt (constant)
tau : second (constant)
tau_K : second (constant)
delta_g : 1 (constant)
"""


def neurons_and_arrivals(
    neuron: AdaptiveLIF, n: int, dt: Any, method: str | None, values: dict[str, Any]
) -> tuple[Any, Any]:
    """Make a NeuronGroup, and the Synapses that bring every spike back to its neuron after the delay.

    Parameters
    ----------
    neuron : AdaptiveLIF
        Gives equations, threshold, reset and what an arrival does.
    n : int
        Number of neurons.
    dt : Quantity or None
        Time step; Brian2's default clock if None.
    method : str or None
        Brian2's integration method; the neuron's if None.
    values : dict
        What `AdaptiveLIF.values` gives for `n` neurons.

    Raises
    ------
    ValueError
        `dt` has another unit or is not positive, or the delay is above zero and shorter than a step.
    """
    from brian2 import NeuronGroup, Synapses, second

    dt = fitting_step(dt, values["t_d"])
    group = NeuronGroup(
        n,
        neuron.equations,
        threshold=neuron.threshold,
        reset=neuron.reset,
        method=method or neuron.method,
        dt=dt,
        namespace={},
        name="adaptive_lif*",
    )
    for name, value in values.items():
        if name != "t_d":
            group.variables[name].set_value(value)
    synapses = Synapses(group, group, on_pre=neuron.on_arrival, dt=dt, namespace={}, name="adaptation*")
    synapses.connect(j="i")
    synapses.delay = values["t_d"] * second
    return group, synapses
