"""Cells that share part of their drive: a hidden Poisson cell whose filtered spikes raise the rate of every cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html
from spikelearn.parameters.units import si_value
from spikelearn.sources import brian
from spikelearn.sources.drive_moments import (
    DrivenRate,
    Kernel,
    drive_covariance,
    drive_intensity_covariance,
    filtered,
)
from spikelearn.sources.expectation import span_of
from spikelearn.sources.kernels import ExponentialKernel, FiniteKernel
from spikelearn.sources.rates import accept, checked_rate, poisson_points, rate_at, rate_bound
from spikelearn.sources.sampling import collect, read_span
from spikelearn.sources.source import Source
from spikelearn.sources.steps import StepKernel

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["CommonDrive"]

Points = tuple[Floats, NDArray[np.int64]]

_WHERE = "CommonDrive"
# Relative difference between k * drive_rate and rate beyond which they contradict each other.
_CONSISTENT = 1e-6


@dataclass(frozen=True)
class CommonDrive(Source):
    """Poisson cells that share the filtered spikes of a hidden cell.

    The intensity is ``(1 - alpha) rate + alpha (k * s3)``, s3 being the spikes of one hidden Poisson cell.
    The kernel k is causal and positive and turns the drive's rate into the cells' rate, ``k * drive_rate = rate``, so
    that alpha changes the correlation and not the rate. The drive has run for ever: t_start is not special.

    Parameters
    ----------
    rate : Quantity or callable
        Mean rate of every cell, or a function from times in seconds to rates in Hz; an array is a `StepRate`.
    drive_rate : Quantity or callable
        Rate of the hidden cell, also before t_start.
    alpha : float
        Share of the drive in the rate, 0 to 1.
    tau : Quantity
        Time constant of the exponential kernel ``(area/tau) exp(-u/tau)``.
    kernel_area : float, optional
        Its area; ``rate/drive_rate`` where both are constant, to be given where one is a function of time.
    kernel : callable or StepKernel, optional
        Another kernel in place of the exponential: a function from lags in seconds to Hz, which counts from lag 0 to
        `memory`, or an array with its step, `StepKernel`.
    memory : Quantity
        Length of a kernel that is a function.
    shared : bool
        Whether the cells of a trial have the same drive.

    Raises
    ------
    ValueError
        A unit or range is wrong, or kernel, rate and drive_rate contradict each other (for functions of time, when the
        window is known).

    References
    ----------
    002 Q3.3.

    Examples
    --------
    >>> source = CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=0.6, tau="10 ms")
    >>> expected = source.expected_jpsth(bin_size=0.005, window=(0.0, 0.1))
    >>> slow = source.expected_jpsth(bin_size=0.005, window=(0.0, 0.1), limit="slow")
    >>> round(float(slow.corrected[0, 0] / expected.corrected[0, 0]), 4)
    1.1734
    """

    rate: Any = "20 Hz"
    drive_rate: Any = "40 Hz"
    alpha: Any = quantity("0.5", nonnegative=True, doc="share of the drive in the rate, 0 to 1")
    tau: Any = quantity("10 ms", positive=True, doc="time constant of the exponential kernel")
    kernel_area: float | None = None
    kernel: Callable[[Floats], Any] | StepKernel | None = None
    memory: Any = quantity("0 ms", nonnegative=True, doc="length of `kernel`")
    shared: bool = True

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        for name in ("rate", "drive_rate"):
            object.__setattr__(self, name, checked_rate(getattr(self, name), f"{_WHERE}.{name}"))
        validate_parameters(self)
        if self.alpha > 1:
            raise ValueError(f"{_WHERE}.alpha must not exceed 1, got {self.alpha}")
        if self.kernel is not None and not callable(self.kernel):
            raise TypeError(
                f"{_WHERE}.kernel must be a function of lags, or an array as a StepKernel, got {self.kernel!r}"
            )
        own = self.kernel is not None and not isinstance(self.kernel, StepKernel)
        if own and not float(self.memory) > 0:
            raise ValueError(f"{_WHERE}.memory must be positive where a kernel is given, got {self.memory}")
        if self.kernel_area is not None:
            area = si_value(self.kernel_area, "1", f"{_WHERE}.kernel_area")
            if not 0 <= area < np.inf:
                raise ValueError(f"{_WHERE}.kernel_area must be finite and not negative, got {area}")
        constant = not callable(self.rate) and not callable(self.drive_rate)
        if constant:
            if not float(self.drive_rate) > 0:
                raise ValueError(f"{_WHERE}.drive_rate must be positive, got {self.drive_rate}")
            needed = float(self.rate) / float(self.drive_rate)
            area = self._kernel.area
            if abs(area - needed) > _CONSISTENT * max(needed, area):
                raise ValueError(
                    f"{_WHERE}.kernel must have the area rate/drive_rate = {needed:.6g}, "
                    f"so that alpha leaves the rate unchanged, got {area:.6g}"
                )
        elif self.kernel is None and self.kernel_area is None:
            raise ValueError(
                f"{_WHERE}.kernel_area must be given where a rate is a function of time; "
                "CommonDrive.from_drive finds the rate that fits a drive"
            )

    @classmethod
    def from_drive(
        cls,
        drive_rate: Any,
        kernel_area: float | None = None,
        *,
        alpha: float = 0.5,
        tau: Any = "10 ms",
        kernel: Callable[[Floats], Any] | StepKernel | None = None,
        memory: Any = "0 ms",
        shared: bool = True,
    ) -> CommonDrive:
        """Build the source whose rate is the drive's rate through the kernel.

        Parameters
        ----------
        drive_rate : Quantity or callable
            Rate of the hidden cell at all times; an array is a `StepRate`.
        kernel_area : float, optional
            Of the exponential kernel: spikes that one drive spike adds where alpha is 1.
        kernel, memory
            Another kernel, with its own area.
        alpha, tau, shared
            As in the class.

        Raises
        ------
        ValueError
            Both a kernel and the area of the exponential one are given, or neither.

        Examples
        --------
        >>> source = CommonDrive.from_drive(lambda t: 40 + 20 * np.sin(20 * t), 0.5, tau="10 ms")
        >>> round(float(source.expected_rate(0.1)), 3)
        29.544
        """
        drive = checked_rate(drive_rate, f"{_WHERE}.drive_rate")
        if (kernel is None) == (kernel_area is None):
            raise ValueError(
                f"{_WHERE}.from_drive must have either kernel_area or a kernel, got {kernel_area}, {kernel}"
            )
        # The rate is not known before the kernel has been read; a function of time is not checked until it is used.
        found = cls(
            lambda times: times, drive, alpha=alpha, tau=tau, kernel_area=kernel_area, kernel=kernel, memory=memory
        )._kernel
        rate = DrivenRate(found, drive) if callable(drive) else drive * found.area
        return cls(
            rate,
            drive,
            alpha=alpha,
            tau=tau,
            kernel_area=None if kernel_area is None else float(kernel_area),
            kernel=kernel,
            memory=memory,
            shared=shared,
        )

    @property
    def _kernel(self) -> Kernel:
        if isinstance(self.kernel, StepKernel):
            return self.kernel
        if self.kernel is not None:
            return FiniteKernel(self.kernel, float(self.memory), f"{_WHERE}.kernel")
        area = self.kernel_area
        if area is None:
            area = float(self.rate) / float(self.drive_rate)
        return ExponentialKernel(float(area), float(self.tau))

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time; see `Source.sample`.

        Given the drive, each of its spikes adds to every cell a Poisson number of spikes of mean ``alpha * area``, with
        delays distributed as the kernel. Drive spikes before t_start that add nothing after it need not be drawn; the
        others are finite in number, also when the kernel never ends, and are drawn from their exact distribution.
        """
        trials = whole_number(f"{_WHERE}.sample: n_trials", n_trials, at_least=1)
        units = whole_number(f"{_WHERE}.sample: n_units", n_units, at_least=1)
        start, stop = read_span(t_start, t_stop, f"{_WHERE}.sample")
        self.check_consistency(start, stop)
        rng = generator(seed)
        processes, cells = (trials, units) if self.shared else (trials * units, 1)
        parts = [self._independent(rng, start, stop, trials * units)]
        if self.alpha > 0 and self._kernel.area > 0:
            parts += self._driven(rng, start, stop, processes, cells)
        times = np.concatenate([part[0] for part in parts])
        train = np.concatenate([part[1] for part in parts])
        return collect(times, train, trials, units, start, stop)

    def _independent(self, rng: np.random.Generator, start: float, stop: float, n_trains: int) -> Points:
        """Draw the part that the cells do not share.

        Where the rate is a function, it is the drive's rate through the kernel; Poisson points of the drive's rate that
        are each moved by a delay drawn from the kernel are Poisson points of that rate, and need no integral of it.
        """
        share = 1 - self.alpha
        if not callable(self.rate):
            return poisson_points(rng, self.rate, start, stop, n_trains, f"{_WHERE}.rate", factor=share)
        kernel, where = self._kernel, f"{_WHERE}.drive_rate"
        singles = share * kernel.area
        begin = start if isinstance(kernel, ExponentialKernel) else start - kernel.memory
        parents, train = poisson_points(rng, self.drive_rate, begin, stop, n_trains, where, factor=singles)
        times = parents + kernel.delays(rng, len(parents))
        if isinstance(kernel, ExponentialKernel):
            # Of the parents before `start`, those whose point falls after it; their age is exponential too.
            bound = rate_bound(self.drive_rate, start - kernel.reach, start, where)
            late = np.repeat(np.arange(n_trains), rng.poisson(singles * bound * kernel.tau, n_trains))
            keep = accept(rng, self.drive_rate, start - rng.exponential(kernel.tau, len(late)), bound, where)
            train = np.concatenate([train, late[keep]])
            times = np.concatenate([times, start + kernel.delays(rng, int(keep.sum()))])
        inside = (times >= start) & (times < stop)
        return times[inside], train[inside]

    def _driven(self, rng: np.random.Generator, start: float, stop: float, processes: int, cells: int) -> list[Points]:
        kernel = self._kernel
        added = cells * self.alpha * kernel.area
        where = f"{_WHERE}.drive_rate"
        if not isinstance(kernel, ExponentialKernel):
            parents, owner = poisson_points(rng, self.drive_rate, start - kernel.memory, stop, processes, where)
            past: list[Points] = []
        else:
            parents, owner = poisson_points(rng, self.drive_rate, start, stop, processes, where)
            past = [_offspring_of_the_past(rng, self.drive_rate, kernel, start, added, processes)]
        cluster = np.repeat(np.arange(len(parents)), rng.poisson(added, len(parents)))
        present = parents[cluster] + kernel.delays(rng, len(cluster)), owner[cluster]
        result = []
        for times, process in [present, *past]:
            inside = (times >= start) & (times < stop)
            train = process[inside] * cells + rng.integers(cells, size=int(inside.sum()))
            result.append((times[inside], train))
        return result

    def check_window(self, window: Any) -> None:
        """Refuse a window in which `rate` is not the drive's rate through the kernel."""
        self.check_consistency(*span_of(window, _WHERE))

    def check_consistency(self, t_start: float, t_stop: float) -> None:
        """Check on a grid that the kernel turns the drive's rate into the cells' rate.

        Raises
        ------
        ValueError
            It does not; the first such time is named.
        """
        if not callable(self.rate) and not callable(self.drive_rate):
            return
        times = np.linspace(t_start, t_stop, 101)
        wanted = rate_at(self.rate, times, f"{_WHERE}.rate")
        given = filtered(self._kernel, self.drive_rate, times)
        wrong = np.abs(given - wanted) > _CONSISTENT * max(wanted.max(), given.max())
        if wrong.any():
            k = int(wrong.argmax())
            raise ValueError(
                f"{_WHERE}.rate must be the drive's rate through the kernel, which is {given[k]:.6g} Hz "
                f"at {times[k]:.6g} s, got {wanted[k]:.6g} Hz"
            )

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `Source.brian_group`.

        Raises
        ------
        ValueError
            The kernel is not exponential: it would have no equation.
        """
        if not isinstance(self._kernel, ExponentialKernel):
            raise ValueError(f"{_WHERE}.brian_group must have the exponential kernel, got {self.kernel}")
        return brian.drive_group(self, self._kernel.area, n_trials, n_units, dt, duration, t_start, seed)

    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity over bins, shape (bins, bins)."""
        result: Floats = self.alpha**2 * drive_covariance(self._kernel, self.drive_rate, edges)
        return result

    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity at pairs of times, Hz^2."""
        result: Floats = self.alpha**2 * drive_intensity_covariance(self._kernel, self.drive_rate, first, second)
        return result


def _offspring_of_the_past(
    rng: np.random.Generator, drive_rate: Any, kernel: ExponentialKernel, start: float, added: float, processes: int
) -> Points:
    """Draw the spikes after `start` that all drive spikes before it cause through an exponential kernel.

    A drive spike of age u has a Poisson number of such offspring of mean ``added * exp(-u/tau)``; those with at least
    one have the intensity ``drive_rate (1 - exp(-mean))``, which has a finite integral over all ages. They are thinned
    from the intensity ``min(1, mean)``; each then has a zero-truncated Poisson number of offspring, and the
    exponential forgets how old the parent is.
    """
    where = f"{_WHERE}.drive_rate"
    bound = rate_bound(drive_rate, start - kernel.reach, start, where)
    flat = max(0.0, np.log(added))
    mass = kernel.tau * (flat + min(1.0, added))
    owner = np.repeat(np.arange(processes), rng.poisson(bound * mass, processes))
    place = rng.random(len(owner)) * mass
    tail = rng.exponential(kernel.tau, len(owner))
    age = np.where(place < flat * kernel.tau, place, flat * kernel.tau + tail)
    mean = added * np.exp(-age / kernel.tau)
    keep = accept(rng, drive_rate, start - age, bound, where)
    keep &= rng.random(len(owner)) * np.minimum(1.0, mean) < -np.expm1(-mean)
    owner, mean = owner[keep], mean[keep]
    # The first event of a Poisson process of total `mean`, given that there is one; the rest is Poisson again.
    first = -np.log1p(rng.random(len(owner)) * np.expm1(-mean))
    offspring = 1 + rng.poisson(mean - first)
    process = np.repeat(owner, offspring)
    return start + rng.exponential(kernel.tau, len(process)), process
