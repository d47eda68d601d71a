"""Where a clock gives wrong numbers it must say so, and where Eq. (6) has a tie both engines must keep it."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.models.adaptive_lif.clock import largest_conductance
from spikelearn.models.equation_neuron.model import EquationNeuron


@pytest.mark.parametrize(
    "parameters",
    [{"delta_g": 300.0, "tau_K": 20 * ms}, {"tau": 0.03 * ms}, {"tau_K": 0.03 * ms, "delta_g": 1.0}],
)
def test_a_step_that_is_too_long_is_refused(parameters):
    neuron = sl.AdaptiveLIF(V_0=30 * mV, **parameters)
    with pytest.raises(ValueError, match=r"dt must be well below .* got 0.0001 s; take dt <= "):
        sl.simulate(neuron, "1 s", engine="brian2")
    assert sl.simulate(neuron, "1 s").spikes.n_spikes > 0


@pytest.mark.parametrize(
    ("parameters", "duration", "initial"),
    [
        ({}, 1.0, {"g": 400.0}),
        ({"V_0": 60 * mV, "delta_g": 10.0, "t_d": 200 * ms, "tau_K": 200 * ms}, 2.0, {}),
        ({"V_0": 20 * mV, "delta_g": 8.0, "t_d": 1000 * ms, "tau_K": 1000 * ms}, 5.0, {}),
        ({"delta_g": 5.0, "t_d": 50 * ms}, 1.0, {"past_spikes": np.linspace(-0.049, 0.0, 100)}),
        ({"tau_K": np.inf * ms, "t_d": 1e6 * ms}, 0.2, {"g": 290.0}),
    ],
)
def test_a_conductance_that_grows_too_large_for_the_step_is_refused(parameters, duration, initial):
    """With each of these the clock would fire hundreds to thousands of spikes where there are few or none."""
    neuron = sl.AdaptiveLIF(**parameters)
    options = {"engine": "brian2", "target": "numpy", "initial": sl.Initial(**initial)}
    with pytest.raises(ValueError, match=r"dt must be well below .* got 0.0001 s; take dt <= "):
        sl.simulate(neuron, duration, **options)


def test_the_bound_of_the_conductance_holds_and_is_not_wasteful():
    """Beside the largest g of exact runs, taken every 0.1 ms: never below it, within twice of it in the median."""
    draw = np.random.default_rng(11)
    ratios = []
    for _ in range(40):
        t_d = draw.choice([0.0, 10 ** draw.uniform(-3, 0)])
        neuron = sl.AdaptiveLIF(
            V_0=(15 + 10 ** draw.uniform(0, 2)) * mV,
            delta_g=10 ** draw.uniform(-2, 1),
            t_d=t_d * 1000 * ms,
            tau_K=10 ** draw.uniform(0.5, 3.5) * ms,
        )
        initial = sl.Initial(g=draw.choice([0.0, 3.0]), past_spikes=draw.uniform(-t_d, 0, 5) if t_d else ())
        states, past = initial.plain_states({"g": "1"}, 1), initial.plain_past_spikes(1, t_d)
        largest = sl.simulate(neuron, 3.0, record="g", record_dt=1e-4, initial=initial).traces["g"].values.max()
        rate = neuron.fastest_rate(neuron.values(), duration=3.0, states=states, past=past)
        bound = largest_conductance(neuron.values(), duration=3.0, g0=states["g"], past=past)[0]
        assert rate == pytest.approx(max((1 + bound) / 0.01, 1 / float(neuron.tau_K)), rel=1e-14)
        ratios.append(bound / largest)
    assert min(ratios) >= 1 - 1e-12
    assert np.median(ratios) < 2


def test_what_a_short_run_or_a_silent_neuron_cannot_reach_is_not_refused():
    """Only jumps that arrive within the run count, and a neuron that the clock can follow is followed."""
    options = {"engine": "brian2", "target": "numpy"}
    late = sl.AdaptiveLIF(V_0=30 * mV, delta_g=1000.0, t_d=50 * ms)
    assert sl.simulate(late, 0.05, **options).spikes.n_spikes == 7
    assert sl.simulate(sl.AdaptiveLIF(V_0=10 * mV, delta_g=1000.0), 0.1, **options).spikes.n_spikes == 0
    many = sl.AdaptiveLIF(V_0=10000 * mV, delta_g=0.0)
    assert sl.simulate(many, 0.01, **options).spikes.n_spikes == 100


def test_a_run_that_leaves_the_numbers_is_refused():
    runaway = EquationNeuron(equations="dx/dt = x**2/ms : 1", method="euler")
    message = r"x of neuron 0 is no longer finite after 0.1 s: dt = 0.001 s is too long"
    with pytest.raises(ValueError, match=message), np.errstate(all="ignore"):
        sl.simulate(runaway, "100 ms", dt="1 ms", initial=sl.Initial(x=1.0))


TIES = [(42, 0.03, 30), (20, 1 / 6, 1), (30, 0.05, 10), (24, 0.1, 3), (45, 0.25, 4), (33, 0.2, 3)]


@pytest.mark.parametrize(
    ("engine", "V_0", "delta_g", "count"),
    [
        *(("exact", *tie) for tie in TIES),
        *(("brian2", *tie) for tie in TIES[:1]),
        *(pytest.param("brian2", *tie, marks=pytest.mark.slow) for tie in TIES[1:]),
    ],
)
def test_ties_of_equation_6(engine, V_0, delta_g, count):
    """At g = g* the neuron is silent (erratum A4), although sums of doubles fall on either side of it."""
    neuron = sl.AdaptiveLIF(V_0=V_0 * mV, tau_K=np.inf * ms, delta_g=delta_g)
    assert neuron.spikes_until_silence() == count
    assert sl.simulate(neuron, "3 s", engine=engine).spikes.n_spikes == count
