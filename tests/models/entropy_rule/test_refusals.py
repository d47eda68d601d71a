"""Bad input is refused by name: each message with its text."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models import entropy_rule as er
from spikelearn.models.entropy_rule.brian import learn_on_brian

T = 2 * np.pi * np.arange(40) / 40
ROUND = np.stack([np.cos(T), np.sin(T)], axis=1)
RULE = sl.EntropyRule(l_net=5.0, gamma=10.0)
WHERE = r"entropy_rule\.minimiser: "


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.ones(3), WHERE + r"frames must have the shape \(frames, neurons\), got \(3,\)"),
        (np.ones((1, 3)), WHERE + "frames must be at least 2, got 1"),
        (np.ones((0, 3)), WHERE + "frames must be at least 2, got 0"),
        ([[1.0, 2.0], [np.nan, 1.0]], WHERE + "frames must be finite, got nan for neuron 0 in frame 1"),
        ([[1.0, 2.0], [np.inf, 1.0]], WHERE + "frames must be finite, got inf for neuron 0 in frame 1"),
        ([[1.0, 2.0], [0.0, 0.0]], WHERE + "frames must not be zero to every neuron, frame 1 is"),
    ],
)
def test_frames(frames, message):
    with pytest.raises(ValueError, match=message):
        er.minimiser(frames, 0.1, 1.0)


def test_frames_that_are_no_numbers():
    with pytest.raises(TypeError, match=WHERE + "frames must be numbers, all frames of one length"):
        er.minimiser([[1.0, 2.0], [1.0]], 0.1, 1.0)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"dt": 0.0}, ValueError, "dt must be positive and finite, got 0"),
        ({"dt": "a"}, TypeError, "dt must be a number, got 'a'"),
        ({"l": -1.0}, ValueError, "l must not be negative, got -1"),
        ({"l": "b"}, TypeError, "l must be a number, got 'b'"),
        ({"xi": "spectrum"}, ValueError, "has no xi 'spectrum'; did you mean 'spectral'"),
        ({"xi": np.ones((3, 2))}, ValueError, r"xi must have the shape \(40, 2\) of the frames, got \(3, 2\)"),
        ({"xi": np.full((40, 2), np.nan)}, ValueError, "xi must be finite, got nan for neuron 0 in frame 0"),
        ({"activation": "tanhh"}, ValueError, "tanhh"),
        ({"activation": "abs(x)"}, ValueError, "EntropyRule.activation"),
        ({"activation": 3}, TypeError, "EntropyRule.activation must be text, got 3"),
        ({"activation": "__import__('os')"}, ValueError, "EntropyRule.activation"),
    ],
)
def test_arguments(arguments, kind, message):
    with pytest.raises(kind, match=message):
        er.minimiser(**{"frames": ROUND, "dt": 0.1, "l": 1.0, **arguments})


DRIFTING = ROUND + np.linspace(0, 2, 40)[:, None]
KINKED = np.stack([np.abs(np.sin(T / 2 + 0.2)), np.cos(T / 2)], axis=1)


@pytest.mark.parametrize("call", ["minimiser", "learn", "stationary", "periodic", "brian"])
def test_an_input_that_is_not_periodic_is_refused(call):
    calls = {
        "minimiser": lambda u: er.minimiser(u, 0.1, 1.0, xi="spectral"),
        "learn": lambda u: RULE.learn(u, 0.05, 1.0),
        "stationary": lambda u: RULE.stationary(u, 0.05),
        "periodic": lambda u: RULE.periodic(u, 0.05),
        "brian": lambda u: learn_on_brian(RULE, u, 0.05, 1.0),
    }
    with pytest.raises(ValueError, match="frames must be one whole period of a smooth input, got a step of"):
        calls[call](DRIFTING)
    with pytest.raises(ValueError, match="frames must be one whole period of a smooth input, got"):
        calls[call](KINKED)
    # One and a quarter periods of a smooth signal: no great step, but a bend.
    with pytest.raises(ValueError, match="frames must be one whole period"):
        calls[call](np.stack([np.cos(1.5 * T), np.cos(1.5 * T)], axis=1))


@pytest.mark.parametrize("n", [5, 8, 13, 64, 1000])
def test_smooth_periods_are_not_refused(n):
    """However coarse, wherever begun."""
    for shift in np.linspace(0, 6, 7):
        t = 2 * np.pi * np.arange(n) / n + shift
        waves = np.stack([np.cos(t), np.sin(t), np.exp(np.sin(t)) - 1], axis=1)
        er.minimiser(waves, 2 * np.pi / n, 1.0, xi="spectral")


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"l": 0.0}, ValueError, "EntropyRule.l must be positive"),
        ({"gamma": -1.0}, ValueError, "EntropyRule.gamma must be positive"),
        ({"epsilon": np.nan}, ValueError, "EntropyRule.epsilon must be a number"),
        ({"l_net": 0.0}, ValueError, "EntropyRule.l_net must be positive and finite, got 0"),
        ({"l_net": "5"}, TypeError, "EntropyRule.l_net must be a number, got '5'"),
        ({"activation": "y"}, ValueError, "EntropyRule.activation"),
    ],
)
def test_parameters(parameters, kind, message):
    with pytest.raises(kind, match=message):
        sl.EntropyRule(**parameters)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"dt": 0.3}, ValueError, "EntropyRule.learn: dt must be below 0.2 for gamma and l_net, got 0.3"),
        ({"duration": 0.001}, ValueError, "duration must be at least one step of 0.05, got 0.001"),
        ({"record_every": 0}, ValueError, "record_every must be at least 1, got 0"),
        ({"terms": 1}, TypeError, "terms must be True or False, got 1"),
        ({"W": np.eye(3)}, ValueError, r"W must have the shape \(2, 2\), got \(3, 3\)"),
        ({"W": [[np.nan, 0], [0, 0]]}, ValueError, "W must be finite, got nan"),
        ({"input": ROUND[:3]}, ValueError, "frames must be at least 4, got 3"),
    ],
)
def test_learning(arguments, kind, message):
    with pytest.raises(kind, match=message):
        RULE.learn(**{"input": ROUND, "dt": 0.05, "duration": 1.0, **arguments})


def test_states_that_do_not_fit():
    state = RULE.learn(ROUND, 0.05, 1.0).state
    with pytest.raises(ValueError, match="state must be that of 3 neurons, got 2"):
        RULE.learn(np.hstack([ROUND, ROUND[:, :1]]), 0.05, 1.0, state=state)
    with pytest.raises(ValueError, match="W must be left out where a state is given"):
        RULE.learn(ROUND, 0.05, 1.0, state=state, W=np.eye(2))


@pytest.mark.parametrize("activation", ["tanh", "2*x/(1 + 0*x)"])
def test_a_run_that_diverges_says_when(activation):
    rule = sl.EntropyRule(l_net=0.5, gamma=10.0, epsilon=500.0, activation=activation)
    with pytest.raises(ValueError, match="EntropyRule.learn: network or weights leave all bounds before step"):
        rule.learn(100 * ROUND, 0.05, 500.0, record_every=1000)


def test_an_input_that_leaves_directions_open():
    flat = np.stack([np.cos(T), 2 * np.cos(T)], axis=1)
    rule = sl.EntropyRule(l_net=5.0, gamma=10.0, activation="linear")
    with pytest.raises(
        ValueError, match="EntropyRule.periodic: the input must act along every direction of the 2 neurons"
    ):
        rule.periodic(flat, 0.05)


def test_replay_and_floquet():
    W = er.minimiser(ROUND, 0.1, 1.0)
    with pytest.raises(ValueError, match="entropy_rule.replay has no method 'rk5'; did you mean 'rk4'"):
        er.replay(W, ROUND[0], 5, 0.1, 1.0, method="rk5")
    with pytest.raises(ValueError, match="start must be one finite number a neuron"):
        er.replay(W, [np.nan, 0.0], 5, 0.1, 1.0)
    with pytest.raises(ValueError, match="n_steps must not be negative, got -1"):
        er.replay(W, ROUND[0], -1, 0.1, 1.0)
    with pytest.raises(ValueError, match="the state leaves all bounds in step"):
        er.replay(W, ROUND[0], 2000, 3.0, 1.0, activation="linear")
    with pytest.raises(ValueError, match="entropy_rule.floquet has no method 'rk'; did you mean"):
        er.floquet(W, ROUND, 0.1, 1.0, method="rk")
    with pytest.raises(ValueError, match="path must hold a whole cycle of 40 steps, got 4"):
        er.cycle_errors(ROUND[:5], ROUND)
    with pytest.raises(ValueError, match="path must hold a cycle of 40 steps, got 4"):
        er.mean_deviation(ROUND[:5], ROUND)
    with pytest.raises(ValueError, match=r"path must have 2 neurons, got shape \(5, 3\)"):
        er.nearest_frame(np.ones((5, 3)), ROUND)
    with pytest.raises(ValueError, match=r"W must have the shape \(2, 2\), got factors of \(3, 3\)"):
        er.replay(er.minimiser(np.eye(3), 0.1, 1.0, factored=True), ROUND[0], 5, 0.1, 1.0)


def test_descent():
    with pytest.raises(ValueError, match="h must be below 1.511, where descent diverges, got 100"):
        er.descend(ROUND, 0.1, 1.0, [5], h=100.0)
    with pytest.raises(ValueError, match=r"n_steps must not fall, got \[5, 3\]"):
        er.descend(ROUND, 0.1, 1.0, [5, 3])


def test_input_networks_without_a_cycle():
    with pytest.raises(ValueError, match="activity must be periodic, got one that comes to rest"):
        er.InputNetwork(0.5 * np.eye(2)).cycle([1.0, 0.5])
    with pytest.raises(ValueError, match="start must be 2 finite numbers"):
        er.InputNetwork(np.eye(2)).cycle([1.0])
    with pytest.raises(ValueError, match=r"InputNetwork: W must have the shape \(2, 2\)"):
        er.InputNetwork(np.ones((2, 3)))


def test_factors_into_a_larger_network():
    factors = er.minimiser(np.eye(3), 0.1, 1.0, factored=True)
    with pytest.raises(ValueError, match="active must be 3 places below 5"):
        factors.spread(5, [0, 1, 7])
    assert repr(factors).startswith("FactoredWeights(3 neurons, 3 of 3 frames independent")


def test_grid():
    with pytest.raises(ValueError, match="grid_movie: N must be at least 2, got 1"):
        er.grid_movie(1)
    with pytest.raises(ValueError, match="grid_movie has no coding 'one'"):
        er.grid_movie(5, coding="one")
