"""Where the online rule comes to rest on average: its stationary point by Fourier transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.filters import low_pass, resample, stdp_operator
from spikelearn.models.entropy_rule.frames import check_periodic, check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import check_decay, least_squares
from spikelearn.parameters.numbers import whole_number

__all__ = ["averaged_terms", "seen_input", "stationary"]


def stationary(
    frames: ArrayLike,
    dt: float,
    l: float,
    l_net: float,
    gamma: float,
    activation: str = "tanh",
    *,
    refine: int = 2,
) -> Floats:
    """Give the weights at which the online rule, averaged over a period of the input, does not move.

    With u~ = u * g_l_net what the network lets the rule see of the input, and D the STDP operator (a derivative of what
    is slow beside gamma), W S(u~) fits D u~ + l u~ in the least-squares sense.

    Parameters
    ----------
    frames : array_like, shape (frames, neurons)
        One period of a smooth input.
    dt : float
        Time from frame to frame.
    l : float
        Decay constant in the rule: that of the input.
    l_net : float
        Decay constant of the network.
    gamma : float
        Rate of the STDP window.
    activation : str
        "tanh", "linear", or a formula in x.
    refine : int
        How much more finely S(u~) is sampled, which has higher harmonics than u.

    Returns
    -------
    ndarray, shape (neurons, neurons)
        W[i, j] from j to i; of least norm where it is not unique.

    Raises
    ------
    ValueError
        Frames that are not one period of a smooth input, or a value that does not fit.

    References
    ----------
    004, averaged equation below Eq. (15). The print has xi(u * g_l) * g_gamma where the derivative of u * g_l,
    filtered, is exact (erratum G4), and lacks eps and 1/tau in (15) (G3), neither of which moves the stationary point.
    """
    where = "EntropyRule.stationary"
    x, S, step = seen_input(frames, dt, l_net, activation, refine, where)
    target = stdp_operator(x, step, gamma) + check_decay(l, where) * x
    return least_squares(S, target).dense()


def seen_input(
    frames: ArrayLike, dt: float, l_net: float, activation: str, refine: int, where: str
) -> tuple[Floats, Floats, float]:
    """Give u~ = u * g_l_net and S(u~) on a grid `refine` times as fine, and that grid's step.

    References
    ----------
    004 Eq. (14): v-bar is u * g_l whatever the weights (erratum G2: the convolution acts on W S(v) alone).
    """
    given, step = read_frames(frames, where, at_least=4), check_step(dt, where)
    check_periodic(given, where)
    factor = whole_number(f"{where}: refine", refine, at_least=1)
    x = low_pass(resample(given, factor), step / factor, l_net)
    return x, get_activation(activation).value(x), step / factor


def averaged_terms(
    W: ArrayLike,
    frames: ArrayLike,
    dt: float,
    l: float,
    l_net: float,
    gamma: float,
    activation: str = "tanh",
    *,
    refine: int = 2,
) -> dict[str, Floats]:
    """Give the rule's three terms averaged over a period, each of shape (n, n); epsilon is left out.

    Returns
    -------
    dict
        "stdp", "hebbian" and "scaling", the last with its minus sign: their sum is dW/dt / epsilon.

    References
    ----------
    004 Eq. (15), with the 1/tau that it lacks (erratum G3).
    """
    where = "EntropyRule.averaged_terms"
    x, S, step = seen_input(frames, dt, l_net, activation, refine, where)
    n = len(x)
    return {
        "stdp": stdp_operator(x, step, gamma).T @ S / n,
        "hebbian": check_decay(l, where) * x.T @ S / n,
        "scaling": -np.asarray(W, dtype=np.float64) @ (S.T @ S) / n,
    }
