"""A user's own movie: codings, what was lost, and ten thousand neurons by factors."""

import tracemalloc

import numpy as np
import pytest

from spikelearn.models import entropy_rule as er


def blob(T=30, side=12):
    """A bright spot runs round; bytes, as a video has them."""
    y, x = np.mgrid[:side, :side]
    angle = 2 * np.pi * np.arange(T) / T
    centre = side / 2 - 0.5 + side / 3 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    distance = (y - centre[:, 0, None, None]) ** 2 + (x - centre[:, 1, None, None]) ** 2
    return np.round(255 * np.exp(-distance / 4)).astype(np.uint8)


def test_a_video_is_learned_and_replayed():
    fit = er.learn_movie(blob())
    assert fit.shape == (12, 12)
    assert (fit.weights.rank, fit.weights.n_frames) == (30, 30)
    assert fit.frames.min() == -1.0
    assert fit.frames.max() == 1.0
    assert fit.errors[0] < 1e-6
    assert fit.lost.max() < 1e-9
    assert fit.images().shape == (91, 12, 12)
    np.testing.assert_allclose(fit.images()[7], fit.frames[7].reshape(12, 12), atol=1e-6)
    assert "30 frames of 144 neurons, 30 of them independent" in fit.summary()
    assert f"largest multiplier {abs(fit.multipliers[0]):.3g}" in fit.summary()


def test_recorded_rates_of_few_cells_lose_what_they_cannot_span():
    t = 2 * np.pi * np.arange(200) / 200
    rates = np.stack([np.cos(t), np.cos(2 * t), np.sin(3 * t)], axis=1)
    fit = er.learn_movie(rates, 0.05, coding="raw", cycles=1)
    assert fit.weights.rank == 3
    S, target = np.tanh(rates), (np.roll(rates, -1, axis=0) - rates) / 0.05 + rates
    left = target - S @ np.linalg.lstsq(S, target, rcond=None)[0]
    np.testing.assert_allclose(fit.lost, np.linalg.norm(left, axis=1) / np.linalg.norm(target, axis=1), atol=1e-10)
    assert fit.lost.max() > 0.1


def test_repeated_frames_are_named_in_the_summary():
    movie = blob().astype(float)
    movie[20] = movie[5]
    fit = er.learn_movie(movie, cycles=1)
    assert fit.weights.conflicts == ((5, 20),)
    assert "frames 5 and 20 are equal but are followed by different ones" in fit.summary()
    assert fit.lost[5] > 0.3


def test_codings():
    frames, shape = er.read_movie([[[0, 10], [5, 10]], [[10, 0], [0, 0]]], "zero_one")
    assert shape == (2, 2)
    np.testing.assert_array_equal(frames, [[0, 1, 0.5, 1], [1, 0, 0, 0]])
    np.testing.assert_array_equal(er.read_movie([[True, False], [False, True]])[0], [[1, -1], [-1, 1]])


def test_ten_thousand_neurons_take_tens_of_megabytes():
    """The matrix alone would be 800 MB; Python's and NumPy's allocations are counted."""
    movie = blob(60, 100)
    er.learn_movie(blob(8, 6))
    tracemalloc.start()
    fit = er.learn_movie(movie, cycles=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
    assert fit.weights.left.shape == (10_000, fit.weights.rank)
    assert fit.lost.max() < 1e-6


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (np.zeros((5, 3, 3)), ValueError, "read_movie: data must change, got 0 everywhere"),
        (np.zeros(5), ValueError, r"read_movie: data must have the shape \(frames, ...\), got \(5,\)"),
        (np.zeros((0, 4)), ValueError, "read_movie: frames must be at least 2, got 0"),
        ([[0.0, np.nan], [1.0, 2.0]], ValueError, "read_movie: frames must be finite, got nan for neuron 1 in frame 0"),
        ([[1.0, 2.0], [1.0]], TypeError, "read_movie: data must be numbers, all frames of one shape"),
        ([["a", "b"], ["c", "d"]], TypeError, "read_movie: data must be numbers"),
    ],
)
def test_refusals(data, kind, message):
    with pytest.raises(kind, match=message):
        er.learn_movie(data)


def test_an_unknown_coding_is_refused():
    with pytest.raises(ValueError, match="read_movie has no coding 'zeroone'; did you mean 'zero_one'"):
        er.learn_movie(blob(), coding="zeroone")
