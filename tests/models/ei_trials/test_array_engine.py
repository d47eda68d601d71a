"""The compiled loops against a plain Python loop, bit for bit, and against the published numbers."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_trials.kernel import noisy_trial, quiet_trials
from spikelearn.models.ei_trials.protocol import VARIANTS, trial_constants
from spikelearn.models.ei_trials.rates import draw_normals


def schedule_of(protocol):
    return (protocol.steps, protocol.kick_start, protocol.kick_stop, protocol.window)


def random_starts(n, seed):
    rng = np.random.default_rng(seed)
    lows, highs = (1, 0.1, 0.1, 0.1), (8, 6, 12, 4)
    return np.column_stack([rng.uniform(low, high, n) for low, high in zip(lows, highs, strict=True)])


@pytest.mark.parametrize("variant", ["matlab", "python"])
def test_plain_python_gives_the_same_bits(oracle, model, cross, start, as_rows, variant):
    """Trials 1 to 14 of the published start: silence, ignition in trial 10, and Up states."""
    protocol = {"matlab": {}, "python": {"kick": (2500, 2600), "window": 5000}}[variant]
    plain = oracle(model, cross, 14, start, **protocol)
    run = sl.run_trials(model, cross, 14, start, variant=variant)
    np.testing.assert_array_equal(as_rows(run), plain)
    assert run.E_trial[-1] > 1


def test_plain_python_gives_the_same_bits_with_noise(oracle, model, cross, as_rows):
    """Noise is carried over from trial to trial, and every start has its own."""

    def draw_for(where):
        def draw(trial):
            normals = np.empty((20_000, 2))
            draw_normals(7, where, trial, normals)
            return normals

        return draw

    starts = np.array([[2.1, 3.0, 4.0, 1.5], [5.0, 1.2, 10.0, 1.5]])
    run = sl.run_trials(model, cross, 3, starts, noise=0.1, seed=7)
    for where in range(2):
        plain = oracle(model, cross, 3, starts[where], noise=0.1, draw=draw_for(where))
        np.testing.assert_array_equal(as_rows(run.isel(start=where)), plain)


def test_plain_python_gives_the_same_bits_for_another_model_sensor_and_beginning(oracle, as_rows):
    model = sl.EIRates.non_paradoxical()
    rule = sl.rules.TwoTerm(alpha=3e-4, beta=1e-4)
    plain = oracle(model, rule, 6, (2.5, 0.5, 8.0, 2.0), sensor=3.5, A0=(6.0, 20.0))
    run = sl.run_trials(model, rule, 6, (2.5, 0.5, 8.0, 2.0), sensor=3.5, A0=(6.0, 20.0))
    np.testing.assert_array_equal(as_rows(run), plain)
    assert run.E_trial[-1] > 1


@pytest.mark.parametrize(
    "model",
    [
        sl.EIRates(),
        sl.EIRates(I_ext=6.0),
        sl.EIRates(tau_E=25.0, tau_I=15.0),
        sl.EIRates(tau_E=20.0),  # silence that is not down to nothing when the window begins
        sl.EIRates(E_max=6.0, I_max=20.0),
    ],
    ids=["Table 1", "no silence", "slow", "slow decay", "cut off"],
)
def test_stopping_early_and_many_side_by_side_change_no_bit(model):
    """60 starts: every step of every trial, alone, against early exit and lanes."""
    protocol = VARIANTS["matlab"]
    constants, schedule = trial_constants(model, protocol), schedule_of(protocol)
    W = np.ascontiguousarray(random_starts(60, 3).T)
    together = quiet_trials(W, constants, schedule, protocol.kick)
    x, nothing = np.zeros(2), np.zeros((protocol.steps, 2))
    for j in range(W.shape[1]):
        alone = noisy_trial(W[:, j].copy(), x, nothing, 0.0, 0.1, constants, schedule, protocol.kick)
        assert (together[0, j], together[1, j]) == alone
        one = quiet_trials(W[:, j : j + 1].copy(), constants, schedule, protocol.kick)
        assert (one[0, 0], one[1, 0]) == alone
    assert len(np.unique(together[0].round(6))) > 5


def test_the_settled_means_are_the_fixed_point(model):
    """At stable set points that the kick reaches, one trial measures 5 and 14 Hz."""
    ee, ie = np.meshgrid([4.0, 6.0, 8.0], [8.0, 10.0, 12.0])
    weights = model.setpoint_weights(ee.ravel(), ie.ravel())
    good = model.up_state(*weights).stable & (weights.W_EI > 0) & (weights.W_II > 0)
    assert good.sum() >= 6
    still = sl.rules.CrossHomeostatic(alpha_EE=0, alpha_EI=0, alpha_IE=0, alpha_II=0)
    run = sl.run_trials(model, still, 1, [w[good] for w in weights])
    np.testing.assert_allclose(run.E_trial[0], 5.0, rtol=1e-6)
    np.testing.assert_allclose(run.I_trial[0], 14.0, rtol=1e-6)
    assert (run.W_EE[0] == weights.W_EE[good]).all()


def test_the_published_cross_run(model, cross, start):
    """Trial 500 of the published start, to the digits of an independent prototype."""
    run = sl.run_trials(model, cross, 500, start)
    last = run.isel(trial=-1)
    assert float(last.E) == pytest.approx(5.29642, abs=6e-6)
    assert float(last.I) == pytest.approx(13.976, abs=6e-4)
    assert float(5 * last.W_EE - 14 * last.W_EI) == pytest.approx(8.744, abs=6e-4)
    assert float(5 * last.W_IE - 14 * last.W_II) == pytest.approx(26.827, abs=6e-4)
    assert sl.run_trials(model, cross, 500, start, variant="python").E[-1] == pytest.approx(5.29717, abs=6e-6)
    on_floor = np.flatnonzero(run.W_II.values == 0.1) + 1
    assert on_floor[0] == 148
    assert len(on_floor) == 500 - 147


def test_the_end_lines_are_reached_at_20_000_trials(model, cross, start):
    run = sl.run_trials(model, cross, 20_000, start)
    onto_E, onto_I = 5 * run.W_EE - 14 * run.W_EI, 5 * run.W_IE - 14 * run.W_II
    for trial, first, second, size in (
        (1000, 9.467, 27.953, 6e-4),
        (2000, 9.7607, 28.4344, 6e-5),
        (5000, 9.799926, 28.499876, 6e-7),
        (20_000, 9.8, 28.5, 1e-11),
    ):
        assert float(onto_E.sel(trial=trial)) == pytest.approx(first, abs=size)
        assert float(onto_I.sel(trial=trial)) == pytest.approx(second, abs=size)
    assert float(run.W_IE[-1]) == pytest.approx(5.98, abs=1e-11)
    assert float(run.W_EE[-1]) == pytest.approx(4.52730, abs=6e-6)
    assert float(run.W_EI[-1]) == pytest.approx(0.91689, abs=6e-6)
    assert float(run.E[-1]) == pytest.approx(5.0, abs=1e-10)


def test_a_run_that_repeats_itself_is_cut_short_without_changing_it(model, cross, start, monkeypatch):
    """Rates of zero: after the running mean has settled every trial is the same, and only some are run."""
    still = sl.rules.Homeostatic(alpha_EE=0, alpha_EI=0, alpha_IE=0, alpha_II=0)
    calls = []

    def counted(*arguments):
        calls.append(1)
        return quiet_trials(*arguments)

    monkeypatch.setattr("spikelearn.models.ei_trials.rates.quiet_trials", counted)
    run = sl.run_trials(model, still, 400, (5.0, 1.2, 10.0, 1.5))
    assert 40 < len(calls) < 80
    assert (run.E[len(calls) :] == run.E_trial[0]).all()
    assert run.sizes["trial"] == 400


def test_the_published_homeostatic_run(model, homeostatic, start):
    from spikelearn.models.ei_trials import first_up, last_up, outcomes, switches, up_trials

    run = sl.run_trials(model, homeostatic, 500, start)
    assert (first_up(run), last_up(run), up_trials(run).sum()) == (133, 438, 287)
    assert switches(run, 1, 257) == 39
    assert up_trials(run)[256:438].all()
    assert run.I_trial[256:438].max() < 0.6
    assert outcomes(model, run) == "silent"
    # The Up state is still there and stable; it is the kick that no longer reaches it.
    last = run.isel(trial=437)
    weights = [last[name] for name in model.weights]
    from spikelearn.models.ei_trials import up_state_margin

    assert up_state_margin(model, weights) == pytest.approx(0.68, abs=0.01)
    assert model.up_state(*weights).stable


def test_noise_keeps_a_start_apart_from_those_beside_it(model, cross):
    """The third of five starts, alone in its place: the same noise and so the same bits."""
    starts = random_starts(5, 1)
    run = sl.run_trials(model, cross, 2, starts, noise=0.1, seed=3)
    again = sl.run_trials(model, cross, 2, starts[:3], noise=0.1, seed=3)
    np.testing.assert_array_equal(run.W_EE[:, :3], again.W_EE)
    other = sl.run_trials(model, cross, 2, starts[:3], noise=0.1, seed=4)
    assert (other.W_EE != again.W_EE).any()
    assert np.ptp(sl.run_trials(model, cross, 1, np.tile(starts[:1], (4, 1)), noise=0.1).E_trial.values) > 0


def test_every_trial_of_every_start_has_noise_of_its_own():
    """Correlations of 40,000 normals between seeds, starts and trials: six of them, each below 4 standard errors."""
    draws = []
    for seed, where, trial in ((0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 1)):
        draws.append(np.empty((20_000, 2)))
        draw_normals(seed, where, trial, draws[-1])
    between = np.corrcoef([draw.ravel() for draw in draws])
    assert np.abs(between[np.triu_indices(4, 1)]).max() < 4 / np.sqrt(40_000)
    assert np.abs(np.corrcoef(draws[0].T)[0, 1]) < 4 / np.sqrt(20_000)


def test_the_noise_is_stationary_with_the_variance_of_its_recursion():
    """Input noise read through E with W_EE = 0, g_E = 1 and a drive that never rectifies.

    E filters x; over one trial its sample variance is that of the two AR(1) filters in a row. 200 starts, statistic the
    mean over starts of the variance of m between starts; false alarm 1 % two-sided by chi-square with 199 degrees.
    """
    from scipy import stats

    model = sl.EIRates(I_ext=60.0, Theta_E=0.0, E_max=1e6)
    still = sl.rules.Homeostatic(alpha_EE=0, alpha_EI=0, alpha_IE=0, alpha_II=0)
    n, window, noise = 200, 5001, 0.1
    run = sl.run_trials(model, still, 1, np.tile([0.0, 0.0, 0.0, 0.0], (n, 1)), noise=noise, seed=11)
    # Variance of a mean of `window` values of x filtered once by 0.9 and once by 1 - h, both in steady state.
    h = 0.01
    lags = np.arange(-40_000, 40_001)
    spectrum_filter = np.convolve(0.9 ** np.arange(400), h * (1 - h) ** np.arange(3000))
    covariance = np.correlate(spectrum_filter, spectrum_filter, "full") * noise**2
    middle = len(covariance) // 2
    lags = np.arange(-middle, middle + 1)
    inside = np.abs(lags) < window
    expected = (covariance[inside] * (window - np.abs(lags[inside]))).sum() / window**2
    ratio = run.E_trial[0].values.var(ddof=1) / expected * (n - 1)
    assert stats.chi2.ppf(0.005, n - 1) < ratio < stats.chi2.ppf(0.995, n - 1)
    assert run.E_trial[0].mean() == pytest.approx(60.0, abs=5 * np.sqrt(expected / n))


@pytest.mark.slow
def test_the_published_runs_with_noise(model, cross, homeostatic, start):
    """Eight seeds: E and I within 4 standard errors of those of an independent prototype at trial 500."""
    many = np.tile(start, (8, 1))
    run = sl.run_trials(model, cross, 500, many, noise=0.1, seed=0)
    assert run.E[-1].mean() == pytest.approx(5.295, abs=4 * 0.003 / np.sqrt(8) + 5e-4)
    assert run.I[-1].mean() == pytest.approx(13.975, abs=4 * 0.008 / np.sqrt(8) + 5e-4)
    down = sl.run_trials(model, homeostatic, 500, many[:4], noise=0.1, seed=0)
    from spikelearn.models.ei_trials import up_trials

    total = up_trials(down).sum(axis=0)
    assert (total > 285).all()
    assert (total < 315).all()
    assert 0.45 < up_trials(down)[-100:].mean() < 0.67
