"""The joint histograms of many pairs of units in one go."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.analyses.joint_psth import bin_units
from spikelearn.analyses.jpsth_dataset import band_bins, lag_sums, near_diagonal
from spikelearn.analyses.jpsth_moments import NORMALIZATIONS, PREDICTORS, as_factors, check_choice, joint_moments
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.parameters.names import unknown_name
from spikelearn.progress import progress_bar
from spikelearn.spikes.binning import bin_centers
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["jpsth_pairs"]

_MATRICES = ("raw", "predictor", "corrected", "normalized")


def jpsth_pairs(
    trains: SpikeTrains,
    pairs: Iterable[tuple[int, int]] | None = None,
    bin_size: Any = 0.01,
    window: Any = None,
    predictor: str = "psth",
    normalization: str = "population",
    *,
    unbiased: bool = False,
    half_width: Any = 0.0,
    keep: Sequence[str] = ("corrected", "normalized"),
    dtype: Any = np.float32,
    progress: bool = False,
) -> xr.Dataset:
    """Compute the JPSTH of every pair of units, or of the pairs given.

    Parameters
    ----------
    trains, bin_size, window, predictor, normalization, unbiased, half_width
        As in `jpsth`.
    pairs : iterable of pairs of int, optional
        All pairs ``i < j`` unless given.
    keep : sequence of {"raw", "predictor", "corrected", "normalized"}
        The matrices to keep; each takes n_pairs x n_bins x n_bins numbers. May be empty.
    dtype : dtype
        Of the matrices that are kept. They are computed in double precision.
    progress : bool
        Whether to show a progress bar when it takes longer than two seconds.

    Returns
    -------
    xarray.Dataset
        The matrices over (pair, time_1, time_2), ``psth`` over (unit, time), ``coincidence`` over (pair, time) and
        ``covariogram`` over (pair, lag), the last three always; the coordinates ``unit_1`` and ``unit_2`` say which
        pair it is, by ids.

    Raises
    ------
    ValueError
        As in `jpsth`; every unit that occurs must have spikes.

    Examples
    --------
    >>> from spikelearn.sources import GainModulatedPoisson
    >>> trains = GainModulatedPoisson(rate="40 Hz", gamma=0.5).sample(200, seed=0, n_units=4)
    >>> result = jpsth_pairs(trains, bin_size=0.1)
    >>> result.sizes["pair"], result.unit_2.values
    (6, array([1, 2, 3, 2, 3, 3]))
    """
    check_choice("predictor", predictor, PREDICTORS)
    check_choice("normalization", normalization, NORMALIZATIONS)
    for name in keep:
        if name not in _MATRICES:
            raise ValueError(unknown_name("jpsth_pairs", "matrix", str(name), _MATRICES))
    check_trains(trains, "jpsth_pairs")
    chosen = _read_pairs(pairs, trains.n_units)
    units = sorted({unit for pair in chosen for unit in pair})
    binned = bin_units(trains, units, bin_size, window, "jpsth_pairs")
    half_bins = band_bins(half_width, binned.width)
    place = {unit: k for k, unit in enumerate(units)}
    per_unit = as_factors(binned.counts)
    n = binned.counts.shape[2]
    kept = {name: np.empty((len(chosen), n, n), dtype=dtype) for name in keep}
    coincidence, covariogram = np.empty((len(chosen), n)), np.empty((len(chosen), 2 * n - 1))
    psth = np.empty((len(units), n))
    for k, (i, j) in enumerate(progress_bar(chosen, shown=progress, desc="JPSTH", unit="pair")):
        moments = joint_moments(
            per_unit[place[i]],
            per_unit[place[j]],
            observed=binned.observed,
            predictor=predictor,
            normalization=normalization,
            unbiased=unbiased,
        )
        for name, array in kept.items():
            array[k] = getattr(moments, name)
        coincidence[k] = near_diagonal(moments.corrected, half_bins)
        covariogram[k] = lag_sums(moments.corrected)
        psth[place[i]], psth[place[j]] = moments.psth_1, moments.psth_2
    names = id_labels(trains.unit_ids)
    by_id = [(names[i], names[j]) for i, j in chosen]
    return _label(kept, psth, coincidence, covariogram, by_id, names[units], binned.t_start, binned.width).assign_attrs(
        n_trials=trains.n_trials,
        predictor_kind=predictor,
        normalization=normalization,
        unbiased=int(unbiased),
        half_width=half_bins * binned.width,
    )


def _read_pairs(pairs: Iterable[tuple[int, int]] | None, n_units: int) -> list[tuple[int, int]]:
    if pairs is None:
        chosen = list(itertools.combinations(range(n_units), 2))
        if not chosen:
            raise ValueError(f"jpsth_pairs must have at least two units, got {n_units}")
        return chosen
    chosen = [read_pair(pair, n_units, f"jpsth_pairs: pair {k}") for k, pair in enumerate(pairs)]
    if not chosen:
        raise ValueError("jpsth_pairs: pairs must hold at least one pair, got none")
    return chosen


def _label(
    kept: dict[str, Any],
    psth: Any,
    coincidence: Any,
    covariogram: Any,
    pairs: list[tuple[Any, Any]],
    units: Any,
    t_start: float,
    width: float,
) -> xr.Dataset:
    import xarray as xr

    n = psth.shape[1]
    centers, unit = bin_centers(t_start, width, n), {"units": "s"}
    return xr.Dataset(
        {
            **{name: (("pair", "time_1", "time_2"), array) for name, array in kept.items()},
            "psth": (("unit", "time"), psth, {"long_name": "spikes per bin"}),
            "coincidence": (("pair", "time"), coincidence),
            "covariogram": (("pair", "lag"), covariogram),
        },
        coords={
            "unit": ("unit", units),
            "unit_1": ("pair", [pair[0] for pair in pairs]),
            "unit_2": ("pair", [pair[1] for pair in pairs]),
            "time_1": ("time_1", centers, unit),
            "time_2": ("time_2", centers, unit),
            "time": ("time", centers, unit),
            "lag": ("lag", np.arange(1 - n, n) * width, unit),
        },
        attrs={"bin_size": width, "t_start": t_start, "t_stop": t_start + n * width},
    )
