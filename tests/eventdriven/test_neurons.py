"""The driver of independent neurons: order of events, histories, queues, symmetries, refusals."""

import math
import signal
import threading
import time

import numpy as np
import pytest

from spikelearn.eventdriven import inputs, run, simulate_neurons

BASE = dict(V_0=0.02, theta=0.015, Delta=0.015, tau=0.01, tau_K=0.2, delta_g=0.05, t_d=0.005)


def test_nothing_depends_on_threads_or_order():
    n = 700
    values = dict(BASE, V_0=np.linspace(0.0151, 0.05, n), t_d=np.linspace(0.0, 0.1, n))
    times = np.linspace(0, 2, 11)
    one = simulate_neurons(values, 2.0, n, threads=1, trace_times=times)
    three = simulate_neurons(values, 2.0, n, threads=3, trace_times=times)
    for name in ("times", "offsets", "u", "g"):
        assert np.array_equal(getattr(one, name), getattr(three, name))
    order = np.random.default_rng(0).permutation(n)
    shuffled = dict(values, V_0=values["V_0"][order], t_d=values["t_d"][order])
    other = simulate_neurons(shuffled, 2.0, n)
    assert np.array_equal(other.counts, one.counts[order])
    k = int(np.flatnonzero(order == 123)[0])
    assert np.array_equal(
        other.times[other.offsets[k] : other.offsets[k + 1]], one.times[one.offsets[123] : one.offsets[124]]
    )


def test_counts_equal_spikes_and_keep_no_times():
    values = dict(BASE, V_0=np.linspace(0.01, 0.05, 300))
    counted = simulate_neurons(values, 3.0, 300, record="counts")
    assert counted.times is None
    assert np.array_equal(counted.counts, simulate_neurons(values, 3.0, 300).counts)
    assert counted.counts[0] == 0 < counted.counts[-1]


@pytest.mark.parametrize("cut", [0.9, 1.7, 2.0, 2.2])
def test_a_run_goes_on_from_its_own_state(cut):
    """Stop in the middle, hand over u, g and the pending spikes, and get the same second half."""
    values = dict(BASE, t_d=0.3, tau_K=0.05, delta_g=0.3)
    whole = simulate_neurons(values, 4.0, 1, trace_times=[cut])
    pending = whole.times[(whole.times > cut - 0.3) & (whole.times <= cut)] - cut
    second = simulate_neurons(
        values, 4.0 - cut, 1, u0=whole.u[0, 0], g0=whole.g[0, 0], past_spikes=([0, len(pending)], pending)
    )
    assert len(pending) > 1
    # The state is handed over in rounded numbers: 4e-16 of 4 s, a few times.
    np.testing.assert_allclose(second.times, whole.times[whole.times > cut] - cut, rtol=0, atol=2e-14)


def test_queue_of_a_hundred_thousand_pending_arrivals():
    V_0, t_d = 1.5075, 10.0
    values = dict(BASE, V_0=V_0, t_d=t_d, delta_g=0.01, tau_K=1.0)
    result = simulate_neurons(values, 12.0, 1, trace_times=[11.9])
    T_0 = 0.01 * math.log(V_0 / (V_0 - 0.015))
    before = result.times[result.times < t_d]
    assert len(before) == math.floor(t_d / T_0) > 99_000
    # Until the first arrival the train is regular: no drift over a hundred thousand additions.
    np.testing.assert_allclose(before, T_0 * np.arange(1, len(before) + 1), rtol=1e-14)
    arrivals = result.times + t_d
    arrivals = arrivals[arrivals <= 11.9]
    expected = 0.01 * np.exp(-(11.9 - arrivals)).sum()
    assert result.g[0, 0] == pytest.approx(expected, rel=1e-12)


def test_an_arrival_at_the_very_moment_of_a_spike():
    """A jump that would silence the neuron comes with the second spike, just before it, or just after it."""
    values = dict(BASE, V_0=0.03, delta_g=50.0, tau_K=math.inf)
    T_0 = float(simulate_neurons(values, 0.009, 1).times[0])
    together = simulate_neurons(dict(values, t_d=T_0), 1.0, 1)
    np.testing.assert_allclose(together.times, [T_0, 2 * T_0], rtol=1e-15)
    later = simulate_neurons(dict(values, t_d=T_0 * (1 + 1e-9)), 1.0, 1)
    np.testing.assert_allclose(later.times, [T_0, 2 * T_0], rtol=1e-15)
    earlier = simulate_neurons(dict(values, t_d=T_0 * (1 - 1e-9)), 1.0, 1)
    assert earlier.counts[0] == 1


@pytest.mark.parametrize("tau_K", [0.004, 0.2, math.inf])
def test_an_arrival_at_the_very_moment_of_a_spike_with_decay(tau_K):
    """The first arrival comes with the third spike, in neurons whose roundings fall on either side of it."""
    n = 200
    values = dict(BASE, V_0=np.linspace(0.02, 0.06, n), delta_g=50.0, tau_K=tau_K)
    free = simulate_neurons(dict(values, delta_g=0.0), 0.06, n)
    first, third = free.times[free.offsets[:-1]], free.times[free.offsets[:-1] + 2]
    for factor, spikes in ((1 - 1e-9, 2), (1, 3), (1 + 1e-9, 3)):
        result = simulate_neurons(dict(values, t_d=(third - first) * factor), 3.0, n)
        early = [
            (result.times[a:b] < 3.5 * T).sum()
            for a, b, T in zip(result.offsets[:-1], result.offsets[1:], first, strict=True)
        ]
        # A conductance of 50 outlasts half an interval even at the shortest time constant.
        assert set(early) == {spikes}


def test_the_queue_grows_while_it_is_in_use():
    """The rate rises as the first conductance decays, so that more arrivals are pending after the first have come."""
    values = dict(BASE, V_0=0.3, tau_K=2.0, delta_g=1e-5, t_d=1.0)
    result = simulate_neurons(values, 4.0, 1, g0=9.4, trace_times=[3.9])
    pending = np.arange(len(result.times)) - np.searchsorted(result.times, result.times - 1.0)
    assert pending[np.searchsorted(result.times, result.times[0] + 1.0)] < 1000 < 1100 < pending.max()
    arrivals = result.times[result.times <= 2.9] + 1.0
    expected = 9.4 * math.exp(-3.9 / 2) + 1e-5 * np.exp(-(3.9 - arrivals) / 2).sum()
    assert result.g[0, 0] == pytest.approx(expected, rel=1e-12)
    # An arrival out of turn would shift later spikes: two runs of half the time agree with the whole.
    half = simulate_neurons(values, 2.6, 1, g0=9.4)
    assert np.array_equal(half.times, result.times[result.times < 2.6]) or np.allclose(
        half.times, result.times[: len(half.times)], rtol=1e-14
    )


def test_grazing_starts_against_forty_digits(forty_digits):
    """Starts just on either side of touching the threshold: the conductance falls through g* as u comes near it."""
    mpmath = pytest.importorskip("mpmath")
    values = dict(BASE, V_0=0.016, tau_K=0.05, delta_g=0.0, t_d=0.0)
    for u0 in (0.0149, 0.014999, 0.01499999):
        for g0 in (0.0334, 0.05, 0.3):
            p = dict(values, u0=u0, g0=g0)
            exact = forty_digits.spike_times(p, max_spikes=2)
            found = simulate_neurons(values, float(exact[-1]) * 1.0001, 1, u0=u0, g0=g0).times
            c = forty_digits.condition_numbers(p, exact)
            with mpmath.mp.workdps(40):
                errors = [abs(float((mpmath.mpf(float(a)) - b) / b)) for a, b in zip(found, exact, strict=True)]
            allowed = [max(1e-13, 4 * 2.3e-16 * (1 + k)) for k in c]
            assert (np.array(errors) <= allowed).all(), (u0, g0, errors, c)


@pytest.mark.parametrize(
    "change",
    [
        dict(V_0=0.0153, tau=0.04, tau_K=0.0046, delta_g=0.00185, g0=0.0376),
        dict(V_0=0.0150215, Delta=0.01166, tau=0.0191, tau_K=0.00743, delta_g=4e-5, t_d=0.0026, u0=0.0029),
        dict(V_0=0.016756, Delta=0.0411, tau=0.0049, tau_K=0.000526, delta_g=0.3, u0=-0.025, g0=0.038),
        # g underflows between spikes while its effect on u is still felt: no table can serve these.
        dict(V_0=0.015305, tau_K=0.000122, delta_g=0.21, t_d=0.0573, g0=0.001),
        dict(V_0=0.015002, tau_K=0.000111, delta_g=2.6, g0=0.02),
        dict(V_0=0.016, tau_K=5e-5, delta_g=300.0, g0=1000.0, t_d=0.001),
    ],
)
def test_conductance_faster_than_the_membrane_against_forty_digits(change, forty_digits):
    """Here a guess beyond the crossing must look back over many tau_K, through which g grows a millionfold."""
    p = {**BASE, "t_d": 0.0, "u0": 0.0, "g0": 0.0, **change}
    exact = [float(t) for t in forty_digits.spike_times(p, max_spikes=4)]
    values = {name: p[name] for name in BASE}
    found = simulate_neurons(values, exact[-1] * 1.0001, 1, u0=p["u0"], g0=p["g0"]).times
    np.testing.assert_allclose(found, exact, rtol=1e-13)


def test_no_spikes_at_or_below_threshold_drive():
    times = np.linspace(0, 0.1, 50)
    for V_0 in (0.015, 0.01, -0.015, -0.05):
        result = simulate_neurons(dict(BASE, V_0=V_0), 0.1, 1, trace_times=times)
        assert result.counts[0] == 0
        np.testing.assert_allclose(result.u[0], -V_0 * np.expm1(-times / 0.01), atol=1e-17)
        with_g = simulate_neurons(dict(BASE, V_0=V_0), 50.0, 1, g0=1000.0, u0=-0.03, trace_times=[50.0])
        assert with_g.u[0, 0] == pytest.approx(V_0, abs=1e-15)


@pytest.mark.parametrize(
    "change",
    [
        dict(Delta=0.0, tau_K=0.1),
        dict(Delta=0.0, V_0=0.03, tau_K=0.05, delta_g=0.2),
        dict(Delta=-0.01, V_0=0.03, delta_g=0.3),
        dict(V_0=0.03, delta_g=0.0, tau_K=0.1, u0=-0.015, g0=0.4),
        dict(V_0=0.03, delta_g=0.0, tau_K=0.1, u0=-0.03, g0=0.4),
        # Far below; the last crosses within a time in which the leak alone could not.
        dict(u0=-0.5, g0=3.0),
        dict(V_0=1.0, tau_K=0.02, u0=-5.0, g0=30.0),
    ],
)
def test_start_at_or_below_the_potassium_reversal(change, forty_digits):
    """Potassium pulls up below -Delta; there is still one crossing, as w has no extremum below zero."""
    p = {**BASE, "t_d": 0.0, "u0": 0.0, "g0": 0.0, **change}
    exact = [float(t) for t in forty_digits.spike_times(p, max_spikes=4)]
    values = {name: p[name] for name in BASE}
    for end in (math.nextafter(exact[0], 1.0) * (1 + 1e-12), exact[-1] * 1.0001):
        found = simulate_neurons(values, end, 1, u0=p["u0"], g0=p["g0"]).times
        np.testing.assert_allclose(found, exact[: len(found)], rtol=1e-13)
        assert len(found) == (4 if end > exact[-1] else 1)


def test_huge_conductance_and_barely_above_threshold(forty_digits):
    values = dict(BASE, V_0=0.015 + 1e-6, tau_K=0.1)
    found = simulate_neurons(values, 10.0, 1, g0=1000.0).times
    exact = [float(t) for t in forty_digits.spike_times(dict(values, g0=1000.0), max_spikes=2)]
    # V_0 - theta = 1e-6 V carries the rounding of V_0 a thousandfold, and here it is the same double on both sides.
    np.testing.assert_allclose(found[:2], exact, rtol=1e-13)


def test_many_distinct_time_constants_agree_with_tables():
    n = 300
    values = dict(BASE, tau_K=np.geomspace(0.002, 20.0, n), t_d=0.02)
    together = simulate_neurons(values, 2.0, n)
    for i in range(0, n, 37):
        alone = simulate_neurons(dict(values, tau_K=values["tau_K"][i]), 2.0, 1)
        np.testing.assert_allclose(
            together.times[together.offsets[i] : together.offsets[i + 1]], alone.times, rtol=1e-13
        )


def test_the_window_is_half_open():
    values = dict(BASE, V_0=0.03, delta_g=0.0)
    T_0 = float(simulate_neurons(values, 1.0, 1).times[0])
    assert simulate_neurons(values, T_0, 1).counts[0] == 0
    assert simulate_neurons(values, math.nextafter(T_0, 1.0), 1).counts[0] == 1
    assert simulate_neurons(values, 0.0, 3).counts.tolist() == [0, 0, 0]
    assert len(simulate_neurons(values, 1.0, 0).counts) == 0


@pytest.mark.parametrize(
    "change",
    [
        # 1.3e9 spikes.
        dict(V_0=1.0, delta_g=0.0),
        # A few spikes, and silences of 1e5 steps of the power series: no tables for 1100 time constants.
        dict(tau_K=np.linspace(1000.0, 2000.0, 1100), delta_g=0.5),
        # A single silence of 1e9 steps.
        dict(tau_K=np.linspace(1e7, 2e7, 1100), delta_g=5000.0),
    ],
)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are sent to threads on POSIX only")
def test_an_interrupt_is_seen_within_a_second(threads, change):
    n = 1100
    values = {**BASE, **change}
    # Compiled before the clock runs.
    simulate_neurons(values, 0.001, n, record="counts", threads=threads)
    main = threading.main_thread().ident
    sent = []

    def interrupt():
        sent.append(time.perf_counter())
        signal.pthread_kill(main, signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        # Minutes of work.
        simulate_neurons(values, 330.0 if change.get("V_0") else 1e8, n, record="counts", threads=threads)
    # A few hundredths of a second; the rest is for a busy machine.
    assert time.perf_counter() - sent[0] < 1.5


def test_the_progress_bar_moves_within_one_neuron(monkeypatch):
    steps = []

    class Bar:
        def __init__(self, total, **_options):
            assert total == 1

        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731
        update = staticmethod(steps.append)

    monkeypatch.setattr(run, "progress_bar", Bar)
    monkeypatch.setattr(run, "_BUDGET", 100)
    spikes = simulate_neurons(BASE, 30.0, 1, progress=True).counts[0]
    assert len(steps) == pytest.approx(2 * spikes / 100, abs=2)
    assert sum(steps) == pytest.approx(1.0, rel=1e-12)
    assert 0 <= min(steps) <= max(steps) < 0.1


def test_traces_of_a_long_silence_do_not_cost_the_square_of_their_number(monkeypatch):
    """A neuron without a table goes on from one sample to the next: 1e6 steps and 8e4 samples, a tenth of a second."""
    n = 4
    times = np.linspace(0.0, 2000.0, 20_001)
    values = dict(BASE, tau_K=np.linspace(1000.0, 2000.0, n), delta_g=0.0)
    simulate_neurons(values, 0.001, n, trace_times=[0.0], threads=1)
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "FEW_TABLES", -1)
        patch.setattr(inputs, "MANY_TABLES", -1)
        began = time.perf_counter()
        stepped = simulate_neurons(values, 2000.0, n, g0=2.0, trace_times=times, threads=1)
    assert time.perf_counter() - began < 5.0
    assert stepped.counts.sum() == 0
    for i in (0, n - 1):
        tabled = simulate_neurons(dict(values, tau_K=values["tau_K"][i]), 2000.0, 1, g0=2.0, trace_times=times)
        np.testing.assert_allclose(stepped.u[i], tabled.u[0], rtol=1e-11, atol=1e-15)
        np.testing.assert_allclose(stepped.g[i], tabled.g[0], rtol=1e-11)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"tau_K": -1.0}, {}, r"tau_K must be positive, got -1\.0"),
        ({"tau": math.inf}, {}, r"tau must be a finite number, got inf"),
        ({"theta": 0.0}, {}, r"theta must be positive, got 0\.0"),
        ({"delta_g": -0.1}, {}, r"delta_g must not be negative"),
        ({"t_d": math.nan}, {}, r"t_d must be a finite number, got nan"),
        ({"Delta": -0.02}, {}, r"theta \+ Delta must be positive"),
        ({"V_0": np.zeros(3)}, {}, r"V_0 must be one number or an array of shape \(1,\), got shape \(3,\)"),
        ({"tauK": 1.0}, {}, r"no parameter 'tauK'; did you mean 'tau_K'"),
        ({}, {"u0": 0.015}, r"u0 must be below theta, got 0\.015"),
        ({}, {"g0": -1.0}, r"g0 must not be negative, got -1\.0"),
        ({}, {"record": "spike"}, r"no record 'spike'; did you mean 'spikes'"),
        ({}, {"trace_variables": ("v",)}, r"no trace variable 'v'"),
        ({}, {"trace_times": [0.5, 0.1]}, r"trace_times must rise within 0 to 1\.0 s"),
        ({}, {"past_spikes": ([0, 1], [-0.005])}, r"past_spikes must lie in -t_d < t <= 0, got -0\.005 s of neuron 0"),
        ({}, {"past_spikes": ([0, 2], [-0.001, -0.002])}, r"past_spikes of a neuron must be in order"),
        ({}, {"past_spikes": ([0, 3], [-0.001])}, r"past_spikes offsets must rise from 0 to 1 in 2 entries"),
        ({}, {"threads": 0}, r"threads must be at least 1, got 0"),
    ],
)
def test_refusals(change, options, message):
    with pytest.raises(ValueError, match=message):
        simulate_neurons({**BASE, **change}, 1.0, 1, **options)


def test_more_refusals():
    with pytest.raises(ValueError, match=r"duration must be finite and not negative, got inf"):
        simulate_neurons(BASE, math.inf, 1)
    with pytest.raises(ValueError, match=r"n must not be negative, got -1"):
        simulate_neurons(BASE, 1.0, -1)
    with pytest.raises(ValueError, match=r"needs the parameter t_d"):
        simulate_neurons({k: v for k, v in BASE.items() if k != "t_d"}, 1.0, 1)


@pytest.mark.slow
def test_a_million_neurons_with_a_million_time_constants():
    n = 1_000_000
    values = dict(BASE, tau_K=np.linspace(0.05, 0.5, n), t_d=0.01)
    result = simulate_neurons(values, 0.3, n)
    assert result.offsets[-1] == len(result.times) == result.counts.sum()
    assert len(result.times) > 7 * n
    for i in (0, 77_777, 999_999):
        alone = simulate_neurons(dict(values, tau_K=values["tau_K"][i]), 0.3, 1)
        np.testing.assert_allclose(result.times[result.offsets[i] : result.offsets[i + 1]], alone.times, rtol=1e-14)
