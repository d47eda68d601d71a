"""The STDP term of the rule by relative entropy, between spiking neurons: an antisymmetric window as a Plasticity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.network.plasticity import Plasticity
from spikelearn.parameters.units import si_value

__all__ = ["entropy_stdp", "entropy_window", "expected_entropy_change"]

_SOURCE = "Galtier & Wainrib, arXiv 1206.4812: delta[v_i, v_j] for sums of Diracs"


def entropy_stdp(
    gamma: Any = "50 Hz",
    eta: Any = "1e-9 V*second**2",
    l: Any = "0 Hz",
    limits: tuple[Any, Any] | None = None,
) -> Plasticity:
    """Make the rule by which every pair of spikes adds eta sign(s) (gamma^2/2) exp(-gamma |s|), s = t_post - t_pre.

    Each v is a sum of Diracs in delta[v_i, v_j] = (gamma/2)(v_i (v_j * g_gamma) - (v_i * g_gamma) v_j). With
    independent Poisson spikes the mean change is eta times the integral of delta[r_i, r_j] of the rates. With `l` the
    Hebbian term in the filtered form of the source joins in: gamma (gamma + l)/2 before, gamma (gamma - l)/2 after.

    Parameters
    ----------
    gamma : Quantity or str
        Rate of the window.
    eta : Quantity or str
        Learning rate, volts times seconds squared: delta of rates has the unit of Hz cubed.
    l : Quantity or str
        Decay constant of the Hebbian part; 0 for the antisymmetric window alone.
    limits : tuple of Quantity or str, optional
        Lowest and highest weight.

    Returns
    -------
    Plasticity

    Raises
    ------
    ValueError
        A rate that is not positive, or an l below zero.

    References
    ----------
    004, "Biological interpretation": v_i (v_j * g) - (v_i * g) v_j, and the asymmetric form with (gamma + l)/2 and
    (gamma - l)/2.

    Examples
    --------
    >>> entropy_stdp()
    Plasticity(on_pre: x = x + 1, w = w - A_minus*y; on_post: y = y + 1, w = w + A_plus*x)
    """
    rate, strength, decay = _read(gamma, eta, l)
    from brian2 import second, volt

    return Plasticity(
        traces={"x": second / rate, "y": second / rate},
        on_pre={"x": "x + 1", "w": "w - A_minus*y"},
        on_post={"y": "y + 1", "w": "w + A_plus*x"},
        parameters={
            "A_plus": strength * rate * (rate + decay) / 2 * volt,
            "A_minus": strength * rate * (rate - decay) / 2 * volt,
        },
        limits=limits,
        source=_SOURCE,
    )


def entropy_window(s: ArrayLike, gamma: Any = "50 Hz", eta: Any = "1e-9 V*second**2", l: Any = "0 Hz") -> Floats:
    """Give the change of the weight by one pair, volts; s = t_post - t_pre in seconds, 0 counts as before.

    Parameters
    ----------
    s : array_like
        t_post - t_pre in seconds, any shape.
    gamma, eta, l
        As in `entropy_stdp`.

    Returns
    -------
    ndarray
        Volts, in the shape of `s`.

    Examples
    --------
    >>> import spikelearn as sl
    >>> sl.network.entropy_window([-0.02, 0.02], gamma="50 Hz", eta="1e-9 V*second**2")
    array([-4.59849301e-07,  4.59849301e-07])
    >>> 1e-9 * 50**2 / 2 * 2.718281828459045**-1  # eta gamma^2/2 exp(-gamma |s|), volts
    4.5984930146430295e-07
    """
    rate, strength, decay = _read(gamma, eta, l)
    lag = np.asarray(s, dtype=np.float64)
    size = strength * rate / 2 * np.exp(-rate * np.abs(lag))
    return np.asarray(np.where(lag >= 0.0, (rate + decay) * size, -(rate - decay) * size))


def expected_entropy_change(
    r_post: ArrayLike,
    r_pre: ArrayLike,
    dt: float,
    gamma: Any = "50 Hz",
    eta: Any = "1e-9 V*second**2",
    l: Any = "0 Hz",
) -> float:
    """Give the mean change of a weight between independent Poisson neurons, volts.

    Parameters
    ----------
    r_post, r_pre : array_like, shape (bins,)
        Rates in Hz at the synapse, each constant within bins of dt seconds; no spikes before the first.
    dt : float
        Width of a bin, seconds.
    gamma, eta, l
        As in `entropy_stdp`.

    Returns
    -------
    float
        Integrated without error over the bins.

    Examples
    --------
    >>> import spikelearn as sl
    >>> constant = sl.network.expected_entropy_change([20.0] * 1000, [40.0] * 1000, 0.001)
    >>> later = sl.network.expected_entropy_change([0.0] * 20 + [20.0] * 80, [40.0] * 20 + [0.0] * 80, 0.001)
    >>> abs(constant) < 1e-15, later > 0  # post after pre strengthens
    (True, True)
    """
    rate, strength, decay = _read(gamma, eta, l)
    post, pre = np.asarray(r_post, dtype=np.float64), np.asarray(r_pre, dtype=np.float64)
    if post.ndim != 1 or post.shape != pre.shape or post.size == 0:
        raise ValueError(
            f"expected_entropy_change: r_post and r_pre must have one shape, got {post.shape} and {pre.shape}"
        )
    plus, minus = strength * rate * (rate + decay) / 2, strength * rate * (rate - decay) / 2
    return float(plus * post @ _trace(pre, dt, rate) - minus * pre @ _trace(post, dt, rate))


def _trace(rates: Floats, dt: float, gamma: float) -> Floats:
    """Integrate the mean trace over each bin."""
    fall = float(np.exp(-gamma * dt))
    gone = (1.0 - fall) / gamma
    found, trace = np.empty(len(rates)), 0.0
    for k, r in enumerate(rates):
        found[k] = trace * gone + r * (dt - gone) / gamma
        trace = fall * trace + r * gone
    return found


def _read(gamma: Any, eta: Any, decay: Any) -> tuple[float, float, float]:
    rate = float(si_value(gamma, "1 Hz", "entropy_stdp.gamma"))
    strength = float(si_value(eta, "1 V*second**2", "entropy_stdp.eta"))
    fall = float(si_value(decay, "1 Hz", "entropy_stdp.l"))
    for name, value, low in (("gamma", rate, True), ("eta", strength, True), ("l", fall, False)):
        if not np.isfinite(value) or value < 0.0 or (low and value == 0.0):
            raise ValueError(f"entropy_stdp.{name} must be {'positive' if low else 'at least 0'}, got {value:g}")
    return rate, strength, fall
