"""Facts of single units by formula: the answer to a synapse, the kick that makes a unit fire, and its noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.up_state_network.grid import DT
from spikelearn.parameters.names import unknown_name

if TYPE_CHECKING:
    from spikelearn.models.up_state_network.model import UpStateNetwork

__all__ = ["free_deviation", "kick_response", "kick_spike", "minimum_kick", "postsynaptic_potential", "psp_peak"]

_LONGEST = 400.0  # ms within which every answer has passed its peak


def _rates(model: UpStateNetwork, post: str, pre: str) -> tuple[Floats, float]:
    """Give the matrix of (v, s, u) in 1/ms for a jump of u, and the capacitance in pF."""
    found = model.plain
    C, g_L = found[f"C_{post}"] * 1e12, found["g_L"] * 1e9
    rise, decay = found[f"tau_rise_{pre}"] * 1e3, found[f"tau_decay_{pre}"] * 1e3
    sign = 1.0 if pre == "E" else -1.0
    return np.array([[-g_L / C, sign / C, 0.0], [0.0, -1 / decay, 1 / decay], [0.0, 0.0, -1 / rise]]), C


def _answer(M: Floats, t: Any, euler: bool) -> Floats:
    """Give v at times t (ms) after u jumped by 1 pA."""
    from scipy.linalg import expm

    times = np.atleast_1d(np.asarray(t, dtype=np.float64))
    if euler:
        steps = np.rint(times / DT).astype(np.int64)
        course = np.empty((steps.max(initial=0) + 1, 3))
        course[0] = (0.0, 0.0, 1.0)
        step = np.eye(3) + DT * M
        for k in range(1, len(course)):
            course[k] = step @ course[k - 1]
        return np.asarray(course[steps, 0]).reshape(np.shape(t))
    return np.array([expm(M * x)[0, 2] for x in times]).reshape(np.shape(t))


def postsynaptic_potential(model: UpStateNetwork, weight: str, J: float, t: Any, *, euler: bool = False) -> Floats:
    """Give what one spike does to the potential of a unit at rest that does not fire, in mV.

    Parameters
    ----------
    model : UpStateNetwork
        The network.
    weight : str
        "W_EE", "W_EI" (from I to E), "W_IE" or "W_II".
    J : float
        Weight in pA.
    t : array_like
        Times in ms after the arrival of the spike; with `euler` they are rounded to steps.
    euler : bool
        The answer on the grid of 0.1 ms instead of that in continuous time.

    Examples
    --------
    >>> from spikelearn.models.up_state_network import UpStateNetwork
    >>> network = UpStateNetwork()
    >>> [round(float(v), 4) for v in postsynaptic_potential(network, "W_EE", 80.0, [10.0, 29.4, 60.0])]
    [0.0533, 0.126, 0.08]
    """
    names = ("W_EE", "W_EI", "W_IE", "W_II")
    if weight not in names:
        raise ValueError(unknown_name("postsynaptic_potential", "weight", weight, names))
    M, _ = _rates(model, weight[2], weight[3])
    return J / (model.plain[f"tau_rise_{weight[3]}"] * 1e3) * _answer(M, t, euler)


def psp_peak(model: UpStateNetwork, weight: str, J: float) -> tuple[float, float]:
    """Give when the answer to a spike is largest, in ms after its arrival, and how large, in mV, in continuous time."""
    from scipy.optimize import minimize_scalar

    def size(t: float) -> float:
        return -abs(float(postsynaptic_potential(model, weight, J, t)))

    rough = np.arange(2.0, _LONGEST, 2.0)
    near = rough[np.abs(postsynaptic_potential(model, weight, J, rough)).argmax()]
    found = minimize_scalar(size, bounds=(max(near - 4.0, 0.0), near + 4.0), method="bounded", options={"xatol": 1e-9})
    return float(found.x), float(postsynaptic_potential(model, weight, J, found.x))


def kick_response(model: UpStateNetwork, t: Any, *, euler: bool = False) -> Floats:
    """Give the potential of a kicked E unit without noise and other inputs, t ms after the kick, in mV."""
    found = model.plain
    M, _ = _rates(model, "E", "E")
    return np.asarray(found["E_L_E"] * 1e3 + found["kick"] * 1e12 * _answer(M, t, euler))


def minimum_kick(model: UpStateNetwork, *, euler: bool = False) -> float:
    """Give the kick in pA from which a unit without noise and other inputs fires.

    The published kick of 980 pA lies between that of Euler's method at 0.1 ms and that in continuous time: on the grid
    the unit fires once, in continuous time it does not.

    Examples
    --------
    >>> from spikelearn.models.up_state_network import UpStateNetwork
    >>> network = UpStateNetwork()
    >>> round(minimum_kick(network), 2), round(minimum_kick(network, euler=True), 2)
    (981.22, 978.41)
    """
    found = model.plain
    need = (found["V_th"] - found["E_L_E"]) * 1e3
    M, _ = _rates(model, "E", "E")
    if euler:
        return float(need / _answer(M, np.arange(round(_LONGEST / DT)) * DT, True).max())
    return need / psp_peak(model, "W_EE", found["tau_rise_E"] * 1e3)[1]


def kick_spike(model: UpStateNetwork) -> float:
    """Give when, in ms after the kick, a unit without noise and other inputs fires on the grid; infinite if never."""
    times = np.arange(round(_LONGEST / DT)) * DT
    above = np.flatnonzero(kick_response(model, times, euler=True) >= model.plain["V_th"] * 1e3)
    return float(times[above[0]]) if above.size else float("inf")


def free_deviation(model: UpStateNetwork, kind: str = "E") -> float:
    """Give the standard deviation of a unit without inputs in mV, on the grid: sigma/sqrt(2 - dt g_L/C)."""
    if kind not in ("E", "I"):
        raise ValueError(unknown_name("free_deviation", "kind", kind, ("E", "I")))
    found = model.plain
    tau = found[f"C_{kind}"] / found["g_L"] * 1e3
    return float(found["sigma"] * 1e3 / np.sqrt(2 - DT / tau))
