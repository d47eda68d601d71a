"""Every public argument that is a whole number or a seed refuses what is none; found by looking at the signatures."""

import functools
import importlib
import importlib.util
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import analyses, interop, network, plotting, sources
from spikelearn.models import ei_trials, ei_units, entropy_rule, escape_noise, low_rank, up_state_network
from tests.public import ELSEWHERE, arguments

# 1.9 became 1, True 1, "7" was taken too; 2.0 is a measurement, not a count. Larger ones for what must be large.
WRONG = [True, np.True_, 1.9, 2.0, "7", 99.5, 400.0, "99"]
REFUSALS = (TypeError, ValueError)

cell = functools.cache(lambda: sl.AdaptiveLIF(V_0="30 mV"))
trains = functools.cache(lambda: sl.sources.GainModulatedPoisson(rate="30 Hz").sample(12, seed=1))
linear = functools.cache(lambda: sl.sources.LinearNonlinear(filters=((1.0, 0.5), (0.5, 1.0))))
variational = functools.cache(lambda: sl.VariationalNetwork.random(sl.EscapeNoise(), 2, 1, seed=1))
visible = functools.cache(lambda: (np.random.default_rng(1).random((2, 6, 2)) < 0.2).astype(np.uint8))
frames = functools.cache(lambda: np.random.default_rng(1).normal(size=(5, 3)))
derived = functools.cache(lambda: sl.derive_rule("(E_set - E)**2/2", sl.EIRates()))
low = functools.cache(lambda: sl.LowRank(C=[[0.8, 0.1], [0.1, 0.5]], phi="erf", gain=3.0))
rule = functools.cache(lambda: sl.rules.TwoTerm(alpha=0.01, beta=0.01))
two = functools.cache(lambda: sl.Network({"E": network.Population(cell(), 2)}))
traced = functools.cache(lambda: sl.simulate(cell(), 0.05, record="u", record_dt=0.001).traces)
pair = functools.cache(lambda: (two(), sl.simulate(two(), 0.3)))
W0 = {"W_EE": 2.1, "W_EI": 3.0, "W_IE": 4.0, "W_II": 2.0}
noise = functools.cache(lambda: np.random.default_rng(1).normal(size=2000))
movie = functools.cache(lambda: entropy_rule.learn_movie(frames()))
trials = functools.cache(lambda: sl.run_trials(sl.EIRates(), rule(), 3, W0))
units = functools.cache(lambda: sl.EIUnits(n_E=8, n_I=2))
trials_of_units = functools.cache(lambda: sl.run_trials(units(), rule(), 2, units().draw_weights(0)))
spiking = functools.cache(lambda: sl.UpStateNetwork(n_E=8, n_I=4, n_kicked=2, t_kick="0 ms", duration="20 ms"))
synapses = functools.cache(lambda: spiking().draw_synapses(0))
table = functools.cache(lambda: _table(Path(tempfile.mkdtemp())))


def _table(folder):
    interop.write_csv(trains(), folder / "it.csv")
    (folder / "plain.csv").write_text("unit,time\n0,0.25\n1,0.5\n")
    if importlib.util.find_spec("pyarrow"):
        import pandas as pd

        pd.DataFrame({"unit": [0, 1], "time": [0.25, 0.5]}).to_parquet(folder / "plain.parquet")
    return folder


def call(function, *given, **fixed):
    """A call that works; the argument under test replaces its own or joins."""
    return lambda **own: function(*(item() if _late(item) else item for item in given), **(fixed | own))


def _late(item):
    return isinstance(item, functools._lru_cache_wrapper)


def of(late, name, *given, **fixed):
    return lambda **own: getattr(late(), name)(*(item() if _late(item) else item for item in given), **(fixed | own))


SOURCES = ["CommonDrive", "GainModulatedPoisson", "GammaModulatedPoisson", "InhomogeneousPoisson", "OUModulatedPoisson"]
# One call that works of everything that takes whole numbers: the rest of its arguments.
CALLS = {
    "DerivedRule.check": of(derived, "check", points=1),
    "EIUnits": call(sl.EIUnits),
    "EntropyRule.learn": lambda **own: sl.EntropyRule().learn(frames(), 0.005, 0.025, **own),
    "EntropyRule.stationary": lambda **own: sl.EntropyRule().stationary(frames(), 0.1, **own),
    "EntropyRule.averaged_terms": lambda **own: sl.EntropyRule().averaged_terms(np.eye(3), frames(), 0.1, **own),
    "EntropyRule.periodic": lambda **own: sl.EntropyRule().periodic(frames(), 0.1, **own),
    "EntropyRule.replay": lambda n_steps=2: sl.EntropyRule().replay(np.eye(3), np.ones(3), n_steps, 0.1),
    "LowRank.sample": of(low, "sample", n=20),
    "LowRank.fluctuations": of(low, "fluctuations"),
    "LowRank.onset_of_chaos": of(low, "onset_of_chaos"),
    "Network": lambda **own: sl.Network({"E": network.Population(cell(), 2)}, **own),
    "Network.name_of": lambda neuron=0: sl.Network({"E": network.Population(cell(), 2)}).name_of(neuron),
    "SpikeTrains": lambda **own: sl.SpikeTrains([0.1], [0, 1], t_stop=1.0, **({"n_units": 1} | own)),
    "SpikeTrains.from_indices": call(sl.SpikeTrains.from_indices, [0], [0.1], n_units=1, t_stop=1.0),
    "StandaloneProgram": lambda **own: sl.StandaloneProgram(cell(), 0.01, **own),
    "TangentKernel": call(sl.TangentKernel, n=4, depth=2),
    "UpStateNetwork": call(sl.UpStateNetwork),
    "UpStateNetwork.draw_synapses": of(spiking, "draw_synapses"),
    "UpStateNetwork.trials": of(spiking, "trials", synapses),
    "VariationalNetwork": lambda **own: sl.VariationalNetwork(
        **(
            {"cell": sl.EscapeNoise(), "n_visible": 1, "n_hidden": 1, "W_M": np.zeros((2, 2)), "W_Q": np.zeros((1, 2))}
            | own
        )
    ),
    "VariationalNetwork.random": lambda **own: sl.VariationalNetwork.random(
        sl.EscapeNoise(), **({"n_visible": 2, "n_hidden": 1} | own)
    ),
    "VariationalNetwork.free_energy": of(variational, "free_energy", visible, "1 ms", exact=False, seed=1),
    "VariationalNetwork.gradients": of(variational, "gradients", visible, "1 ms", exact=False, seed=1),
    "VariationalNetwork.held_out": of(variational, "held_out", visible, "1 ms", n_samples=2),
    "VariationalNetwork.sample": of(variational, "sample", n_trials=1, n_bins=3, dt="1 ms", seed=1),
    "run_trials": lambda **own: sl.run_trials(sl.EIRates(), rule(), W0=W0, **({"n_trials": 1} | own)),
    "simulate": call(sl.simulate, cell, 0.01),
    "analyses.autocorrelogram": call(analyses.autocorrelogram, trains),
    "analyses.bursts": call(analyses.bursts, trains),
    "analyses.isi_histogram": call(analyses.isi_histogram, trains),
    "analyses.correlogram_significance": call(analyses.correlogram_significance, trains, n_surrogates=39, seed=1),
    "analyses.dither_spike_train": call(analyses.dither_spike_train, trains, 0.05, seed=1),
    "analyses.dither_spikes": call(analyses.dither_spikes, trains, 0.01, seed=1),
    "analyses.jitter_spikes": call(analyses.jitter_spikes, trains, 0.02, seed=1),
    "analyses.pattern_jitter": call(analyses.pattern_jitter, trains, 0.02, 0.005, seed=1),
    "analyses.shuffle_isis": call(analyses.shuffle_isis, trains, seed=1),
    "plotting.raster": lambda **own: plotting.raster(plotting.new_figure().subplots(), trains(), **own),
    "plotting.trace": lambda **own: plotting.trace(
        plotting.new_figure().subplots(), traced(), "u", label="u (V)", **own
    ),
    "analyses.jpsth_bootstrap": call(analyses.jpsth_bootstrap, trains, bin_size=0.1, n_surrogates=19, seed=1),
    "analyses.jpsth_significance": call(analyses.jpsth_significance, trains, bin_size=0.1, n_surrogates=19, seed=1),
    "analyses.log_isi_threshold": lambda **own: analyses.log_isi_threshold(np.full(40, 0.01), **own),
    "analyses.nonlinearity": lambda **own: analyses.nonlinearity(noise()[:100], 0.01, trains(), [1.0], **own),
    "analyses.plot_triggered_covariance": lambda **own: analyses.plot_triggered_covariance(
        analyses.spike_triggered_covariance(noise()[:100], 0.01, trains(), n_surrogates=0), **own
    ),
    "analyses.spike_triggered_covariance": lambda **own: analyses.spike_triggered_covariance(
        noise()[:100], 0.01, trains(), **({"n_surrogates": 39} | own)
    ),
    "derivatives.locked_firing": lambda periods_back=1: sl.derivatives.locked_firing(
        sl.AdaptiveLIF(delta_g=0.01, tau_K="0.2 s", t_d="28 ms"), periods_back
    ),
    "derivatives.lyapunov_exponents": lambda **own: sl.derivatives.lyapunov_exponents(
        *pair(), transient=0.01, window=0.01, **own
    ),
    "fit": lambda **own: sl.fit(cell(), sl.simulate(cell(), 0.2).spikes, "V_0", **own),
    "gradient": lambda **own: sl.gradient(*pair(), np.ones(len(pair()[1].spikes.times)), **own),
    "spike_time_jacobian": lambda **own: sl.spike_time_jacobian(cell(), wrt="V_0", **({"n_spikes": 2} | own)),
    "interop.read_csv": lambda **own: interop.read_csv(table() / "plain.csv", t_stop=1.0, **own),
    "interop.read_parquet": lambda **own: interop.read_parquet(table() / "plain.parquet", t_stop=1.0, **own),
    "models.ei_trials.Protocol": call(ei_trials.Protocol),
    "models.ei_trials.predicted_first_up": call(ei_trials.predicted_first_up, sl.EIRates(), rule, W0),
    "models.ei_trials.switches": call(ei_trials.switches, trials),
    "models.ei_units.UnitsCase": call(ei_units.UnitsCase),
    "models.ei_units.saturated": lambda **own: ei_units.saturated(units(), trials_of_units(), **own),
    "models.entropy_rule.corner_primer": call(entropy_rule.corner_primer, noise=0.1),
    "models.entropy_rule.grid_movie": call(entropy_rule.grid_movie, N=2),
    "models.entropy_rule.learn_from_noise": call(
        entropy_rule.learn_from_noise, -np.eye(2), np.eye(2), 0.1, 0.2, l=1.0, gamma=1.0, n_inputs=40, settle=0.1
    ),
    "models.entropy_rule.learn_movie": call(entropy_rule.learn_movie, frames),
    "models.entropy_rule.replay": lambda n_steps=2: entropy_rule.replay(np.eye(3), np.ones(3), n_steps, 0.1, 1.0),
    "models.escape_noise.all_patterns": call(escape_noise.all_patterns, n_bins=1, n_units=1),
    "models.escape_noise.corridor": call(escape_noise.corridor, np.ones((2, 3), dtype=bool), n_laps=1),
    "models.escape_noise.learn": call(escape_noise.learn, variational, visible, "1 ms", n_updates=1),
    "models.escape_noise.learn_in_brian": call(escape_noise.learn_in_brian, variational, visible, "1 ms"),
    "models.escape_noise.learn_online": call(escape_noise.learn_online, variational, visible, "1 ms"),
    "models.escape_noise.rescaling_test": lambda **own: escape_noise.rescaling_test(
        np.ones((1, 4, 1), dtype=np.uint8), np.full((1, 4, 1), 0.5), **own
    ),
    "models.escape_noise.reversing_sequence": call(escape_noise.reversing_sequence, n_trials=2, n_bins=5),
    "models.escape_noise.sample": lambda **own: escape_noise.sample(
        sl.EscapeNoise(), np.zeros((1, 1)), dt="1 ms", **({"n_trials": 1, "n_bins": 2} | own)
    ),
    "models.escape_noise.staircase": call(escape_noise.staircase, n_trials=1, n_bins=5),
    "models.low_rank.onset_of_chaos": call(low_rank.onset_of_chaos, low),
    "models.low_rank.sample": call(low_rank.sample, low, n=20),
    "models.low_rank.strongest_structure": call(low_rank.strongest_structure, low),
    "models.up_state_network.UpStateSynapses": lambda **own: up_state_network.UpStateSynapses(
        np.array([0]), np.array([1]), np.array([1]), np.array([1.0]), **({"n_E": 2, "n_I": 2} | own)
    ),
    "models.up_state_network.UpStateSynapses.pointers": lambda longest=10: synapses().pointers(longest),
    "models.up_state_network.find_ups": lambda n_I=400: up_state_network.find_ups(np.ones(20, dtype=int), n_I),
    "network.FixedInDegree": lambda k=1: network.FixedInDegree(k),
    "network.Population": lambda n=1: network.Population(cell(), n),
    "sources.LinearNonlinear": lambda **own: sources.LinearNonlinear(**own),
    "sources.LinearNonlinear.sample": of(linear, "sample"),
    **{
        f"sources.LinearNonlinear.expected_{name}": of(linear, f"expected_{name}")
        for name in ("weight", "average", "covariance", "bias")
    },
    **{
        f"sources.{name}.sample": lambda name=name, **own: getattr(sources, name)().sample(**({"n_trials": 1} | own))
        for name in SOURCES
    },
    **{
        f"sources.{name}.brian_group": lambda name=name, **own: getattr(sources, name)().brian_group(
            dt="1 ms", **({"n_trials": 1, "duration": "10 ms"} | own)
        )
        for name in SOURCES
    },
}
# What engines hand to models, and what functions give back: nobody writes these numbers by hand.
INNER = {
    "Fit", "derivatives.LockedFiring",
    "AdaptiveLIF.values", "AdaptiveLIF.group_values", "AdaptiveLIF.arrival_delay", "AdaptiveLIF.brian_objects",
    "EIUnits.in_trials", "UpStateNetwork.in_trials",
    "EquationNeuron.values", "EquationNeuron.group_values", "EquationNeuron.arrival_delay",
    "EquationNeuron.brian_objects", "Initial.plain_states", "Initial.plain_past_spikes", "StandaloneProgram.run",
    "eventdriven.simulate_neurons", "models.entropy_rule.Cycle.frames", "models.entropy_rule.FactoredWeights",
    "models.entropy_rule.FactoredWeights.spread", "models.entropy_rule.GridMovie", "models.entropy_rule.OnlineState",
    "models.entropy_rule.PeriodicSolution.after", "models.escape_noise.Checkpoint", "models.escape_noise.GLMFit",
    "models.low_rank.FixedPoint", "models.low_rank.Nonlinearity.mean", "network.Connections.pairs",
    "network.FixedInDegree.pairs", "network.FixedProbability.pairs", "network.OneToOne.pairs",
    "parameters.whole_number", "sources.StepKernel.delays", "symbolic.RuleSpectrum",
}  # fmt: skip


def is_whole(parameter):
    kind = str(parameter.annotation).strip("'")
    return parameter.name == "seed" or parameter.name.endswith("_seed") or bool(re.fullmatch(r"int( \| None)?", kind))


@functools.cache
def whole_arguments():
    return [(name, parameter.name) for name, parameter in arguments() if is_whole(parameter)]


def test_every_function_with_a_whole_number_is_tried():
    """A new one needs a line in CALLS."""
    found = {name for name, _ in whole_arguments()}
    assert len(found) > 80, "the search finds them"
    assert found - INNER - set(CALLS) == set()
    assert set(CALLS) | INNER <= found, "nothing is listed that is gone"


@pytest.mark.parametrize(("name", "argument"), [pair for pair in whole_arguments() if pair[0] not in INNER])
def test_whole_numbers_and_seeds_are_whole(name, argument):
    """Each argument alone is wrong; that the call works otherwise is tested below."""
    for value in WRONG:
        with pytest.raises(REFUSALS):
            CALLS[name](**{argument: value})


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_work_otherwise(name):
    CALLS[name]()


def test_seeds_are_read_by_one_reader():
    """NumPy takes True for 1, and a list for a seed."""
    for path in Path(sl.__file__).parent.rglob("*.py"):
        parts = path.relative_to(Path(sl.__file__).parent).parts
        if parts[0] not in ELSEWHERE and parts[-1] != "seeds.py":
            code = [line for line in path.read_text(encoding="utf-8").splitlines() if ">>>" not in line]
            found = re.findall(r"default_rng\((?!\)|\[|[0-9])[^)]*\)", "\n".join(code))
            assert not found, f"{path}: use spikelearn.parameters.seeds.generator, not {found}"
