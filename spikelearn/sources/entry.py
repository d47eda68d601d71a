"""Spike sources in the catalogue: what their joint histograms measure, and what they should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.tables import simulate_request
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.series import read_value
from spikelearn.simulation.recording import Recording
from spikelearn.sources.common_drive import CommonDrive
from spikelearn.sources.cox import GammaModulatedPoisson, OUModulatedPoisson
from spikelearn.sources.figure import ln_figure
from spikelearn.sources.gain import GainModulatedPoisson
from spikelearn.sources.linear_nonlinear import LinearNonlinear
from spikelearn.sources.ln_measures import TriggeredCase, coefficients, measured, unit_rates, variances, weight
from spikelearn.sources.poisson import InhomogeneousPoisson
from spikelearn.sources.rates import SinusoidalRate

__all__ = ["SourceExperiment"]


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

        return jpsth(recording.spike_trains(), (0, 1), float(self.bin_size), unbiased=True)


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
        "rate": Measure(_mean_rate, "Hz", "spikes per cell and second"),
        "fano_factor": Measure(_fano_factor, "1", "variance over mean of the spike count of a trial"),
    }
    formulas = {
        "rate": Measure(
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
    """Run the source for the length of the experiment's trials, 1000 of them and seed 0 unless said otherwise."""
    described = {"n_trials": 1000, "seed": 0, **request.settings, "duration": float(experiment.duration)}
    return simulate_request(
        experiment.source, RunRequest(described, {}, request.engine, request.target, request.progress)
    )


def source_figure(experiment: SourceExperiment, recording: Recording, title: str) -> Any:
    """Draw the joint histogram with its expectation."""
    from spikelearn.analyses.covariogram import covariogram_band
    from spikelearn.analyses.jpsth_figure import jpsth_figure
    from spikelearn.plotting import engine_line

    band = covariogram_band(recording.spike_trains(), (0, 1), float(experiment.bin_size))
    whole = "\n".join(filter(None, [title, engine_line(recording.provenance)]))
    return jpsth_figure(experiment.measured(recording), expected=experiment.expected(), band=band, title=whole)


def _register(
    model: type, *, example: Mapping[str, str], build: Callable[[Mapping[str, Any]], Any] | None = None
) -> None:
    """Describe a source to the catalogue; `build` makes it from its own parameters."""

    def build_experiment(given: Mapping[str, Any]) -> SourceExperiment:
        own = {key: value for key, value in given.items() if key not in EXPERIMENT}
        source = model(**own) if build is None else build(own)
        return SourceExperiment(source, **{key: given[key] for key in EXPERIMENT if key in given})

    quantities, formulas = _measures()
    register(
        System(
            name=model.__name__,
            model=model,
            build=build_experiment,
            run=run_source,
            quantities=quantities,
            formulas=formulas,
            figure=source_figure,
            more_parameters={**example, **EXPERIMENT},
            run_settings=frozenset({"n_trials", "seed", "dt"}),
            example_run={"n_trials": 4000, "seed": 1},
            agreement={"rate": 0.05},
        )
    )


def _modulated(model: type) -> Callable[[Mapping[str, Any]], Any]:
    """Make a source whose rate swings where depth is positive, and is constant otherwise."""

    def build(given: Mapping[str, Any]) -> Any:
        rest = dict(given)
        rate, depth, frequency = rest.pop("rate", "20 Hz"), rest.pop("depth", 0), rest.pop("frequency", "4 Hz")
        swings = float(read_value(depth, f"{model.__name__}.depth")) != 0
        return model(rate=SinusoidalRate(mean=rate, depth=depth, frequency=frequency) if swings else rate, **rest)

    return build


_SWING = {"depth": "0", "frequency": "4 Hz"}
_register(CommonDrive, example={"alpha": "0.5"})
_register(GainModulatedPoisson, example=_SWING, build=_modulated(GainModulatedPoisson))
_register(InhomogeneousPoisson, example=_SWING, build=_modulated(InhomogeneousPoisson))
_register(OUModulatedPoisson, example=_SWING, build=_modulated(OUModulatedPoisson))
_register(GammaModulatedPoisson, example=_SWING, build=_modulated(GammaModulatedPoisson))


def _build_cells(given: Mapping[str, Any]) -> TriggeredCase:
    rest = dict(given)
    return TriggeredCase(max_lag=rest.pop("max_lag", 0), cells=LinearNonlinear(**rest))


def _run_cells(case: TriggeredCase, request: RunRequest) -> Recording:
    described = {"n_trials": 1000, "duration": "0.5 s", "seed": 0, **request.settings, "record": "stimulus"}
    return simulate_request(case.cells, RunRequest(described, {}, request.engine, request.target, request.progress))


def _triggered_measures() -> tuple[dict[str, Measure], dict[str, Measure]]:
    """Give what triggering finds, for each kind of weights: linear in the moments, so that it has no bias."""
    quantities = {
        "unit_rates": Measure(unit_rates, "Hz", "rate of every unit, where its filters are covered"),
        "joint_weight": Measure(weight, "1", "pairs in a frame, by their later spike"),
    }
    formulas = {
        "unit_rates": Measure(lambda case: case.cells.expected_rate(), "Hz", "E[F], by quadrature"),
        "joint_weight": Measure(lambda case: case.expected("joint").moments.total, "1", "E[w], by quadrature"),
    }
    for weights in ("single", "summed", "joint"):
        for name, summary, part, doc in (
            ("average", coefficients, 0, "S^-1 times the average, as a sum of filters"),
            ("variance", variances, 1, "triggered over prior variance along each filter"),
        ):
            key = f"{weights}_{name}"
            quantities[key] = Measure(_triggered(summary, part, weights), "1", f"{doc}, {weights} weights")
            formulas[key] = Measure(_predicted(summary, name, weights), "1", f"{doc}, {weights} weights, by quadrature")
    return quantities, formulas


def _triggered(summary: Callable[..., Any], part: int, weights: str) -> Callable[[TriggeredCase, Recording], Any]:
    return lambda case, recording: summary(case, measured(case, recording, weights)[part])


def _predicted(summary: Callable[..., Any], name: str, weights: str) -> Callable[[TriggeredCase], Any]:
    what = "average" if name == "average" else "covariance"
    return lambda case: summary(case, getattr(case.expected(weights), what))


_TRIGGERED, _EXPECTED = _triggered_measures()
register(
    System(
        name="LinearNonlinear",
        model=LinearNonlinear,
        build=_build_cells,
        run=_run_cells,
        quantities=_TRIGGERED,
        formulas=_EXPECTED,
        figure=ln_figure,
        more_parameters={"max_lag": "0"},
        run_settings=frozenset({"n_trials", "duration", "seed"}),
        example_run={"n_trials": 500, "duration": "0.2 s", "seed": 1},
    )
)
