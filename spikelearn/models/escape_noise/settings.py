"""Checks of what a user passes to learning and estimation: time constants, estimators, baselines, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.units import seconds

__all__ = ["ESTIMATORS", "check_estimator", "checked_baseline", "checked_rates", "time_constant"]


ESTIMATORS = ("causal", "episode")


def time_constant(value: Any, where: str, *, least: float = 0.0) -> float:
    """Read a time constant in seconds, a quantity, or text; infinity is allowed.

    Parameters
    ----------
    value : float, Quantity or str
        The time constant.
    where : str
        Its name for error messages.
    least : float
        The smallest that is allowed; zero itself never is.

    Raises
    ------
    ValueError
        It is not positive, is below `least`, is NaN, or has another unit than time.

    Examples
    --------
    >>> time_constant("10 ms", "tau_G"), time_constant(float("inf"), "tau_G")
    (0.01, inf)
    """
    if not isinstance(value, str) and np.ndim(value) == 0 and np.asarray(value).dtype.kind == "f":
        plain = float(np.asarray(value))
        # A plain number, or a quantity of infinitely many seconds, which `seconds` would refuse.
        result = plain if plain == np.inf else seconds(value, where)
    else:
        result = seconds(value, where)
    if not result > 0:
        raise ValueError(f"{where} must be positive, got {value}")
    if result < least:
        raise ValueError(f"{where} must be at least {least} s, got {value}")
    return result


def check_estimator(estimator: str, tau_G: float, where: str) -> None:
    """Check the name of an estimator, and that a finite eligibility trace comes with the form that has one.

    Raises
    ------
    ValueError
        There is no such estimator, or the whole-episode form was given a finite `tau_G`.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f'{where}: estimator must be "causal" or "episode", got {estimator!r}')
    if estimator == "episode" and np.isfinite(tau_G):
        raise ValueError(f'{where}: tau_G must be infinite with estimator="episode", got {tau_G} s')


def checked_baseline(baseline: ArrayLike, n_bins: int, where: str) -> Floats:
    """Check a baseline: one finite number, or one a bin.

    Raises
    ------
    ValueError
        The shape does not fit or a number is not finite.
    """
    array = np.asarray(baseline, dtype=np.float64)
    if array.shape not in ((), (n_bins,)):
        raise ValueError(f"{where}: baseline must be one number or one a bin, ({n_bins},), got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: baseline must be finite, got {float(array[~np.isfinite(array)].ravel()[0])}")
    return array


def checked_rates(mu_M: Any, mu_Q: Any) -> tuple[float, float]:
    """Check both rates of learning, finite and not negative, and give them in double precision.

    Raises
    ------
    ValueError
        One of them is something else.
    """
    for name, value in (("mu_M", mu_M), ("mu_Q", mu_Q)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"learn: {name} must be a number that is not negative, got {value}")
    return float(mu_M), float(mu_Q)
