"""A value of the wrong kind is refused, wherever it is given: in Python, and in model files, key by key."""

import numpy as np
import pytest
from brian2 import DimensionMismatchError

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue import get_system, system_names

# What no number is; True and 2.9 would pass for numbers or be cut short.
WRONG = [True, np.True_, [], {}, b"1", object(), float("nan"), 1j, "seven"]
# Keys of [run] that are true or false.
FLAGS = {"whiten"}
REFUSALS = (TypeError, ValueError, DimensionMismatchError)


def whole_numbers():
    source = sl.sources.CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=0.6, tau="10 ms")
    cell = sl.AdaptiveLIF(V_0="30 mV")
    poisson = sl.sources.HomogeneousPoisson(rate="20 Hz")
    escape = sl.EscapeNoise()
    W = np.zeros((1, 1))
    return {
        "simulate n": lambda v: sl.simulate(cell, 0.01, n=v),
        "simulate seed": lambda v: sl.simulate(poisson, 0.01, seed=v),
        "simulate n_trials": lambda v: sl.simulate(poisson, 0.01, n_trials=v, seed=1),
        "simulate n_units": lambda v: sl.simulate(poisson, 0.01, n_units=v, seed=1),
        "simulate threads": lambda v: sl.simulate(cell, 0.01, threads=v),
        "escape n_trials": lambda v: sl.simulate(escape, 0.01, W=W, n_trials=v, seed=1),
        "sample n_trials": lambda v: source.sample(v, seed=1),
        "sample n_units": lambda v: source.sample(1, seed=1, n_units=v),
        "sample seed": lambda v: source.sample(1, seed=v),
        "poisson seed": lambda v: poisson.sample(1, seed=v),
        "population n": lambda v: sl.network.Population(cell, v),
        "network seed": lambda v: sl.Network({"E": sl.network.Population(cell, 2)}, seed=v),
        "in_degree": lambda v: sl.network.FixedInDegree(v),
    }


@pytest.mark.parametrize("name", whole_numbers())
def test_whole_numbers_are_whole(name):
    for value in [*WRONG, 2.9, "7", -1]:
        with pytest.raises(REFUSALS):
            whole_numbers()[name](value)


def times():
    cell = sl.AdaptiveLIF(V_0="30 mV")
    trains = sl.SpikeTrains.from_arrays([[0.1, 0.2, 0.35]], t_stop=1.0)
    return {
        "duration": lambda v: sl.simulate(cell, v),
        "dt": lambda v: sl.simulate(cell, 0.01, dt=v),
        "record_dt": lambda v: sl.simulate(cell, 0.01, record="u", record_dt=v),
        "tau": lambda v: sl.AdaptiveLIF(tau=v),
        "delta_g": lambda v: sl.AdaptiveLIF(delta_g=v),
        "eta_0": lambda v: sl.EscapeNoise(eta_0=v),
        "alpha": lambda v: sl.sources.CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=v, tau="10 ms"),
        "t_stop": lambda v: sl.SpikeTrains.from_arrays([[0.1]], t_stop=v),
        "psth": lambda v: sl.analyses.psth(trains, v),
        "lvr": lambda v: sl.analyses.lvr(trains, refractoriness=v),
        "refractory": lambda v: sl.network.Population(cell, 2, refractory=v),
    }


@pytest.mark.parametrize("name", times())
def test_quantities_are_quantities(name):
    for value in WRONG:
        if (name, repr(value)) == ("alpha", "nan"):
            continue
        with pytest.raises(REFUSALS):
            times()[name](value)


def keys_of_runs():
    return [(name, key) for name in system_names() for key in sorted(get_system(name).run_settings)]


@pytest.mark.parametrize(("name", "key"), keys_of_runs())
def test_every_key_of_a_run_refuses_another_kind(name, key):
    """Each key of [run] of every system, laid over its example: nothing of a wrong kind is taken for a number."""
    system = get_system(name)
    built = system.build(dict(system.example))
    wrong = [{"a": 1}, "seven of them"]
    wrong += [2.9] if key in {"n", "n_trials", "seed", "n_units", *FLAGS} else []
    wrong += [] if key in FLAGS else [True]
    for value in wrong:
        run = {**system.example_run, key: value}
        with pytest.raises(REFUSALS):
            system.run(built, catalogue.RunRequest(settings=run))


@pytest.mark.parametrize("name", system_names())
def test_every_parameter_with_a_unit_refuses_a_flag(name):
    system = get_system(name)
    for field in system.model.__dataclass_fields__.values():
        if "quantity" in field.metadata:
            with pytest.raises(REFUSALS):
                system.build({**system.example, field.name: True})
