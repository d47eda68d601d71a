"""The letter A: replay, completion, noise, and why ink on zero cannot be held."""

import numpy as np
import pytest

from spikelearn.models import entropy_rule as er

FRAMES = er.letter_movie()
FACTORS = er.minimiser(FRAMES, 0.1, 1.0, factored=True)


def test_forty_independent_frames():
    assert FRAMES.shape == (40, 400)
    assert (FACTORS.rank, FACTORS.n_frames) == (40, 40)
    assert np.linalg.matrix_rank(FACTORS.dense()) == 40
    np.testing.assert_array_equal((FRAMES > 0).sum(axis=1), np.arange(1, 41))


def test_replay_over_three_cycles():
    path = er.replay(FACTORS, FRAMES[0], 120, 0.1, 1.0)
    assert er.cycle_errors(path, FRAMES).max() < 1e-11
    dense = er.replay(FACTORS.dense(), FRAMES[0], 120, 0.1, 1.0)
    np.testing.assert_allclose(dense, path, atol=1e-10)


def test_the_multipliers_are_those_of_a_disturbance():
    found = er.floquet(FACTORS, FRAMES, 0.1, 1.0)
    assert abs(found[0]) == pytest.approx(0.15949833, rel=1e-6)
    # All 400 of the matrix: the 360 that factors leave out are (1 - l dt)^T.
    dense = er.floquet(FACTORS.dense(), FRAMES, 0.1, 1.0)
    np.testing.assert_allclose(np.abs(dense[:3]), np.abs(found[:3]), rtol=1e-8)
    assert np.sum(np.abs(np.abs(dense) - 0.9**40) < 1e-8) >= 360
    # An independent way: a small disturbance after many cycles.
    push = 1e-6 * np.random.default_rng(0).normal(size=400)
    path = er.replay(FACTORS, FRAMES[0] + push, 40 * 7, 0.1, 1.0)
    size = [np.linalg.norm(path[40 * k] - FRAMES[0]) for k in (5, 6)]
    assert size[1] / size[0] == pytest.approx(abs(found[0]), rel=0.02)


def test_the_corner_completes_the_letter():
    """Spec: rms to the nearest frame after 20, 40, 80, 120 and 160 steps."""
    primer = er.corner_primer()
    assert (primer > 0).sum() == 12
    path = er.replay(FACTORS, primer, 160, 0.1, 1.0)
    _, rms = er.nearest_frame(path, FRAMES)
    np.testing.assert_allclose(rms[[20, 40, 80, 120, 160]], [0.095, 0.037, 0.0056, 5.0e-4, 6.4e-5], rtol=0.02)
    to_finished = np.sqrt(np.mean((path - FRAMES[-1]) ** 2, axis=1))
    assert np.flatnonzero(to_finished < 0.05)[0] == 44


@pytest.mark.parametrize("noise", [0.1, 0.3, 0.5, 1.0])
def test_noisy_corners_complete_the_letter(noise):
    """Twenty seeds a level, 0 to 19: all on the cycle after eight cycles."""
    for seed in range(20):
        path = er.replay(FACTORS, er.corner_primer(noise, seed), 320, 0.1, 1.0)
        assert er.nearest_frame(path[-1:], FRAMES)[1][0] < 0.01


def test_ink_on_zero_leaves_the_movie_as_its_multiplier_says():
    frames = er.letter_movie("zero_one")
    factors = er.minimiser(frames, 0.1, 1.0, factored=True)
    assert factors.residual.max() < 1e-10
    multiplier = abs(er.floquet(factors, frames, 0.1, 1.0)[0])
    assert multiplier == pytest.approx(2.26e4, rel=0.01)
    errors = er.cycle_errors(er.replay(factors, frames[0], 120, 0.1, 1.0), frames)
    # Rounding grows by about the multiplier a cycle, and is lost in the third.
    assert errors[0] < 1e-6
    assert 1e2 < errors[1] / errors[0] < 1e6
    assert errors[2] > 0.5


def test_the_rows_of_the_primer_and_refusals():
    np.testing.assert_array_equal(er.corner_primer(0.0, 3), er.corner_primer())
    with pytest.raises(ValueError, match="letter_movie has no coding 'plusminus'; did you mean 'plus_minus'"):
        er.letter_movie("plusminus")
    with pytest.raises(ValueError, match="corner_primer: noise must not be negative and be finite, got -1"):
        er.corner_primer(-1)
