"""Tables of a model file read into the records of a network; whatever they do not know is refused by name."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.network.connectivity import Connections, FixedInDegree, FixedProbability, OneToOne
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.records import Network, PoissonInput, Population, Projection, SpikeSource
from spikelearn.network.stdp import pair_stdp
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number, whole_numbers
from spikelearn.parameters.series import read_series
from spikelearn.parameters.units import si_value
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["build_network", "read_plasticity", "read_source"]

_RULES: dict[str, Callable[..., Any]] = {"pair_stdp": pair_stdp, "formulas": Plasticity}
_CONNECTIONS = ("pairs", "ring", "one_to_one", "probability", "in_degree")
_POPULATION = ("n", "refractory", "vary", *(entry.name for entry in dataclasses.fields(AdaptiveLIF)))
# A population with equations of its own has those in the place of the parameters.
_OWN = ("n", "vary", *(entry.name for entry in dataclasses.fields(EquationNeuron)))
_POISSON = ("population", "rate", "weight")
_PROJECTION = ("source", "target", "connect", "weight", "delay")
_OPTIONS = ("allow_self", "plasticity", "onto")


_SOURCE = ("trains", "times", "shifts")


def build_network(parameters: Mapping[str, Any]) -> Network:
    """Read the tables ``populations``, ``projections``, ``sources``, ``plasticity`` and ``poisson``, and the numbers.

    Raises
    ------
    ValueError
        A key that a table does not have, one that is missing, or a value that does not fit.
    TypeError
        A number that must be whole and is not.
    """
    named = {key: _table(f"Network: {key}", parameters.get(key, {})) for key in ("populations", "sources")}
    populations = {name: _population(name, table) for name, table in named["populations"].items()}
    sources = {
        name: read_source(name, _table(f"Network: source {name}", table)) for name, table in named["sources"].items()
    }
    rules = {
        name: read_plasticity(name, _table(f"Network: plasticity {name}", table))
        for name, table in _table("Network: plasticity", parameters.get("plasticity", {})).items()
    }
    projections = [
        _projection(f"Network: projections[{k}]", table, populations, rules)
        for k, table in enumerate(_tables("projections", parameters))
    ]
    poisson = []
    for k, table in enumerate(_tables("poisson", parameters)):
        given = _checked(f"Network: poisson[{k}]", table, _POISSON, ("onto",))
        rate = _values(f"Network: poisson[{k}]: rate", given["rate"])
        poisson.append(PoissonInput(given["population"], rate, given["weight"], given.get("onto")))
    numbers = {key: parameters[key] for key in ("seed", "max_rate") if key in parameters}
    return Network(populations, projections, sources, poisson, **numbers)


def _table(where: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} must be a table, got {given!r}")
    return given


def _tables(key: str, parameters: Mapping[str, Any]) -> list[Any]:
    given = parameters.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f"Network: {key} must be a list of tables, [[model.parameters.{key}]], got {given!r}")
    return given


def _checked(where: str, given: Any, needed: Iterable[str], others: Iterable[str] = ()) -> Mapping[str, Any]:
    """Refuse keys that there are not, then ask for those that there must be."""
    known = (*needed, *others)
    for key in _table(where, given):
        if key not in known:
            raise ValueError(unknown_name(where, "setting", key, known))
    for key in needed:
        if key not in given:
            raise ValueError(f"{where} must have {key}")
    table: Mapping[str, Any] = given
    return table


def _population(name: str, given: Any) -> Population:
    where = f"Network: population {name}"
    own = "equations" in _table(where, given)
    settings = dict(_checked(where, given, (), _OWN if own else _POPULATION))
    n = whole_number(f"{where}: n", settings.pop("n", 1))
    refractory = 0.0 if own else _values(f"{where}: refractory", settings.pop("refractory", 0.0))
    spread = _table(f"{where}: vary", settings.pop("vary", {}))
    vary = {key: read_series(f"{where}: vary.{key}", value) for key, value in spread.items()}
    return Population(EquationNeuron(**settings) if own else AdaptiveLIF(**settings), n, vary, refractory)


def _projection(
    where: str, given: Any, populations: Mapping[str, Population], rules: Mapping[str, Plasticity]
) -> Projection:
    table = _checked(where, given, _PROJECTION, _OPTIONS)
    learns = table.get("plasticity")
    if learns is not None and str(learns) not in rules:
        raise ValueError(unknown_name("Network", "plasticity", str(learns), rules))
    source = populations.get(str(table["source"]))
    return Projection(
        table["source"],
        table["target"],
        _connections(f"{where}: connect", table["connect"], source.n if source else 0),
        _values(f"{where}: weight", table["weight"]),
        _values(f"{where}: delay", table["delay"]),
        table.get("allow_self", False),
        None if learns is None else rules[str(learns)],
        table.get("onto"),
    )


def _connections(where: str, given: Any, size: int) -> Any:
    """Read ``{ in_degree = 20 }``, ``{ pairs = [[0, 1], [1, 0]] }`` and so on."""
    for kind in _table(where, given):
        if kind not in _CONNECTIONS:
            raise ValueError(unknown_name(where, "rule", kind, _CONNECTIONS))
    if len(given) != 1:
        raise ValueError(f"{where} must have one of {', '.join(_CONNECTIONS)}, got {sorted(given)}")
    ((kind, value),) = given.items()
    if kind == "pairs":
        return _pairs(f"{where}.pairs", value)
    if kind == "ring":
        step = int(whole_numbers(f"{where}.ring", [value])[0])
        if not size:
            raise ValueError(f"{where}.ring must have a population as its source")
        index = np.arange(size)
        return Connections(index, (index + step) % size)
    if kind == "one_to_one":
        if value not in (True, 1):
            raise ValueError(f"{where}.one_to_one must be true, got {value!r}")
        return OneToOne()
    if kind == "probability":
        return FixedProbability(value)
    return FixedInDegree(whole_number(f"{where}.in_degree", value))


def _pairs(where: str, given: Any) -> Connections:
    if not isinstance(given, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        raise ValueError(f"{where} must be a list of pairs such as [[0, 1], [1, 0]], got {given!r}")
    # One by one: an array would turn true into 1.
    pairs = [[whole_number(where, number) for number in pair] for pair in given]
    index = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Connections(index[:, 0], index[:, 1])


def _values(where: str, given: Any) -> Any:
    """Read a list or evenly spaced values; single ones are read where they are checked, which names them."""
    return read_series(where, given) if isinstance(given, (list, Mapping)) else given


def read_source(name: str, given: Mapping[str, Any]) -> SpikeSource:
    """Read ``{ trains = [["10 ms"], ["20 ms"]] }``, or ``{ times = ["10 ms"], shifts = { start, stop, num } }``.

    With `shifts` there is one train for each of them: all times, moved by it.

    Raises
    ------
    ValueError
        Keys that there are not or that do not go together, no list of times, or a time before 0.
    """
    for key in given:
        if key not in _SOURCE:
            raise ValueError(unknown_name(f"Network: source {name}", "setting", key, _SOURCE))
    if set(given) == {"trains"}:
        if not isinstance(given["trains"], list):
            raise ValueError(f"{name}.trains must be a list of lists of times, got {given['trains']!r}")
        trains = [np.empty(0) if train == [] else _times(f"{name}.trains", train) for train in given["trains"]]
    elif set(given) in ({"times"}, {"times", "shifts"}):
        times = _times(f"{name}.times", given["times"])
        shifts = _times(f"{name}.shifts", given["shifts"]) if "shifts" in given else np.zeros(1)
        trains = [times + shift for shift in shifts]
    else:
        raise ValueError(f"Network: source {name} must have trains, or times and perhaps shifts, got {sorted(given)}")
    last = max((float(train.max()) for train in trains if len(train)), default=0.0)
    if min((float(train.min()) for train in trains if len(train)), default=0.0) < 0.0:
        raise ValueError(f"Network: source {name} must have no time before 0")
    return SpikeSource(SpikeTrains.from_arrays([np.sort(train) for train in trains], t_stop=last + 1.0))


def _times(where: str, given: Any) -> Floats:
    found: Floats = np.asarray(si_value(read_series(where, given), "1 second", where), dtype=np.float64)
    return found


def read_plasticity(name: str, given: Mapping[str, Any]) -> Plasticity:
    """Read ``{ rule = "pair_stdp", A_plus = "10 uV", ... }`` or ``{ rule = "formulas", on_pre = { ... }, ... }``.

    Raises
    ------
    ValueError
        A rule or a setting of it that there is not.
    """
    settings = dict(given)
    if "rule" not in settings:
        raise ValueError(f"Network: plasticity {name} must have a rule, one of {', '.join(sorted(_RULES))}")
    kind = str(settings.pop("rule"))
    if kind not in _RULES:
        raise ValueError(unknown_name(f"Network: plasticity {name}", "rule", kind, _RULES))
    known = inspect.signature(_RULES[kind]).parameters
    for key in settings:
        if key not in known:
            raise ValueError(unknown_name(f"Network: plasticity {name}", "setting", key, ("rule", *known)))
    missing = [key for key, about in known.items() if about.default is about.empty and key not in settings]
    if missing:
        raise ValueError(f"Network: plasticity {name} must have {missing[0]}")
    made: Plasticity = _RULES[kind](**settings)
    return made
