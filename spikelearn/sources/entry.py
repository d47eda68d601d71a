"""Spike sources in the catalogue: what their joint histograms measure, and what they should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.units import seconds
from spikelearn.simulation.recording import Recording
from spikelearn.sources.brian import trials_of
from spikelearn.sources.common_drive import CommonDrive
from spikelearn.sources.gain import GainModulatedPoisson
from spikelearn.sources.poisson import InhomogeneousPoisson

__all__ = ["SourceExperiment", "source_system"]


RUN_SETTINGS = frozenset({"n_trials", "seed", "dt"})
EXPERIMENT = {"duration": "0.2 s", "bin_size": "10 ms"}
# Correlations are compared from the diagonal up to this lag.
_LAGS = 5


@dataclass(frozen=True)
class SourceExperiment:
    """Two cells of a source, the window in which they are watched, and the bins of their joint histogram.

    Parameters
    ----------
    source : spike source
        From `spikelearn.sources`.
    duration, bin_size : Quantity
        Length of a trial, which begins at 0, and width of the bins, which divides it.
    """

    source: Any
    duration: Any = quantity("0.2 s", positive=True, doc="length of a trial")
    bin_size: Any = quantity("10 ms", positive=True, doc="width of the bins of the joint histogram")

    def __post_init__(self) -> None:
        validate_parameters(self)

    def expected(self, **options: Any) -> Any:
        """Give the expected joint histogram of the experiment."""
        return self.source.expected_jpsth(float(self.bin_size), (0.0, float(self.duration)), **options)

    def measured(self, recording: Recording) -> Any:
        """Give the joint histogram of the first two cells of a recording, its covariance unbiased.

        Raises
        ------
        ValueError
            The recording holds no spikes.
        """
        from spikelearn.analyses.joint_psth import jpsth

        if recording.spikes is None:
            raise ValueError("a joint histogram needs spike times; record='counts' keeps none")
        return jpsth(recording.spikes, (0, 1), float(self.bin_size), unbiased=True)


def _diagonals(matrix: Floats) -> Floats:
    """Average both diagonals at each lag, from 0 bins on; undefined entries are left out."""
    lags = min(_LAGS, len(matrix))
    return np.array([np.nanmean([*np.diag(matrix, lag), *np.diag(matrix, -lag)]) for lag in range(lags)])


def _summaries() -> dict[str, tuple[Callable[[Any], Any], str, str]]:
    """Give the numbers that are taken of a joint histogram, measured or expected."""
    return {
        "raw_same_bin": (
            lambda data: float(np.diag(data["raw"].values).mean()),
            "1",
            "mean of the raw histogram on its diagonal",
        ),
        "raw_everywhere": (lambda data: float(data["raw"].values.mean()), "1", "mean of the raw histogram"),
        "covariance_by_lag": (
            lambda data: _diagonals(data["corrected"].values),
            "1",
            f"mean covariance of counts 0 to {_LAGS - 1} bins apart",
        ),
        "correlation_by_lag": (
            lambda data: _diagonals(data["normalized"].values),
            "1",
            f"mean correlation of counts 0 to {_LAGS - 1} bins apart",
        ),
        "covariance_everywhere": (
            lambda data: float(np.nanmean(data["corrected"].values)),
            "1",
            "mean covariance of counts over all pairs of bins",
        ),
    }


def _mean_rate(experiment: SourceExperiment, recording: Recording) -> float:
    return float(np.asarray(recording.counts).mean() / float(experiment.duration))


def _fano_factor(_experiment: SourceExperiment, recording: Recording) -> float:
    counts = np.asarray(recording.counts, dtype=np.float64)
    return float(np.mean(counts.var(axis=0, ddof=1) / counts.mean(axis=0)))


def _measures() -> tuple[dict[str, Measure], dict[str, Measure]]:
    quantities = {
        "mean_rate": Measure(_mean_rate, "Hz", "spikes per cell and second"),
        "fano_factor": Measure(_fano_factor, "1", "variance over mean of the spike count of a trial"),
    }
    formulas = {
        "mean_rate": Measure(
            lambda experiment: float(experiment.expected()["psth_1"].sum() / float(experiment.duration)),
            "Hz",
            "time average of the rate",
        ),
        "fano_factor": Measure(
            lambda experiment: experiment.source.fano_factor(float(experiment.duration)),
            "1",
            "1 + variance over mean of the integrated intensity",
        ),
    }
    for name, (summary, unit, doc) in _summaries().items():
        quantities[name] = Measure(_of_measured(summary), unit, doc)
        formulas[name] = Measure(_of_expected(summary, None), unit, f"{doc}, exact within the bins")
        formulas[f"{name}_slow"] = Measure(_of_expected(summary, "slow"), unit, f"{doc}, rates constant within a bin")
    return quantities, formulas


def _of_measured(summary: Callable[[Any], Any]) -> Callable[[SourceExperiment, Recording], Any]:
    return lambda experiment, recording: summary(experiment.measured(recording))


def _of_expected(summary: Callable[[Any], Any], limit: str | None) -> Callable[[SourceExperiment], Any]:
    return lambda experiment: summary(experiment.expected(limit=limit))


def run_source(experiment: SourceExperiment, request: RunRequest) -> Recording:
    """Sample the source exactly, or run it as a Brian2 group with ``engine="brian2"``.

    Raises
    ------
    ValueError
        A setting or the engine is unknown.
    """
    import xarray as xr

    from spikelearn.storage.provenance import provenance_of

    n_trials, seed = int(request.settings.get("n_trials", 1000)), int(request.settings.get("seed", 0))
    duration = float(experiment.duration)
    engine = request.engine or "exact"
    settings: dict[str, Any] = {"engine": engine, "n_trials": n_trials, "seed": seed}
    if engine == "exact":
        trains = experiment.source.sample(n_trials, 0.0, duration, seed)
    elif engine == "brian2":
        from brian2 import Network, SpikeMonitor
        from brian2.units import second

        from spikelearn.brian.session import session

        dt = seconds(request.settings.get("dt", "0.1 ms"), "[run] dt")
        target = "numpy" if request.target == "auto" else request.target
        settings |= {"dt": dt, "target": target}
        with session(target, seed) as brian:
            groups = experiment.source.brian_group(n_trials, dt, duration=duration, seed=seed)
            monitor = SpikeMonitor(groups[0])
            brian.run(Network(*groups, monitor), duration * second, progress=request.progress)
            trains = trials_of(monitor, 2, t_stop=duration)
    else:
        raise ValueError(f"a source must run on the engine 'exact' or 'brian2', got {engine!r}")
    return Recording(trains, xr.Dataset(), provenance_of(experiment, **settings))


def source_figure(experiment: SourceExperiment, recording: Recording, title: str) -> Any:
    """Draw the joint histogram with its expectation."""
    from spikelearn.analyses.jpsth_figure import jpsth_figure

    return jpsth_figure(experiment.measured(recording), expected=experiment.expected(), title=title)


def source_system(
    name: str, summary: str, parameters: Mapping[str, str], build: Callable[[Mapping[str, Any]], Any]
) -> System:
    """Describe a source to the catalogue.

    Parameters
    ----------
    name, summary, parameters
        As in `System`, without duration and bin_size.
    build : callable
        From the source's own parameters to the source.
    """

    def build_experiment(given: Mapping[str, Any]) -> SourceExperiment:
        own = {key: value for key, value in given.items() if key not in EXPERIMENT}
        return SourceExperiment(build(own), **{key: given[key] for key in EXPERIMENT if key in given})

    quantities, formulas = _measures()
    return System(
        name=name,
        summary=summary,
        parameters={**parameters, **EXPERIMENT},
        run_settings=RUN_SETTINGS,
        build=build_experiment,
        run=run_source,
        quantities=quantities,
        formulas=formulas,
        figure=source_figure,
    )


def modulated_rate(given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Take rate, depth and frequency from the parameters: a constant rate unless the depth is positive."""
    from spikelearn.sources.rates import SinusoidalRate

    rest = dict(given)
    rate, depth, frequency = rest.pop("rate", "20 Hz"), rest.pop("depth", 0), rest.pop("frequency", "4 Hz")
    if not float(depth):
        return rate, rest
    return SinusoidalRate(mean=rate, depth=depth, frequency=frequency), rest


def _common_drive(given: Mapping[str, Any]) -> CommonDrive:
    return CommonDrive(**given)


def _gain_modulated(given: Mapping[str, Any]) -> GainModulatedPoisson:
    rate, rest = modulated_rate(given)
    return GainModulatedPoisson(rate=rate, **rest)


def _inhomogeneous(given: Mapping[str, Any]) -> InhomogeneousPoisson:
    rate, _ = modulated_rate(given)
    return InhomogeneousPoisson(rate=rate)


register(
    source_system(
        "CommonDrive",
        "Poisson cells that share the filtered spikes of a hidden cell",
        {"rate": "20 Hz", "drive_rate": "40 Hz", "alpha": "0.5", "tau": "10 ms"},
        _common_drive,
    )
)
register(
    source_system(
        "GainModulatedPoisson",
        "Poisson cells whose rates share one random gain a trial",
        {"rate": "20 Hz", "depth": "0", "frequency": "4 Hz", "gamma": "0.5", "distribution": "gamma"},
        _gain_modulated,
    )
)
register(
    source_system(
        "InhomogeneousPoisson",
        "independent Poisson cells, constant or sinusoidal rate",
        {"rate": "20 Hz", "depth": "0", "frequency": "4 Hz"},
        _inhomogeneous,
    )
)
