"""Second moments of an intensity that is Poisson spikes through a kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.sources.kernels import ExponentialKernel, FiniteKernel
from spikelearn.sources.quadrature import bin_integrals, converged, panel_nodes
from spikelearn.sources.rates import rate_at
from spikelearn.sources.steps import StepKernel, StepRate

__all__ = ["DrivenRate", "Kernel", "drive_covariance", "drive_intensity_covariance", "filtered"]

Kernel = ExponentialKernel | FiniteKernel | StepKernel

_WHERE = "CommonDrive.drive_rate"
_CHUNK = 4096  # times at once: bounds the memory of the quadrature
_SAME = 1e-9  # of a bin: breaks that lie closer are one


@dataclass(frozen=True, eq=False)
class DrivenRate:
    """The drive's rate through the kernel, as a function of time whose integrals over bins are known.

    Parameters
    ----------
    kernel : kernel
        From the drive to the cells.
    drive_rate : Quantity or callable
        Rate of the drive.
    """

    kernel: Kernel
    drive_rate: Any

    def __call__(self, times: ArrayLike) -> Floats:
        """Give the rate in Hz at times in seconds."""
        return filtered(self.kernel, self.drive_rate, np.asarray(times, dtype=np.float64))

    def integral(self, edges: Floats) -> Floats:
        """Integrate over bins, ``int drive_rate(s) K_m(s) ds``, shape (bins,)."""

        def compute(panels: int) -> Floats:
            times, mass = _nodes(self.kernel, self.drive_rate, edges, panels)
            reached = self.kernel.between(edges[:-1, None] - times, edges[1:, None] - times)
            counts: Floats = reached @ (mass * rate_at(self.drive_rate, times, _WHERE))
            return counts

        return converged(compute, _WHERE, first=_first_panels(self.kernel, edges))


def filtered(kernel: Kernel, drive_rate: Any, times: Floats) -> Floats:
    """Give the mean of the filtered drive, ``int k(u) drive_rate(t - u) du``, at any times."""
    if not callable(drive_rate):
        return np.full(times.shape, kernel.area * float(drive_rate))
    shape, points = times.shape, times.ravel()
    if isinstance(drive_rate, StepRate):
        return _filtered_steps(kernel, drive_rate, points).reshape(shape)
    pieces = np.unique(np.concatenate([np.linspace(0.0, kernel.reach, 21), kernel.breaks]))
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
    """Integrate ``drive_rate(s) K_m(s) K_n(s)`` over all s for every pair of equal bins.

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
        times, mass = _nodes(kernel, drive_rate, edges, panels)
        reached = kernel.between(edges[:-1, None] - times, edges[1:, None] - times)
        product: Floats = (reached * (mass * rate_at(drive_rate, times, _WHERE))) @ reached.T
        return product

    return converged(compute, _WHERE, first=_first_panels(kernel, edges))


def _nodes(kernel: Kernel, drive_rate: Any, edges: Floats, panels: int) -> tuple[Floats, Floats]:
    """Give nodes and weights over all times that reach the bins, cut wherever the integrand may have a kink or jump."""
    begin, end = edges[0] - kernel.reach, edges[-1]
    early = max(1, int(np.ceil(kernel.reach / kernel.scale)))
    cuts = np.concatenate(
        [
            np.linspace(begin, edges[0], early + 1),
            edges,
            (edges[:, None] - kernel.breaks).ravel(),
            getattr(drive_rate, "breaks", np.empty(0)),
        ]
    )
    cuts = np.sort(cuts[(cuts >= begin) & (cuts <= end)])
    cuts = cuts[np.concatenate([[True], np.diff(cuts) > _SAME * (edges[1] - edges[0])])]
    nodes, weights = panel_nodes(cuts, panels)
    return nodes.ravel(), weights.ravel()


def _first_panels(kernel: Kernel, edges: Floats) -> int:
    return max(1, int(np.ceil(float(edges[1] - edges[0]) / (2 * kernel.scale))))


def _filtered_steps(kernel: Kernel, drive_rate: StepRate, points: Floats) -> Floats:
    """Sum the steps of a drive, each through the kernel's integral; the outer steps last for ever."""
    inner = drive_rate.breaks[1:-1]
    begins, ends = np.concatenate([[-np.inf], inner]), np.concatenate([inner, [np.inf]])
    parts = [np.empty(0)]
    for k in range(0, len(points), _CHUNK):
        times = points[k : k + _CHUNK, None]
        parts.append(kernel.between(times - ends, times - begins) @ drive_rate.values)
    return np.concatenate(parts)


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


def _overlap(kernel: FiniteKernel | StepKernel, drive_rate: Any, time: float, lag: float) -> Callable[[Floats], Floats]:
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
