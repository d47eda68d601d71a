"""One excitatory and one inhibitory rate population that hold each other in an Up state."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.ei_rate.fixed_points import FixedPoint, fixed_points
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import number_array
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.simulable import Runner

__all__ = ["EIRates", "UpState", "Weights"]

_POSITIVE = ("g_E", "g_I", "tau_E", "tau_I", "E_set", "I_set", "E_max", "I_max")


class Weights(NamedTuple):
    """The four weights; each a float or an array, W_XY from population Y to population X."""

    W_EE: NDArray[np.float64]
    W_EI: NDArray[np.float64]
    W_IE: NDArray[np.float64]
    W_II: NDArray[np.float64]


class UpState(NamedTuple):
    """The fixed point with both populations above threshold.

    Attributes
    ----------
    E, I : ndarray
        Activities in Hz; NaN where the determinant C is zero. Negative values, and values at or above the cut-offs,
        mean that there is no Up state.
    exists : ndarray of bool
        Whether both activities are positive and below their cut-offs E_max and I_max.
    stable : ndarray of bool
        Whether it exists and the neural subsystem is stable there, Eqs. (22) and (23).
    """

    E: NDArray[np.float64]
    I: NDArray[np.float64]  # noqa: E741  (the source's name)
    exists: NDArray[np.bool_]
    stable: NDArray[np.bool_]


@dataclass(frozen=True)
class EIRates:
    r"""Two populations of rectified linear rate units, E and I, as in Table 1 unless said otherwise.

    .. math::

        \tau_E \dot E &= -E + [g_E (W_{EE} E - W_{EI} I - \Theta_E + I_{ext})]_+ \\
        \tau_I \dot I &= -I + [g_I (W_{IE} E - W_{II} I - \Theta_I)]_+

    Numbers are plain floats in the units of the source: activities in Hz, times in ms. This system is the one
    exception to SI in the package. The weights are no parameters: they are what plasticity changes.

    Parameters
    ----------
    g_E, g_I : float
        Gains.
    Theta_E, Theta_I : float
        Thresholds of the input.
    I_ext : float
        Constant input to E; enters only through ``Theta_E - I_ext``.
    tau_E, tau_I : float
        Time constants in ms.
    E_set, I_set : float
        Set points of the activities in Hz.
    E_max, I_max : float
        Cut-offs of the activities in Hz.

    Raises
    ------
    ValueError
        A parameter is not finite, or not positive where it must be.

    References
    ----------
    003 Supplement of Soldado-Magraner, Seay, Laje & Buonomano 2022, Eqs. (17) to (27) and Table 1.

    Examples
    --------
    >>> model = EIRates()
    >>> weights = model.setpoint_weights(W_EE=5.0, W_IE=10.0)
    >>> float(weights.W_EI.round(6)), float(weights.W_II.round(6))
    (1.085714, 1.535714)
    >>> state = model.up_state(*weights)
    >>> float(state.E.round(9)), float(state.I.round(9)), bool(state.stable)
    (5.0, 14.0, True)
    """

    g_E: float = 1.0
    g_I: float = 4.0
    Theta_E: float = 4.8
    Theta_I: float = 25.0
    I_ext: float = 0.0
    tau_E: float = 10.0
    tau_I: float = 2.0
    E_set: float = 5.0
    I_set: float = 14.0
    E_max: float = 100.0
    I_max: float = 250.0

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            where = f"EIRates.{field.name}"
            if isinstance(given, bool) or not isinstance(given, (int, float, np.floating, np.integer)):
                raise TypeError(f"{where} must be a plain number in Hz or ms, got {given!r}")
            value = float(given)
            if not math.isfinite(value):
                raise ValueError(f"{where} must be finite, got {value}")
            if field.name in _POSITIVE and value <= 0:
                raise ValueError(f"{where} must be positive, got {value:g}")
            object.__setattr__(self, field.name, value)
        for name in ("E", "I"):
            if getattr(self, f"{name}_set") >= getattr(self, f"{name}_max"):
                raise ValueError(
                    f"EIRates.{name}_set must be below {name}_max = {getattr(self, f'{name}_max'):g}, "
                    f"got {getattr(self, f'{name}_set'):g}"
                )

    @classmethod
    def non_paradoxical(cls) -> Self:
        """Give the set with g_E 0.5 and I_ext 8, in which stable Up states without the paradoxical effect exist.

        References
        ----------
        003 section 2.5, which prints no values; these are those of the authors' notebooks.
        """
        return cls(g_E=0.5, I_ext=8.0)

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the activities."""
        return ("E", "I")

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights, in the order EE, EI, IE, II that every array of weights has."""
        return ("W_EE", "W_EI", "W_IE", "W_II")

    @property
    def parameters(self) -> Mapping[str, float]:
        """Value of every parameter by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def steady_state(self) -> Mapping[str, str]:
        """The fixed-point equations X = ... of the Up state, without the rectifier, Eq. (53)."""
        return {
            "E": "g_E*(W_EE*E - W_EI*I - Theta_E + I_ext)",
            "I": "g_I*(W_IE*E - W_II*I - Theta_I)",
        }

    @property
    def neural_equations(self) -> str:
        """The two activities as Brian2 equations, rectified and cut off; the weights are left to be declared."""
        return "\n".join(
            f"d{name}/dt = (-{name} + clip({self.steady_state[name]}, 0, {name}_max))/(tau_{name}*ms) : 1"
            for name in self.populations
        )

    @property
    def equations(self) -> str:
        """Brian2 equations with fixed weights; run them with ``namespace={**model.parameters, "ms": ms}``."""
        return "\n".join([self.neural_equations, *(f"{name} : 1" for name in self.weights)])

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded: activities in Hz, and the weights."""
        return {**dict.fromkeys(self.populations, "Hz"), **dict.fromkeys(self.weights, "1")}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: the activities, plain numbers in Hz."""
        return dict.fromkeys(self.populations, "1")

    @property
    def default_dt(self) -> float:
        """Time step of a run that does not say one, in seconds: 0.05 ms."""
        return 5e-5

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "initial": "activities at time 0 in Hz, zero if not given",
            "weights": "the four weights W_EE, W_EI, W_IE, W_II at time 0",
            "rule": "a plasticity rule in continuous time; the weights stay if left out",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        from spikelearn.models.ei_rate.engines import run_on_array, run_on_brian

        return {"array": run_on_array, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse activities that the units cannot have.

        Raises
        ------
        ValueError
            An activity is negative or above its cut-off.
        """
        for name in self.populations:
            value, top = float(np.ravel(states.get(name, 0.0))[0]), getattr(self, f"{name}_max")
            if not 0 <= value <= top:
                raise ValueError(f"Initial.{name} must lie between 0 and {name}_max = {top:g} Hz, got {value:g}")

    def replace(self, **changes: float) -> Self:
        """Give the same model with some parameters changed.

        Raises
        ------
        ValueError
            There is no such parameter; the message gives the nearest.
        """
        for name in changes:
            if name not in self.parameters:
                raise ValueError(unknown_name("EIRates", "parameter", name, self.parameters))
        return dataclasses.replace(self, **changes)

    def determinant(self, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike) -> NDArray[np.float64]:
        """Give C of Eq. (19); the neural determinant condition, Eq. (22), is C > 0."""
        ee, ei, ie, ii = (np.asarray(w, dtype=np.float64) for w in (W_EE, W_EI, W_IE, W_II))
        return np.asarray(self.g_E * self.g_I * ei * ie - (self.g_E * ee - 1) * (self.g_I * ii + 1))

    def neural_stable(self, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike) -> NDArray[np.bool_]:
        """Tell whether the Up state of fixed weights is stable, Eqs. (22) and (23)."""
        x = self.g_E * np.asarray(W_EE, dtype=np.float64) - 1
        y = self.g_I * np.asarray(W_II, dtype=np.float64) + 1
        return np.asarray((self.determinant(W_EE, W_EI, W_IE, W_II) > 0) & (y * self.tau_E > x * self.tau_I))

    def neural_jacobian(
        self, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike
    ) -> NDArray[np.float64]:
        """Give the Jacobian of the activities above threshold, Eq. (20), in 1/ms; shape (..., 2, 2)."""
        ee, ei, ie, ii = np.broadcast_arrays(*(np.asarray(w, dtype=np.float64) for w in (W_EE, W_EI, W_IE, W_II)))
        rows = [
            [(self.g_E * ee - 1) / self.tau_E, -self.g_E * ei / self.tau_E],
            [self.g_I * ie / self.tau_I, -(self.g_I * ii + 1) / self.tau_I],
        ]
        return np.moveaxis(np.asarray(rows), (0, 1), (-2, -1))

    def paradoxical(self, W_EE: ArrayLike) -> NDArray[np.bool_]:
        """Tell whether more input to I lowers I at a stable Up state: W_EE g_E > 1, Eq. (27)."""
        return np.asarray(self.g_E * np.asarray(W_EE, dtype=np.float64) > 1)

    def up_state(self, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike) -> UpState:
        """Give the fixed point with both populations active for given weights; arguments broadcast.

        Parameters
        ----------
        W_EE, W_EI, W_IE, W_II : array_like
            Weights, not negative.

        Returns
        -------
        UpState

        Raises
        ------
        ValueError
            A weight is negative or not finite.

        References
        ----------
        003 Eqs. (18), (19), (22), (23).
        """
        ee, ei, ie, ii = np.broadcast_arrays(
            *(_weight(w, n) for w, n in zip((W_EE, W_EI, W_IE, W_II), self.weights, strict=True))
        )
        theta_E = self.Theta_E - self.I_ext
        c = self.determinant(ee, ei, ie, ii)
        safe = np.where(c == 0, np.nan, c)
        E = self.g_E * (self.g_I * self.Theta_I * ei - (self.g_I * ii + 1) * theta_E) / safe
        I = self.g_I * ((self.g_E * ee - 1) * self.Theta_I - self.g_E * theta_E * ie) / safe  # noqa: E741
        exists = (E > 0) & (I > 0) & (self.E_max > E) & (self.I_max > I)
        return UpState(E, I, exists, exists & self.neural_stable(ee, ei, ie, ii))

    def fixed_points(
        self, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike
    ) -> tuple[FixedPoint, ...]:
        """Give every fixed point with its stability: Up, Down, one population alone, and those at the cut-offs.

        One number a weight; see `spikelearn.models.ei_rate.fixed_points.fixed_points`.
        """
        return fixed_points(self, W_EE, W_EI, W_IE, W_II)

    def setpoint_weights(self, W_EE: ArrayLike, W_IE: ArrayLike, *, check: bool = False) -> Weights:
        """Give the four weights that hold the activities at their set points; W_EE and W_IE are free.

        Parameters
        ----------
        W_EE, W_IE : array_like
            The free weights, not negative; they broadcast.
        check : bool
            Whether to refuse points with a negative W_EI or W_II and points whose Up state is unstable.

        Returns
        -------
        Weights

        Raises
        ------
        ValueError
            A free weight is negative or not finite, or, with `check`, a point is not a stable set point.

        References
        ----------
        003 Eq. (24). The print names W_EE and W_EI as the free weights (erratum E8) and writes W_II for W_IE in
        Eq. (26) (erratum E7).
        """
        ee, ie = np.broadcast_arrays(_weight(W_EE, "W_EE"), _weight(W_IE, "W_IE"))
        ei = ((self.g_E * ee - 1) * self.E_set - self.g_E * (self.Theta_E - self.I_ext)) / (self.g_E * self.I_set)
        ii = (self.E_set * ie - self.Theta_I) / self.I_set - 1 / self.g_I
        weights = Weights(ee, np.asarray(ei), ie, np.asarray(ii))
        if check:
            self._require_stable(weights)
        return weights

    def _require_stable(self, weights: Weights) -> None:
        for name, rule in (("W_EI", "Eq. (25)"), ("W_II", "Eq. (26)")):
            value = getattr(weights, name)
            if np.any(value < 0):
                raise ValueError(
                    f"EIRates set point must have a positive {name} ({rule}), got {float(np.min(value)):.6g}; raise "
                    f"{'W_EE' if name == 'W_EI' else 'W_IE'}"
                )
        good = self.neural_stable(*weights)
        if not np.all(good):
            where = np.unravel_index(int(np.argmin(good)), np.shape(good))
            raise ValueError(
                "EIRates set point must be stable (Eqs. 22 and 23), got an unstable one at "
                f"W_EE = {float(weights.W_EE[where]):g}, W_IE = {float(weights.W_IE[where]):g}"
            )


def _weight(value: ArrayLike, name: str) -> NDArray[np.float64]:
    array = number_array(f"EIRates weight {name}", value)
    if not np.isfinite(array).all():
        raise ValueError(f"EIRates weight {name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
    if (array < 0).any():
        raise ValueError(f"EIRates weight {name} must not be negative, got {float(array.min()):g}")
    return array
