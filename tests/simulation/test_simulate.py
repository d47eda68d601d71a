import numpy as np
import pytest
from brian2 import Hz, Network, SpikeMonitor, ms, mV, nA, second

import spikelearn as sl
from spikelearn.brian.session import session

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
        ({"duration": 3 * mV}, "duration must be a time, such as '1 s'"),
        ({"duration": np.nan}, "duration must be a finite time"),
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"dt": 0 * ms}, "dt must be positive"),
        ({"dt": 5 * ms}, r"t_d must be 0 or at least one step dt = 0.005 s .* got 0.003 s; take dt <= 0.003 s"),
        ({"record": "v"}, "AdaptiveLIF has no variable 'v'; did you mean 'V'"),
        ({"record": ("counts", "u")}, "record='counts' must stand alone"),
        ({"record": "u", "record_dt": 0.15 * ms}, "record_dt must be a whole multiple of dt"),
        ({"vary": {"V0": [1] * mV}}, "AdaptiveLIF has no parameter 'V0'; did you mean 'V_0'"),
        ({"vary": {"V_0": [1] * ms}}, r"vary\['V_0'\] must be a voltage, such as '20 mV'"),
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
        ({"initial": sl.Initial(past_spikes=[[], -0.001])}, "must be times, or one sequence of times for each neuron"),
        ({"initial": sl.Initial(past_spikes=[np.nan, -1] * ms)}, "past_spikes must be finite times, got"),
        ({"initial": sl.Initial(V=-60 * mV)}, "Initial has no variable 'V'. Known: g, u"),
        ({"record": ("u", "u")}, "record must name each variable once, got 'u' twice"),
        ({"seed": -1}, "seed must not be negative, got -1"),
        ({"threads": 0}, "threads must be at least 1, got 0"),
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
        ({"tau_K": 10 * Hz}, "AdaptiveLIF.tau_K must be a time, such as '100 ms'"),
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
    with pytest.raises(TypeError, match=r"got the class AdaptiveLIF; use AdaptiveLIF\(\)"):
        sl.simulate(sl.AdaptiveLIF, 1 * second)
    with pytest.raises(TypeError, match="must be given a model such as AdaptiveLIF, got SpikeTrains"):
        sl.simulate(sl.SpikeTrains.from_arrays([[]], t_stop=1.0), 1 * second)


@pytest.mark.parametrize("options", [{"target": "numpy"}, {"method": "euler"}])
def test_a_target_or_a_method_means_brian2(options):
    """Named, they must not be left aside without a word; alone they say which engine is meant."""
    recording = sl.simulate(RESTLESS, 0.05, **options)
    assert recording.provenance["engine"] == "brian2"
    assert recording.provenance["method"] == options.get("method", "rk4")
    assert recording.spikes == sl.simulate(RESTLESS, 0.05, engine="brian2", **options).spikes
    name, value = next(iter(options.items()))
    message = f"{name} = '{value}' belongs to Brian2: leave it out on the exact engine"
    with pytest.raises(ValueError, match=message):
        sl.simulate(RESTLESS, 0.05, engine="exact", **options)
    # The step has a default and is left aside by the exact engine.
    assert sl.simulate(RESTLESS, 0.05, dt="1 ms").provenance["engine"] == "exact"
    assert sl.simulate(RESTLESS, 0.05, target="auto").provenance["engine"] == "exact"


@pytest.mark.parametrize("engine", ["exact", "brian2"])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "gpu"}, ValueError, "Brian2 has no target 'gpu'"),
        ({"method": 3}, TypeError, "method must be the name of one of Brian2's integration methods or None, got 3"),
        ({"seed": 2.5}, TypeError, "seed must be a whole number, got 2.5"),
        ({"seed": True}, TypeError, "seed must be a whole number, got True"),
        ({"seed": -1}, ValueError, "seed must not be negative, got -1"),
        ({"threads": 2.0}, TypeError, "threads must be a whole number, got 2.0"),
        ({"threads": -1}, ValueError, "threads must be at least 1, got -1"),
        ({"n": 2.5}, TypeError, "n must be a whole number, got 2.5"),
        ({"record": 3}, TypeError, "record must be a name or a sequence of names, got 3"),
        ({"initial": {"u": 3 * mV}}, TypeError, "initial must be made as Initial"),
        ({"initial": sl.Initial(V=-60 * mV)}, ValueError, "Initial has no variable 'V'"),
        ({"duration": True}, TypeError, "duration must be a time, got True"),
    ],
)
def test_every_engine_checks_its_arguments(engine, options, error, message):
    with pytest.raises(error, match=message):
        sl.simulate(RESTLESS, **({"duration": 0.01} | options), engine=engine)


def test_hints_for_what_is_easily_forgotten():
    with pytest.raises(ValueError, match=r"vary\['V_0'\] must have one value for each of 1 neurons, .*; say n=3"):
        sl.simulate(RESTLESS, 0.01, vary={"V_0": [20, 25, 30] * mV})
    with pytest.raises(ValueError, match="AdaptiveLIF has no parameter 'theta'; it follows from E_L and V_th"):
        sl.simulate(RESTLESS, 0.01, n=2, vary={"theta": [15, 16] * mV})


def test_a_numpy_seed_is_a_seed():
    assert run(duration=0.01, seed=np.int64(7)).provenance["seed"] == 7


def test_past_spikes_in_every_form():
    """A generator is read once and kept; one time alone is a list of one."""
    neuron = sl.AdaptiveLIF(V_0=10 * mV, delta_g=0.1, t_d=8 * ms)
    same = (
        [-1e-3],
        ["-1 ms"],
        [-1] * ms,
        "-1 ms",
        -1 * ms,
        -0.001,
        (time for time in [-1e-3]),
        [[-1e-3]],
        iter([[-1e-3]]),
    )
    for past in same:
        initial = sl.Initial(past_spikes=past)
        for _ in range(2):
            times, offsets = initial.plain_past_spikes(1, 8e-3)
            assert (times.tolist(), offsets.tolist()) == ([-1e-3], [0, 1])
    g = run(neuron, 20 * ms, record="g", initial=sl.Initial(past_spikes=(-k * ms for k in (1, 2)))).traces["g"]
    assert g.max() > 0.15
    for wrong in (None, {"a": 1}, object()):
        with pytest.raises(TypeError, match="Initial.past_spikes must be a time or a sequence of times"):
            sl.Initial(past_spikes=wrong)


@pytest.mark.parametrize(
    ("g", "error", "message"),
    [
        (3 * mV, ValueError, "g must be a pure number, got 3. mV"),
        (-0.1, ValueError, "g must be a conductance not below 0, in units of the leak, got -0.1"),
        (np.nan, ValueError, "g must be a conductance not below 0"),
        ([0.1, -1.0], ValueError, "g must be a conductance not below 0"),
        (None, TypeError, "g must be a number"),
    ],
)
def test_time_to_spike_wants_a_conductance(g, error, message):
    with pytest.raises(error, match=message):
        RESTLESS.time_to_spike(g)


EQUATIONS = "dv/dt = (drive - v)/tau : volt\ndrive : volt"
PARAMETERS = {"drive": "30 mV", "tau": "10 ms"}
OWN = {"equations": EQUATIONS, "threshold": "v > 15*mV", "reset": "v = 0*mV", "delay": "2 ms"}


@pytest.mark.parametrize(
    "model", [RESTLESS, sl.EquationNeuron(**OWN, on_spike="v_post += 0*mV", parameters=PARAMETERS)]
)
def test_objects_of_ones_own_network_need_a_fitting_step(model):
    with pytest.raises(ValueError, match=f"{model.delay_name} must be 0 or at least one step dt = 0.005 s"):
        model.brian_objects(dt=5 * ms)
    assert float(model.brian_objects(dt=1e-4)[0].clock.dt) == 1e-4
    with pytest.raises(ValueError, match="dt must be positive"):
        model.brian_objects(dt=0 * ms)


def test_past_spikes_know_the_constants():
    neuron = sl.EquationNeuron(
        **OWN, on_spike="v_post += jump", parameters={**PARAMETERS, "drive": 0 * mV, "jump": 2 * mV}
    )
    v = run(neuron, 3 * ms, record="v", initial=sl.Initial(past_spikes="-1 ms")).traces["v"]
    # It arrives at 1 ms and decays with tau; the arrival may wait one step of 0.1 ms.
    assert float(v[-1, 0]) == pytest.approx(2e-3 * np.exp(-1.9 / 10), rel=0.011)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"driev": 1 * mV}, ValueError, "no name in its equations and statements 'driev'; did you mean 'drive'"),
        ({"v": 1 * mV}, ValueError, r"parameters\['v'\] must not have the name of a state variable"),
        ({"mV": 1}, ValueError, r"parameters\['mV'\] must not have a name that means a unit"),
        ({"exp": 1}, ValueError, r"parameters\['exp'\] must not have a name that means a unit, function"),
        ({"tau": np.inf * ms}, ValueError, r"parameters\['tau'\] must be finite"),
        ({"tau": "nan ms"}, ValueError, r"parameters\['tau'\]: a quantity must start with a number"),
        ({"tau": np.nan * ms}, ValueError, r"parameters\['tau'\] must be finite"),
        ({"tau": [1, 2] * ms}, TypeError, r"parameters\['tau'\] must be one number"),
        ({"tau": True}, TypeError, r"parameters\['tau'\] must be one number, with its unit, got True"),
        ({"tau": None}, TypeError, r"parameters\['tau'\] must be one number"),
        ({"drive": 1 * ms}, ValueError, r"parameters\['drive'\] must be a voltage, such as '1 V'"),
    ],
)
def test_parameters_of_ones_own_neuron_are_checked(changes, error, message):
    with pytest.raises(error, match=message):
        sl.EquationNeuron(**OWN, parameters={**PARAMETERS, **changes})


def test_a_declared_parameter_needs_a_value():
    neuron = sl.EquationNeuron(**OWN, parameters={"tau": "10 ms"})
    with pytest.raises(ValueError, match="EquationNeuron.parameters must have a value for 'drive'"):
        run(neuron, 10 * ms)
    assert run(neuron, 50 * ms, n=2, vary={"drive": [10, 30] * mV}).counts[0].astype(bool).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"vary\['drive'\] must be finite"):
        run(neuron, 10 * ms, vary={"drive": [np.nan] * mV})
    with pytest.raises(TypeError, match="EquationNeuron.parameters must be a table of names and values, got 3"):
        sl.EquationNeuron(**OWN, parameters=3)
    with pytest.raises(TypeError, match="EquationNeuron.method must be text or None, got 3"):
        sl.EquationNeuron(**OWN, method=3)


def test_units_without_a_name_can_be_given():
    neuron = sl.EquationNeuron(
        "dv/dt = -v/tau : volt\ndw/dt = -w/tau : amp/volt**2\nk : amp/volt**2\nnoise : volt/second**0.5"
        "\narea : metre**2",
        parameters={"tau": "10 ms", "k": 3 * nA / mV**2, "noise": 1 * mV / ms**0.5, "area": "2 mm**2"},
    )
    assert neuron.values()["k"] == pytest.approx(3e-3, rel=1e-15)
    assert neuron.values()["area"] == pytest.approx(2e-6, rel=1e-15)
    w = run(neuron, 1 * ms, record="w", initial=sl.Initial(w="5 nA/mV**2")).traces["w"]
    assert float(w[0, 0]) == pytest.approx(5e-3, rel=1e-15)
    with pytest.raises(ValueError, match=r"Initial.w must be a quantity, such as '1 metre\*\*-4\*kilogram"):
        run(neuron, 1 * ms, initial=sl.Initial(w=1 * mV))


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
    steps = np.array([0.4, 0.2, 0.1]) * 1e-3
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


def test_a_parameter_called_t_d_is_no_delay():
    """The delay of a user's own neuron is handed over apart from its parameters, whatever they are called."""
    neuron = sl.EquationNeuron(
        "dv/dt = (drive - v)/tau : volt\nt_d : second (constant)\ndrive : volt (constant)\ntau : second (constant)",
        threshold="v > 15*mV",
        reset="v = 0*mV",
        on_spike="v_post += 1*mV*(t_d/second)",
        delay=2 * ms,
        parameters={"t_d": 5 * second, "drive": 20 * mV, "tau": 10 * ms},
    )
    recording = run(neuron, 20 * ms, record="v")
    v, times = recording.traces["v"][:, 0].values, recording.traces["time"].values
    arrival = recording.spikes.train()[0] + 2e-3
    k = int(np.argmax(np.diff(v) > 3e-3))
    assert times[k + 1] == pytest.approx(arrival, abs=2.1e-4)
    group, synapses = neuron.brian_objects(1, dt=0.1 * ms)
    assert float(synapses.delay[0]) == pytest.approx(2e-3)
    assert float(group.t_d[0]) == 5.0
    with pytest.raises(ValueError, match="delay must be 0 or at least one step"):
        run(neuron, 20 * ms, dt=5 * ms)


def examples():
    """One model of every kind, with what its run needs."""
    cell = sl.AdaptiveLIF(V_0=30 * mV)
    own = sl.EquationNeuron(**OWN, parameters=PARAMETERS)
    weights = sl.EIRates().setpoint_weights(W_EE=5.0, W_IE=10.0)
    source = sl.sources.CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=0.6, tau="10 ms")
    return [
        (cell, {"n": 2}),
        (own, {"n": 2}),
        (sl.Network({"E": sl.network.Population(cell, 2)}), {}),
        (sl.EscapeNoise(), {"W": [[0.0, 0.0], [1.0, 0.0]], "n_trials": 3, "seed": 1}),
        (sl.EIRates(), {"weights": weights, "initial": sl.Initial(E=6.0, I=13.0)}),
        (source, {"n_trials": 3, "seed": 1}),
        *[(kind(rate="30 Hz"), {"seed": 1}) for kind in every_poisson()],
    ]


def every_poisson():
    return [getattr(sl.sources, name) for name in dir(sl.sources) if name.endswith("Poisson")]


@pytest.mark.parametrize(("model", "options"), examples(), ids=lambda value: type(value).__name__)
def test_every_kind_runs_on_each_of_its_engines(model, options):
    assert len(model.engines) >= 1
    for engine in model.engines:
        recording = sl.simulate(model, 0.1, engine=engine, **options)
        assert isinstance(recording, sl.Recording)
        assert recording.provenance["engine"] == engine
        assert recording.provenance["duration"] == 0.1
        if isinstance(model, sl.EIRates):
            assert recording.spikes is None
            assert {name: recording.traces[name].attrs["units"] for name in recording.traces} == dict(model.recordable)
        else:
            assert recording.spikes.n_spikes > 0
            counted = sl.simulate(model, 0.1, engine=engine, record="counts", **options)
            assert counted.spikes is None
            np.testing.assert_array_equal(counted.counts, recording.counts)
        with pytest.raises(ValueError, match="has no run argument 'no_such'"):
            sl.simulate(model, 0.1, engine=engine, no_such=1, **options)


def test_what_a_kind_does_not_take_is_refused_by_name():
    source = sl.sources.HomogeneousPoisson(rate="20 Hz")
    with pytest.raises(ValueError, match="n must be left out for a HomogeneousPoisson; .* it takes n_trials, n_units"):
        sl.simulate(source, 1 * second, n=3)
    with pytest.raises(ValueError, match="initial must be left out for an EscapeNoise"):
        sl.simulate(sl.EscapeNoise(), 1 * second, initial=sl.Initial())
    with pytest.raises(ValueError, match="did you mean 'n_trials'"):
        sl.simulate(source, 1 * second, ntrials=3)
    with pytest.raises(ValueError, match=r"EIRates must be run with weights=\('W_EE', 'W_EI', 'W_IE', 'W_II'\)"):
        sl.simulate(sl.EIRates(), 1.0)
    with pytest.raises(ValueError, match="weights must be four finite numbers"):
        sl.simulate(sl.EIRates(), 1.0, weights=[1, 2, 3])
    with pytest.raises(ValueError, match="Initial.E must lie between 0 and E_max = 100 Hz, got -1"):
        sl.simulate(sl.EIRates(), 1.0, weights=[1, 2, 3, 4], initial=sl.Initial(E=-1.0))
    with pytest.raises(ValueError, match="record='counts' must be left out: rates have no spikes"):
        sl.simulate(sl.EIRates(), 1.0, weights=[1, 2, 3, 4], record="counts")
    with pytest.raises(TypeError, match="rule must be a Rule"):
        sl.simulate(sl.EIRates(), 1.0, weights=[1, 2, 3, 4], rule="CrossHomeostatic")
    with pytest.raises(ValueError, match="record_dt must be a whole multiple of dt"):
        sl.simulate(sl.EIRates(), 0.1, weights=[1, 2, 3, 4], record_dt=0.00007)


def test_a_rule_moves_the_weights_as_its_formula_says():
    """At the set point the rule rests; beside it the first step is dt times the rule, to second order in dt."""
    model, rule = sl.EIRates(), sl.rules.CrossHomeostatic(alpha_EE=2e-4, alpha_EI=2e-4, alpha_IE=2e-4, alpha_II=2e-4)
    weights = model.setpoint_weights(W_EE=5.0, W_IE=10.0)
    rest = sl.simulate(model, 0.05, weights=weights, rule=rule, initial=sl.Initial(E=5.0, I=14.0))
    for name, value in zip(model.weights, weights, strict=True):
        np.testing.assert_allclose(rest.traces[name], value, rtol=1e-12)
    away = sl.simulate(model, 0.01, weights=weights, rule=rule, initial=sl.Initial(E=6.0, I=14.0), dt=1e-5)
    # dW_EI = -alpha I (I_set - I) vanishes at I = I_set; dW_IE = -alpha E (E_set - E) = 2e-4 * 6 per ms.
    assert float(np.diff(away.traces["W_IE"])[0] / 0.01) == pytest.approx(2e-4 * 6.0, rel=5e-3)


def test_traces_of_escape_noise_are_what_the_likelihood_uses():
    """On both engines u and rho of a bin follow from the spikes before it."""
    cell, W = sl.EscapeNoise(eta_0=0.7, rho_0="60 Hz"), np.array([[0.0, 0.4], [1.0, 0.0]])
    for engine in cell.engines:
        recording = sl.simulate(cell, 0.2, W=W, n_trials=2, seed=3, engine=engine, record=("rho", "u"))
        assert recording.traces["rho"].dims == ("trial", "time", "unit")
        X = bins(recording)
        np.testing.assert_allclose(recording.traces["rho"], cell.intensities(X, W, 1e-3) / 1e-3, rtol=1e-10)
        np.testing.assert_allclose(recording.traces["u"], cell.potentials(X, W, 1e-3), rtol=1e-10, atol=1e-12)


def bins(recording):
    from spikelearn.models.escape_noise import bin_spikes

    return bin_spikes(recording.spikes, 1e-3)
