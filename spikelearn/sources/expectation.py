"""From the moments of a source's intensity to the dataset that `spikelearn.analyses.jpsth` should find."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.units import seconds, si_value
from spikelearn.sources.quadrature import bin_integrals, converged, panel_nodes
from spikelearn.sources.rates import mean_counts, rate_at
from spikelearn.sources.sampling import read_span

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["autocovariance_array", "expected_dataset", "fano", "modulated_covariance", "span_of", "window_edges"]


def span_of(window: Any, where: str) -> tuple[float, float]:
    """Read a window: a pair of times, or a duration from time 0.

    Raises
    ------
    ValueError
        It is not a pair of times in order.
    """
    try:
        first, last = (0.0, window) if isinstance(window, str) else window
    except TypeError:
        first, last = 0.0, window
    except ValueError as error:
        raise ValueError(f"{where}: window must be a pair of times (start, stop), got {window!r}") from error
    return read_span(first, last, where)


def window_edges(bin_size: Any, window: Any, where: str) -> tuple[Floats, float]:
    """Give the bin edges ``start + k * bin_size`` of a window, and the width of a bin, in seconds.

    Raises
    ------
    ValueError
        The bin size does not divide the window.
    """
    from spikelearn.spikes.binning import bin_edges, count_bins

    width = seconds(bin_size, f"{where}: bin_size")
    start, stop = span_of(window, where)
    return bin_edges(start, width, count_bins(start, stop, width, f"{where}: bin_size")), width


def expected_dataset(
    rate: Any,
    bin_size: Any,
    window: Any,
    *,
    count_covariance: Callable[[Floats], Floats],
    intensity_covariance: Callable[[Floats, Floats], Floats],
    shared: bool,
    limit: str | None,
    n_trials: int | None,
    half_width: Any,
    where: str,
) -> xr.Dataset:
    """Build the expected JPSTH of two cells whose intensities have a known covariance.

    For cells that are Poisson given their intensities, ``E J_mn = Lam_m Lam_n + C_mn`` and ``Var n_m = Lam_m + C_mm``,
    C being the covariance of the intensities' integrals over the bins (between the cells it is zero unless `shared`).

    Parameters
    ----------
    rate : Quantity or callable
        Mean rate of either cell.
    bin_size, window
        As in `spikelearn.analyses.jpsth`.
    count_covariance : callable
        From bin edges to C, exact.
    intensity_covariance : callable
        From two arrays of times to the covariance of the intensity, for the slow limit.
    shared : bool
        Whether both cells have the same intensity.
    limit : None or "slow"
        "slow" takes everything as constant within a bin, at the bin's centre.
    n_trials : int or None
        With K trials the plug-in covariogram has the expectation ``(1 - 1/K) C``.
    half_width
        Of the coincidence histogram.
    where : str
        For error messages.

    Raises
    ------
    ValueError
        An unknown limit, or a bin size that does not divide the window.
    """
    from spikelearn.analyses.jpsth_dataset import JointMoments, jpsth_dataset

    edges, width = window_edges(bin_size, window, where)
    if limit is None:
        counts, covariance = mean_counts(rate, edges, f"{where}.rate"), count_covariance(edges)
    elif limit == "slow":
        centers = (edges[:-1] + edges[1:]) / 2
        counts = width * rate_at(rate, centers, f"{where}.rate")
        covariance = width**2 * intensity_covariance(centers[:, None], centers[None, :])
    else:
        raise ValueError(f"{where}: limit must be None (exact within the bins) or 'slow', got {limit!r}")
    share = 1.0 if n_trials is None else 1 / whole_number(f"{where}: n_trials", n_trials, at_least=1)
    cross = covariance if shared else np.zeros_like(covariance)
    product = np.outer(counts, counts)
    corrected = (1 - share) * cross if n_trials is not None else cross
    deviation = np.sqrt(counts + np.diag(covariance))
    scale = np.outer(deviation, deviation)
    normalized = np.divide(corrected, scale, out=np.full_like(corrected, np.nan), where=scale > 0)
    raw = product + cross
    moments = JointMoments(raw, raw - corrected, corrected, normalized, counts, counts)
    result = jpsth_dataset(moments, float(edges[0]), width, half_width=half_width)
    result.attrs.update(source=where, limit=limit or "none", n_trials=n_trials or 0, kind="expected")
    return result


def modulated_covariance(
    rate: Any, correlation: Callable[[Floats], Floats], edges: Floats, tau: float, where: str
) -> Floats:
    """Integrate ``rho(t) rho(t') c(|t - t'|)`` over every pair of bins.

    Parameters
    ----------
    rate : Quantity or callable
        rho.
    correlation : callable
        c of non-negative lags in seconds: smooth for positive lags, with a corner at zero.
    edges : ndarray, shape (n_bins + 1,)
        Equal bins.
    tau : float
        Scale of c in seconds; sets how finely the quadrature begins.
    where : str
        For error messages.

    Returns
    -------
    ndarray, shape (n_bins, n_bins)
    """
    n, width = len(edges) - 1, float(edges[1] - edges[0])
    if not callable(rate):
        lags = np.arange(n + 1, dtype=np.float64) * width
        area = bin_integrals(correlation, lags)
        moment = bin_integrals(lambda u: u * correlation(u), lags) - lags[:-1] * area
        by_lag = width * area - moment
        by_lag[0] *= 2
        by_lag[1:] += moment[:-1]
        constant: Floats = float(rate) ** 2 * by_lag[np.abs(np.subtract.outer(np.arange(n), np.arange(n)))]
        return constant

    def compute(panels: int) -> Floats:
        nodes, weights = panel_nodes(edges, panels)
        mass = weights * rate_at(rate, nodes, where)
        result = np.empty((n, n))
        for m in range(n):
            distance = np.abs(nodes[m][:, None, None] - nodes[None])
            result[m] = np.einsum("a,anb,nb->n", mass[m], correlation(distance), mass)
            # The corner of c at zero lag lies in the diagonal bins: integrate over t' > t and double.
            for_each = [panel_nodes(np.array([t, edges[m + 1]]), panels) for t in nodes[m]]
            later = np.concatenate([pair[0] for pair in for_each])
            inner = np.concatenate([pair[1] for pair in for_each]) * rate_at(rate, later, where)
            result[m, m] = 2 * mass[m] @ np.sum(inner * correlation(later - nodes[m][:, None]), axis=1)
        return result

    return converged(compute, where, rtol=1e-8, first=max(1, int(np.ceil(width / (4 * tau)))))


def fano(rate: Any, count_covariance: Callable[[Floats], Floats], window: Any, where: str) -> float:
    """Give the Fano factor ``1 + Var(int lambda) / int rho`` of the spike count in a window.

    Raises
    ------
    ValueError
        No spikes are expected in the window, so that the ratio is undefined.
    """
    edges = np.array(span_of(window, f"{where}.fano_factor"))
    mean = float(mean_counts(rate, edges, f"{where}.rate")[0])
    if mean <= 0:
        raise ValueError(f"{where}.fano_factor: the window must hold expected spikes, got {mean} in {window}")
    return 1 + float(count_covariance(edges)[0, 0]) / mean


def autocovariance_array(
    rate: Any, intensity_covariance: Callable[[Floats, Floats], Floats], lags: Any, time: Any, where: str
) -> xr.DataArray:
    """Give the covariance density of one spike train between `time` and ``time + lag``, without the delta at lag 0."""
    import xarray as xr

    given = si_value(lags, "1 second", "lags") if hasattr(lags, "dim") or isinstance(lags, str) else lags
    delays = np.atleast_1d(np.asarray(given, dtype=np.float64))
    origin = seconds(time, f"{where}.autocovariance: time")
    values = np.broadcast_to(intensity_covariance(np.array(origin), origin + delays), delays.shape)
    return xr.DataArray(
        values.copy(),
        dims="lag",
        coords={"lag": ("lag", delays, {"units": "s"})},
        name="autocovariance",
        attrs={
            "units": "Hz**2",
            "delta_at_zero_lag": float(rate_at(rate, np.array(origin), f"{where}.rate")),
            "long_name": "covariance density of the spike train without its delta at zero lag",
        },
    )
