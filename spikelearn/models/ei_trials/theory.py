"""What trials should do, by formula: when the kick ignites, in which trial first, and where the weights can end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_trials.starts import read_rule, read_starts
from spikelearn.parameters.numbers import whole_number

__all__ = ["end_lines", "floor_end", "ignition_threshold", "kick_peak", "predicted_first_up", "up_state_margin"]


def ignition_threshold(model: EIRates, variant: str = "matlab") -> float:
    r"""Give the W_EE above which the kick ignites an Up state while I is silent.

    During the kick of n steps E grows by the factor 1 + a a step, a = x dt/tau_E with x = g_E W_EE - 1. It goes on
    growing afterwards where x E exceeds g_E theta, with the threshold theta = Theta_E - I_ext, that is where

    .. math:: (1 + a)^n > 1 + \theta/(K - \theta)

    with the kick K. I stays silent as long as W_IE E stays below Theta_I, see `kick_peak`.

    Parameters
    ----------
    model : EIRates
        Activities in Hz.
    variant : str
        See `spikelearn.run_trials`.

    Returns
    -------
    float
        Infinite where the kick does not exceed the threshold; 1/g_E where theta is zero or negative, since E then
        grows by itself.

    Examples
    --------
    >>> round(ignition_threshold(EIRates()), 7)
    2.1525845
    """
    protocol = protocol_of(variant)
    theta = model.Theta_E - model.I_ext
    if theta <= 0:
        return 1 / model.g_E
    if protocol.kick <= theta:
        return math.inf
    growth = math.expm1(-math.log1p(-theta / protocol.kick) / protocol.kick_steps)
    return (1 + growth * model.tau_E / protocol.dt) / model.g_E


def kick_peak(model: EIRates, W_EE: ArrayLike, variant: str = "matlab") -> Floats:
    """Give E at the end of the kick in Hz while I is silent; I is silent where W_IE times this is below Theta_I.

    Parameters
    ----------
    model : EIRates
        Activities in Hz.
    W_EE : array_like
        Any shape.
    variant : str
        See `spikelearn.run_trials`.

    Returns
    -------
    ndarray, in the shape of `W_EE`
        Hz.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import ignition_threshold, kick_peak
    >>> model = sl.EIRates()
    >>> threshold = ignition_threshold(model)
    >>> float(((threshold - 1) * kick_peak(model, threshold)).round(9)), model.Theta_E  # there E grows by itself
    (4.8, 4.8)
    """
    protocol = protocol_of(variant)
    h = protocol.dt / model.tau_E
    a = h * (model.g_E * np.asarray(W_EE, dtype=np.float64) - 1)
    drive = h * model.g_E * (protocol.kick - (model.Theta_E - model.I_ext))
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.expm1(protocol.kick_steps * np.log1p(a)) / a
    return np.asarray(drive * np.where(a == 0, protocol.kick_steps, grown))


def predicted_first_up(
    model: EIRates, rule: Any, W0: Any, *, variant: str = "matlab", at_most: int = 100_000
) -> int | None:
    """Predict the first trial with an Up state, without running any: the silent rule drifts up to the threshold.

    While nothing happens the rule sees the floor of 1 Hz for both activities; its changes, with the floor of the
    weights, are added up until W_EE exceeds `ignition_threshold`.

    Parameters
    ----------
    model, rule, W0, variant
        As in `spikelearn.run_trials`; one start.
    at_most : int
        Where to stop looking.

    Returns
    -------
    int or None
        None where the threshold is not reached, or where I would fire during the kick first, so that the formula does
        not hold.

    Examples
    --------
    >>> from spikelearn.rules import Homeostatic
    >>> slow = Homeostatic(alpha_EE=1e-4, alpha_EI=1e-4, alpha_IE=1e-4, alpha_II=1e-4)
    >>> predicted_first_up(EIRates(), slow, (2.1, 3.0, 4.0, 1.5))
    133
    """
    rule = read_rule(model, rule)
    starts = read_starts(model, rule, W0, (0.0, 0.0))
    if starts.many:
        raise ValueError(f"predicted_first_up must be given one start, got {starts.W.shape[1]}")
    protocol, threshold = protocol_of(variant), ignition_threshold(model, variant)
    step = rule.update(model)
    W, floor = starts.W[:, 0], protocol.rate_floor
    for trial in range(1, whole_number("predicted_first_up: at_most", at_most) + 1):
        if W[2] * kick_peak(model, W[0], variant) > model.Theta_I:
            return None
        if W[0] > threshold:
            return trial
        changed = np.maximum(protocol.weight_floor, W + np.array(step(floor, floor, *W)))
        if not np.isfinite(changed).all() or np.array_equal(changed, W):
            return None
        W = changed
    return None


def end_lines(model: EIRates) -> dict[str, float]:
    """Give what the weights fulfil where both activities are at their set points.

    ``onto_E`` is E_set W_EE - I_set W_EI and ``onto_I`` is E_set W_IE - I_set W_II; 9.8 and 28.5 Hz for Table 1.

    Parameters
    ----------
    model : EIRates
        Activities in Hz.

    Returns
    -------
    dict of str to float
        Hz.

    References
    ----------
    003 Eq. (24).

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import end_lines
    >>> weights = sl.EIRates().setpoint_weights(W_EE=5.0, W_IE=10.0)
    >>> lines = end_lines(sl.EIRates())
    >>> round(lines["onto_E"], 9), round(float(5.0 * weights.W_EE - 14.0 * weights.W_EI), 9)
    (9.8, 9.8)
    """
    return {
        "onto_E": model.E_set / model.g_E + model.Theta_E - model.I_ext,
        "onto_I": model.I_set / model.g_I + model.Theta_I,
    }


def floor_end(model: EIRates, weight: str = "W_II", variant: str = "matlab") -> float:
    """Give the weight that pairs with one held on its floor at the set point: W_IE for W_II, W_EE for W_EI.

    Parameters
    ----------
    model : EIRates
        Activities in Hz.
    weight : {"W_II", "W_EI"}
        Which weight is on its floor.
    variant : str
        See `spikelearn.run_trials`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        The weight is neither.

    Examples
    --------
    >>> round(floor_end(EIRates()), 12)
    5.98
    """
    if weight not in ("W_EI", "W_II"):
        raise ValueError(f"floor_end.weight must be 'W_EI' or 'W_II', got {weight!r}")
    line = end_lines(model)["onto_E" if weight == "W_EI" else "onto_I"]
    return (line + model.I_set * protocol_of(variant).weight_floor) / model.E_set


def up_state_margin(model: EIRates, weights: Weights | tuple[Any, ...]) -> Floats:
    """Give (g_E W_EE - 1) Theta_I - g_E (Theta_E - I_ext) W_IE: an Up state with C > 0 needs it positive.

    It is the numerator of I in the Up state, so that it falls to zero where I falls silent there.

    Parameters
    ----------
    model : EIRates
        Activities in Hz.
    weights : Weights or four array_like
        W_EE, W_EI, W_IE, W_II.

    Returns
    -------
    ndarray

    References
    ----------
    003 Eq. (18).

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.ei_trials import up_state_margin
    >>> model = sl.EIRates()
    >>> bool(up_state_margin(model, model.setpoint_weights(W_EE=5.0, W_IE=10.0)) > 0)
    True
    >>> bool(up_state_margin(model, (1.5, 3.0, 20.0, 1.5)) > 0)
    False
    """
    ee, _, ie, _ = (np.asarray(w, dtype=np.float64) for w in weights)
    return np.asarray((model.g_E * ee - 1) * model.Theta_I - model.g_E * (model.Theta_E - model.I_ext) * ie)
