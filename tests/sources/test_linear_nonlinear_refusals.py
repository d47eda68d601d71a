"""What LN cells refuse, each in one line."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.sources import LinearNonlinear


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (
            {"filters": np.ones(9), "stimulus": np.arange(8.0)},
            "filters must not be longer than the stimulus of 8 frames, got 9",
        ),
        ({"filters": [[1.0, 2.0], [2.0, 4.0]]}, "filters must be linearly independent and not zero, got 2 filters"),
        ({"filters": [0.0, 0.0]}, "filters must be linearly independent and not zero"),
        ({"filters": [np.nan]}, "filters must be finite, got NaN"),
        ({"filters": "k"}, "filters must be an array of numbers"),
        ({"filters": np.ones((1, 1, 1, 1))}, "filters must have one to three axes"),
        ({"filters": [[1.0, 2.0, 3.0]], "covariance": np.eye(2)}, "filters must fit frames of 2 numbers, got 3"),
        ({"stimulus": "gausian"}, "no stimulus 'gausian'; did you mean 'gaussian'"),
        ({"stimulus": np.ones((2, 2, 2))}, r"stimulus must have the shape \(frames,\) or \(frames, dimensions\)"),
        ({"stimulus": "binary", "covariance": np.eye(2)}, "covariance must be left out where the stimulus is binary"),
        ({"covariance": [[1.0, 2.0], [0.0, 1.0]]}, "covariance must be a symmetric matrix"),
        ({"covariance": [[1.0, 2.0], [2.0, 1.0]]}, "covariance must be positive definite, got the eigenvalue -1"),
        ({"stimulus": "elliptical", "contrasts": [1.0]}, "contrasts must be at least two positive numbers"),
        ({"nonlinearity": "exponental"}, "no nonlinearity 'exponental'; did you mean 'exponential'"),
        ({"nonlinearity": "exp(u2)"}, "nonlinearity has no name 'u2'; did you mean 'u1'"),
        ({"nonlinearity": "__import__('os')"}, "must hold arithmetic only|must have|no function"),
        ({"nonlinearity": ("exponential",) * 3}, "nonlinearity must be one for all cells or one for each of 2, got 3"),
        ({"nonlinearity": "quadratic", "gain": -1.0}, "gain must not be negative for a quadratic rate"),
        ({"gain": [1.0, 2.0, 3.0]}, "gain must be one number, one for each of 1 filters, or 2 rows"),
        ({"rate": "-1 Hz"}, "rate must be finite and not negative"),
        ({"rate": "1 s"}, "rate must be a rate, such as '1 Hz'"),
        ({"threshold": np.inf}, "threshold must be a finite number"),
        ({"cells": 3}, "cells must be 1 or 2, got 3"),
        ({"gate": 1.5}, "gate must lie between 0 and 1, got 1.5"),
        ({"gate": "tanh(u3)"}, "gate has no name 'u3'"),
        ({"dt": "0 ms"}, "dt must be positive"),
    ],
)
def test_parameters(keywords, message):
    with pytest.raises(ValueError, match=message):
        LinearNonlinear(**keywords)


def test_kinds_of_text():
    with pytest.raises(TypeError, match="nonlinearity must be a name or a formula, got 3"):
        LinearNonlinear(nonlinearity=3)


@pytest.mark.parametrize(
    ("cells", "call", "message"),
    [
        ({"gain": 1000.0}, lambda c: c.sample(10, 1.0, 0), "rates must stay finite, and spikes below 2e"),
        (
            {"gain": 1000.0},
            lambda c: c.expected_rate(),
            "the expected weight must stay finite, got a rate that overflows",
        ),
        ({"gain": 20.0}, lambda c: c.expected_rate(), "grows too fast; make the gain smaller"),
        ({"nonlinearity": "exp(u1**2)"}, lambda c: c.expected_rate(), "grows too fast|overflows"),
        ({"nonlinearity": "u1"}, lambda c: c.sample(10, 1.0, 0), "nonlinearity must give rates not below 0, got -"),
        ({"nonlinearity": "u1"}, lambda c: c.expected_rate(), "nonlinearity must give rates not below 0, got -"),
        ({"gate": "2*u1"}, lambda c: c.sample(10, 1.0, 0), "gate must give depths from -1 to 1, got"),
        ({}, lambda c: c.sample(10, 0.105, 0), "sample: dt must divide"),
        ({}, lambda c: c.sample(10, 0.0, 0), "duration must be positive"),
        (
            {"stimulus": np.arange(5.0)},
            lambda c: c.sample(1, 0.06, 0),
            "must not exceed the stimulus of 5 frames, got 6",
        ),
        ({"cells": 1}, lambda c: c.expected_average("joint"), "joint weights must have two cells, got one"),
        ({}, lambda c: c.expected_average("joined"), "no kind of weights 'joined'; did you mean 'joint'"),
        ({}, lambda c: c.expected_average(unit=2), "unit must be 0 to 1, got 2"),
        ({}, lambda c: c.expected_average(window=1), "window must reach over filter and lag, 2 frames, got 1"),
        ({"rate": "0 Hz"}, lambda c: c.expected_average(), "the expected weight must be positive, got 0"),
        (
            {"stimulus": "elliptical", "filters": [[1.0, 0.0]], "covariance": np.eye(2)},
            lambda c: c.expected_average("joint", max_lag=1),
            "must look at one frame where every frame has its own contrast, got 2",
        ),
        (
            {"stimulus": "binary", "filters": np.ones(17)},
            lambda c: c.expected_rate(),
            "must weigh at most 16 numbers of a binary stimulus, got 17",
        ),
        (
            {"filters": np.random.default_rng(0).normal(size=(3, 5)), "gain": 0.1},
            lambda c: c.expected_average("joint", max_lag=1),
            "must depend on at most 4 projections, got 6 with its lags",
        ),
        (
            {"filters": np.eye(3), "nonlinearity": "rectified"},
            lambda c: c.expected_average("joint"),
            "must be smooth for moments over 3 projections to converge",
        ),
        ({}, lambda c: sl.simulate(c, 1.0, dt="1 ms"), "dt must be the frame of 0.01 s, got 0.001 s"),
        ({}, lambda c: c.check_initial({"u": 1}, {}), "starts in one way only"),
    ],
)
def test_calls(cells, call, message):
    with pytest.raises(ValueError, match=message):
        call(LinearNonlinear(**cells))
