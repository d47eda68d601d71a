"""Brian2's three targets beside the exact engine, and programs that are built once and run many times."""

import itertools

import numpy as np
import pytest
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.brian.session import choose_target, session
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.simulation import targets

N = 24
DURATION = 0.3


def needs(target):
    reason = targets.why_not(target)
    return pytest.mark.skipif(reason is not None, reason=f"compiler missing: {reason}")


TARGETS = [
    "numpy",
    pytest.param("cpp_standalone", marks=[needs("cpp_standalone"), pytest.mark.slow]),
    pytest.param("cython", marks=[needs("cython"), pytest.mark.slow]),
]


@pytest.fixture(scope="module")
def population():
    rng = np.random.default_rng(7)
    return {
        "V_0": rng.uniform(18, 40, N) * mV,
        "tau_K": rng.uniform(20, 200, N) * ms,
        "delta_g": rng.uniform(0.02, 0.2, N),
        "t_d": np.where(np.arange(N) % 2, 0.0, rng.integers(2, 12, N)) * ms,
    }


def simulate(population, **options):
    return sl.simulate(sl.AdaptiveLIF(), DURATION * second, n=N, vary=population, **options).spikes


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_converges_to_the_exact_engine_at_first_order(target, population):
    """Slope 1 +- 0.25 of the mean error of spikes 1 to 8 over 24 neurons; counts within the grid's own error."""
    exact = simulate(population)
    steps = np.array([0.4, 0.2, 0.1, 0.05]) * 1e-3
    errors = []
    for dt in steps:
        grid = simulate(population, engine="brian2", target=target, dt=dt)
        errors.append(np.mean([np.abs(grid.train(unit=k)[:8] - exact.train(unit=k)[:8]).mean() for k in range(N)]))
        # Each interval is up to one step too long, so at most count * dt / interval spikes are missing at the end.
        counts = exact.counts()[0]
        lost = np.ceil(counts**2 * dt / DURATION) + 1
        assert (np.abs(grid.counts()[0] - counts) <= lost).all()
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.75 < slope < 1.25


NOISY = EquationNeuron(
    equations="dv/dt = (mu - v)/(10*ms) + 0.5*xi/sqrt(ms) : 1\nmu : 1 (constant)",
    threshold="v > 1",
    reset="v = 0",
    method="euler",
    parameters={"mu": 1.0},
)


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_reproduce_within_a_target(target):
    first, again, other = (sl.simulate(NOISY, "0.2 s", n=4, target=target, seed=seed).spikes for seed in (5, 5, 6))
    assert first.n_spikes > 20
    assert first == again
    assert first != other


@needs("cpp_standalone")
def test_a_program_is_built_once_and_run_many_times(population, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    neuron = sl.AdaptiveLIF(t_d=5 * ms)
    with sl.StandaloneProgram(neuron, DURATION * second, n=3, record=("u",), record_dt=1 * ms) as program:
        for values in ([20, 25, 30] * mV, [14, 50, 20] * mV):
            compiled = program.run(vary={"V_0": values})
            plain = sl.simulate(
                neuron, DURATION * second, n=3, vary={"V_0": values}, engine="brian2", target="numpy",
                record="u", record_dt=1 * ms,
            )  # fmt: skip
            assert compiled.spikes == plain.spikes
            assert np.allclose(compiled.traces["u"], plain.traces["u"], rtol=0, atol=1e-15)
            assert program.run_seconds > 0
        with pytest.raises(ValueError, match="t_d is built in"):
            program.run(vary={"t_d": [1, 2, 3] * ms})
        with pytest.raises(ValueError, match=r"vary\['V_0'\] must have one value for each of 3 neurons"):
            program.run(vary={"V_0": [1] * mV})
        with pytest.raises(ValueError, match="seed must not be negative, got -1"):
            program.run(seed=-1)
        for seed in (1.5, "a"):
            with pytest.raises(TypeError, match=f"seed must be a whole number, got {seed!r}"):
                program.run(seed=seed)
        # Another simulation in the same process, meanwhile.
        assert sl.simulate(neuron, 0.1 * second, engine="brian2", target="numpy").spikes.n_spikes > 0
        assert program.run(vary={"V_0": values}).spikes == plain.spikes
        assert list(tmp_path.glob("spikelearn_*"))
    assert not list(tmp_path.glob("spikelearn_*"))
    with pytest.raises(RuntimeError, match="inside its with block"):
        program.run()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"record": ("w",)}, ValueError, "AdaptiveLIF has no variable 'w'"),
        ({"record": 3}, TypeError, "record must be a name or a sequence of names, got 3"),
        ({"n": 0}, ValueError, "n must be at least 1, got 0"),
        ({"n": 2.5}, TypeError, "n must be a whole number, got 2.5"),
        ({"duration": -1}, ValueError, "duration must be positive, got -1"),
        ({"dt": "0 ms"}, ValueError, "dt must be positive, got 0"),
        ({"record_dt": "0.15 ms"}, ValueError, "record_dt must be a whole multiple of dt"),
        ({"method": 3}, TypeError, "method must be the name of one of Brian2's integration methods or None, got 3"),
        ({"initial": {"u": 1}}, TypeError, "initial must be made as Initial"),
        ({"threads": -1}, ValueError, "threads must not be negative, got -1"),
        ({"initial": sl.Initial(g=400.0)}, ValueError, "dt must be well below"),
    ],
)
def test_a_program_checks_what_simulate_checks(options, error, message):
    with pytest.raises(error, match=message):
        sl.StandaloneProgram(sl.AdaptiveLIF(), **({"duration": 0.1} | options))


@needs("cpp_standalone")
@pytest.mark.slow
def test_seeds_of_a_program():
    """Any size of seed, and none beyond 2^32 or 2^64 falls together with another."""
    with sl.StandaloneProgram(NOISY, 0.2 * second, n=4) as program:
        first, other, *far, again = (
            program.run(seed=seed).spikes for seed in (1, 2, 2**32 + 1, 2**64 + 1, 2**64 + 2, 1)
        )
        assert first == again
        assert first.n_spikes > 20
        assert all(a != b for a, b in itertools.combinations([first, other, *far], 2))
        counts = program.run(vary={"mu": [0.0, 1.0, 2.0, 3.0]}).counts[0]
        assert (np.diff(counts) > 0).all()


@needs("cpp_standalone")
@pytest.mark.slow
def test_a_run_of_a_program_is_checked_before_and_after(monkeypatch):
    from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

    too_long = r"dt must be well below .* got 0.0001 s; take dt <= "
    initial = sl.Initial(u=14 * mV)
    with sl.StandaloneProgram(sl.AdaptiveLIF(), 0.02 * second, n=2, initial=initial) as program:
        for values in ({"delta_g": [1e4, 300.0]}, {"tau": [38e-6, 37e-6] * second}, {"tau_K": [1e-5, 1e-5] * second}):
            with pytest.raises(ValueError, match=too_long):
                program.run(vary=values)
        with pytest.raises(ValueError, match=r"Initial.u must lie below the threshold theta, got 0.014"):
            program.run(vary={"V_th": [-60, -55] * mV})
        assert program.run(vary={"V_th": [-50, -40] * mV}).spikes.counts().tolist() == [[2, 0]]
        # Arguments that do not arrive in the program are noticed.
        honest = CPPStandaloneDevice.run
        monkeypatch.setattr(CPPStandaloneDevice, "run", lambda self, **options: honest(self, results_directory="r"))
        with pytest.raises(RuntimeError, match="did not take over"):
            program.run(vary={"V_0": [20, 30] * mV})


def test_auto_takes_numpy_for_short_runs_and_compiles_long_ones(monkeypatch):
    assert choose_target("auto", n=1, steps=10_000) == "numpy"
    monkeypatch.setattr("spikelearn.brian.session.why_not", lambda target: None)
    assert choose_target("auto", n=10_000, steps=1e6) == "cpp_standalone"


def test_without_a_compiler_there_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setattr(
        "spikelearn.brian.session.why_not", lambda target: None if target == "numpy" else "no C++ compiler found"
    )
    assert choose_target("auto", n=10_000, steps=1e6) == "numpy"
    assert capsys.readouterr().err == "spikelearn: no C++ compiler found; running on numpy, which may take long\n"
    with pytest.raises(RuntimeError, match="target cython cannot be used here: no C\\+\\+ compiler found; numpy works"):
        choose_target("cython", n=1, steps=1)
    with pytest.raises(RuntimeError, match="target cpp_standalone cannot be used here"), session("cpp_standalone"):
        pass


def test_targets_are_tried(monkeypatch):
    status = {row.name: row for row in targets.target_status()}
    assert status["exact"].works
    assert status["brian2 numpy"].works
    targets.compiler.cache_clear()
    monkeypatch.setenv("PATH", "")
    try:
        status = {row.name: row for row in targets.target_status()}
        assert not status["brian2 cython"].works
        assert "no C++ compiler found" in status["brian2 cpp_standalone"].reason
    finally:
        targets.compiler.cache_clear()
