"""What many units should do, by formula: two populations of the summed weights, and the line of the set points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_trials.kernel import quiet_trials
from spikelearn.models.ei_trials.protocol import protocol_of, trial_constants
from spikelearn.models.ei_units.model import EIUnits

__all__ = ["TotalWeights", "balance_slope", "total_weights", "two_population_trial"]


class TotalWeights(NamedTuple):
    """Sum of the weights that a unit receives, averaged over units; one number a start.

    Examples
    --------
    >>> from spikelearn.models.ei_units import EIUnits, total_weights
    >>> units = EIUnits(n_E=8, n_I=2)
    >>> totals = total_weights(units, units.draw_weights(0, start=(0.1, 0.0)))
    >>> [round(float(total), 9) for total in totals]  # 7, 2, 8 and 1 weights of 0.1
    [0.7, 0.2, 0.8, 0.1]
    """

    W_EE: Floats
    W_EI: Floats
    W_IE: Floats
    W_II: Floats


def total_weights(model: EIUnits, W: Floats) -> TotalWeights:
    """Give the weights of the two populations that stand for the units.

    Parameters
    ----------
    model : EIUnits
        Sizes.
    W : ndarray, shape (..., n, n)
        Weights (to, from).

    Returns
    -------
    TotalWeights

    Examples
    --------
    >>> units = EIUnits()
    >>> [round(float(w), 2) for w in total_weights(units, units.draw_weights(0))]
    [7.9, 2.01, 8.16, 1.85]
    """
    W = np.asarray(W, dtype=np.float64)
    return TotalWeights(*(W[(..., *block)].sum(axis=-1).mean(axis=-1) for block in model.blocks.values()))


def two_population_trial(model: EIUnits, W: Floats, *, variant: str = "matlab") -> Floats:
    """Run one trial without noise of the two populations that have the summed weights, shape (2, ...): means in Hz.

    The I units overshoot after the kick. Where that reaches their cut-off they can no longer hold E, and both stay at
    their cut-offs. Single units lie about these means and reach the cut-off first: of the published starts nearly half
    saturate unit by unit, and one in forty as two populations.

    Parameters
    ----------
    model : EIUnits
        Sizes and populations.
    W : ndarray, shape (..., n, n)
        Weights (to, from).
    variant : str
        See `spikelearn.run_trials`.

    Returns
    -------
    ndarray, shape (2, ...)
        Mean activity of E and of I at the end of the trial, Hz.

    Examples
    --------
    >>> from spikelearn.models.ei_units import EIUnits, two_population_trial
    >>> units = EIUnits()
    >>> E, I = two_population_trial(units, units.draw_weights(range(20)))
    >>> int((E > 90.0).sum())  # none saturates; unit by unit nine of these do
    0
    """
    totals = np.array(total_weights(model, W))
    protocol = protocol_of(variant)
    schedule = (protocol.steps, protocol.kick_start, protocol.kick_stop, protocol.window)
    constants = trial_constants(model.populations, protocol)
    means = quiet_trials(np.ascontiguousarray(totals.reshape(4, -1)), constants, schedule, protocol.kick)
    return np.asarray(means.reshape(2, *totals.shape[1:]))


def balance_slope(model: EIUnits) -> float:
    """Give the slope of summed weights from I against those from E where every unit is at its set point: E_set/I_set.

    Every unit then has E_set sum(W_E) - I_set sum(W_I) = const up to the set points' spread over senders, so the two
    sums lie on one line however different the units are.

    Parameters
    ----------
    model : EIUnits
        Its set points.

    Returns
    -------
    float

    References
    ----------
    003 Eq. (24), unit by unit.

    Examples
    --------
    >>> from spikelearn.models.ei_units import EIUnits, balance_slope
    >>> balance_slope(EIUnits()) == 5.0 / 14.0
    True
    """
    return model.populations.E_set / model.populations.I_set
