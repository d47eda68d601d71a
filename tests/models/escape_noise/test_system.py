"""The catalogue's view: formulas against closed forms and simulations, both engines, refusals."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.catalogue import RunRequest, get_system
from spikelearn.models.escape_noise.theory import adapting_rate, driven_rate, rest_rate

NAMES = ["escape_poisson", "escape_adapting", "escape_driven"]


@pytest.mark.parametrize("name", NAMES)
def test_configuration_meets_its_literals(name):
    table = catalogue.check(name)
    assert (table["verdict"] == "ok").all(), table


def test_driven_rate_equals_the_product_over_bins():
    """Moments of the trace of a Bernoulli process are products over past bins; p is small, so the series is short."""
    rho, w, d = 0.02, 0.3, np.exp(-0.1)
    p = -np.expm1(-rho)
    moments = [np.prod(1 + p * np.expm1(n * w * d ** np.arange(1, 400))) for n in range(1, 12)]
    signs = [(-1) ** (n + 1) * rho**n / np.prod(np.arange(1.0, n + 1)) for n in range(1, 12)]
    cell = sl.EscapeNoise(tau=10 * ms, eta_0=0.0, rho_0=20 * Hz)
    assert driven_rate(cell, w, 1 * ms) == pytest.approx(np.dot(signs, moments) / 0.001, rel=1e-10)


def test_adapting_rate_has_its_limits():
    assert adapting_rate(sl.EscapeNoise(eta_0=0.0), 1 * ms) == pytest.approx(
        rest_rate(sl.EscapeNoise(), 1 * ms), rel=1e-12
    )
    # Slow weak adaptation: a = rate tau_adapt with small fluctuations, so that the rate solves r = p(eta r tau)/dt.
    cell = sl.EscapeNoise(eta_0=0.05, tau_adapt=200 * ms, rho_0=50 * Hz)
    rate = 50.0
    for _ in range(200):
        a = rate * 0.001 * np.exp(-0.005) / -np.expm1(-0.005)
        rate = 0.5 * (rate + -np.expm1(-0.05 * np.exp(-0.05 * a)) / 0.001)
    # Fluctuations of eta a have the variance eta^2 rate tau/2 = 0.01; half of that, less feedback, shifts the mean.
    assert adapting_rate(cell, 1 * ms) == pytest.approx(rate, rel=5e-3)


def test_brian_engine_gives_the_same_rate():
    """Twenty trials of 10 s: 9,000 spikes, one standard error below 1.1 %, tolerance 5 %."""
    system = get_system("EscapeNoise")
    case = system.build({"rho_0": "100 Hz", "eta_0": 1.0, "tau_adapt": "20 ms"})
    recording = system.run(case, RunRequest({"duration": "10 s", "n_trials": 20, "seed": 4}, {}, "brian2", "numpy"))
    assert system.quantities["last_rate"].function(case, recording) == pytest.approx(45.0227, rel=0.05)
    assert recording.provenance["engine"] == "brian2"
    assert len(system.figure(case, recording, "test").axes) == 2
    # Entropy of the process: between that of its rate without memory and half of it.
    p = 0.0450227
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    assert -entropy < system.quantities["log_likelihood"].function(case, recording) < -0.5 * entropy


def test_what_a_rate_or_formula_cannot_say_is_refused():
    system = get_system("EscapeNoise")
    case = system.build({})
    for duration in ("50 ms", "100 ms"):
        recording = system.run(case, RunRequest({"duration": duration, "seed": 1}))
        with pytest.raises(ValueError, match=r"duration must exceed ten time constants, 0.1 s, .* got"):
            system.quantities["unit_rates"].function(case, recording)
    for trials in (2.7, 0, "3", True):
        with pytest.raises((TypeError, ValueError), match=r"n_trials must be (a whole number|at least 1), got"):
            system.run(case, RunRequest({"duration": "1 s", "n_trials": trials}))
    with pytest.raises(ValueError, match="EscapeNoise.dt must be positive, got 0 ms"):
        system.build({"dt": "0 ms"})
    with pytest.raises(ValueError, match="has no parameter 'tua'; did you mean 'tau'"):
        system.build({"tua": "1 ms"})
    coupled = system.build({"W": [[0.0, 0.0], [0.3, 0.0]]})
    with pytest.raises(ValueError, match="adapting_rate holds for neurons without connections"):
        system.formulas["adapting_rate"].function(coupled)
    for weights, message in (
        (np.diag([0.5, 0.5], -1), "W must be 2 x 2, got shape"),
        ([[0.0, 0.0], [0.3, 0.1]], "must be zero but for"),
    ):
        with pytest.raises(ValueError, match=message):
            system.formulas["driven_rate"].function(system.build({"W": weights, "eta_0": 0.0}))


def test_refusals():
    system = get_system("EscapeNoise")
    case = system.build({})
    with pytest.raises(ValueError, match="must have a duration"):
        system.run(case, RunRequest({}))
    with pytest.raises(ValueError, match="must be a whole number of bins"):
        system.run(case, RunRequest({"duration": "1.5 ms"}))
    with pytest.raises(ValueError, match="EscapeNoise has no engine 'exact'"):
        system.run(case, RunRequest({"duration": "1 s"}, engine="exact"))
    with pytest.raises(ValueError, match="W must be a square matrix"):
        system.build({"W": [[0.0, 1.0]]})
    with pytest.raises(ValueError, match="eta_0 must be zero"):
        driven_rate(sl.EscapeNoise(), 1.0, 1 * ms)
    with pytest.raises(ValueError, match="eta_0 must not be negative"):
        adapting_rate(sl.EscapeNoise(eta_0=-1.0), 1 * ms)


def test_stale_compiled_code_is_dropped_on_import(monkeypatch):
    """online.py calls compiled functions of kernels.py, whose changes numba's cache of the caller does not see."""
    import importlib

    from spikelearn import compiled
    from spikelearn.models import escape_noise

    seen = []
    monkeypatch.setattr(compiled, "drop_stale", seen.append)
    importlib.reload(escape_noise)
    assert [(folder / "kernels.py").exists() for folder in seen] == [True]


def test_log_likelihood_of_the_catalogue_is_nats_a_bin():
    """Two units, of which one drives the other: SciPy's Bernoulli on the model's own intensities, per bin and trial."""
    from scipy import stats

    from spikelearn.models.escape_noise import bin_spikes

    system = get_system("EscapeNoise")
    case = system.build({"rho_0": "60 Hz", "eta_0": 0.5, "W": [[0.0, 0.0], [0.7, 0.0]]})
    recording = system.run(case, RunRequest({"duration": "0.5 s", "n_trials": 3, "seed": 1}))
    X = bin_spikes(recording.spikes, case.dt)
    p = -np.expm1(-case.cell.intensities(X, case.W, case.dt))
    expected = stats.bernoulli.logpmf(X, p).sum() / (3 * 500)
    assert system.quantities["log_likelihood"].function(case, recording) == pytest.approx(expected, rel=1e-10)


def rate_by_density(cell, dt, size):
    """Stationary rate from the density of adaptation on `size` + 1 points: mass split linearly between neighbours."""
    from scipy.sparse import coo_array, eye_array
    from scipy.sparse.linalg import spsolve

    d = np.exp(-dt / float(cell.tau_adapt))
    # Points crowd toward zero; spikes in a row beyond the eighth spike a tau_adapt are too rare to matter.
    x = min(d / (1 - d), 12.0) * np.linspace(0, 1, size + 1) ** 2
    p = -np.expm1(-float(cell.rho_0) * dt * np.exp((-cell.eta_0 * x - cell.v) / cell.Delta_u))
    to, origin, share = [], [], []
    for target, chance in ((d * x, 1 - p), (np.minimum(d * (x + 1), x[-1]), p)):
        left = np.minimum(np.searchsorted(x, target, side="right") - 1, size - 1)
        part = (target - x[left]) / (x[left + 1] - x[left])
        to += [left, left + 1]
        origin += [np.arange(size + 1)] * 2
        share += [chance * (1 - part), chance * part]
    T = coo_array((np.concatenate(share), (np.concatenate(to), np.concatenate(origin)))).tolil()
    balance = (eye_array(size + 1) - T).tolil()
    balance[0] = 1.0
    density = spsolve(balance.tocsc(), np.eye(1, size + 1)[0])
    return density @ p / dt


@pytest.mark.parametrize(
    ("settings", "dt"),
    [
        ({"eta_0": 10.0, "tau_adapt": 100 * ms, "rho_0": 3000 * Hz, "Delta_u": 0.5}, 0.001),
        ({"eta_0": 50.0, "tau_adapt": 20 * ms, "rho_0": 1000 * Hz}, 0.001),
        ({"eta_0": 1.0, "tau_adapt": 20 * ms, "rho_0": 100 * Hz}, 0.001),
    ],
)
def test_adapting_rate_equals_the_propagated_density(settings, dt):
    """Strong adaptation settles over hundreds of time constants: iterating 60 of them was wrong by 0.4 %.

    Linear splitting errs with the square of the spacing, 1e-4 on these points; extrapolated it is good to about 1e-5.
    """
    cell = sl.EscapeNoise(**settings)
    coarse, fine = (rate_by_density(cell, dt, n) for n in (2000, 4000))
    assert adapting_rate(cell, dt) == pytest.approx(fine + (fine - coarse) / 3, rel=2e-5)


def test_a_mean_that_does_not_settle_is_refused(monkeypatch):
    from spikelearn.models.escape_noise import theory

    monkeypatch.setattr(theory, "_KNOTS", (20, 40))
    with pytest.raises(ValueError, match="the stationary mean must settle to 1e-08 within 40 knots, last change"):
        adapting_rate(sl.EscapeNoise(eta_0=50.0, tau_adapt=20 * ms, rho_0=1000 * Hz), 1 * ms)
