"""Second moments of an intensity that is Poisson spikes through a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.sources.kernels import ExponentialKernel, FiniteKernel
from spikelearn.sources.quadrature import bin_integrals, converged, panel_nodes
from spikelearn.sources.rates import rate_at

__all__ = ["drive_covariance", "drive_intensity_covariance", "filtered"]

Kernel = ExponentialKernel | FiniteKernel

_WHERE = "CommonDrive.drive_rate"
_CHUNK = 4096  # times at once: bounds the memory of the quadrature


def filtered(kernel: Kernel, drive_rate: Any, times: Floats) -> Floats:
    """Give the mean of the filtered drive, ``int k(u) drive_rate(t - u) du``, at any times."""
    if not callable(drive_rate):
        return np.full(times.shape, kernel.area * float(drive_rate))
    shape, points = times.shape, times.ravel()
    pieces = np.linspace(0.0, kernel.reach, 21)
    if len(points) > _CHUNK:
        parts = [filtered(kernel, drive_rate, points[k : k + _CHUNK]) for k in range(0, len(points), _CHUNK)]
        return np.concatenate(parts).reshape(shape)

    def compute(panels: int) -> Floats:
        nodes, weights = panel_nodes(pieces, panels)
        lags, mass = nodes.ravel(), weights.ravel() * kernel(nodes.ravel())
        values = rate_at(drive_rate, (points[:, None] - lags).ravel(), _WHERE)
        result: Floats = values.reshape(len(points), len(lags)) @ mass
        return result

    return converged(compute, _WHERE).reshape(shape)


def drive_covariance(kernel: Kernel, drive_rate: Any, edges: Floats) -> Floats:
    """Integrate ``drive_rate(s) K_m(s) K_n(s)`` over all s for every pair of equal bins (002 Q3.3).

    For an exponential kernel and a constant rate, with ``x = width/tau`` and ``c0 = drive_rate area^2/(2 tau)``:
    ``c0 width^2 2 (x - 1 + exp(-x))/x^2`` in one bin and ``c0 width^2 exp(-d x) 4 sinh(x/2)^2/x^2`` for bins d apart.
    """
    n = len(edges) - 1
    if isinstance(kernel, ExponentialKernel) and not callable(drive_rate):
        x = float(edges[1] - edges[0]) / kernel.tau
        c0 = float(drive_rate) * kernel.area**2 * kernel.tau / 2
        apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        # exp(-d x) 4 sinh(x/2)^2 written so that wide bins do not overflow; x - 1 + exp(-x) so that narrow ones keep
        # their digits.
        between = np.exp(-(np.maximum(apart, 1) - 1) * x) * np.expm1(-x) ** 2
        closed: Floats = c0 * np.where(apart == 0, 2 * _one_bin(x), between)
        return closed

    def compute(panels: int) -> Floats:
        early = max(1, int(np.ceil(kernel.reach / kernel.scale)))
        before = np.linspace(edges[0] - kernel.reach, edges[0], early + 1)
        nodes, weights = panel_nodes(np.concatenate([before, edges[1:]]), panels)
        times, mass = nodes.ravel(), weights.ravel()
        reached = kernel.between(edges[:-1, None] - times, edges[1:, None] - times)
        product: Floats = (reached * (mass * rate_at(drive_rate, times, _WHERE))) @ reached.T
        return product

    width = float(edges[1] - edges[0])
    return converged(compute, _WHERE, first=max(1, int(np.ceil(width / (2 * kernel.scale)))))


def drive_intensity_covariance(kernel: Kernel, drive_rate: Any, first: Floats, second: Floats) -> Floats:
    """Integrate ``k(t - s) k(t' - s) drive_rate(s)`` over all s, for times t and t' that broadcast."""
    t, later = np.broadcast_arrays(np.minimum(first, second), np.maximum(first, second))
    if isinstance(kernel, ExponentialKernel):
        squared = ExponentialKernel(kernel.area**2 / (2 * kernel.tau), kernel.tau / 2)
        points, place = np.unique(t, return_inverse=True)
        held = filtered(squared, drive_rate, points)[place].reshape(t.shape)
        faded: Floats = held * np.exp(-(later - t) / kernel.tau)
        return faded
    lag = later - t
    result = np.zeros(t.shape)
    for index in np.ndindex(t.shape):
        begin, gap = float(t[index]), float(lag[index])
        if gap < kernel.memory:
            pieces = np.linspace(0.0, kernel.memory - gap, 9)
            result[index] = bin_integrals(_overlap(kernel, drive_rate, begin, gap), pieces, 1e-9).sum()
    return result


def _overlap(kernel: FiniteKernel, drive_rate: Any, time: float, lag: float) -> Callable[[Floats], Floats]:
    def product(ages: Floats) -> Floats:
        return kernel(ages) * kernel(ages + lag) * rate_at(drive_rate, time - ages, _WHERE)

    return product


def _one_bin(x: float) -> float:
    """Give ``x - 1 + exp(-x)`` without cancellation for small x."""
    if x > 0.1:
        return float(x - 1 + np.exp(-x))
    term, total, k = x * x / 2, 0.0, 2
    while abs(term) > 1e-18 * x * x:
        total += term
        k += 1
        term *= -x / k
    return total
