"""The homeostatic rule without dimensions: scales, equations and eigenvalues of Eqs. (30) to (37)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.rules.rule import Rule

__all__ = ["Nondimensional"]


@dataclass(frozen=True)
class Nondimensional:
    """Parameters and scales of the nondimensional system, made by `of`.

    Activities count in set points, times in `tau_0` and weights in `weight_scales`, which the print leaves out
    (erratum E12): W_EE = (R/g_E) w_EE, W_EI = w_EI/g_E, W_IE = w_IE/g_E, W_II = w_II/(R g_E), and its alpha is
    alpha_EE.

    Parameters
    ----------
    R : float
        E_set/I_set.
    g : float
        g_E/g_I.
    alpha_2, alpha_3, alpha_4 : float
        alpha_EI, alpha_IE and alpha_II over alpha_EE.
    theta_E, theta_I : float
        Thresholds (g_E/E_set)(Theta_E - I_ext) and (g_I/I_set) Theta_I.
    epsilon_E, epsilon_I : float
        tau_E/tau_0 and tau_I/tau_0, to be far below 1 for the quasi-steady state. At the rates 0.02 of the figures
        tau_0 is 0.714 ms and epsilon_E is 14 (erratum E13).
    tau_0 : float
        1/(alpha_EE g_E E_set I_set) in ms.
    weight_scales : Weights
        What a weight of 1 is in the source's units.

    References
    ----------
    003 section 2.3.2.

    Examples
    --------
    >>> from spikelearn.rules import Homeostatic
    >>> rule = Homeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> form = Nondimensional.of(EIRates(), rule)
    >>> round(form.tau_0, 3), round(form.epsilon_E, 3)
    (0.714, 14.0)
    """

    R: float
    g: float
    alpha_2: float
    alpha_3: float
    alpha_4: float
    theta_E: float
    theta_I: float
    epsilon_E: float
    epsilon_I: float
    tau_0: float
    weight_scales: Weights

    @classmethod
    def of(cls, model: EIRates, rule: Rule) -> Self:
        """Scale a model with a homeostatic rule.

        Raises
        ------
        ValueError
            The rule is not `Homeostatic`, or its alpha_EE is not positive, so that it gives no time scale.
        """
        if rule.name != "Homeostatic":
            raise ValueError(f"Nondimensional.rule must be Homeostatic, got {rule.name}")
        first, *others = (float(rule.parameters[f"alpha_{name}"]) for name in ("EE", "EI", "IE", "II"))
        if not first > 0:
            raise ValueError(f"Nondimensional: alpha_EE must be positive to set the time scale, got {first:g}")
        R = model.E_set / model.I_set
        tau_0 = 1 / (first * model.g_E * model.E_set * model.I_set)
        scales = (R / model.g_E, 1 / model.g_E, 1 / model.g_E, 1 / (R * model.g_E))
        return cls(
            R=R,
            g=model.g_E / model.g_I,
            alpha_2=others[0] / first,
            alpha_3=others[1] / first,
            alpha_4=others[2] / first,
            theta_E=model.g_E / model.E_set * (model.Theta_E - model.I_ext),
            theta_I=model.g_I / model.I_set * model.Theta_I,
            epsilon_E=model.tau_E / tau_0,
            epsilon_I=model.tau_I / tau_0,
            tau_0=tau_0,
            weight_scales=Weights(*(np.asarray(scale) for scale in scales)),
        )

    def derivatives(self, e: Any, i: Any, w: Weights) -> tuple[Any, ...]:
        """Give de/dt, di/dt and the four dw/dt in units of tau_0, Eq. (30), above threshold."""
        de = -e + self.R * e * w.W_EE - i * w.W_EI / self.R - self.theta_E
        di = -i + self.R * e * w.W_IE / self.g - i * w.W_II / (self.R * self.g) - self.theta_I
        return (
            de / self.epsilon_E,
            di / self.epsilon_I,
            -e * (e - 1),
            self.alpha_2 * i * (e - 1),
            -self.alpha_3 * e * (i - 1),
            self.alpha_4 * i * (i - 1),
        )

    def quasi_steady(self, w: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the quasi-steady activities e and i, Eq. (32)."""
        c = self.R * w.W_EI * w.W_IE - (w.W_II + self.R * self.g) * (self.R * w.W_EE - 1)
        e = (self.g * self.theta_I * w.W_EI - (w.W_II + self.R * self.g) * self.theta_E) / c
        i = (self.R * self.g * self.theta_I * (self.R * w.W_EE - 1) - self.R**2 * self.theta_E * w.W_IE) / c
        return np.asarray(e), np.asarray(i)

    def setpoint_weights(self, w_EE: ArrayLike, w_IE: ArrayLike) -> Weights:
        """Give the weights with e = i = 1, Eqs. (34) and (35)."""
        ee, ie = np.broadcast_arrays(np.asarray(w_EE, dtype=np.float64), np.asarray(w_IE, dtype=np.float64))
        ei = self.R * (self.R * ee - 1) - self.R * self.theta_E
        ii = self.R * (self.R * ie - self.g) - self.R * self.g * self.theta_I
        return Weights(ee, np.asarray(ei), ie, np.asarray(ii))

    def eigenvalues(self, w_EE: ArrayLike, w_IE: ArrayLike) -> NDArray[np.complex128]:
        """Give the two nonzero eigenvalues in units of 1/tau_0, Eqs. (36) and (37); shape (..., 2)."""
        ee, ie = np.asarray(w_EE, dtype=np.float64), np.asarray(w_IE, dtype=np.float64)
        R, g, a2, a3, a4 = self.R, self.g, self.alpha_2, self.alpha_3, self.alpha_4
        A = (
            R**2 * g * self.theta_I
            + (R**2 * a3 + a4) * R * ee
            - (R**2 + a2) * R * ie
            + a2 * g * self.theta_I
            - R**2 * a3
            - a4
        )
        C = 2 * R * (R * g * self.theta_I * ee - R * self.theta_E * ie - g * self.theta_I)
        D = 2 * (R**2 * a3 + a4) * (R**2 + a2) / R
        root = np.sqrt((A**2 - D * C).astype(np.complex128))
        return np.stack([(A + root) / C, (A - root) / C], axis=-1)
