"""The quadratic neuron against SciPy's integrator, its closed form on every side of the onset, and Brian2."""

import numpy as np
import pytest
from brian2 import mV
from scipy.integrate import quad

import spikelearn as sl
from spikelearn.models.quadratic.model import QuadraticNeuron
from spikelearn.models.quadratic.theory import time_between


@pytest.mark.parametrize("eta", [3.0, 0.01, 0.0, -0.01, -3.0])
def test_the_time_between_equals_its_integral(eta):
    start, stop = 2.5, 40.0
    expected = 0.01 * quad(lambda v: 1 / (v * v + eta), start, stop, epsabs=0, epsrel=1e-13)[0]
    assert float(time_between(start, stop, eta, 0.01)) == pytest.approx(expected, rel=1e-11)


def test_below_the_onset_only_a_start_above_the_saddle_rises():
    assert np.isinf(time_between([-1.0, 0.5, 0.99], 10.0, -1.0, 0.01)).all()
    assert np.isfinite(time_between(1.01, 10.0, -1.0, 0.01))
    assert np.isinf(time_between(-1.0, 10.0, 0.0, 0.01))


def test_spikes_are_an_interval_apart_and_brian2_converges_to_them():
    model = QuadraticNeuron(eta=1.0)
    exact = sl.simulate(model, 0.3).spikes.train()
    np.testing.assert_allclose(np.diff(exact), model.interval(), rtol=1e-12)
    assert exact[0] == pytest.approx(0.01 * np.arctan(100.0), rel=1e-12)
    off = []
    for dt in (4e-5, 2e-5, 1e-5):
        brian = sl.simulate(model, 0.3, engine="brian2", target="numpy", dt=dt).spikes.train()
        off.append(abs(np.diff(brian).mean() - model.interval()))
        assert len(brian) == len(exact)
    # A spike waits for the end of its step: the error is at most a step, and falls with it.
    assert off[2] < 2e-5
    assert off[2] < off[0]


def test_neurons_differ_in_eta_and_in_their_start():
    recording = sl.simulate(
        QuadraticNeuron(), 0.2, n=3, vary={"eta": [-1.0, 0.0, 4.0]}, initial=sl.Initial(v=[2.0, -1.0, 0.0])
    )
    times = [train.tolist() for train in recording.spikes]
    # Below the onset it fires once, from above the saddle, and never again.
    assert times[0] == pytest.approx([0.005 * np.log((99 / 101) / (1 / 3))])
    assert times[1] == []
    assert len(times[2]) == int((0.2 - 0.005 * np.arctan(50)) / (0.01 * np.arctan(50))) + 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: QuadraticNeuron(v_reset=200.0), "v_reset must lie below v_peak = 100.0, got 200.0"),
        (lambda: QuadraticNeuron(eta=1 * mV), "QuadraticNeuron.eta must be a pure number"),
        (lambda: sl.simulate(QuadraticNeuron(), 0.1, initial=sl.Initial(v=100.0)), "Initial.v must lie below v_peak"),
        (lambda: sl.simulate(QuadraticNeuron(), 0.1, record="v"), "record must be left out on the exact engine"),
        (lambda: sl.simulate(QuadraticNeuron(), 0.1, vary={"tau": [1.0]}), "has no parameter in its equations 'tau'"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
