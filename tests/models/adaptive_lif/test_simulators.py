"""The two independent simulators that the theory is held against agree with each other."""

import numpy as np


def test_taylor_steps_agree_with_the_integrator(exact_train, scipy_train):
    cell = {"V_0": 22e-3, "theta": 15e-3, "Delta": 15e-3, "tau": 10e-3}
    for rest in (
        {"tau_K": 60e-3, "delta_g": 0.4, "t_d": 0.0},
        {"tau_K": 15e-3, "delta_g": 0.2, "t_d": 7e-3},
        {"tau_K": 80e-3, "delta_g": 0.1, "t_d": 120e-3},
    ):
        ours = exact_train(**cell, **rest, duration=0.7, g=0.05)
        scipy = scipy_train(**cell, **rest, duration=0.7, g=0.05)
        assert len(ours) == len(scipy) > 5
        # The integrator's local tolerance of 1e-12, summed over some hundred steps.
        np.testing.assert_allclose(ours, scipy, rtol=1e-9)
