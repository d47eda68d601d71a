"""What is refused in a network's description and in a run, each with its message; and what looks odd but is meant."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import (
    Connections,
    FixedInDegree,
    FixedProbability,
    NetworkRecording,
    OneToOne,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    save_state,
)

QUIET = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)
PAIR = Connections([0], [1])
TRAINS = sl.SpikeTrains.from_arrays([[0.01]], t_stop=1.0)


def cells(**options):
    return Population(QUIET, 3, **options)


def projection(connections=PAIR, weight=1 * mV, delay=1 * ms, **options):
    return Projection("E", "E", connections, weight, delay, **options)


def network(populations=None, **options):
    return sl.Network({"E": cells()} if populations is None else populations, **options)


def test_generators_are_read_once_and_keep_their_items():
    given = network(
        projections=(projection(Connections(iter([k]), iter([k + 1]))) for k in range(2)),
        poisson=(PoissonInput("E", rate * Hz, 1 * mV) for rate in (0, 50)),
    )
    recording = sl.simulate(given, 1.0, seed=1, record="u", record_dt=10 * ms)
    np.testing.assert_array_equal(recording.sources, [0, 1])
    np.testing.assert_array_equal(recording.targets, [1, 2])
    assert (recording.traces["u"].values > 0).any()


def test_a_list_that_changes_later_does_not_change_the_network():
    projections, populations = [projection()], {"E": cells()}
    given = sl.Network(populations, projections)
    projections.clear()
    populations["I"] = cells()
    assert len(given.projections) == 1
    assert given.n == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: network([cells()]), "Network.populations must map names to Population, got list"),
        (lambda: network("E"), "Network.populations must map names to Population, got str"),
        (lambda: network({1: cells()}), "Network.populations: a name must be text, got 1"),
        (lambda: network({"": cells()}), "Network.populations: a name must not be empty"),
        (
            lambda: network({"E": QUIET}),
            r"populations\['E'\] must be a Population, got AdaptiveLIF; use Population\(neuron, n\)",
        ),
        (lambda: network({"E": Population}), r"populations\['E'\] must be a Population, got the class Population"),
        (
            lambda: network(sources={"in": TRAINS}),
            r"sources\['in'\] must be a SpikeSource, got SpikeTrains; use SpikeSource\(trains\)",
        ),
        (lambda: network(sources=[SpikeSource(TRAINS)]), "Network.sources must map names to SpikeSource, got list"),
        (
            lambda: network(projections=projection()),
            r"projections must be a sequence of Projection, got Projection; use \[Projection",
        ),
        (lambda: network(projections="E"), "Network.projections must be a sequence of Projection, got str"),
        (
            lambda: network(projections=[projection(), ("E", "E", PAIR)]),
            r"Network.projections\[1\] must be a Projection, got tuple",
        ),
        (
            lambda: network(poisson=PoissonInput("E", 1 * Hz, 1 * mV)),
            "Network.poisson must be a sequence of PoissonInput, got PoissonInput",
        ),
        (
            lambda: network(poisson=[("E", 1 * Hz, 1 * mV)]),
            r"Network.poisson\[0\] must be a PoissonInput, got tuple",
        ),
        (lambda: network(seed=None), "Network.seed must be a whole number, got None"),
        (lambda: network(seed=1.5), "Network.seed must be a whole number, got 1.5"),
        (lambda: network(seed=-1), "Network.seed must not be negative, got -1"),
        (lambda: network(max_rate=[1, 2] * Hz), "Network.max_rate must be positive, one rate and finite"),
        (lambda: network(max_rate=np.inf * Hz), "Network.max_rate must be positive, one rate and finite"),
        (lambda: network(max_rate="fast"), "Network.max_rate: a quantity must start with a number"),
        (lambda: network().units(0), "Network has no population '0'. Known: E"),
        (lambda: network().name_of("E"), "Network.name_of: neuron must be a whole number, got 'E'"),
        (lambda: Population(QUIET, True), "Population.n must be a whole number, got True"),
        (lambda: Population(QUIET, 2.5), "Population.n must be a whole number, got 2.5"),
        (lambda: cells(refractory=[[1, 2, 3]] * ms), r"refractory must be one time or 3, got shape \(1, 3\)"),
        (lambda: cells(refractory=None), "Population.refractory must be a time, got None"),
        (lambda: cells(refractory=True), "Population.refractory must be a time, got True"),
        (lambda: cells(refractory=["1 ms"] * 3), "Population.refractory must be a time or an array of times"),
        (lambda: cells(refractory="long"), "Population.refractory: a quantity must start with a number"),
        (lambda: cells(vary=["V_0"]), "Population: vary must map names to arrays, got list"),
        (lambda: cells(vary={"V": [1, 2, 3] * mV}), "Population: AdaptiveLIF has no parameter 'V'; did you mean 'V_0'"),
        (lambda: cells(vary={"V_0": [1, 2] * mV}), r"Population: vary\['V_0'\] must have one value for each of 3"),
        (lambda: projection(OneToOne), r"E -> E: connections must be made, got the class OneToOne; use OneToOne\("),
        (lambda: projection(allow_self="yes"), "E -> E: allow_self must be True or False, got 'yes'"),
        (lambda: projection(delay=None), "E -> E: delay must be a time, got None"),
        (lambda: projection(delay="late"), "E -> E: delay: a quantity must start with a number"),
        (lambda: projection(weight="much"), "E -> E: weight: a quantity must start with a number"),
        (lambda: Projection(1, "E", PAIR, 1 * mV, 1 * ms), "Projection.source must be text, got 1"),
        (lambda: Projection("E", cells(), PAIR, 1 * mV, 1 * ms), "Projection.target must be text, got Population"),
        (lambda: PoissonInput(0, 1 * Hz, 1 * mV), "PoissonInput.population must be text, got 0"),
        (lambda: PoissonInput("E", "fast", 1 * mV), "PoissonInput.rate: a quantity must start with a number"),
        (lambda: FixedInDegree(2.5), "FixedInDegree.k must be a whole number, got 2.5"),
        (lambda: FixedInDegree(3.0), "FixedInDegree.k must be a whole number, got 3.0"),
        (lambda: FixedInDegree(True), "FixedInDegree.k must be a whole number, got True"),
        (lambda: FixedProbability("0.1"), "FixedProbability.p must be a number, got '0.1'"),
        (lambda: FixedProbability([0.1]), r"FixedProbability.p must be a number, got \[0.1\]"),
        (lambda: FixedProbability(True), "FixedProbability.p must be a number, got True"),
        (
            lambda: Connections([[0, 1]], [[1, 0]]),
            r"Connections.sources must be a flat sequence, got an array of shape \(1, 2\)",
        ),
        (
            lambda: Connections([0], [[1], [1, 2]]),
            "Connections.targets must be a flat sequence, got rows of different lengths",
        ),
        (lambda: Connections.from_csr([0, 1.5], [1]), "Connections.offsets must be whole numbers, got float64"),
        (lambda: Connections.from_csr([[0, 1]], [1]), "Connections.offsets must be a flat sequence"),
        (lambda: projection(Connections.from_csr), "connections must be one of Connections, OneToOne"),
        (lambda: Projection.from_synapses("E", "E", PAIR), "E -> E: synapses must be Brian2 Synapses, got Connections"),
    ],
)
def test_descriptions_that_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_a_weight_variable_that_the_synapses_do_not_have():
    from brian2 import Synapses

    from spikelearn.brian.session import session

    with session("numpy"):
        group, _own = QUIET.brian_objects(2, dt=0.1 * ms)
        synapses = Synapses(group, group, "w : volt\nstrength : volt", on_pre="u_post += w")
        synapses.connect(i=[0], j=[1])
        synapses.delay = "1*ms"
        synapses.strength = "2*mV"
        with pytest.raises(ValueError, match=r"one of the variables \['strength', 'w'\] .* got 'ww'; did you mean 'w'"):
            Projection.from_synapses("E", "E", synapses, weight="ww")
        assert float(Projection.from_synapses("E", "E", synapses, weight="strength").weight[0]) == 2e-3
        assert Projection.from_synapses("E", "E", synapses, weight="3 mV").weight == "3 mV"


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (slice(3, 5), [3, 4]),
        (slice(None), range(5)),
        (slice(-1, None), [4]),
        (slice(None, None, 2), [0, 2, 4]),
        (slice(2, 2), []),
        ([4, 0, 4], [0, 4]),
        (range(1, 3), [1, 2]),
        ({3, 1}, [1, 3]),
        ((k for k in (2, 1)), [1, 2]),
        (np.array([1], dtype=np.uint8), [1]),
        ([], []),
    ],
)
def test_units_are_a_slice_or_numbers(units, expected):
    two = network({"E": cells(), "I": Population(QUIET, 2)})
    assert two.units("I") == slice(3, 5)
    recording = sl.simulate(two, 0.002, record="u", record_dt=1 * ms, units=units)
    np.testing.assert_array_equal(recording.traces["neuron"], list(expected))


@pytest.mark.parametrize("engine", ["exact", "brian2"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 3}, r"units must be a slice such as network.units\('E'\) or a sequence of whole numbers, got 3"),
        ({"units": np.int64(3)}, "units must be a slice such as"),
        ({"units": np.array(3)}, "units must be a slice such as"),
        ({"units": "E"}, r"units must be a slice such as .* got 'E'"),
        ({"units": [1.7]}, "units must be whole numbers, got float64 values such as 1.7"),
        ({"units": [True, False, True]}, "units must be whole numbers, got bool"),
        ({"units": ["E"]}, "units must be whole numbers, got str"),
        ({"units": [[0, 1]]}, r"units must be a flat sequence, got an array of shape \(1, 2\)"),
        ({"units": slice(0, 4)}, r"units must lie in 0 to 2, got slice\(0, 4, None\)"),
        ({"units": slice("E")}, "units must be a slice of whole numbers, got slice"),
        ({"units": slice(0, 2, 0)}, "units must be a slice of whole numbers, got slice"),
        ({"units": [-1]}, "units must lie in 0 to 2, got -1"),
        ({"initial": sl.Initial(u=16 * mV)}, "Initial.u must lie below the threshold theta, got 0.016"),
        ({"initial": sl.Initial(u=-16 * mV)}, "Initial.u must not lie below -Delta, potassium's reversal, got -0.016"),
        ({"initial": sl.Initial(g=[0, 0, -1])}, "Initial.g must not be negative, got -1"),
    ],
)
def test_runs_that_are_refused(engine, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sl.simulate(network(), 0.01, engine=engine, **options)


@pytest.mark.parametrize("engine", ["exact", "brian2"])
def test_the_start_is_checked_with_the_threshold_of_every_population(engine):
    low = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0, V_th=-60 * mV)
    two = network({"E": cells(), "low": Population(low, 2)})
    sl.simulate(two, 0.01, engine=engine, initial=sl.Initial(u=[6, 0, 0, 4, 4] * mV))
    with pytest.raises(ValueError, match="u must lie below the threshold theta, got 0.006"):
        sl.simulate(two, 0.01, engine=engine, initial=sl.Initial(u=[0, 0, 0, 0, 6] * mV))


@pytest.mark.parametrize("engine", ["exact", "brian2"])
def test_an_external_spike_before_the_start_arrives_after_it(engine):
    early = sl.SpikeTrains.from_arrays([[-0.005, -0.001]], t_start=-0.1, t_stop=1.0)
    one = sl.Network(
        {"E": Population(QUIET, 1)},
        [Projection("in", "E", Connections([0], [0]), 20 * mV, 3 * ms)],
        sources={"in": SpikeSource(early)},
    )
    # The clock sees an arrival at the end of its step of 0.1 ms.
    np.testing.assert_allclose(sl.simulate(one, 0.1, engine=engine).spikes.train(), [0.002], atol=1.01e-4)


def test_what_is_no_state_is_refused(tmp_path):
    recording = sl.simulate(network(), 0.01)
    with pytest.raises(TypeError, match="resume must be a state such as recording.state, got NetworkRecording; use it"):
        sl.simulate(network(), 0.02, resume=recording)
    with pytest.raises(TypeError, match="resume must be a state such as recording.state, got (Posix|Windows)Path$"):
        sl.simulate(network(), 0.02, resume=tmp_path)
    with pytest.raises(TypeError, match="save_state: state must be a state such as recording.state, got NetworkRecord"):
        save_state(recording, tmp_path / "state")


def test_a_saved_recording_of_a_network_comes_back_with_its_synapses(tmp_path):
    recording = sl.simulate(network(projections=[projection()]), 0.01)
    recording.save(tmp_path / "run")
    for again in (sl.Recording.load(tmp_path / "run"), NetworkRecording.load(tmp_path / "run")):
        assert type(again) is NetworkRecording
        assert again.spikes == recording.spikes
        assert again.state is None
        for name in ("sources", "targets", "weights"):
            found, kept = getattr(again, name), getattr(recording, name)
            assert found.dtype == kept.dtype
            np.testing.assert_array_equal(found, kept)
