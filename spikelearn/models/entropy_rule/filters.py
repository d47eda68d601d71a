"""Periodic signals through Fourier transforms: derivative, exponential filters, the STDP operator, finer sampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats

__all__ = ["angular_frequencies", "delta", "derivative", "low_pass", "resample", "stdp_operator"]


def angular_frequencies(n_frames: int, dt: float) -> Floats:
    """Give the angular frequencies of ``numpy.fft.rfft`` for a period of n_frames steps, shape (n_frames//2 + 1,)."""
    return np.asarray(2 * np.pi * np.fft.rfftfreq(n_frames, dt))


def _multiply(x: Floats, factor: NDArray[np.complex128]) -> Floats:
    return np.asarray(np.fft.irfft(np.fft.rfft(x, axis=0) * factor[:, None], len(x), axis=0))


def derivative(x: Floats, dt: float) -> Floats:
    """Differentiate a periodic signal, shape (frames, neurons), sampled every dt: exact below the Nyquist frequency."""
    factor = np.asarray(1j * angular_frequencies(len(x), dt), dtype=np.complex128)
    if len(x) % 2 == 0:
        # The sampled Nyquist wave is at its extremes: its slope is zero there.
        factor[-1] = 0.0
    return _multiply(x, factor)


def low_pass(x: Floats, dt: float, c: float) -> Floats:
    """Convolve a periodic signal with g_c(t) = c exp(-c t) for t > 0, as it stands after all transients.

    References
    ----------
    Galtier & Wainrib, definition of g_c and its Fourier transform.

    Examples
    --------
    >>> t = np.arange(16) / 16
    >>> x = np.cos(2 * np.pi * t)[:, None]
    >>> bool(np.allclose(low_pass(x, 1 / 16, 3.0)[0], 9 / (9 + 4 * np.pi**2)))
    True
    """
    return _multiply(x, np.asarray(c / (c + 1j * angular_frequencies(len(x), dt)), dtype=np.complex128))


def stdp_operator(x: Floats, dt: float, gamma: float) -> Floats:
    """Convolve with Delta_gamma(t) = (gamma/2)(g_gamma(-t) - g_gamma(t)), the operator of the rule's STDP term.

    Its transform is i w gamma^2/(gamma^2 + w^2): a derivative of what is slow beside gamma.

    References
    ----------
    Galtier & Wainrib, below Eq. (15).
    """
    w = angular_frequencies(len(x), dt)
    factor = np.asarray(1j * w * gamma**2 / (gamma**2 + w**2), dtype=np.complex128)
    if len(x) % 2 == 0:
        factor[-1] = 0.0
    return _multiply(x, factor)


def delta(x: Floats, y: Floats, dt: float, gamma: float) -> Floats:
    """Integrate delta[x_i, y_j] = (gamma/2)(x_i (y_j * g_gamma) - (x_i * g_gamma) y_j) over one period.

    Returns
    -------
    ndarray, shape (n, n)
        Equal to the integral of (dx_i/dt * g_gamma)(y_j * g_gamma).
    """
    return np.asarray(
        0.5 * gamma * dt * (x.T @ low_pass(y, dt, gamma) - low_pass(x, dt, gamma).T @ y), dtype=np.float64
    )


def resample(x: Floats, factor: int) -> Floats:
    """Sample the trigonometric polynomial through a period `factor` times as finely; every factor-th value is kept."""
    if factor == 1:
        return x.copy()
    n = len(x)
    spectrum = np.fft.rfft(x, axis=0)
    if n % 2 == 0:
        # The Nyquist wave of the coarse grid is an ordinary one on the fine grid, where it counts twice.
        spectrum[-1] *= 0.5
    return np.asarray(np.fft.irfft(spectrum, n * factor, axis=0) * factor)
