"""Is a set point stable under a plasticity rule? Three answers, for one point or a whole map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import one_number
from spikelearn.parameters.shapes import html_table
from spikelearn.rules.closed_forms import TraceDeterminant, eigenvalue_pair, neural_region
from spikelearn.rules.linearise import Linearisation, linearise, whole_spectrum
from spikelearn.rules.rule import Rule
from spikelearn.rules.sensor import sensor_map, sensor_multipliers

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Method", "Stability", "grid_axes", "stability", "stability_map"]

Method = Literal["qss", "full", "trial", "closed"]


@dataclass(frozen=True, eq=False, repr=False)
class Stability:
    """The verdict on set points under a rule; every array has the broadcast shape of the weights.

    Parameters
    ----------
    eigenvalues : ndarray of complex, shape (..., 4) or (..., 6)
        The nonzero ones first, larger real part first, then the zeros of motion along the plane of set-point weights;
        1/ms in continuous time, 1/trial for ``"trial"`` (those of the change, not of the map). NaN where the neural
        determinant is zero.
    stable : ndarray of bool
        Whether the set point is stable: all nonzero eigenvalues are on the stable side, and the neural subsystem is
        stable there.
    rule_stable : ndarray of bool
        The first of these two conditions alone.
    neural_stable : ndarray of bool
        Whether the activities are stable at fixed weights, Eqs. (22) and (23).
    positive : ndarray of bool
        Whether W_EI and W_II are positive, Eqs. (25) and (26).
    paradoxical : ndarray of bool
        Whether the set point is in the paradoxical regime, Eq. (27).
    weights : Weights
        The four weights.
    method : str
        How it was found.
    sensor : float
        Time constant in trials of the running mean that the rule sees; 1 where there is none.
    multipliers : ndarray of complex, shape (..., k), or None
        For ``"trial"`` what a deviation is multiplied by in every trial, neutral ones left out; None otherwise.

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.CrossHomeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> found = sl.stability(sl.EIRates(), rule, W_EE=[1.0, 5.0], W_IE=10.0)
    >>> found.stable, found.paradoxical
    (array([False,  True]), array([False,  True]))
    >>> found.eigenvalues.real.round(3) + 0.0
    array([[ 12.892,  -0.442,   0.   ,   0.   ],
           [ -0.412, -12.78 ,   0.   ,   0.   ]])
    """

    eigenvalues: NDArray[np.complex128]
    stable: NDArray[np.bool_]
    rule_stable: NDArray[np.bool_]
    neural_stable: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    paradoxical: NDArray[np.bool_]
    weights: Weights
    method: str
    sensor: float = 1.0
    multipliers: NDArray[np.complex128] | None = None

    def __repr__(self) -> str:
        if np.ndim(self.stable):
            counts = {name: int(np.sum(getattr(self, name))) for name in ("valid", "stable", "paradoxical")}
            words = ", ".join(f"{count} {name}" for name, count in counts.items())
            return f"Stability({self.method}; {np.size(self.stable)} set points: {words})"
        names = ("stable", "rule_stable", "neural_stable", "positive", "paradoxical")
        verdict = ", ".join(f"{name}: {'yes' if getattr(self, name) else 'no'}" for name in names)
        values = ", ".join(f"{value:.4g}" for value in np.atleast_1d(self.eigenvalues))
        return f"Stability({self.method}; {verdict};\n  eigenvalues {values})"

    def _repr_html_(self) -> str:
        verdicts = ("stable", "rule_stable", "neural_stable", "positive", "paradoxical")
        if np.ndim(self.stable):
            counted = ("valid", *verdicts)
            rows = [(name, f"{int(np.sum(getattr(self, name)))} of {np.size(self.stable)}") for name in counted]
            rows += [("stable of the valid", f"{self.stable_fraction:.3g}")]
        else:
            rows = [(name, "yes" if getattr(self, name) else "no") for name in verdicts]
            rows += [("eigenvalues", ", ".join(f"{value:.4g}" for value in np.atleast_1d(self.eigenvalues)))]
        return html_table(f"Stability ({self.method})", ("what", "value"), rows)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Whether the set point is one at all: neural stability and positive weights."""
        return self.neural_stable & self.positive

    @property
    def stable_fraction(self) -> float:
        """Share of the valid points that are stable; NaN where none is valid."""
        return float(np.sum(self.stable & self.valid) / np.sum(self.valid)) if np.any(self.valid) else float("nan")


def stability(
    model: EIRates, rule: Rule, *, W_EE: ArrayLike, W_IE: ArrayLike, method: Method = "qss", sensor: float = 1.0
) -> Stability:
    """Judge the stability of set points, given by their free weights, under a plasticity rule.

    Parameters
    ----------
    model : EIRates
        Activities in Hz, times in ms.
    rule : Rule
        Any rule that rests at the set point. Rates are per ms, or per trial for ``"trial"``.
    W_EE, W_IE : array_like
        The free weights; they broadcast with each other and with rates that are arrays.
    method : {"qss", "full", "trial", "closed"}
        ``"qss"``: activities at their quasi-steady state (4-D). ``"full"``: activities and weights together (6-D).
        ``"trial"``: the map W <- W + F once a trial, stable where abs(1 + eigenvalue) < 1 unless a `sensor` filters.
        ``"closed"``: as ``"qss"`` by the closed form of the rule, where it has one.
    sensor : float
        For ``"trial"`` the time constant in trials of the running mean of the activities that the rule sees, as in
        `spikelearn.run_trials`, where it is 2; 1 is none. Each nonzero eigenvalue lambda then gives two multipliers,
        (z - 1)(sensor z - sensor + 1) = lambda z; see `spikelearn.rules.sensor`.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        A weight is negative, the method is unknown, the rule has no closed form or does not rest at the set point, or
        has no finite derivatives there; a sensor is below 1, or comes with another method than ``"trial"``.
    TypeError
        The model is no `EIRates`, or the rule is no `Rule`; the message says what to write.

    References
    ----------
    003 sections 2.2 and 2.3.

    Examples
    --------
    >>> from spikelearn.rules import CrossHomeostatic
    >>> rule = CrossHomeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> point = dict(W_EE=5.0, W_IE=10.0)
    >>> bool(stability(EIRates(), rule, **point).stable)
    True
    >>> bool(stability(EIRates(), rule, **point, method="full").stable)
    False
    """
    if method not in get_args(Method):
        raise ValueError(unknown_name("stability", "method", str(method), get_args(Method)))
    sensor = _checked_sensor(sensor, method)
    _require_kinds(model, rule)
    weights = model.setpoint_weights(W_EE, W_IE)
    multipliers = None
    if method == "closed":
        nonzero = _closed(model, rule, weights)
        n_zero = len(weights) - nonzero.shape[-1]
    else:
        linear = linearise(model, rule, weights)
        _require_rest(linear, rule)
        nonzero, n_zero = _nonzero(linear, method)
        if method == "trial":
            multipliers = _multipliers(linear, nonzero, sensor)
    rule_stable = np.all(nonzero.real < 0 if multipliers is None else np.abs(multipliers) < 1, axis=-1)
    zeros = np.zeros((*nonzero.shape[:-1], n_zero))
    shape = rule_stable.shape
    neural, positive = (np.broadcast_to(part, shape) for part in neural_region(model, weights.W_EE, weights.W_IE))
    return Stability(
        eigenvalues=np.concatenate([nonzero, zeros], axis=-1),
        stable=np.asarray(rule_stable & neural),
        rule_stable=np.asarray(rule_stable),
        neural_stable=neural,
        positive=positive,
        paradoxical=np.broadcast_to(model.paradoxical(weights.W_EE), shape),
        weights=Weights(*(np.broadcast_to(part, shape) for part in weights)),
        method=method,
        sensor=sensor,
        multipliers=multipliers,
    )


def stability_map(
    model: EIRates, rule: Rule, W_EE: ArrayLike, W_IE: ArrayLike, *, method: Method = "qss", sensor: float = 1.0
) -> xr.Dataset:
    """Judge every set point of a grid of free weights.

    Parameters
    ----------
    model, rule, method, sensor
        As in `stability`.
    W_EE, W_IE : array_like, one-dimensional
        The axes of the grid.

    Returns
    -------
    xarray.Dataset
        Booleans ``stable``, ``rule_stable``, ``neural_stable``, ``positive``, ``paradoxical`` and ``valid`` over
        (W_EE, W_IE), ``growth_rate``, the largest real part of the nonzero eigenvalues, and the attribute
        ``stable_fraction``, the share of the valid points that is stable.

    Raises
    ------
    ValueError
        An axis is not one-dimensional, a parameter of the rule is an array, or as in `stability`.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> equal = dict(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> rule = sl.rules.Homeostatic(**equal)
    >>> found = sl.stability_map(sl.EIRates(), rule, np.arange(0.05, 10, 0.1), np.arange(0.1, 20, 0.2))
    >>> round(found.attrs["stable_fraction"], 4)  # of the whole rectangle 0.0755
    0.0755
    """
    import xarray as xr

    _require_kinds(model, rule)
    for name, value in rule.parameters.items():
        if np.ndim(value) > 0:
            raise ValueError(
                f"stability_map must be given a rule with one value of {name}, got shape {np.shape(value)}: draw one "
                "map a value, or use stability, which broadcasts"
            )
    ee, ie = np.asarray(W_EE, dtype=np.float64), np.asarray(W_IE, dtype=np.float64)
    for name, axis in (("W_EE", ee), ("W_IE", ie)):
        if axis.ndim != 1 or axis.size == 0:
            raise ValueError(f"stability_map.{name} must be one axis of the grid, got shape {axis.shape}")
    verdict = stability(model, rule, W_EE=ee[:, None], W_IE=ie[None, :], method=method, sensor=sensor)
    n_nonzero = verdict.eigenvalues.shape[-1] - 2 * bool((verdict.eigenvalues[..., -2:] == 0).all())
    growth = verdict.eigenvalues[..., :n_nonzero].real.max(axis=-1)
    names = ("stable", "rule_stable", "neural_stable", "positive", "paradoxical", "valid")
    data = {name: (("W_EE", "W_IE"), getattr(verdict, name)) for name in names}
    data["growth_rate"] = (("W_EE", "W_IE"), growth)
    result = xr.Dataset(
        data,
        coords={"W_EE": ee, "W_IE": ie},
        attrs={
            "rule": rule.name,
            "method": method,
            "sensor": verdict.sensor,
            "stable_fraction": verdict.stable_fraction,
        },
    )
    result["growth_rate"].attrs["units"] = "1/trial" if method == "trial" else "1/ms"
    return result


def _closed(model: EIRates, rule: Rule, weights: Weights) -> NDArray[np.complex128]:
    if rule.closed_form is None:
        raise ValueError(f"{rule.label} has no closed form; use method='qss'")
    with np.errstate(divide="ignore", invalid="ignore"):
        found = rule.closed_form(model, rule.parameters, weights.W_EE, weights.W_IE)
    if isinstance(found, TraceDeterminant):
        with np.errstate(divide="ignore", invalid="ignore"):
            return eigenvalue_pair(found)
    return np.asarray(found, dtype=np.complex128)


def _nonzero(linear: Linearisation, method: str) -> tuple[NDArray[np.complex128], int]:
    plane = linear.rests_on_plane
    n, m = linear.B.shape[-2:]
    if method == "full":
        return whole_spectrum(linear.full_core if plane else linear.full), m - n if plane else 0
    if not plane:
        return whole_spectrum(linear.qss), 0
    core = linear.qss_core
    if n != 2:
        return whole_spectrum(core), m - n
    trace = core[..., 0, 0] + core[..., 1, 1]
    return eigenvalue_pair(TraceDeterminant(trace, linear.qss_core_determinant)), m - n


def _multipliers(linear: Linearisation, nonzero: NDArray[np.complex128], sensor: float) -> NDArray[np.complex128]:
    if sensor == 1.0:
        return np.asarray(1 + nonzero)
    if not linear.F_W.any():
        return sensor_multipliers(nonzero, sensor)
    return whole_spectrum(sensor_map(linear, sensor))


def _checked_sensor(sensor: Any, method: str) -> float:
    value = one_number("stability.sensor", sensor)
    if not 1 <= value < np.inf:
        raise ValueError(f"stability.sensor must be at least 1 trial and finite, got {value:g}")
    if value != 1 and method != "trial":
        raise ValueError(f"stability.sensor must come with method='trial', got method={method!r}")
    return value


def _require_kinds(model: Any, rule: Any) -> None:
    if not isinstance(model, EIRates):
        got = model if isinstance(model, str) else type(model).__name__
        raise TypeError(
            f"stability must be given a spikelearn.EIRates, got {got!r}; for populations of another kind use "
            "derive_rule(...).stability, or spikelearn.rules.linearise.linearise"
        )
    if isinstance(rule, Rule):
        return
    if isinstance(getattr(rule, "rule", None), Rule):
        raise TypeError(f"stability must be given a Rule, got {type(rule).__name__}: give its .rule")
    if callable(rule):
        name = getattr(rule, "__name__", repr(rule))
        raise TypeError(f"stability must be given a Rule, got the function {name}: call it with its rates first")
    raise TypeError(
        f"stability must be given a Rule such as spikelearn.rules.CrossHomeostatic(alpha_EE=0.02, ...), got {rule!r}"
    )


def _require_rest(linear: Linearisation, rule: Rule) -> None:
    """Refuse a rule that moves the weights at the set point; what counts as rest is set by its own sensitivity."""
    scale = np.abs(linear.F_r).sum(axis=(-1, -2)) + np.abs(linear.F_W).sum(axis=(-1, -2))
    moves = np.abs(linear.change).max(axis=-1) > 1e-9 * scale
    if np.any(moves):
        largest = float(np.abs(linear.change).max())
        raise ValueError(
            f"{rule.label} must rest at the set point to be judged there, got a change of up to {largest:.3g}; "
            "its own resting state can be linearised with spikelearn.rules.linearise.linearise"
        )


def grid_axes(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give one point in each of n x n cells over the figures' range, W_EE in [0, 10] and W_IE in [0, 20].

    The places within the cells are irrational: boundaries are lines with rational coefficients, and a point on one of
    them would be judged by its rounding error.
    """
    cells = np.arange(n)
    return 10 * (cells + (np.sqrt(5) - 1) / 2) / n, 20 * (cells + np.sqrt(2) - 1) / n
