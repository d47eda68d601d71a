"""The sources as Brian2 groups, to drive networks on every target.

Each function returns a tuple of groups to put into a Network: first the cells, neuron ``trial * n_units + unit``, then,
where the cells share something, the group that holds it, one neuron a trial. A cell fires in a step with the
probability rate x dt, so that the statistics are those of the source in the limit of small steps; a rate that is a
function of time is averaged over every step. What is drawn at the begin (gains, initial states from their stationary
distribution) comes from ``seed``; the spikes come from Brian2's random numbers.

Examples
--------
>>> from brian2 import Network, SpikeMonitor, ms
>>> from spikelearn.brian.session import session
>>> from spikelearn.sources import CommonDrive
>>> with session("numpy", seed=1) as brian:
...     cells, drive = CommonDrive(rate="20 Hz", drive_rate="40 Hz").brian_group(50, dt=0.2 * ms)
...     monitor = SpikeMonitor(cells)
...     brian.run(Network(cells, drive, monitor), 100 * ms)
...     trains = trials_of(monitor, n_units=2, t_stop=0.1)
>>> trains.n_trials, trains.n_units
(50, 2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.units import seconds
from spikelearn.sources.rates import mean_counts, poisson_points, rate_bound
from spikelearn.sources.sampling import collect, read_span
from spikelearn.spikes.binning import rounding

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["drive_group", "gain_group", "gamma_group", "ou_group", "poisson_group", "trials_of"]

# A step in which two spikes of a cell are likely, or in which the modulation changes much, is no small step.
_LARGEST_PROBABILITY = 0.1
_LARGEST_STEP = 0.1


def trials_of(monitor: Any, n_units: int, *, t_start: float = 0.0, t_stop: float) -> SpikeTrains:
    """Sort the spikes of a group's monitor into trials and units; times count from `t_start`.

    A run may be longer than the window: spikes at `t_stop` or later belong to no trial and are left out.

    Parameters
    ----------
    monitor : brian2.SpikeMonitor
        Of cells made by ``brian_group``.
    n_units : int
        Cells a trial.
    t_start, t_stop : float or Quantity
        The window of the trials in seconds; Brian's time 0 is t_start.

    Raises
    ------
    ValueError
        The window is empty, or longer than the run.
    """
    start, stop = read_span(t_start, t_stop, "trials_of")
    reached = start + float(np.asarray(monitor.clock.t_[:]).reshape(()))
    if stop > reached + float(rounding(start, stop)):
        raise ValueError(f"trials_of: t_stop must not lie after the end of the run at {reached} s, got {stop} s")
    train = np.asarray(monitor.i[:], dtype=np.int64)
    times = np.asarray(monitor.t[:], dtype=np.float64) + start
    # A time that is a whole number of steps may be rounded to just below the end, where no step of the window lies.
    inside = times < stop - float(rounding(start, stop))
    return collect(times[inside], train[inside], len(monitor.source) // n_units, n_units, start, stop)


def poisson_group(
    rate: Any, n_trials: int, n_units: int, dt: Any, duration: Any, t_start: Any, seed: int, where: str
) -> tuple[Any, ...]:
    """Build independent Poisson cells; the seed is only looked at, since Brian2 draws while it runs."""
    generator(seed)
    expression, names, step = _rate_names(rate, dt, duration, t_start, where)
    cells = _cells("", f"rand() < ({expression})*dt", names, n_trials, n_units, step, where)
    return (cells,)


def gain_group(
    source: Any, n_trials: int, n_units: int, dt: Any, duration: Any, t_start: Any, seed: int
) -> tuple[Any, ...]:
    """Build cells whose rate is scaled by one gain a trial, drawn here; a longer run is a longer trial."""
    from spikelearn.sources.gain import draw_gains

    where = "GainModulatedPoisson"
    expression, names, step = _rate_names(source.rate, dt, duration, t_start, where)
    cells = _cells("gain : 1 (constant)", f"rand() < gain*({expression})*dt", names, n_trials, n_units, step, where)
    rng = generator(seed)
    gains = draw_gains(rng, source.gamma, source.distribution, n_trials if source.shared else len(cells))
    cells.gain = np.repeat(gains, n_units) if source.shared else gains
    return (cells,)


def ou_group(
    source: Any, n_trials: int, n_units: int, dt: Any, duration: Any, t_start: Any, seed: int
) -> tuple[Any, ...]:
    """Build cells under the probit of an Ornstein-Uhlenbeck process, which every step draws from its exact transition.

    ``Phi(sigma x)`` is the probability that a standard normal number lies below ``sigma x``; drawing that number
    spares the targets an error function that they do not share.
    """
    where = "OUModulatedPoisson"
    expression, names, step = _rate_names(source.rate, dt, duration, t_start, where, factor=2.0)
    _check_step(step, source.tau, where)
    decay = np.exp(-float(step) / float(source.tau))
    modulator = _modulator("x : 1", source, n_trials, n_units, step, {"decay": decay, "spread": np.sqrt(1 - decay**2)})
    modulator.run_regularly("x = decay*x + spread*randn()", dt=step)
    modulator.x = generator(seed).standard_normal(len(modulator))
    names["sigma"] = source.sigma
    threshold = f"(rand() < 2*({expression})*dt) and (randn() < sigma*x)"
    cells = _cells("x : 1 (linked)", threshold, names, n_trials, n_units, step, where)
    _link(cells, modulator, "x", n_units, source.shared)
    return cells, modulator


def gamma_group(
    source: Any, n_trials: int, n_units: int, dt: Any, duration: Any, t_start: Any, seed: int
) -> tuple[Any, ...]:
    """Build cells whose gain decays, and jumps at random times by exponentially distributed amounts."""
    where = "GammaModulatedPoisson"
    expression, names, step = _rate_names(source.rate, dt, duration, t_start, where)
    _check_step(step, source.tau, where)
    variance = source.gamma**2
    jump_rate = 1 / (variance * source.tau)
    _check_probability(float(jump_rate) * float(step), f"{where}.brian_group: jumps of the gain")
    modulator = _modulator(
        "dgain/dt = -gain/tau : 1",
        source,
        n_trials,
        n_units,
        step,
        {"tau": source.tau, "jump_rate": jump_rate, "size": variance * _grid_gain(step, source.tau)},
        threshold="rand() < jump_rate*dt",
        reset="gain += -size*log(1 - rand())",
    )
    # Brian2 decays before it looks at the threshold: the first step is to see the stationary value.
    before = np.exp(float(step / source.tau))
    modulator.gain = generator(seed).gamma(1 / variance, variance, len(modulator)) * before
    threshold = f"rand() < gain*({expression})*dt"
    cells = _cells("gain : 1 (linked)", threshold, names, n_trials, n_units, step, where)
    _link(cells, modulator, "gain", n_units, source.shared)
    return cells, modulator


def drive_group(
    source: Any, area: float, n_trials: int, n_units: int, dt: Any, duration: Any, t_start: Any, seed: int
) -> tuple[Any, ...]:
    """Build cells and the hidden cells that drive them; a hidden cell holds its own spikes through the kernel.

    The drive's past before t_start is drawn over 40 time constants, where the kernel has fallen to rounding error.
    """
    from brian2.units import hertz

    where = "CommonDrive"
    expression, names, step = _rate_names(source.rate, dt, duration, t_start, where)
    drive_expression, drive_names, _ = _rate_names(source.drive_rate, dt, duration, t_start, where)
    _check_step(step, source.tau, where)
    tau, start = float(source.tau), seconds(t_start, f"{where}.brian_group: t_start")
    drive = _modulator(
        "dy/dt = -y/tau : Hz",
        source,
        n_trials,
        n_units,
        step,
        {**drive_names, "tau": source.tau, "height": area / source.tau * _grid_gain(step, source.tau)},
        threshold=f"rand() < ({drive_expression})*dt",
        reset="y += height",
    )
    rng = generator(seed)
    times, owner = poisson_points(rng, source.drive_rate, start - 40 * tau, start, len(drive), f"{where}.drive_rate")
    held = np.bincount(owner, np.exp((times - start) / tau), minlength=len(drive)) * area / tau
    drive.y = held * np.exp(float(step) / tau) * hertz
    names["alpha"] = source.alpha
    threshold = f"rand() < ((1 - alpha)*({expression}) + alpha*y)*dt"
    cells = _cells("y : Hz (linked)", threshold, names, n_trials, n_units, step, where)
    _link(cells, drive, "y", n_units, source.shared)
    return cells, drive


def _rate_names(
    rate: Any, dt: Any, duration: Any, t_start: Any, where: str, factor: float = 1.0
) -> tuple[str, dict[str, Any], Any]:
    """Give the expression of a rate in Brian's equations, the names it uses, and the step as a quantity."""
    from brian2.units import hertz, second

    step = seconds(dt, f"{where}.brian_group: dt")
    if step <= 0:
        raise ValueError(f"{where}.brian_group: dt must be positive, got {dt}")
    if not callable(rate):
        _check_probability(factor * float(rate) * step, f"{where}.brian_group: spikes")
        return "rate", {"rate": rate}, step * second
    if duration is None:
        raise ValueError(f"{where}.brian_group: duration must be given where the rate is a function of time")
    from brian2 import TimedArray

    start = seconds(t_start, f"{where}.brian_group: t_start")
    length = seconds(duration, f"{where}.brian_group: duration")
    n = int(np.ceil(length / step - 1e-9))
    edges = start + np.arange(n + 1, dtype=np.float64) * step
    _check_probability(factor * rate_bound(rate, start, start + length, f"{where}.rate") * step, f"{where}.brian_group")
    values = mean_counts(rate, edges, f"{where}.rate") / step
    return "rate_at(t)", {"rate_at": TimedArray(values * hertz, dt=step * second)}, step * second


def _cells(
    model: str, threshold: str, names: dict[str, Any], n_trials: int, n_units: int, step: Any, where: str
) -> Any:
    from brian2 import NeuronGroup

    trials = whole_number(f"{where}.brian_group: n_trials", n_trials, at_least=1)
    units = whole_number(f"{where}.brian_group: n_units", n_units, at_least=1)
    return NeuronGroup(trials * units, model, threshold=threshold, reset="", namespace=names, dt=step, method="exact")


def _modulator(
    model: str, source: Any, n_trials: int, n_units: int, step: Any, names: dict[str, Any], **spiking: str
) -> Any:
    from brian2 import NeuronGroup

    size = n_trials if source.shared else n_trials * n_units
    return NeuronGroup(size, model, namespace=names, dt=step, method="exact", **spiking)


def _link(cells: Any, modulator: Any, name: str, n_units: int, shared: bool) -> None:
    from brian2 import linked_var

    index: NDArray[np.int64] = np.arange(len(cells)) // (n_units if shared else 1)
    setattr(cells, name, linked_var(modulator, name, index=index))


def _grid_gain(step: Any, tau: Any) -> float:
    """Give what makes a jump that is first seen one step later, and decays by whole steps, keep its area."""
    x = float(step) / float(tau)
    return float(np.expm1(x) / x)


def _check_probability(probability: float, what: str) -> None:
    if probability > _LARGEST_PROBABILITY:
        raise ValueError(
            f"{what} must have a probability of at most {_LARGEST_PROBABILITY} in a step, got {probability:.3g}; "
            "make dt smaller"
        )


def _check_step(step: Any, tau: Any, where: str) -> None:
    if float(step) > _LARGEST_STEP * float(tau) * (1 + 1e-9):
        raise ValueError(
            f"{where}.brian_group: dt must be at most {_LARGEST_STEP} tau = {_LARGEST_STEP * tau}, got {step}"
        )
