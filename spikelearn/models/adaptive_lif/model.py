"""The adaptive leaky integrate-and-fire neuron: parameters, equations, Brian2 objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.adaptive_lif import bursting, clock, regimes, regular, theory, tonic
from spikelearn.models.adaptive_lif.equations import MEMBRANE, REST, neurons_and_arrivals
from spikelearn.models.adaptive_lif.values import check_potentials, check_start, difference, plain_values
from spikelearn.parameters.fields import field_values, quantity, validate_parameters
from spikelearn.parameters.shapes import fields_html
from spikelearn.parameters.units import si_value
from spikelearn.simulation.simulable import Runner

__all__ = ["AdaptiveLIF"]


@dataclasses.dataclass(frozen=True)
class AdaptiveLIF:
    """A leaky integrate-and-fire neuron whose own spikes, after a delay, open a potassium conductance.

    With u = V - E_L, the voltage above rest, and g in units of the leak conductance::

        tau du/dt = -u + V_0 - g (u + Delta),    dg/dt = -g/tau_K,
        u -> 0 when u reaches theta;             g -> g + delta_g a delay t_d after every spike,

    where Delta = E_L - E_K and theta = V_th - E_L. An arrival and a spike at the same instant: the arrival comes
    first; with t_d = 0 the jump comes right after the reset.

    Parameters
    ----------
    V_0 : Quantity
        Where u settles without potassium: a voltage. The neuron fires only if V_0 > theta.
    delta_g : float
        Jump of g by each arriving spike.
    tau_K : Quantity
        Decay time of g; may be infinite.
    t_d : Quantity
        Delay from a spike to its jump of g.
    tau : Quantity
        Membrane time constant.
    E_L, E_K, V_th : Quantity
        Reversal potential of the leak, which is also the reset; reversal potential of potassium, not above E_L;
        threshold, above E_L.

    Raises
    ------
    ValueError
        A wrong unit, a value out of range, E_K above E_L, or V_th not above E_L.

    References
    ----------
    002 Q1, Eqs. (1) to (3). The print has u = V + E_L; it is V - E_L (erratum A1).

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> neuron = AdaptiveLIF(V_0=30 * mV, delta_g=0.05, tau_K=100 * ms)
    >>> neuron.theta, neuron.Delta
    (15. * mvolt, 15. * mvolt)
    >>> neuron.critical_conductance()
    0.5
    >>> neuron.spikes_until_silence()
    10
    """

    V_0: Any = quantity("20 mV", doc="resting u without potassium")
    delta_g: Any = quantity(0.05, nonnegative=True, doc="jump of g by an arriving spike, in leak conductances")
    tau_K: Any = quantity("100 ms", positive=True, infinite=True, doc="decay time of the potassium conductance")
    t_d: Any = quantity("0 ms", nonnegative=True, doc="delay from a spike to its jump of g")
    tau: Any = quantity("10 ms", positive=True, doc="membrane time constant")
    E_L: Any = quantity("-65 mV", doc="reversal potential of the leak, and reset")
    E_K: Any = quantity("-80 mV", doc="reversal potential of potassium")
    V_th: Any = quantity("-50 mV", doc="threshold")

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        check_potentials(float(self.E_L), float(self.E_K), float(self.V_th))

    def __hash__(self) -> int:
        return hash(tuple(float(getattr(self, field.name)) for field in dataclasses.fields(self)))

    @property
    def Delta(self) -> Any:
        """Delta = E_L - E_K, the driving force on potassium at rest (Quantity)."""
        from brian2 import volt

        return difference(float(self.E_L), float(self.E_K)) * volt

    @property
    def theta(self) -> Any:
        """Threshold of u: theta = V_th - E_L (Quantity)."""
        from brian2 import volt

        return difference(float(self.V_th), float(self.E_L)) * volt

    @property
    def equations(self) -> str:
        """Brian2 equations of one neuron, with every parameter as a constant of that neuron."""
        return f"{MEMBRANE}{REST}"

    @property
    def refractory_equations(self) -> str:
        """Brian2 equations of a neuron whose membrane stands still in a refractory period, while potassium decays."""
        return f"{MEMBRANE} (unless refractory){REST}"

    @property
    def threshold(self) -> str:
        """Brian2 threshold condition."""
        return "u >= theta"

    @property
    def reset(self) -> str:
        """Brian2 reset statement."""
        return "u = 0*volt"

    @property
    def on_arrival(self) -> str:
        """Brian2 statement for a spike's arrival, t_d after it."""
        return "g_post += delta_g_post"

    @property
    def method(self) -> str:
        """Brian2's integration method unless another is asked for."""
        return "rk4"

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def default_dt(self) -> float:
        """Time step of a clock-driven run that does not say one: 0.1 ms."""
        return 1e-4

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "n": "number of independent neurons",
            "vary": "parameters that differ between neurons",
            "initial": "state at time 0 and past spikes",
            "threads": "threads of the exact engine",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        from spikelearn.brian.neurons import simulate_on_brian
        from spikelearn.models.adaptive_lif.exact import simulate_exactly

        return {"exact": simulate_exactly, "brian2": simulate_on_brian}

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded, with their SI units."""
        return {"u": "V", "g": "1", "V": "V"}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set, with their SI units; V follows from u."""
        return {"u": "V", "g": "1"}

    @property
    def constants(self) -> dict[str, Any]:
        """Names in the equations and statements that are no variables of the neuron: none."""
        return {}

    @property
    def few_of(self) -> tuple[str, ...]:
        """Parameters of which one exact simulation should hold at most `few` combinations.

        The engine makes at most 16 tables for certain, one for each ratio tau_K/tau and each of two forms; beyond that
        it may carry a neuron by steps of a power series, which differs in the last digits.
        """
        return ("tau", "tau_K")

    @property
    def few(self) -> int:
        """How many combinations of `few_of` give every neuron the digits that it has alone."""
        from spikelearn.eventdriven.inputs import FEW_TABLES

        return FEW_TABLES // 2

    def values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, float | NDArray[np.float64]]:
        """Give V_0, theta, Delta, E_L, tau, tau_K, delta_g and t_d as plain SI numbers.

        Parameters
        ----------
        vary : mapping of str to array_like, optional
            Parameters that differ between neurons: arrays of shape (n,), with units.
        n : int
            Number of neurons.

        Returns
        -------
        dict
            Floats, and arrays of shape (n,) where `vary` makes neurons differ.

        Raises
        ------
        ValueError
            An unknown name, a wrong unit, shape or range.
        """
        return plain_values(self, vary or {}, n)

    def group_values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, Any]:
        """Give the constants of the Brian2 group in SI units: `values` without the delay."""
        values: dict[str, Any] = self.values(vary, n)
        del values["t_d"]
        return values

    def arrival_delay(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> Any:
        """Give t_d in seconds, an array where `vary` makes neurons differ."""
        return self.values(vary, n)["t_d"]

    @property
    def delay_name(self) -> str:
        """What the delay from a spike to its arrival is called."""
        return "t_d"

    def brian_objects(
        self, n: int = 1, *, dt: Any = None, method: str | None = None, vary: Mapping[str, Any] | None = None
    ) -> tuple[Any, Any]:
        """Make the neurons and their delayed self-connections, to put into a Network of one's own.

        Parameters
        ----------
        n : int
            Number of neurons.
        dt : Quantity, optional
            Time step; Brian2's default clock if not given.
        method : str, optional
            Brian2's integration method.
        vary : mapping, optional
            Parameters that differ between neurons, arrays of shape (n,).

        Returns
        -------
        group : brian2.NeuronGroup
            With the variables u, g, V and one constant a parameter.
        synapses : brian2.Synapses
            One from each neuron to itself with delay t_d.

        Raises
        ------
        ValueError
            `dt` has another unit or is not positive, or t_d is above zero and shorter than a step.

        Examples
        --------
        >>> from brian2 import Network, SpikeMonitor, ms, mV
        >>> from spikelearn.brian.session import session
        >>> with session("numpy") as brian:
        ...     group, adaptation = AdaptiveLIF(V_0=30 * mV).brian_objects(2, dt=0.1 * ms)
        ...     spikes = SpikeMonitor(group)
        ...     brian.run(Network(group, adaptation, spikes), 30 * ms)
        ...     print(spikes.count[:])
        [3 3]
        """
        return neurons_and_arrivals(self, n, dt, method, self.values(vary, n))

    def to_u(self, V: Any) -> Any:
        """Convert a membrane potential V to u = V - E_L; quantities in and out."""
        return V - self.E_L

    def to_V(self, u: Any) -> Any:
        """Convert u to the membrane potential V = u + E_L; quantities in and out."""
        return u + self.E_L

    def fastest_rate(self, values: Mapping[str, Any], **run: Any) -> float:
        """Bound the largest rate of the equations in a run, in 1/s; arguments as for `clock.fastest_rate`."""
        return clock.fastest_rate(values, **run)

    def check_initial(
        self, states: Mapping[str, float | NDArray[np.float64]], values: Mapping[str, float | NDArray[np.float64]]
    ) -> None:
        """Refuse a start at or above threshold, below potassium's reversal potential, or with negative conductance.

        Parameters
        ----------
        states : mapping
            Initial u and g in SI units.
        values : mapping
            What `values` returns.

        Raises
        ------
        ValueError
            Naming the variable, the rule and the first value that breaks it.
        """
        check_start(states, values)

    def time_to_spike(self, g: Any = 0.0) -> Any:
        """Time from reset to the next spike while the conductance stays at `g`: t_s(g) in seconds, Eq. (4).

        Parameters
        ----------
        g : float or array_like
            Conductance in units of the leak, not negative.

        Returns
        -------
        float or ndarray
            Seconds; infinite where g >= g*, where the print gives NaN or a negative time (erratum A2).

        Raises
        ------
        ValueError
            A conductance with a unit, negative or NaN.
        TypeError
            A value that is no number.

        Examples
        --------
        >>> round(AdaptiveLIF(V_0="20 mV").time_to_spike(), 9)
        0.013862944
        """
        plain = si_value(g, "1", "g")
        if not (np.asarray(plain) >= 0).all():
            raise ValueError(f"g must be a conductance not below 0, in units of the leak, got {g}")
        return _float(theory.time_to_spike(plain, **self._plain("V_0", "theta", "Delta", "tau")))

    def critical_conductance(self) -> float:
        """Conductance g* at and above which the neuron never fires, Eq. (5); not positive if V_0 <= theta."""
        return float(theory.critical_conductance(**self._plain("V_0", "theta", "Delta")))

    def spikes_until_silence(self) -> int | float:
        """Spikes fired from rest before a conductance that never decays stops the neuron, Eq. (6).

        Holds for tau_K infinite and t_d = 0. Infinite where delta_g = 0 and V_0 > theta.
        """
        count: int | float = theory.spikes_until_silence(**self._plain("V_0", "theta", "Delta", "delta_g"))
        return count

    def regular_interval(self, order: Literal["leading", "first", "manifold", "exact"] = "leading") -> float:
        """Interval t* of regular firing without delay, in seconds.

        Parameters
        ----------
        order : {"leading", "first", "manifold", "exact"}
            "leading" is Eq. (7); "first" adds its missing term of order tau (erratum A8); "manifold" goes to third
            order in tau/tau_K; "exact" is the fixed point of the map from spike to spike.
        """
        names = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g")
        return float(regular.regular_interval(**self._plain(*names), order=order))

    def tonic_interval(self) -> float:
        """Interval of saturated tonic firing in seconds: T = t_s(delta_g tau_K/T) (erratum A5)."""
        names = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g")
        return tonic.tonic_interval(**self._plain(*names))

    def bursting(self) -> bursting.BurstTheory:
        """Predict the burst cycle for t_d >> tau_K >> t_s(0): durations, period, spikes a burst, and rho.

        Returns
        -------
        BurstTheory
            Times in seconds; NaN where no burst ends.
        """
        names = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d")
        return bursting.burst_theory(**self._plain(*names))

    def regime(self) -> regimes.Regime:
        """Name what the neuron does for t_d >> tau_K >> t_s(0): "silent", "tonic", "bistable" or "bursting".

        By rho = P_0/g* alone; see `spikelearn.models.adaptive_lif.regimes.regime`. Without delay nothing bursts.
        """
        return regimes.regime(**self._plain("V_0", "theta", "Delta", "tau", "tau_K", "delta_g"))

    def _plain(self, *names: str) -> dict[str, Any]:
        values = self.values()
        return {name: values[name] for name in names}


def _float(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
