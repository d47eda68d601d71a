"""What a system tells the catalogue: what can be measured in a run of it, and which formulas that should equal."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spikelearn.parameters.names import unknown_name

__all__ = ["Measure", "RunRequest", "System", "unit_quantity"]

COMMON_SETTINGS = frozenset({"duration", "dt", "seed", "record", "record_dt", "method"})
# Options of `simulate` that a model file cannot hold as they are, or that the machine decides.
_NOT_IN_FILES = frozenset({"initial", "threads", "resume", "rule"})


@dataclass(frozen=True)
class Measure:
    """A named number of a system: measured in a recording, or given by a formula.

    Parameters
    ----------
    function : callable
        ``function(model, recording)`` for a quantity, ``function(model)`` for a formula; gives a float or a
        one-dimensional array, in `unit`.
    unit : str
        Text such as ``"s"``, ``"Hz"`` or ``"1"``; literals in model files must have its dimension.
    doc : str
        One line: what it is, with the equation it comes from.
    each : bool
        Whether a quantity gives one number for every unit where there are several, by the recording alone, and the
        same number that a recording of that unit alone gives: sweeps then take it of many points at once.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.catalogue import Measure
    >>> spikes = Measure(lambda model, recording: float(recording.spikes.n_spikes), "1", "number of spikes")
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0)
    >>> spikes.function(neuron, sl.simulate(neuron, "1 s")), 1 // neuron.time_to_spike()
    (72.0, 72.0)
    """

    function: Callable[..., Any]
    unit: str
    doc: str
    each: bool = False


@dataclass(frozen=True)
class RunRequest:
    """How one run was asked for: the ``[run]`` table of a model file, and what the command line laid over it.

    Parameters
    ----------
    settings : mapping
        The ``[run]`` table, with text still as text ("30 s").
    initial : mapping
        The ``[initial]`` table.
    engine : str or None
        "exact", "brian2", "array"; None lets the system choose.
    target : str
        Brian2's code generation target or "auto".
    progress : bool
        Whether to show a progress bar.

    Examples
    --------
    >>> from spikelearn.catalogue import RunRequest, get_system
    >>> system = get_system("AdaptiveLIF")
    >>> request = RunRequest({"duration": "1 s"}, engine="exact")
    >>> system.run(system.build({"V_0": "30 mV", "delta_g": 0.0}), request).spikes.n_spikes
    144
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    engine: str | None = None
    target: str = "auto"
    progress: bool = False

    def engine_or(self, usual: str) -> str:
        """Give the engine that was asked for; without one a target asks for Brian2, and `usual` runs otherwise."""
        return self.engine or (usual if self.target == "auto" else "brian2")


@dataclass(frozen=True, eq=False)
class System:
    """One system of the package, as the catalogue and the command line see it.

    The model's class says the rest: its fields are the parameters, with their defaults and units, the first line of its
    docstring is the summary, its engines and run options are the keys of ``[run]``.

    Parameters
    ----------
    name : str
        The name in ``[model] system = "..."``.
    model : type
        The class of the model.
    quantities, formulas : mapping of str to Measure
        What can be measured and what can be calculated.
    build : callable, optional
        From the ``[model] parameters`` table to what quantities and formulas are functions of;
        ``model(**parameters)`` if not given.
    run : callable, optional
        ``run(built, request)``: from that and a `RunRequest` to a ``Recording``; `simulate_request` if not given.
    figure : callable, optional
        ``figure(built, recording, title)``: a matplotlib Figure with simulation and theory; raster and traces if not
        given.
    more_parameters : mapping of str to str
        Parameters of model files beyond the fields of `model`, with a default or an example; also better examples for
        fields.
    run_settings : frozenset of str, optional
        The keys that ``[run]`` may have; those of `simulate` that apply to the model if not given.
    example, example_run : mapping
        Parameters and ``[run]`` table of a short run, for `check_system`; the defaults if not given.
    agreement : mapping of str to float
        Quantities that must agree between the engines in the example, with the relative tolerance.
    why_not_simulated : str
        Why `simulate` does not run it, where it has no engines.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from spikelearn.catalogue import Measure, System
    >>> @dataclass(frozen=True)
    ... class Clock:
    ...     'Spikes at a fixed rate.'
    ...     rate: float = 20.0
    >>> system = System("Clock", Clock, {}, {"interval": Measure(lambda clock: 1 / clock.rate, "s", "mean interval")})
    >>> system.summary, system.parameters, system.formulas["interval"].function(system.build({"rate": 50.0}))
    ('Spikes at a fixed rate.', {'rate': '20.0'}, 0.02)
    """

    name: str
    model: type
    quantities: Mapping[str, Measure]
    formulas: Mapping[str, Measure] = field(default_factory=dict)
    build: Any = None
    run: Any = None
    figure: Any = None
    more_parameters: Mapping[str, str] = field(default_factory=dict)
    run_settings: Any = None
    example: Mapping[str, Any] = field(default_factory=dict)
    example_run: Mapping[str, Any] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    why_not_simulated: str = ""

    def __post_init__(self) -> None:
        from spikelearn.catalogue.overview import overview
        from spikelearn.catalogue.tables import simulate_request

        make = self.build or (lambda parameters: self.model(**parameters))

        def build(parameters: Mapping[str, Any]) -> Any:
            for key in parameters:
                if key not in self.parameters:
                    raise ValueError(unknown_name(self.name, "parameter", key, self.parameters))
            return make(parameters)

        object.__setattr__(self, "build", build)
        for name, default in (
            ("run", simulate_request),
            ("figure", overview),
            ("run_settings", COMMON_SETTINGS | (self._options() - _NOT_IN_FILES)),
        ):
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)

    @property
    def summary(self) -> str:
        """One line: what it is."""
        return (inspect.getdoc(self.model) or "").split("\n")[0]

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of model files, each with its default, or an example, as text."""
        own = {entry.name: _shown(entry) for entry in dataclasses.fields(self.model)}
        return {**own, **self.more_parameters}

    @property
    def documents(self) -> dict[str, str]:
        """What each parameter is, where its field says so."""
        return {entry.name: str(entry.metadata.get("doc", "")) for entry in dataclasses.fields(self.model)}

    def initial_settings(self, built: Any) -> frozenset[str]:
        """Give the keys that ``[initial]`` may have for this model: none where runs start in one way only."""
        if "initial" not in getattr(built, "run_options", {}):
            return frozenset()
        return frozenset({*built.settable, "past_spikes"})

    def _options(self) -> frozenset[str]:
        found = inspect.getattr_static(self.model, "run_options", None)
        if not isinstance(found, property) or found.fget is None:
            return frozenset()
        # What a kind of model takes does not depend on its parameters.
        return frozenset(found.fget(self.model))


def unit_quantity(unit: str) -> str:
    """Give the text of one unit: ``"1 s"`` for s, ``"1 /ms"`` for 1/ms."""
    return unit if unit == "1" else f"1 {unit.removeprefix('1')}"


def _shown(entry: dataclasses.Field[Any]) -> str:
    if "quantity" in entry.metadata:
        return str(entry.metadata["quantity"])
    if entry.default is not dataclasses.MISSING:
        return str(entry.default)
    return "" if entry.default_factory is dataclasses.MISSING else str(entry.default_factory())
