"""Numbers that carry what NumPy drops: masked entries and units are refused wherever pure numbers are read."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

import spikelearn as sl
from spikelearn.models.escape_noise import VariationalNetwork
from spikelearn.models.escape_noise.sampling import sample
from spikelearn.network import Connections, Population, Projection
from spikelearn.parameters.foreign import bare, carries_dimension
from spikelearn.parameters.units import si_value

TRAINS = sl.SpikeTrains.from_arrays([[0.1, 0.2, 0.6], [0.3, 0.35], [0.7]], t_stop=1.0)
RATES, CELL, CELLS = sl.EIRates(), sl.EscapeNoise(), sl.AdaptiveLIF()
RULE = sl.rules.CrossHomeostatic(alpha_EE=5e-4, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4)
WIDE = sl.TangentKernel(4, depth=1)
ROWS = WIDE.normalised(np.arange(1.0, 9.0).reshape(2, 4))
LOW = sl.LowRank([[0.8]], B=[[0.5]])
FRAMES = np.sin(np.arange(12.0)).reshape(4, 3)
SILENCE = np.zeros((1, 10, 2), dtype=int)

# What takes pure numbers: the reader, and an array that it takes.
PURE = {
    "run_trials: W0": (lambda x: sl.run_trials(RATES, RULE, 1, x), [5.0, 1.0, 10.0, 1.0]),
    "run_trials: A0": (lambda x: sl.run_trials(RATES, RULE, 1, [5, 1, 10, 1], A0=x), [5.0, 1.0]),
    "EIRates: weights": (lambda x: sl.simulate(RATES, 0.001, weights=x), [5.0, 1.0, 10.0, 1.0]),
    "EIRates weight W_EE": (lambda x: RATES.setpoint_weights(W_EE=x, W_IE=10.0), [5.0, 6.0]),
    "stability": (lambda x: sl.stability(RATES, RULE, W_EE=x, W_IE=10.0), [5.0, 6.0]),
    "rule": (
        lambda x: sl.rules.CrossHomeostatic(alpha_EE=x, alpha_EI=1e-3, alpha_IE=1e-3, alpha_II=1e-3),
        [1e-3, 1e-4],
    ),
    "LowRank.C": (sl.LowRank, [[0.8]]),
    "LowRank.B": (lambda x: sl.LowRank([[0.8]], B=x), [[0.5]]),
    "LowRank: input": (lambda x: sl.simulate(LOW, 0.1, n=4, dt=0.05, input=x, engine="closure"), [0.5]),
    "LowRank.fixed_points: u": (LOW.fixed_points, [0.5]),
    "Initial.m": (lambda x: sl.simulate(LOW, 0.1, n=4, dt=0.05, initial=sl.Initial(m=x), engine="closure"), [0.1]),
    "kernel: x": (WIDE.kernel, ROWS),
    "normalised: x": (WIDE.normalised, ROWS),
    "linearised: y": (lambda x: WIDE.linearised(ROWS, x), [1.0, 2.0]),
    "gamma": (lambda x: sl.TangentKernel(4, depth=1, gamma=x), [1.0, 2.0]),
    "minimiser: frames": (lambda x: sl.entropy_rule.minimiser(x, 0.1, 1.0), FRAMES),
    "EscapeNoise: W": (lambda x: CELL.log_likelihood(SILENCE, x, 1 * ms), np.ones((2, 2))),
    "EscapeNoise.W": (lambda x: sl.simulate(CELL, 0.01, W=x, seed=1), np.ones((2, 2))),
    "VariationalNetwork": (lambda x: VariationalNetwork(CELL, 1, 1, x, np.zeros((1, 2))), np.ones((2, 2))),
}
# What has a unit of its own, or none that matters: only masks are refused.
MASKED = {
    "unit indices": (lambda x: sl.SpikeTrains.from_indices(x, [0.1, 0.2], n_units=2, t_stop=1.0), [0, 1]),
    "select_units": (TRAINS.select_units, [0, 1]),
    "nonlinearity: axes": (
        lambda x: sl.analyses.nonlinearity(np.sin(np.arange(20.0)).reshape(10, 2), 0.1, TRAINS, x, n_bins=2),
        [1.0, 0.0],
    ),
    "Connections": (lambda x: Connections(x, [1, 0]), [0, 1]),
    "refractory": (lambda x: Population(CELLS, 2, refractory=x), [0.001, 0.002]),
    "delay": (lambda x: Projection("a", "a", Connections([0, 1], [1, 0]), "1 mV", x), [0.001, 0.002]),
    "StepRate": (lambda x: sl.sources.StepRate(x, dt="1 ms"), [1.0, 2.0]),
    "StepKernel": (lambda x: sl.sources.StepKernel(x, dt="1 ms"), [1.0, 2.0]),
    "clamp": (lambda x: sample(CELL, np.ones((2, 2)), 1, 10, 1 * ms, clamp=x, seed=1), SILENCE),
}


@pytest.mark.parametrize("name", [*PURE, *MASKED])
def test_masked_entries_are_refused(name):
    read, values = (PURE | MASKED)[name]
    mask = np.zeros(np.shape(values), dtype=bool)
    read(np.ma.masked_array(values, mask=mask))
    mask.flat[-1] = True
    with pytest.raises(ValueError, match="must not be masked, got 1 masked entries"):
        read(np.ma.masked_array(values, mask=mask))


@pytest.mark.parametrize("name", PURE)
def test_units_are_refused_where_numbers_are_pure(name):
    read, values = PURE[name]
    read(np.asarray(values) * (mV / mV))
    with pytest.raises(ValueError, match="must be pure numbers, without a unit"):
        read(np.asarray(values) * mV)


def test_lists_of_quantities_keep_their_unit():
    assert carries_dimension([[0.0, 1 * mV]])
    assert not carries_dimension([0.0, mV / mV, 2])
    with pytest.raises(ValueError, match="weights must be pure numbers, without a unit, got "):
        bare([0.5, 1 * mV], "weights")
    assert si_value([100 * ms, 0.2 * second], "1 ms", "tau") == pytest.approx([0.1, 0.2])
    # A list of voltages was once read as seconds, where a plain list is.
    with pytest.raises(ValueError, match="tau must be a time"):
        si_value([100 * mV, 200 * mV], "1 ms", "tau")
    with pytest.raises(ValueError, match="Population.refractory must be a time"):
        Population(CELLS, 2, refractory=[1 * mV, 2 * mV])
    assert Population(CELLS, 2, refractory=[1 * ms, 2 * ms]).refractory == [1 * ms, 2 * ms]
    with pytest.raises(ValueError, match="delay must be a time"):
        Projection("a", "a", Connections([0, 1], [1, 0]), "1 mV", [1 * mV, 2 * mV])
    with pytest.raises(ValueError, match="vary\\['tau_K'\\] must be a time"):
        sl.simulate(CELLS, 0.01, n=2, vary={"tau_K": [100 * mV, 200 * mV]})
    with pytest.raises(ValueError, match="StepRate.values must be a rate"):
        sl.sources.StepRate([1 * ms, 2 * ms], dt="1 ms")
    assert sl.sources.StepRate([10 * Hz, 20 * Hz], dt="1 ms").values == pytest.approx([10, 20])
