"""A point-process GLM: weights, adaptation and threshold fitted to recorded spikes, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise.binning import bin_spikes, bin_width
from spikelearn.models.escape_noise.likelihood import traces
from spikelearn.models.escape_noise.links import get_link, likelihood_code
from spikelearn.models.escape_noise.model import EscapeNoise
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import Ids, unnamed
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GLMFit", "fit"]

_MOST_STEPS = 100


@dataclass(frozen=True, eq=False)
class GLMFit:
    """Fitted parameters of every unit with their standard errors.

    Parameters
    ----------
    cell : EscapeNoise
        Time constants, scale and link that were held fixed.
    W, W_se : ndarray, shape (units, units)
        Weights W[i, j] from unit j to unit i.
    eta, eta_se : ndarray, shape (units,)
        Strength of each unit's adaptation; the error is 0 where it was held fixed.
    v, v_se : ndarray, shape (units,)
        Threshold of each unit; rho_0 exp(-v/Delta_u) is the intensity at rest (exponential link).
    log_likelihood : float
        At the fit, without the penalty.
    dt : float
        Bin width in seconds.
    n_bins : int
        Bins of all trials together that were observed from end to end.
    likelihood : str
        Probability of a bin.
    unit_ids : tuple
        Names of the units.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import EscapeNoise, fit, sample, to_spike_trains
    >>> cell = EscapeNoise(rho_0="30 Hz", eta_0=0.0)
    >>> X = sample(cell, [[0.0, 0.0], [2.0, 0.0]], 1, 5000, "1 ms", seed=0)
    >>> found = fit(to_spike_trains(X, "1 ms"), cell, "1 ms")
    >>> found.W.shape, bool(abs(found.W[1, 0] - 2.0) < 4 * found.W_se[1, 0])
    ((2, 2), True)
    """

    cell: EscapeNoise
    W: Floats
    W_se: Floats
    eta: Floats
    eta_se: Floats
    v: Floats
    v_se: Floats
    log_likelihood: float
    dt: float
    n_bins: int
    likelihood: str
    unit_ids: Ids = ()

    def summary(self) -> pd.DataFrame:
        """Give one row a parameter: unit and name (by ids), value, standard error and their ratio z."""
        import pandas as pd

        rows: list[tuple[int | str, str, float, float]] = []
        ids = self.unit_ids or unnamed(len(self.W))
        for i, name in enumerate(ids):
            rows += [(name, f"W[{name}, {ids[j]}]", self.W[i, j], self.W_se[i, j]) for j in range(len(self.W))]
            rows += [(name, "eta_0", self.eta[i], self.eta_se[i]), (name, "v", self.v[i], self.v_se[i])]
        table = pd.DataFrame(rows, columns=["unit", "parameter", "value", "standard_error"])
        table["z"] = table["value"] / table["standard_error"].where(table["standard_error"] > 0)
        return table

    def intensities(self, trains: SpikeTrains) -> Floats:
        """Give r = rho dt of every bin under the fit, shape (trials, bins, units); NaN where it was not observed."""
        X, seen = self._binned(trains)
        u = self._potentials(X)
        r = float(self.cell.rho_0) * self.dt * get_link(self.cell.link).shape(u / self.cell.Delta_u)
        return np.asarray(np.where(seen[:, :, None], r, np.nan))

    def evaluate(self, trains: SpikeTrains) -> float:
        """Give the log-likelihood of other spikes under the fit, summed over units, trials and observed bins.

        Raises
        ------
        ValueError
            The units differ from those that were fitted, or the bins do not fit the window.
        """
        X, seen = self._binned(trains)
        u, kind = self._potentials(X)[seen], likelihood_code(self.likelihood)
        return sum(_slopes(self.cell, u[:, i], X[seen][:, i], self.dt, kind)[0] for i in range(X.shape[2]))

    def _binned(self, trains: SpikeTrains) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        X, seen = _binned(trains, self.dt, self.likelihood)
        if X.shape[2] != len(self.W):
            raise ValueError(f"GLMFit: trains must have the {len(self.W)} units of the fit, got {X.shape[2]}")
        return X, seen

    def _potentials(self, X: NDArray[np.uint8]) -> Floats:
        phi, a = _filtered(self.cell, X, self.dt)
        return np.asarray(phi @ self.W.T - self.eta * a - self.v)


def fit(
    trains: SpikeTrains,
    cell: EscapeNoise,
    dt: Any,
    *,
    likelihood: str = "bernoulli",
    fit_adaptation: bool = True,
    fit_threshold: bool = True,
    fit_self: bool = False,
    ridge: float = 0.0,
) -> GLMFit:
    """Fit the weights between recorded units, and each unit's adaptation and threshold, by maximum likelihood.

    With the exponential link the log-likelihood is concave, so that the maximum is the only one. Fisher scoring climbs
    it; standard errors are square roots of the diagonal of the inverse information at the maximum, summed over bins
    along the recorded path. They hold for much data, and describe a penalised fit without its bias where `ridge` is not
    zero.

    Parameters
    ----------
    trains : SpikeTrains
        Any recording; every trial starts with traces at zero. Bins that a trial did not observe from end to end do
        not enter the likelihood, while spikes in a bin that it observed in part do act on later ones.
    cell : EscapeNoise
        tau, tau_adapt, rho_0, Delta_u and link, which are held fixed.
    dt : float or Quantity
        Bin width in seconds; it must divide the window.
    likelihood : {"bernoulli", "poisson", "linear"}
        Probability of a bin.
    fit_adaptation, fit_threshold : bool
        Whether eta_0 and v are fitted for each unit or taken from `cell`.
    fit_self : bool
        Whether weights W[i, i] are fitted too, beside adaptation; they are zero unless asked for.
    ridge : float
        Penalty ridge/2 times the sum of squared weights and of the squared difference of eta_0 from that of `cell`.
        The threshold of a unit that spikes in no bin or in all of them, which is infinite otherwise, is drawn to that
        of `cell` in the same way; other thresholds are free.

    Returns
    -------
    GLMFit

    Raises
    ------
    ValueError
        The likelihood has no maximum: a unit never spikes, or its spikes can be predicted perfectly, or two units spike
        together, for which `ridge` helps; or a unit fires faster than its link allows.
    TypeError
        `trains` is not a SpikeTrains.

    References
    ----------
    Document 001 Eq. (1), corrected (errata R1, R2, R4 to R7); its zero is the maximum.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from spikelearn.models.escape_noise import sample, to_spike_trains
    >>> cell = EscapeNoise(rho_0=30 * Hz, eta_0=0.0)
    >>> X = sample(cell, [[0.0, 0.0], [2.0, 0.0]], 1, 20000, 1 * ms, seed=0)
    >>> found = fit(to_spike_trains(X, 1 * ms), cell, 1 * ms)
    >>> bool(abs(found.W[1, 0] - 2.0) < 3 * found.W_se[1, 0])
    True
    """
    width, kind = bin_width(dt), likelihood_code(likelihood)
    if not (np.isfinite(ridge) and ridge >= 0):
        raise ValueError(f"fit: ridge must not be negative, got {ridge}")
    if fit_self and fit_adaptation and float(cell.tau) == float(cell.tau_adapt):
        raise ValueError("fit: fit_self and fit_adaptation must not both be set where tau equals tau_adapt")
    X, seen = _binned(trains, width, likelihood)
    n_units = X.shape[2]
    if not X.size or not seen.any():
        raise ValueError(f"fit: trains must have at least one trial, observed bin and unit, got the shape {X.shape}")
    counts = X[seen].sum(axis=0)
    if ridge == 0 and not counts.all():
        raise ValueError(
            f"fit: every unit must have a spike, unit {int(np.argmin(counts))} has none; drop it or use ridge="
        )
    phi, a = (trace[seen] for trace in _filtered(cell, X, width))
    W, W_se = np.zeros((n_units, n_units)), np.zeros((n_units, n_units))
    eta, eta_se = np.full(n_units, float(cell.eta_0)), np.zeros(n_units)
    v, v_se = np.full(n_units, float(cell.v)), np.zeros(n_units)
    total = 0.0
    for i in range(n_units):
        others = np.arange(n_units) if fit_self else np.delete(np.arange(n_units), i)
        columns = [phi[:, others]]
        if fit_adaptation:
            columns.append(-a[:, i, None])
        if fit_threshold:
            columns.append(np.full((len(phi), 1), -1.0))
        design = np.hstack(columns)
        fixed = np.zeros(len(phi))
        if not fit_adaptation:
            fixed -= float(cell.eta_0) * a[:, i]
        if not fit_threshold:
            fixed -= float(cell.v)
        start = np.zeros(design.shape[1])
        if fit_threshold:
            # The threshold that gives the observed rate at rest (exponential link); any start would do.
            rate = max(float(counts[i]), 0.5) / (len(phi) * width)
            start[-1] = float(cell.Delta_u) * np.log(float(cell.rho_0) / rate)
        penalty, centre = np.full(design.shape[1], float(ridge)), np.zeros(design.shape[1])
        if fit_adaptation:
            centre[len(others)] = float(cell.eta_0)
        if fit_threshold:
            centre[-1] = float(cell.v)
            penalty[-1] = ridge if counts[i] in (0, len(phi)) else 0.0
        problem = _Problem(cell, design, fixed, X[seen][:, i], penalty, centre, width, kind, i)
        found, error, value = _climb(problem, start)
        W[i, others], W_se[i, others] = found[: len(others)], error[: len(others)]
        rest = list(zip(found[len(others) :], error[len(others) :], strict=True))
        if fit_adaptation:
            eta[i], eta_se[i] = rest.pop(0)
        if fit_threshold:
            v[i], v_se[i] = rest.pop(0)
        total += value
    return GLMFit(cell, W, W_se, eta, eta_se, v, v_se, total, width, len(phi), likelihood, trains.unit_ids)


def _binned(trains: Any, width: float, likelihood: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Give the bins and which of them each trial observed from end to end, shape (trials, bins)."""
    if not isinstance(trains, SpikeTrains) and not hasattr(trains, "spikes"):
        raise TypeError(
            f"fit: trains must be SpikeTrains, got {type(trains).__name__}; to_spike_trains makes them of an array"
        )
    check_trains(trains, "fit")
    X = bin_spikes(trains, width, counts=likelihood == "poisson", unobserved="zero")
    if not X.size or trains.fully_observed:
        return X, np.ones(X.shape[:2], dtype=bool)
    return X, trains.observed_bins(width)


def _filtered(cell: EscapeNoise, X: NDArray[np.uint8], width: float) -> tuple[Floats, Floats]:
    return (
        traces(X, float(np.exp(-width / float(cell.tau)))),
        traces(X, float(np.exp(-width / float(cell.tau_adapt)))),
    )


def _slopes(
    cell: EscapeNoise, u: Floats, x: NDArray[np.uint8], width: float, kind: int
) -> tuple[float, Floats, Floats]:
    """Give the log-likelihood, and each bin's slope and Fisher information in u, counted from threshold."""
    link = get_link(cell.link)
    z = u / float(cell.Delta_u)
    r = float(cell.rho_0) * width * link.shape(z)
    slope = link.log_slope(z) / float(cell.Delta_u)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == 1:
            return float((x * np.where(x > 0, np.log(r), 0.0) - r).sum()), slope * (x - r), slope**2 * r
        if kind == 2:
            if not (r < 1).all():
                return -np.inf, slope, slope
            value = np.where(x > 0, np.log(r), np.log1p(-r)).sum()
            return float(value), slope * (x - r) / (1 - r), slope**2 * r / (1 - r)
        p = -np.expm1(-r)
        ratio = np.where(p > 0, r / p, 1.0)
        value = np.where(x > 0, np.log(p), -r).sum()
        return float(value), slope * ratio * (x - p), slope**2 * ratio * r * np.exp(-r)


@dataclass(frozen=True, eq=False)
class _Problem:
    """One unit's regression: u = fixed + design theta, less penalty/2 (theta - centre)^2."""

    cell: EscapeNoise
    design: Floats
    fixed: Floats
    x: NDArray[np.uint8]
    penalty: Floats
    centre: Floats
    width: float
    kind: int
    unit: int

    def slopes(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Give log-likelihood, slopes and information, as `_slopes`."""
        return _slopes(self.cell, self.fixed + self.design @ theta, self.x, self.width, self.kind)

    def cost(self, theta: Floats) -> float:
        """Give the penalty."""
        return 0.5 * float(self.penalty @ (theta - self.centre) ** 2)

    def hint(self) -> str:
        """Say why there may be no maximum, and what helps."""
        begin = f"fit: the likelihood of unit {self.unit} must have a maximum; none was found"
        rate, largest = float(self.x.mean()) / self.width, float(self.cell.rho_0)
        if self.cell.link == "sigmoid" and rate >= -np.expm1(-largest * self.width) / self.width:
            return f"{begin}: it fires at {rate:.6g} Hz, faster than the sigmoid with rho_0 = {largest:.6g} Hz allows"
        same = np.unique(self.design, axis=1).shape[1] < self.design.shape[1]
        return f"{begin}{', since units spike together' if same else ''}; use ridge= or more data"


def _climb(problem: _Problem, theta: Floats) -> tuple[Floats, Floats, float]:
    """Climb one unit's log-likelihood by Fisher scoring with halved steps; give values, errors, log-likelihood."""
    design, penalty = problem.design, problem.penalty
    value, slope, information = problem.slopes(theta)
    if not np.isfinite(value):
        raise ValueError(f"fit: unit {problem.unit} must have rho dt below 1 at the start; use a smaller dt")
    for _ in range(_MOST_STEPS):
        gradient = design.T @ slope - penalty * (theta - problem.centre)
        matrix = (design.T * information) @ design + np.diag(penalty)
        try:
            step = np.linalg.solve(matrix, gradient)
        except np.linalg.LinAlgError as error:
            raise ValueError(problem.hint()) from error
        gain = float(gradient @ step)
        if not np.isfinite(gain):
            raise ValueError(problem.hint())
        # Half of this is what a quadratic would still gain, in nats.
        if gain < 1e-12:
            # Where spikes can be predicted perfectly the likelihood levels off while the weights go on growing.
            variances = np.diag(np.linalg.inv(matrix))
            if np.abs(design @ step).max() > 1e-3 or not (variances > 0).all():
                raise ValueError(problem.hint())
            return theta, np.sqrt(variances), value
        before = value - problem.cost(theta)
        for halving in range(40):
            trial = theta + 0.5**halving * step
            new = problem.slopes(trial)
            if np.isfinite(new[0]) and new[0] - problem.cost(trial) >= before - 1e-9 * abs(before):
                break
        else:
            raise ValueError(problem.hint())
        theta, (value, slope, information) = trial, new
    raise ValueError(problem.hint())
