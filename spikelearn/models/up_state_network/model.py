"""Adaptive integrate-and-fire units, E and I, sparsely connected: parameters, start weights, and how they are run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spikelearn.models.up_state_network.synapses import UpStateSynapses, draw_synapses
from spikelearn.parameters.fields import field_values, quantity, validate_parameters
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.shapes import fields_html

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.simulation.recording import Recording

__all__ = ["PUBLISHED_START", "STUDY_START", "UpStateNetwork"]

# Mean start weights in pA at 500 inputs a unit, in the order W_EE, W_EI, W_IE, W_II.
PUBLISHED_START = (80.0, 350.0, 100.0, 225.0)
# From here the rule needs no long silence: short Up states come in the first trials.
STUDY_START = (165.0, 265.0, 141.0, 181.0)


@dataclasses.dataclass(frozen=True)
class UpStateNetwork:
    r"""Adaptive integrate-and-fire units, E and I, whose weights learn to hold Up states after a kick.

    .. math::

        C \dot v = g_L (E_L - v) - a + s_E - s_I + I_{inj} + \sigma \sqrt{g_L C}\,\xi, \qquad \tau_a \dot a = -a

    A spike where v reaches V_th sets v to V_reset for the refractory period and, in E units, adds b to a. A spike of a
    unit that sends adds J ms/tau_rise to u after the delay; :math:`\tau_{decay} \dot s = -s + u`,
    :math:`\tau_{rise} \dot u = -u`. A weight J in pA is thus a charge of J pA ms. Euler's method with a step of 0.1 ms
    is part of the model, since the kick is at threshold (`theory.minimum_kick`). Every trial begins at rest; weights
    and running means persist. Run it with `spikelearn.run_trials`, or with `trials` without learning.

    Parameters
    ----------
    n_E, n_I : int
        How many units of either kind, at least two each.
    p : float
        Share of the pairs that are connected: exactly p n_pre n_post synapses of every kind, none
        from a unit to itself.
    C_E, C_I, g_L, E_L_E, E_L_I : Quantity
        Capacitances, leak conductance, resting potentials.
    V_th, V_reset : Quantity
        Where a unit fires and what it is set to.
    t_ref_E, t_ref_I : Quantity
        Refractory periods, in which v is held.
    tau_a, b : Quantity
        Time constant of the adaptation of E units, and what a spike adds to it.
    sigma : Quantity
        Size of the noise; a free unit has the standard deviation sigma/sqrt(2).
    tau_rise_E, tau_decay_E, tau_rise_I, tau_decay_I : Quantity
        Time constants of the synapses that E and I units make.
    d_max_E, d_max_I : Quantity
        Longest delays; those of E and I units are uniform on 0.1 ms, 0.2 ms, ... up to them.
    kick, t_kick : Quantity
        What is added to u of the first units at that time of a trial.
    n_kicked : int
        How many E units are kicked.
    duration : Quantity
        How long a trial lasts.
    E_set, I_set : float
        Set points in Hz.
    W_min, W_max : Quantity
        Limits of the weights after an update, at 500 inputs a unit.

    Raises
    ------
    ValueError
        A wrong unit or a value out of range.

    References
    ----------
    Soldado-Magraner, Seay, Laje & Buonomano 2022, PNAS 119: e2200621119, the spiking network.

    Examples
    --------
    >>> network = UpStateNetwork(n_E=80, n_I=20, n_kicked=5)
    >>> synapses = network.draw_synapses(seed=0)
    >>> len(synapses), round(network.scale, 1)
    (2500, 20.0)
    """

    n_E: int = 1600
    n_I: int = 400
    p: float = quantity(0.25, positive=True, doc="share of the pairs that are connected")
    C_E: Any = quantity("200 pF", positive=True, doc="capacitance of E units")
    C_I: Any = quantity("100 pF", positive=True, doc="capacitance of I units")
    g_L: Any = quantity("10 nS", positive=True, doc="leak conductance")
    E_L_E: Any = quantity("7.6 mV", doc="resting potential of E units")
    E_L_I: Any = quantity("6.5 mV", doc="resting potential of I units")
    V_th: Any = quantity("20 mV", doc="threshold")
    V_reset: Any = quantity("14 mV", doc="where a unit is set to after a spike")
    t_ref_E: Any = quantity("5 ms", nonnegative=True, doc="refractory period of E units")
    t_ref_I: Any = quantity("2 ms", nonnegative=True, doc="refractory period of I units")
    tau_a: Any = quantity("500 ms", positive=True, doc="time constant of the adaptation of E units")
    b: Any = quantity("6 pA", nonnegative=True, doc="what a spike adds to the adaptation of an E unit")
    sigma: Any = quantity("2.5 mV", nonnegative=True, doc="size of the noise; a free unit has sd sigma/sqrt(2)")
    tau_rise_E: Any = quantity("8 ms", positive=True, doc="rise of synapses from E units")
    tau_decay_E: Any = quantity("23 ms", positive=True, doc="decay of synapses from E units")
    tau_rise_I: Any = quantity("1 ms", positive=True, doc="rise of synapses from I units")
    tau_decay_I: Any = quantity("1 ms", positive=True, doc="decay of synapses from I units")
    d_max_E: Any = quantity("1 ms", positive=True, doc="longest delay from E units")
    d_max_I: Any = quantity("0.5 ms", positive=True, doc="longest delay from I units")
    kick: Any = quantity("980 pA", nonnegative=True, doc="what is added to u of the kicked units")
    t_kick: Any = quantity("100 ms", nonnegative=True, doc="when the units are kicked")
    n_kicked: int = 100
    duration: Any = quantity("1.5 s", positive=True, doc="length of a trial")
    E_set: float = quantity(5.0, positive=True, doc="set point of E units in Hz")
    I_set: float = quantity(14.0, positive=True, doc="set point of I units in Hz")
    W_min: Any = quantity("5 pA", nonnegative=True, doc="least weight after an update")
    W_max: Any = quantity("750 pA", positive=True, doc="greatest weight after an update")

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        for name in ("n_E", "n_I"):
            object.__setattr__(self, name, whole_number(f"UpStateNetwork.{name}", getattr(self, name), at_least=2))
        kicked = whole_number("UpStateNetwork.n_kicked", self.n_kicked, at_most=self.n_E)
        object.__setattr__(self, "n_kicked", kicked)
        most = 1 - 1 / min(self.n_E, self.n_I)
        if self.p > most:
            raise ValueError(
                f"UpStateNetwork.p must be at most {most:.4g}, since no unit sends to itself, got {self.p:g}"
            )
        if self.V_reset >= self.V_th:
            raise ValueError(f"UpStateNetwork.V_reset must lie below V_th = {self.V_th}, got {self.V_reset}")
        for name in ("E_L_E", "E_L_I"):
            if getattr(self, name) >= self.V_th:
                raise ValueError(f"UpStateNetwork.{name} must lie below V_th = {self.V_th}, got {getattr(self, name)}")
        if self.W_min > self.W_max:
            raise ValueError(f"UpStateNetwork.W_min must not exceed W_max = {self.W_max}, got {self.W_min}")
        from spikelearn.models.up_state_network.grid import grid_of

        grid_of(self)

    @property
    def n(self) -> int:
        """How many units there are; E units come first."""
        return self.n_E + self.n_I

    @property
    def scale(self) -> float:
        """What weights are multiplied with so that a unit gets as much as from 500 inputs: 500/(n p)."""
        return 500.0 / (self.n * float(self.p))

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def plain(self) -> dict[str, float]:
        """Every parameter as a number in SI units."""
        return {name: float(value) for name, value in field_values(self).items()}

    def draw_synapses(self, seed: int = 0, *, start: Any = PUBLISHED_START) -> UpStateSynapses:
        """Draw who is connected, the delays, and start weights J = mean max(0, N(1, 0.2)).

        Parameters
        ----------
        seed : int
            Seed of everything that is drawn; the numbers do not depend on NumPy's version.
        start : sequence of four floats
            Means in pA of W_EE, W_EI, W_IE, W_II at 500 inputs a unit; all are multiplied with `scale`.

        Returns
        -------
        UpStateSynapses
        """
        return draw_synapses(self, seed, start)

    def trained(self) -> UpStateSynapses:
        """Give the weights that ship with the package, after 330 trials of the default training.

        Raises
        ------
        ValueError
            The network has other sizes than the trained one.
        """
        from spikelearn.models.up_state_network.trained import trained_synapses

        return trained_synapses(self)

    def trials(self, synapses: UpStateSynapses, n_trials: int = 1, **settings: Any) -> Recording:
        """Run trials with the weights as they are; see `spikelearn.models.up_state_network.run_frozen`."""
        from spikelearn.models.up_state_network.frozen import run_frozen

        return run_frozen(self, synapses, n_trials, **settings)

    def in_trials(self, rule: Any, n_trials: int, W0: Any, **settings: Any) -> xr.Dataset:
        """Run it in trials; see `spikelearn.run_trials`, which calls this with all its settings."""
        from spikelearn.models.up_state_network.trials import run_up_states

        return run_up_states(self, rule, n_trials, W0, **settings)
