"""The movie that writes the letter A, and primers to complete it from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.seeds import generator

__all__ = ["SIDE", "corner_primer", "letter_movie", "letter_pixels"]

SIDE = 20
# Strokes by their ends (x, y), one pixel wide, y downward.
_STROKES = (((3, 17), (9, 2)), ((10, 2), (16, 17)), ((6, 11), (13, 11)))
_CODINGS = {"plus_minus": -1.0, "zero_one": 0.0}


def letter_pixels() -> Integers:
    """Give the pixels of the letter in the order of drawing, each once, as 20 y + x; shape (40,)."""
    drawn: dict[int, None] = {}
    for (x0, y0), (x1, y1) in _STROKES:
        count = max(abs(x1 - x0), abs(y1 - y0)) + 1
        for share in np.linspace(0.0, 1.0, count):
            x, y = round(x0 + share * (x1 - x0)), round(y0 + share * (y1 - y0))
            drawn.setdefault(SIDE * y + x)
    return np.array(list(drawn), dtype=np.int64)


def letter_movie(coding: str = "plus_minus") -> Floats:
    """Give the movie, one frame a pixel: ink stays; shape (40, 400).

    Parameters
    ----------
    coding : {"plus_minus", "zero_one"}
        Ink is +1; paper is -1, or 0. With 0 replay is linearly unstable: it cannot be held.

    Returns
    -------
    ndarray, shape (40, 400)

    References
    ----------
    004 figure 3; its strokes are not printed, and its coding is not said (erratum G9).

    Examples
    --------
    >>> letter_movie().shape, int((letter_movie()[-1] > 0).sum())
    ((40, 400), 40)
    """
    if coding not in _CODINGS:
        raise ValueError(unknown_name("letter_movie", "coding", str(coding), _CODINGS))
    pixels = letter_pixels()
    frames = np.full((len(pixels), SIDE * SIDE), _CODINGS[coding])
    for k, pixel in enumerate(pixels):
        frames[k:, pixel] = 1.0
    return frames


def corner_primer(noise: float = 0.0, seed: int | np.random.SeedSequence | None = None) -> Floats:
    """Give the bottom-left quarter of the finished letter, 12 pixels of ink, all other pixels paper (-1); shape (400,).

    Parameters
    ----------
    noise : float
        Standard deviation of Gaussian noise that is added to every pixel.
    seed : int or SeedSequence, optional
        Of the noise.

    Returns
    -------
    ndarray, shape (400,)
        +1 for ink, -1 for paper, and the noise.

    Raises
    ------
    ValueError
        The noise is negative or not finite.

    Examples
    --------
    >>> import spikelearn as sl
    >>> primer, letter = sl.entropy_rule.corner_primer(), sl.entropy_rule.letter_movie()[-1]
    >>> primer.shape, int((primer > 0).sum()), int((letter > 0).sum())  # pixels of ink: of the corner, of the letter
    ((400,), 12, 40)
    """
    if not 0.0 <= noise < np.inf:
        raise ValueError(f"corner_primer: noise must not be negative and be finite, got {noise}")
    y, x = np.divmod(np.arange(SIDE * SIDE), SIDE)
    kept: NDArray[np.bool_] = (y >= 10) & (x < 10) & (letter_movie()[-1] > 0)
    primer = np.where(kept, 1.0, -1.0)
    numbers = generator(seed)
    if noise:
        primer += numbers.normal(0.0, noise, primer.shape)
    return np.asarray(primer, dtype=np.float64)
