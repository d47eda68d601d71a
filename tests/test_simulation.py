import numpy as np
import pytest
from brian2 import Hz, Network, SpikeMonitor, ms, mV, second

import spikelearn as sl
from spikelearn.brian import session

RESTLESS = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.1, tau_K=50 * ms, t_d=3 * ms)


def run(model=RESTLESS, duration=0.2 * second, **options):
    return sl.simulate(model, duration, engine="brian2", target="numpy", **options)


def test_a_recording_says_what_happened():
    recording = run(record=("u", "g"), record_dt=1 * ms)
    assert recording.spikes.n_spikes > 5
    assert recording.traces["u"].dims == ("time", "neuron")
    assert recording.traces["u"].attrs["units"] == "V"
    assert np.allclose(recording.traces["time"], np.arange(200) * 1e-3, atol=1e-15)
    assert recording.provenance["engine"] == "brian2"
    assert recording.provenance["dt"] == 1e-4
    assert recording.provenance["parameters"]["tau_K"] == 0.05
    assert "brian2" in recording.provenance["versions"]


def test_counts_alone():
    assert np.array_equal(run(record="counts").counts, run().counts)
    assert run(record="counts").spikes is None


def test_neurons_that_differ_are_neurons_of_their_own():
    values = np.array([14.0, 16.0, 22.0, 35.0]) * mV
    delays = np.array([0.0, 2.0, 3.5, 20.0]) * ms
    together = run(n=4, vary={"V_0": values, "t_d": delays}).spikes
    for k in range(4):
        alone = run(sl.AdaptiveLIF(V_0=values[k], delta_g=0.1, tau_K=50 * ms, t_d=delays[k])).spikes
        assert np.array_equal(together.train(unit=k), alone.train())
    assert together.counts()[0, 0] == 0


def test_two_simulations_do_not_disturb_each_other():
    first = run().spikes
    run(sl.AdaptiveLIF(V_0=50 * mV), dt=0.05 * ms)
    assert run().spikes == first


def test_a_users_own_network_gives_the_same_spikes():
    with session("numpy") as brian:
        group, adaptation = RESTLESS.brian_objects(3, dt=0.1 * ms)
        spikes = SpikeMonitor(group)
        brian.run(Network(group, adaptation, spikes), 200 * ms)
        trains = sl.SpikeTrains.from_indices(spikes.i, spikes.t, n_units=3, t_stop=0.2)
    expected = run().spikes.train()
    assert all(np.array_equal(train, expected) for train in trains)


def test_past_spikes_arrive_after_the_delay():
    """With V_0 below threshold only the past spikes act: g is a sum of decaying jumps, known in closed form."""
    neuron = sl.AdaptiveLIF(V_0=10 * mV, delta_g=0.1, tau_K=50 * ms, t_d=8 * ms)
    past = np.array([-7.95, -3.0, -1.04, -1.01, -1.0]) * ms
    dt = 0.01 * ms
    traces = run(neuron, 30 * ms, dt=dt, record="g", initial=sl.Initial(g=0.3, past_spikes=past)).traces
    time = traces["time"].values
    arrivals = np.asarray(past) + 8e-3
    exact = 0.3 * np.exp(-time / 0.05)
    for arrival in arrivals:
        exact += np.where(time > arrival, 0.1 * np.exp(-(time - arrival) / 0.05), 0)
    away = np.all(np.abs(time[:, None] - arrivals) > 1.5e-5, axis=1)
    # One step of jitter in an arrival changes g by delta_g dt/tau_K = 2e-5 each.
    assert np.abs(traces["g"].values[:, 0] - exact)[away].max() < 1.01e-4
    assert not away.all()


def test_initial_state_and_conversion():
    neuron = sl.AdaptiveLIF(V_0=10 * mV)
    traces = run(neuron, 1 * ms, n=2, record=("u", "V", "g"), initial=sl.Initial(u=[-3, 4] * mV, g=0.2)).traces
    assert np.allclose(traces["u"][0], [-0.003, 0.004], atol=1e-15)
    assert np.allclose(traces["V"], traces["u"] - 0.065, atol=1e-15)
    assert np.isclose(float(neuron.to_V(5 * mV)), -0.06, rtol=1e-15)
    assert np.isclose(float(neuron.to_u(-60 * mV)), 0.005, rtol=1e-14)


def test_below_threshold_there_are_no_spikes_and_no_error():
    assert run(sl.AdaptiveLIF(V_0=15 * mV)).spikes.n_spikes == 0
    assert run(sl.AdaptiveLIF(V_0=-40 * mV)).spikes.n_spikes == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0 * second}, "duration must be positive, got 0"),
        ({"duration": 3 * mV}, "duration must have the unit of 1 second"),
        ({"duration": np.nan}, "duration must be a finite time"),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"dt": 0 * ms}, "dt must be positive"),
        ({"dt": 5 * ms}, r"t_d must be 0 or at least one step dt = 0.005 s .* got 0.003 s; take dt <= 0.003 s"),
        ({"record": "v"}, "AdaptiveLIF has no variable 'v'; did you mean 'V'"),
        ({"record": ("counts", "u")}, "record='counts' must stand alone"),
        ({"record": "u", "record_dt": 0.15 * ms}, "record_dt must be a whole multiple of dt"),
        ({"vary": {"V0": [1] * mV}}, "AdaptiveLIF has no parameter 'V0'; did you mean 'V_0'"),
        ({"vary": {"V_0": [1] * ms}}, r"vary\['V_0'\] must have the unit of 20 mV"),
        ({"vary": {"V_0": [1, 2] * mV}}, r"must have one value for each of 1 neurons, got shape \(2,\)"),
        ({"vary": {"tau": [-1] * ms}}, r"vary\['tau'\] must be positive"),
        ({"vary": {"V_th": [-70] * mV}}, "AdaptiveLIF.V_th must lie above E_L"),
        ({"initial": sl.Initial(w=1)}, "Initial has no variable 'w'"),
        ({"initial": sl.Initial(u=15 * mV)}, "Initial.u must lie below the threshold theta, got 0.015"),
        ({"initial": sl.Initial(u=-16 * mV)}, "Initial.u must not lie below -Delta"),
        ({"initial": sl.Initial(g=-0.1)}, "Initial.g must not be negative, got -0.1"),
        ({"initial": sl.Initial(u=[1, 2] * mV)}, "Initial.u must be one value or 1, one a neuron"),
        ({"initial": sl.Initial(g=np.nan)}, "Initial.g must be finite"),
        ({"initial": sl.Initial(past_spikes=[-3 * ms])}, r"past_spikes must lie within -t_d < t <= 0, got -0.003 s"),
        ({"initial": sl.Initial(past_spikes=[1 * ms])}, r"past_spikes must lie within -t_d < t <= 0, got 0.001 s"),
        ({"initial": sl.Initial(past_spikes=[[], []])}, "must hold one sequence for each of 1 neurons, got 2"),
    ],
)
def test_bad_input_is_one_clear_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        run(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"V_th": -65 * mV}, "AdaptiveLIF.V_th must lie above E_L"),
        ({"E_K": -60 * mV}, "AdaptiveLIF.E_K must not lie above E_L"),
        ({"tau": 0 * ms}, "AdaptiveLIF.tau must be positive"),
        ({"t_d": -1 * ms}, "AdaptiveLIF.t_d must not be negative"),
        ({"tau_K": 10 * Hz}, "AdaptiveLIF.tau_K must have the unit of 100 ms"),
        ({"delta_g": np.nan}, "AdaptiveLIF.delta_g must be a number"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        sl.AdaptiveLIF(**parameters)


def test_wrong_engine_target_and_model():
    with pytest.raises(ValueError, match="AdaptiveLIF has no engine 'brian'; did you mean 'brian2'"):
        sl.simulate(RESTLESS, 1 * second, engine="brian")
    with pytest.raises(ValueError, match="Brian2 has no target 'numba'"):
        sl.simulate(RESTLESS, 1 * second, engine="brian2", target="numba")
    with pytest.raises(TypeError, match="must be given a model such as AdaptiveLIF, got int"):
        sl.simulate(3, 1 * second)


def test_potentials_subtract_as_decimals():
    """-50 mV - (-70 mV) in doubles is not the double 0.02, and ties of Eq. (6) would break on the difference."""
    assert -0.05 + 0.07 != 0.02
    assert float(sl.AdaptiveLIF(E_L=-70 * mV).theta) == 0.02
    neuron = sl.AdaptiveLIF(V_0=42 * mV, delta_g=0.03)
    assert (float(neuron.theta), float(neuron.Delta)) == (0.015, 0.015)
    assert neuron.spikes_until_silence() == 30
    assert neuron.values({"V_th": [-50, -49] * mV}, 2)["theta"].tolist() == [0.015, 0.016]


def test_models_compare_and_hash_by_value():
    assert sl.AdaptiveLIF(V_0="20 mV") == sl.AdaptiveLIF(V_0=20 * mV)
    assert len({sl.AdaptiveLIF(), sl.AdaptiveLIF(), sl.AdaptiveLIF(t_d=1 * ms)}) == 2


def test_spike_times_converge_at_first_order(forty_digits):
    """Slope 1 +- 0.25 of the mean error of the tenth spike against the forty-digit reference, over 24 neurons."""
    rng = np.random.default_rng(20261122)
    n = 24
    V_0 = rng.uniform(18e-3, 40e-3, n)
    tau_K, delta_g = rng.uniform(20e-3, 200e-3, n), rng.uniform(0.02, 0.2, n)
    t_d = np.where(np.arange(n) % 2, 0.0, rng.integers(2, 12, n) * 1e-3)
    exact = np.array(
        [
            float(
                forty_digits.spike_times(
                    {
                        "V_0": V_0[k],
                        "theta": 0.015,
                        "Delta": 0.015,
                        "tau": 0.01,
                        "tau_K": tau_K[k],
                        "delta_g": delta_g[k],
                        "t_d": t_d[k],
                        "u0": 0.0,
                        "g0": 0.0,
                    },
                    max_spikes=10,
                )[-1]
            )
            for k in range(n)
        ]
    )
    steps = np.array([0.4, 0.2, 0.1, 0.05]) * 1e-3
    errors = []
    for dt in steps:
        trains = run(
            sl.AdaptiveLIF(),
            1.1 * exact.max() * second,
            n=n,
            dt=dt * second,
            vary={"V_0": V_0 * 1e3 * mV, "tau_K": tau_K * second, "delta_g": delta_g, "t_d": t_d * second},
        ).spikes
        errors.append(np.mean([abs(trains.train(unit=k)[9] - exact[k]) for k in range(n)]))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.75 < slope < 1.25
    # Each of ten resets waits for the grid, half a step on average; adaptation makes up for part of it.
    assert 0.5 * steps[-1] < errors[-1] < 5 * steps[-1]
