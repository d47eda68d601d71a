"""Escape-noise neurons in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.escape_noise.model import EscapeNoise
from spikelearn.models.escape_noise.theory import adapting_rate, driven_rate, rest_rate
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.units import parse_quantity, seconds
from spikelearn.simulation.recording import Recording

__all__ = ["SYSTEM", "EscapeCase"]

_CELL = ("tau", "tau_adapt", "eta_0", "rho_0", "v", "Delta_u", "link")


@dataclass(frozen=True, eq=False)
class EscapeCase:
    """A network of escape-noise neurons in bins of fixed width, which belong to the model.

    Parameters
    ----------
    cell : EscapeNoise
        Every neuron.
    W : ndarray, shape (units, units)
        Weights W[i, j] from unit j to unit i.
    dt : float
        Bin width in seconds.
    """

    cell: EscapeNoise
    W: Floats
    dt: float


def _build(parameters: Mapping[str, Any]) -> EscapeCase:
    given = dict(parameters)
    weights = np.array(given.pop("W", [[0.0]]), dtype=np.float64)
    dt = seconds(given.pop("dt", "1 ms"), "EscapeNoise.dt")
    if dt <= 0:
        raise ValueError(f"EscapeNoise.dt must be positive, got {parameters['dt']}")
    for name in given:
        if name not in _CELL:
            raise ValueError(unknown_name("EscapeNoise", "parameter", name, (*_CELL, "W", "dt")))
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"EscapeNoise.W must be a square matrix (to, from), got shape {weights.shape}")
    values = {name: value if name == "link" else parse_quantity(value) for name, value in given.items()}
    return EscapeCase(EscapeNoise(**values), weights, dt)


def _run(case: EscapeCase, request: RunRequest) -> Recording:
    import xarray as xr

    from spikelearn.models.escape_noise.binning import to_spike_trains
    from spikelearn.models.escape_noise.sampling import sample
    from spikelearn.storage.provenance import provenance_of

    settings = request.settings
    if "duration" not in settings:
        raise ValueError("[run] must have a duration, such as duration = '20 s'")
    duration = seconds(settings["duration"], "[run] duration")
    n_trials, seed = whole_number("[run] trials", settings.get("trials", 1), at_least=1), settings.get("seed")
    n_bins = round(duration / case.dt)
    if n_bins < 1 or abs(n_bins * case.dt - duration) > 1e-6 * case.dt:
        raise ValueError(f"[run] duration must be a whole number of bins of {case.dt} s, got {duration} s")
    engine = request.engine or "array"
    if engine == "array":
        spikes = to_spike_trains(sample(case.cell, case.W, n_trials, n_bins, case.dt, seed=seed), case.dt)
    elif engine == "brian2":
        spikes = to_spike_trains(_in_brian(case, n_trials, n_bins, seed, request), case.dt)
    else:
        raise ValueError(f'EscapeNoise: engine must be "array" or "brian2", got {engine!r}')
    target = "numpy" if request.target == "auto" else request.target
    made = provenance_of(
        case.cell, engine=engine, target=target if engine == "brian2" else None, dt=case.dt, seed=seed,
        weights=case.W.tolist(), n_trials=n_trials, duration=duration,
    )  # fmt: skip
    return Recording(spikes, xr.Dataset(), made)


def _in_brian(case: EscapeCase, n_trials: int, n_bins: int, seed: int | None, request: RunRequest) -> NDArray[np.uint8]:
    """Run all trials side by side as one network of unconnected copies."""
    from brian2 import Network, SpikeMonitor, second

    from spikelearn.brian.session import session

    size = len(case.W)
    with session("numpy" if request.target == "auto" else request.target, seed) as brian:
        group, synapses = case.cell.brian_objects(np.kron(np.eye(n_trials), case.W), case.dt)
        monitor = SpikeMonitor(group)
        brian.run(Network(group, synapses, monitor), n_bins * case.dt * second, progress=request.progress)
        index, step = np.asarray(monitor.i), np.round(np.asarray(monitor.t) / case.dt).astype(int)
    X = np.zeros((n_trials, n_bins, size), dtype=np.uint8)
    X[index // size, step, index % size] = 1
    return X


def _spikes(recording: Recording) -> Any:
    if recording.spikes is None:
        raise ValueError("this quantity needs spike times; this recording has none")
    return recording.spikes


def _settled_rates(case: EscapeCase, recording: Recording) -> Floats:
    """Rate of each unit over all trials, without the first ten time constants of each."""
    trains = _spikes(recording)
    start = trains.t_start + 10 * max(float(case.cell.tau), float(case.cell.tau_adapt))
    if trains.t_stop - start < 0.5 * case.dt:
        raise ValueError(
            f"[run] duration must exceed ten time constants, {start - trains.t_start:.6g} s, for a rate to have "
            f"settled, got {trains.duration:.6g} s"
        )
    found = np.zeros(trains.n_units)
    for trial in range(trains.n_trials):
        for unit in range(trains.n_units):
            found[unit] += np.count_nonzero(trains.train(unit=unit, trial=trial) >= start)
    return np.asarray(found / (trains.n_trials * (trains.t_stop - start)))


def _log_likelihood(case: EscapeCase, recording: Recording) -> float:
    """Nats a bin of the recorded spikes under the model that made them."""
    from spikelearn.models.escape_noise.binning import bin_spikes

    X = bin_spikes(_spikes(recording), case.dt)
    return float(case.cell.log_likelihood(X, case.W, case.dt)) / float(X.shape[0] * X.shape[1])


def _figure(case: EscapeCase, recording: Recording, title: str) -> Any:
    """Raster of the first trial, and the rescaled intervals of the first unit against the standard exponential."""
    from spikelearn.models.escape_noise.binning import bin_spikes
    from spikelearn.models.escape_noise.rescaling import rescaling_test
    from spikelearn.plotting import COLOURS, new_figure, raster

    trains = _spikes(recording)
    page = new_figure(10, 4)
    left, right = page.subplots(1, 2)
    raster(left, trains)
    left.set_xlim(trains.t_start, min(trains.t_stop, trains.t_start + 2.0))
    left.set_xlabel("time (s)")
    left.set_title("First trial, first two seconds", fontsize=10)
    page.suptitle(title, fontsize=11)
    X = bin_spikes(trains, case.dt)
    tested = rescaling_test(X, case.cell.intensities(X, case.W, case.dt))
    for unit, intervals in enumerate(tested.intervals):
        if not len(intervals):
            continue
        values = np.sort(intervals)
        label = f"unit {unit}, KS p = {tested.p_value[unit]:.2f}"
        right.plot(values, 1 - (np.arange(len(values)) + 0.5) / len(values), color=f"C{unit}", label=label)
    line = np.linspace(0, 8, 100)
    right.plot(line, np.exp(-line), "--", color=COLOURS["theory"], label="exp(-x)")
    right.set(yscale="log", ylim=(1e-4, 1.1), xlim=(0, 8), xlabel="rescaled interval", ylabel="share that is longer")
    right.set_title("Time-rescaled intervals under the model", fontsize=10)
    right.legend(frameon=False)
    return page


def _adapting_rate(case: EscapeCase) -> float:
    if case.W.any():
        raise ValueError("adapting_rate holds for neurons without connections: EscapeNoise.W must be zero")
    return adapting_rate(case.cell, case.dt)


def _driven_rate(case: EscapeCase) -> float:
    weights = case.W.copy()
    if weights.shape != (2, 2):
        raise ValueError(f"driven_rate holds for two units: EscapeNoise.W must be 2 x 2, got shape {weights.shape}")
    weights[1, 0] = 0.0
    if weights.any():
        raise ValueError("driven_rate holds for one connection: EscapeNoise.W must be zero but for W[1, 0]")
    return driven_rate(case.cell, float(case.W[1, 0]), case.dt)


def _last_rate(case: EscapeCase, recording: Recording) -> float:
    return float(_settled_rates(case, recording)[-1])


SYSTEM = register(
    System(
        name="EscapeNoise",
        summary="escape-noise neurons with adaptation in discrete time (Rezende & Gerstner)",
        parameters={
            "tau": "10 ms",
            "tau_adapt": "10 ms",
            "eta_0": "0.1",
            "rho_0": "100 Hz",
            "v": "0",
            "Delta_u": "1",
            "link": "exponential",
            "W": "[[0.0]]",
            "dt": "1 ms",
        },
        run_settings=frozenset({"duration", "trials", "seed"}),
        build=_build,
        run=_run,
        quantities={
            "rate": Measure(_last_rate, "Hz", "rate of the last unit, after ten time constants of each trial"),
            "rates": Measure(_settled_rates, "Hz", "rate of every unit, after ten time constants of each trial"),
            "log_likelihood": Measure(_log_likelihood, "1", "nats a bin of the spikes under the model itself"),
        },
        formulas={
            "rest_rate": Measure(lambda case: rest_rate(case.cell, case.dt), "Hz", "(1 - exp(-rho dt))/dt at rest"),
            "adapting_rate": Measure(_adapting_rate, "Hz", "stationary mean of the Markov chain of adaptation, W = 0"),
            "driven_rate": Measure(
                _driven_rate, "Hz", "stationary rate of the second of two units, driven by the first; nothing adapts"
            ),
        },
        figure=_figure,
    )
)
