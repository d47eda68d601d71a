"""The quadratic integrate-and-fire neuron: parameters, equations, engines."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.models.quadratic.theory import time_between
from spikelearn.parameters.fields import field_values, quantity, validate_parameters
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import Runner, RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["QuadraticNeuron"]


@dataclasses.dataclass(frozen=True)
class QuadraticNeuron:
    """A quadratic integrate-and-fire neuron, the normal form of a neuron that begins to fire at any low rate.

    ``tau dv/dt = v**2 + eta``, with v a pure number; at v_peak the neuron fires and v falls to v_reset.

    Parameters
    ----------
    eta : float
        Distance from the onset of firing: the neuron fires by itself where it is positive.
    tau : Quantity
        Time constant.
    v_peak, v_reset : float
        Where it fires, and where it starts again; v_reset below v_peak.

    Raises
    ------
    ValueError
        A wrong unit, a value out of range, or v_reset not below v_peak.

    References
    ----------
    Ermentrout & Kopell 1986, SIAM J. Appl. Math. 46:233, for the normal form.

    Examples
    --------
    >>> round(QuadraticNeuron(eta=1.0, tau="10 ms").interval(), 6)
    0.031216
    """

    eta: float = quantity(1.0, doc="distance from the onset of firing")
    tau: Any = quantity("10 ms", positive=True, doc="time constant")
    v_peak: float = quantity(100.0, positive=True, doc="where the neuron fires")
    v_reset: float = quantity(-100.0, doc="where it starts again")

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        if self.v_reset >= self.v_peak:
            raise ValueError(f"QuadraticNeuron.v_reset must lie below v_peak = {self.v_peak}, got {self.v_reset}")

    def interval(self) -> float:
        """Time from reset to the next spike in seconds; infinite where it never comes."""
        return float(time_between(self.v_reset, self.v_peak, self.eta, float(self.tau)))

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def equations(self) -> str:
        """Brian2 equations of one neuron."""
        return "dv/dt = (v**2 + eta)/tau : 1\neta : 1 (constant)"

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that Brian2 can record."""
        return {"v": "1"}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set."""
        return {"v": "1"}

    @property
    def default_dt(self) -> float:
        """Time step of a clock-driven run that does not say one: 10 us, since v races to its peak."""
        return 1e-5

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {"n": "number of neurons", "vary": "eta, where neurons differ", "initial": "v at time 0"}

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        return {"exact": run_exactly, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse a start at or above the peak."""
        v = np.asarray(states.get("v", 0.0))
        if (v >= self.v_peak).any():
            raise ValueError(f"Initial.v must lie below v_peak = {self.v_peak}, got {float(v.max())}")

    def as_equations(self) -> EquationNeuron:
        """Give the same neuron as equation strings, which Brian2 runs."""
        parameters = self.parameters
        return EquationNeuron(self.equations, "v > v_peak", "v = v_reset", method="rk4", parameters=parameters)


def run_exactly(model: QuadraticNeuron, settings: RunSettings) -> Recording:
    """Give every spike in closed form: the first from the start, the others an interval apart."""
    import xarray as xr

    if set(settings.record) - {"counts"}:
        raise ValueError("record must be left out on the exact engine, which gives spikes; engine='brian2' records v")
    eta = np.broadcast_to(model.as_equations().values(settings.vary, settings.n)["eta"], (settings.n,))
    states = settings.initial.plain_states(model.settable, settings.n)
    model.check_initial(states, {})
    tau = float(model.tau)
    first = time_between(np.broadcast_to(states.get("v", 0.0), (settings.n,)), model.v_peak, eta, tau)
    interval = time_between(model.v_reset, model.v_peak, eta, tau)
    trains = [_train(a, step, settings.duration) for a, step in zip(first, interval, strict=True)]
    made = provenance_of(
        model, engine="exact", duration=settings.duration, n=settings.n, seed=settings.seed, vary=dict(settings.vary),
        initial=settings.initial,
    )  # fmt: skip
    spikes = SpikeTrains.from_arrays(trains, t_stop=settings.duration)
    return Recording(None if settings.counting else spikes, xr.Dataset(), made, spikes.counts())


def _train(first: float, interval: float, stop: float) -> Floats:
    if first >= stop:
        return np.empty(0)
    count = 1 if interval >= stop else int((stop - first) / interval) + 1
    times = first + interval * np.arange(count) if count > 1 else np.array([first])
    return np.asarray(times[times < stop])


def run_on_brian(model: QuadraticNeuron, settings: RunSettings) -> Recording:
    """Run its equations on Brian2."""
    from spikelearn.brian.neurons import simulate_on_brian

    model.check_initial(settings.initial.plain_states(model.settable, settings.n), {})
    found = simulate_on_brian(model.as_equations(), settings)
    provenance = {**found.provenance, "model": type(model).__name__, "parameters": provenance_of(model)["parameters"]}
    return dataclasses.replace(found, provenance=provenance)
