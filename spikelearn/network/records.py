"""The description of a network: what projects to what, and the whole, as plain records."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.network.checks import check_weight_variable, listed, mapped, require
from spikelearn.network.connectivity import Connections, FixedInDegree, FixedProbability, OneToOne
from spikelearn.network.jumps import LARGEST_WEIGHT, jump_of, one_unit, read_weight
from spikelearn.network.parts import PoissonInput, Population, SpikeSource, read_times
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.shown import network_html, network_text
from spikelearn.parameters.copies import private
from spikelearn.parameters.fields import field_values
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import check_flag, check_name, whole_number
from spikelearn.parameters.units import si_value
from spikelearn.simulation.simulable import Runner

if TYPE_CHECKING:
    from spikelearn.network.wiring import Wiring

__all__ = ["LARGEST_WEIGHT", "Network", "PoissonInput", "Population", "Projection", "SpikeSource"]


@dataclass(frozen=True, eq=False)
class Projection:
    """Synapses from one population or source to a population: each spike makes u jump after a delay.

    Parameters
    ----------
    source, target : str
        Names within the network.
    connections : Connections, OneToOne, FixedProbability or FixedInDegree
        Which pairs.
    weight : Quantity or str
        Jump of u, positive or negative; one for all, or an array with one a synapse in the order of `Connections`. A
        unit must be given.
    delay : Quantity, str, float or array_like
        From a spike to its arrival, positive; one for all, or one a synapse. Plain numbers are seconds.
    allow_self : bool
        Whether neurons may connect to themselves.
    plasticity : Plasticity, optional
        How the weights change with the spikes; they stay as they are if not given.
    onto : str, optional
        The variable of the target that jumps: u of an AdaptiveLIF. Of an EquationNeuron it is one with a differential
        equation; it must be named where there are several, or where it is no voltage, and the weight has its unit.

    Examples
    --------
    >>> import spikelearn as sl
    >>> cells = {name: sl.network.Population(sl.AdaptiveLIF(), n) for name, n in (("E", 80), ("I", 20))}
    >>> excitation = sl.network.Projection("E", "I", sl.network.FixedInDegree(10), weight="0.2 mV", delay="1.5 ms")
    >>> len(sl.simulate(sl.Network(cells, [excitation]), "10 ms", seed=1).weights)  # 20 targets with 10 sources each
    200
    """

    source: str
    target: str
    connections: Connections | OneToOne | FixedProbability | FixedInDegree
    weight: Any
    delay: Any
    allow_self: bool = False
    plasticity: Plasticity | None = None
    onto: str | None = None

    def __post_init__(self) -> None:
        where = self.where
        check_name("Projection.source", self.source)
        check_name("Projection.target", self.target)
        check_flag(f"{where}: allow_self", self.allow_self)
        if isinstance(self.connections, type):
            kind = self.connections.__name__
            raise TypeError(f"{where}: connections must be made, got the class {kind}; use {kind}(...)")
        if not hasattr(self.connections, "pairs"):
            raise TypeError(f"{where}: connections must be one of Connections, OneToOne, FixedProbability, "
                            f"FixedInDegree, got {type(self.connections).__name__}")  # fmt: skip
        for name in ("weight", "delay"):
            object.__setattr__(self, name, private(getattr(self, name)))
        weight = read_weight(self.weight, self.onto, where)
        delay = read_times(self.delay, f"{where}: delay")
        if not np.isfinite(delay).all() or (delay <= 0).any():
            worst = float(delay[~(delay > 0)].flat[0]) if (~(delay > 0)).any() else float(delay.max())
            raise ValueError(f"{where}: delay must be positive and finite, got {worst} s")
        if self.plasticity is not None:
            if not isinstance(self.plasticity, Plasticity):
                raise TypeError(f"{where}: plasticity must be a Plasticity, got {type(self.plasticity).__name__}")
            self.plasticity.check_weights(weight, where)

    @property
    def where(self) -> str:
        """Name for errors."""
        return f"Projection {self.source} -> {self.target}"

    @classmethod
    def from_synapses(
        cls,
        source: str,
        target: str,
        synapses: Any,
        *,
        weight: Any = "w",
        allow_self: bool = False,
        plasticity: Plasticity | None = None,
        onto: str | None = None,
    ) -> Projection:
        """Take pairs, delays and weights from a Brian2 Synapses object that is not of a standalone device.

        Parameters
        ----------
        synapses : brian2.Synapses
            Connected already; its pre pathway has the delays.
        weight : str or Quantity
            The name of its weight variable, or the weight itself.

        Raises
        ------
        ValueError
            The name is neither a variable nor a voltage; there are no connections, or no on_pre and so no delay.
        """
        where = f"Projection {source} -> {target}"
        check_weight_variable(weight, synapses, where)
        if not hasattr(synapses, "pre"):
            raise ValueError(f"{where}: synapses must have on_pre, the effect of a spike, got none")
        value = getattr(synapses, weight)[:] if isinstance(weight, str) and weight in synapses.variables else weight
        pairs = Connections.from_synapses(synapses)
        return cls(source, target, pairs, value, synapses.delay[:], allow_self, plasticity, onto)


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """Adaptive LIF neurons coupled by jumps of the membrane with delays.

    Neurons are numbered population after population. Events at one instant at one neuron: its own potassium first,
    then all jumps of u summed, then the threshold; a spike that a jump makes has the time of the arrival.

    Parameters
    ----------
    populations : mapping of str to Population
        By name, in this order.
    projections : sequence of Projection
        Synapses.
    sources : mapping of str to SpikeSource
        External trains by name.
    poisson : sequence of PoissonInput
        Random input.
    seed : int
        Of the connections; random input has the seed of the run.
    max_rate : Quantity, str or float
        A neuron that fires faster than this through 10 ms is taken to run away, and stops the run of the exact engine.

    Examples
    --------
    >>> import spikelearn as sl
    >>> pair = sl.network.Network(
    ...     {"pair": sl.network.Population(sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0), 2)},
    ...     [sl.network.Projection("pair", "pair", sl.network.Connections([0, 1], [1, 0]), "1 mV", "2 ms")],
    ... )
    >>> sl.simulate(pair, "100 ms").spikes.counts()
    array([[7, 7]])
    """

    populations: Mapping[str, Population]
    projections: Sequence[Projection] = ()
    sources: Mapping[str, SpikeSource] = field(default_factory=dict)
    poisson: Sequence[PoissonInput] = ()
    seed: int = 0
    max_rate: Any = "10 kHz"

    def __post_init__(self) -> None:
        populations = mapped("Network.populations", self.populations, "Population")
        sources = mapped("Network.sources", self.sources, "SpikeSource")
        if not populations:
            raise ValueError("Network.populations must hold at least one population, got none")
        both = set(populations) & set(sources)
        if both:
            raise ValueError(f"Network: a name must not be both a population and a source, got {sorted(both)[0]!r}")
        for name, population in populations.items():
            require(f"Network.populations[{name!r}]", population, Population, "Population(neuron, n)")
        for name, source in sources.items():
            require(f"Network.sources[{name!r}]", source, SpikeSource, "SpikeSource(trains)")
        projections = listed("Network.projections", self.projections, Projection, "Projection(...)")
        poisson = listed("Network.poisson", self.poisson, PoissonInput, "PoissonInput(...)")
        # Copies: what was a generator is used up by now, and a list or dict may change later.
        for field_name, checked in (
            ("populations", populations), ("sources", sources), ("projections", projections), ("poisson", poisson)
        ):  # fmt: skip
            object.__setattr__(self, field_name, checked)
        whole_number("Network.seed", self.seed)
        for projection in self.projections:
            if projection.source not in {**self.populations, **self.sources}:
                known = [*self.populations, *self.sources]
                raise ValueError(unknown_name(projection.where, "population or source", projection.source, known))
            if projection.target not in self.populations:
                raise ValueError(unknown_name(projection.where, "population", projection.target, self.populations))
            if isinstance(projection.connections, FixedInDegree):
                joined = self.populations.get(projection.source) or self.sources[projection.source]
                same = projection.source == projection.target and not projection.allow_self
                projection.connections._check_size(joined.n, same, projection.where)
            self._check_jump(projection)
        for drive in self.poisson:
            if drive.population not in self.populations:
                raise ValueError(unknown_name("PoissonInput", "population", drive.population, self.populations))
            self.jump(drive)
            shape = np.shape(drive.rate) if not isinstance(drive.rate, str) else ()
            if shape not in ((), (self.populations[drive.population].n,)):
                size = self.populations[drive.population].n
                raise ValueError(f"PoissonInput.rate must be one rate or {size}, got shape {shape}")
        fastest = si_value(self.max_rate, "1 Hz", "Network.max_rate")
        if np.ndim(fastest) or not 0 < fastest < np.inf:
            raise ValueError(f"Network.max_rate must be positive, one rate and finite, got {self.max_rate}")

    def __repr__(self) -> str:
        return network_text(self)

    def _repr_html_(self) -> str:
        return network_html(self)

    def _check_jump(self, projection: Projection) -> None:
        _, unit = self.jump(projection)
        where, learns = projection.where, projection.plasticity
        if learns is not None and learns.unit != unit:
            raise ValueError(f"{where}: plasticity must have weights with the unit {unit}, got {learns.unit}")
        source = self.populations.get(projection.source)
        if source is not None and source.own and not source.neuron.threshold:
            raise ValueError(f"{where}: source must be neurons that spike, got an EquationNeuron without threshold")

    def jump(self, part: Projection | PoissonInput) -> tuple[str, str]:
        """Give the variable that a projection or Poisson input changes, and its SI unit.

        Raises
        ------
        ValueError
            The target has no such variable, or the weight has not its unit.
        """
        if isinstance(part, Projection):
            where, target = part.where, self.populations[part.target]
        else:
            where, target = "PoissonInput", self.populations[part.population]
        name, unit = jump_of(target.neuron, part.onto, where)
        if target.own or part.onto is not None:
            si_value(part.weight, one_unit(unit), f"{where}: weight")
        return name, unit

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the populations whose neurons are of the user's own equations."""
        return tuple(name for name, population in self.populations.items() if population.own)

    @property
    def n(self) -> int:
        """Number of neurons."""
        return sum(population.n for population in self.populations.values())

    @property
    def parameters(self) -> dict[str, Any]:
        """Its parts by name."""
        return field_values(self)

    @property
    def equations(self) -> str:
        """Brian2 equations of one neuron; of each population's where they differ."""
        if not self.own:
            return AdaptiveLIF().equations
        return "\n\n".join(f"# {name}\n{part.neuron.equations.strip()}" for name, part in self.populations.items())

    @property
    def default_dt(self) -> float:
        """Time step of a clock-driven run that does not say one: 0.1 ms."""
        return 1e-4

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "vary": "parameters of populations that differ between neurons, such as 'E.V_0'",
            "initial": "state at time 0 and past spikes",
            "threads": "threads of the exact engine",
            "units": "neurons whose traces are recorded",
            "synapses": "synapses whose weights are recorded",
            "resume": "state of an earlier run to go on from",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first; the exact one refuses neurons of the user's own."""
        from spikelearn.network.brian import simulate_network_on_brian
        from spikelearn.network.exact import simulate_network_exactly

        engines: dict[str, Runner] = {"exact": simulate_network_exactly, "brian2": simulate_network_on_brian}
        return dict(reversed(engines.items())) if self.own else engines

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set, with their SI units."""
        return _together(part.neuron.settable for part in self.populations.values())

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded, with their SI units; w is the weight of synapses.

        A name with different units in two populations means two things, and can be neither recorded nor set.
        """
        return {**_together(part.neuron.recordable for part in self.populations.values()), "w": self.weight_unit}

    @property
    def weight_unit(self) -> str:
        """Unit of the weights, V; "SI" where projections differ in it."""
        units = {self.jump(projection)[1] for projection in self.projections}
        return "V" if not units else units.pop() if len(units) == 1 else "SI"

    @functools.cached_property
    def wiring(self) -> Wiring:
        """Its neurons, synapses and inputs as arrays, drawn once."""
        from spikelearn.network.wiring import wire

        return wire(self)

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse a start that a neuron cannot have, such as u above its threshold.

        Parameters
        ----------
        states, values : mapping
            u and g, and the parameters of all neurons (``wiring.values``), in SI units.

        Raises
        ------
        ValueError
            As `AdaptiveLIF.check_initial` does, for the neurons of any population.
        """
        for name, population in self.populations.items():
            part = self.units(name)
            if population.own:
                continue
            own = {key: np.broadcast_to(value, (self.n,))[part] for key, value in states.items()}
            population.neuron.check_initial(own, {key: value[part] for key, value in values.items()})

    def units(self, name: str) -> slice:
        """Give the neurons of a population as a slice of all neurons.

        Raises
        ------
        ValueError
            There is no such population.
        """
        if name not in self.populations:
            raise ValueError(unknown_name("Network", "population", str(name), self.populations))
        start = 0
        for key, population in self.populations.items():
            if key == name:
                break
            start += population.n
        return slice(start, start + self.populations[name].n)

    def name_of(self, neuron: int) -> str:
        """Say which neuron this is, as ``"E[3]"``."""
        whole_number("Network.name_of: neuron", neuron)
        for name in self.populations:
            where = self.units(name)
            if where.start <= neuron < where.stop:
                return f"{name}[{neuron - where.start}]"
        raise ValueError(f"Network.name_of: neuron must be 0 to {self.n - 1}, got {neuron}")


def _together(found: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Join the variables of all populations; a name that has two units is left out, since it means two things."""
    units: dict[str, set[str]] = {}
    for variables in found:
        for name, unit in variables.items():
            units.setdefault(name, set()).add(unit)
    return {name: unit for name, (unit, *others) in units.items() if not others}
