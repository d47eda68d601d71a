"""The homeostatic family of plasticity rules, each a `Rule` record written as one expression a weight.

Rates are per ms in continuous time and per trial in trials. A rate may be an array, which then broadcasts with the
weights at which the rule is examined.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from spikelearn.parameters.names import unknown_name
from spikelearn.rules import closed_forms
from spikelearn.rules.rule import Rule, rule_parameter

__all__ = [
    "CrossHomeostatic",
    "ForcedBalance",
    "Homeostatic",
    "LossApproximate",
    "LossGradient",
    "SynapticScaling",
    "TwoTerm",
]

_C = "(g_E*g_I*W_EI*W_IE - (g_E*W_EE - 1)*(g_I*W_II + 1))"
_THETA = "(Theta_E - I_ext)"


def Homeostatic(*, alpha_EE: Any, alpha_EI: Any, alpha_IE: Any, alpha_II: Any) -> Rule:
    """Make the rule in which each population brings its own activity to its set point.

    Parameters
    ----------
    alpha_EE, alpha_EI, alpha_IE, alpha_II : float or array_like
        Rates, of either sign: a negative one makes that weight anti-homeostatic.

    Returns
    -------
    Rule

    References
    ----------
    003 Eqs. (1), (28). Stability by Eqs. (2) to (5) holds as printed only for alpha_EE > 0 (errata E6, E14).

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.Homeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> change = rule.update(sl.EIRates())(4.0, 15.0, 5.0, 1.0, 10.0, 1.5)  # E, I and the four weights
    >>> [round(float(part), 3) for part in change]  # W_EE by alpha_EE E (E_set - E) = 0.02 * 4 * (5 - 4)
    [0.08, -0.3, -0.08, 0.3]
    >>> bool(sl.stability(sl.EIRates(), rule, W_EE=5.0, W_IE=10.0).stable)
    False
    """
    return Rule(
        dW={
            "W_EE": "alpha_EE*E*(E_set - E)",
            "W_EI": "-alpha_EI*I*(E_set - E)",
            "W_IE": "alpha_IE*E*(I_set - I)",
            "W_II": "-alpha_II*I*(I_set - I)",
        },
        parameters={"alpha_EE": alpha_EE, "alpha_EI": alpha_EI, "alpha_IE": alpha_IE, "alpha_II": alpha_II},
        source="Soldado-Magraner et al. 2022, Eq. (1)",
        name="Homeostatic",
        closed_form=closed_forms.homeostatic,
    )


def CrossHomeostatic(*, alpha_EE: Any, alpha_EI: Any, alpha_IE: Any, alpha_II: Any) -> Rule:
    """Make the rule in which the weights onto one population serve the other population's set point.

    Parameters
    ----------
    alpha_EE, alpha_EI, alpha_IE, alpha_II : float or array_like
        Rates, not negative.

    Returns
    -------
    Rule

    References
    ----------
    003 Eq. (6).

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.CrossHomeostatic(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> change = rule.update(sl.EIRates())(4.0, 15.0, 5.0, 1.0, 10.0, 1.5)  # E, I and the four weights
    >>> [round(float(part), 3) for part in change]  # W_EE by alpha_EE E (I_set - I) = 0.02 * 4 * (14 - 15)
    [-0.08, 0.3, -0.08, 0.3]
    >>> bool(sl.stability(sl.EIRates(), rule, W_EE=5.0, W_IE=10.0).stable)
    True
    """
    rates = {"alpha_EE": alpha_EE, "alpha_EI": alpha_EI, "alpha_IE": alpha_IE, "alpha_II": alpha_II}
    return Rule(
        dW={
            "W_EE": "alpha_EE*E*(I_set - I)",
            "W_EI": "-alpha_EI*I*(I_set - I)",
            "W_IE": "-alpha_IE*E*(E_set - E)",
            "W_II": "alpha_II*I*(E_set - E)",
        },
        parameters=_not_negative("CrossHomeostatic", rates),
        source="Soldado-Magraner et al. 2022, Eq. (6)",
        name="CrossHomeostatic",
        closed_form=closed_forms.cross_homeostatic,
    )


def TwoTerm(*, alpha: Any, beta: Any) -> Rule:
    """Add the cross-homeostatic rule with rate alpha and the homeostatic rule with rate beta.

    Parameters
    ----------
    alpha, beta : float or array_like
        Rates, of either sign.

    Returns
    -------
    Rule

    References
    ----------
    003 Eq. (9).

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.TwoTerm(alpha=0.02, beta=0.005)
    >>> change = rule.update(sl.EIRates())(4.0, 15.0, 5.0, 1.0, 10.0, 1.5)  # E, I and the four weights
    >>> round(float(change[0]), 3), round(0.02 * 4 * (14 - 15) + 0.005 * 4 * (5 - 4), 3)  # of W_EE
    (-0.06, -0.06)
    """
    return Rule(
        dW={
            "W_EE": "alpha*E*(I_set - I) + beta*E*(E_set - E)",
            "W_EI": "-alpha*I*(I_set - I) - beta*I*(E_set - E)",
            "W_IE": "-alpha*E*(E_set - E) + beta*E*(I_set - I)",
            "W_II": "alpha*I*(E_set - E) - beta*I*(I_set - I)",
        },
        parameters={"alpha": alpha, "beta": beta},
        source="Soldado-Magraner et al. 2022, Eq. (9)",
        name="TwoTerm",
        closed_form=closed_forms.two_term,
    )


def SynapticScaling(*, alpha_EE: Any, alpha_EI: Any, alpha_IE: Any, alpha_II: Any) -> Rule:
    """Make the rule in which each population scales its incoming weights to reach its own set point.

    Parameters
    ----------
    alpha_EE, alpha_EI, alpha_IE, alpha_II : float or array_like
        Rates, not negative.

    Returns
    -------
    Rule

    References
    ----------
    003 Eq. (12).

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.SynapticScaling(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> change = rule.update(sl.EIRates())(4.0, 15.0, 5.0, 1.0, 10.0, 1.5)  # E, I and the four weights
    >>> [round(float(part), 3) for part in change]  # W_EE by alpha_EE W_EE (E_set - E) = 0.02 * 5 * (5 - 4)
    [0.1, -0.02, -0.2, 0.03]
    """
    rates = {"alpha_EE": alpha_EE, "alpha_EI": alpha_EI, "alpha_IE": alpha_IE, "alpha_II": alpha_II}
    return Rule(
        dW={
            "W_EE": "alpha_EE*(E_set - E)*W_EE",
            "W_EI": "-alpha_EI*(E_set - E)*W_EI",
            "W_IE": "alpha_IE*(I_set - I)*W_IE",
            "W_II": "-alpha_II*(I_set - I)*W_II",
        },
        parameters=_not_negative("SynapticScaling", rates),
        source="Soldado-Magraner et al. 2022, Eq. (12)",
        name="SynapticScaling",
        closed_form=closed_forms.synaptic_scaling,
    )


def ForcedBalance(
    *,
    alpha_1: Any,
    alpha_3: Any,
    ie_sign: Literal[-1, 1] = -1,
    mode: Literal["follower", "pinned"] = "follower",
    tau_0: float | None = None,
) -> Rule:
    """Make the rule in which W_EE and W_IE learn and W_EI and W_II relax to what holds the set point.

    The print leaves open what they relax to and how fast (erratum E5), and gives W_IE a sign with which its own
    stability conditions do not agree (erratum E4).

    Parameters
    ----------
    alpha_1, alpha_3 : float or array_like
        Rates of W_EE (positive) and W_IE (not negative).
    ie_sign : {-1, 1}
        Sign of the change of W_IE: -1 is the rule that Eq. (16) and Fig. S12 describe, +1 is Eq. (15) as printed.
    mode : {"follower", "pinned"}
        Whether W_EI and W_II relax to the set-point weights of the current W_EE and W_IE, or to constants that
        ``rule.at`` fills in.
    tau_0 : float, optional
        Time constant of that relaxation in ms; without it 1/(alpha_1 g_E g_I E_set I_set).

    Returns
    -------
    Rule

    Raises
    ------
    ValueError
        A choice is none of those above, or a rate or time constant is out of range.

    References
    ----------
    003 Eqs. (15), (16), (45).

    Examples
    --------
    >>> import spikelearn as sl
    >>> signs = {sign: sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=sign) for sign in (-1, 1)}
    >>> {sign: bool(sl.stability(sl.EIRates(), rule, W_EE=3.0, W_IE=10.0).stable) for sign, rule in signs.items()}
    {-1: True, 1: False}
    """
    if isinstance(ie_sign, bool) or not isinstance(ie_sign, (int, np.integer)) or ie_sign not in (-1, 1):
        raise ValueError(f"ForcedBalance.ie_sign must be the integer -1 or 1, got {ie_sign!r}")
    if mode not in ("follower", "pinned"):
        raise ValueError(unknown_name("ForcedBalance", "mode", str(mode), ("follower", "pinned")))
    parameters = {"alpha_1": alpha_1, "alpha_3": alpha_3}
    _not_negative("ForcedBalance", parameters)
    if not np.all(rule_parameter("ForcedBalance.alpha_1", alpha_1) > 0):
        raise ValueError(f"ForcedBalance.alpha_1 must be positive, got {alpha_1}")
    relaxation = "alpha_1*g_E*g_I*E_set*I_set"
    if tau_0 is not None:
        if isinstance(tau_0, bool) or not isinstance(tau_0, (int, float, np.number)):
            raise TypeError(f"ForcedBalance.tau_0 must be one plain number in ms, got {tau_0!r}")
        if not 0 < tau_0 < np.inf:
            raise ValueError(f"ForcedBalance.tau_0 must be positive and finite, got {tau_0}")
        parameters["tau_0"] = tau_0
        relaxation = "1/tau_0"
    if mode == "follower":
        target = {
            "W_EI": f"((W_EE - 1/g_E)*E_set - {_THETA})/I_set",
            "W_II": "(E_set*W_IE - Theta_I)/I_set - 1/g_I",
        }
    else:
        target = {"W_EI": "W_EI_up", "W_II": "W_II_up"}
    sign = "-" if ie_sign == -1 else ""
    return Rule(
        dW={
            "W_EE": "alpha_1*g_E*E*(E_set - E)",
            "W_EI": f"({target['W_EI']} - W_EI)*{relaxation}",
            "W_IE": f"{sign}alpha_3*g_I*E*(I_set - I)",
            "W_II": f"({target['W_II']} - W_II)*{relaxation}",
        },
        parameters=parameters,
        source="Soldado-Magraner et al. 2022, Eq. (15)",
        name=f"ForcedBalance {mode} {ie_sign:+d}",
        closed_form=(closed_forms.forced_balance if mode == "follower" else closed_forms.forced_balance_pinned)(
            ie_sign
        ),
    )


def LossGradient(*, alpha: Any) -> Rule:
    """Descend the exact gradient of the squared distance of both activities from their set points.

    Parameters
    ----------
    alpha : float or array_like
        Rate, not negative.

    Returns
    -------
    Rule

    References
    ----------
    003 Eqs. (48), (51), (55), (56), with the signs of errata E1 and E2: as printed Eq. (56) ascends.

    Examples
    --------
    >>> import spikelearn as sl
    >>> found = sl.stability(sl.EIRates(), sl.rules.LossGradient(alpha=1e-4), W_EE=[2.5, 5.0], W_IE=10.0)
    >>> found.rule_stable, found.neural_stable  # a gradient descends; the activities decide
    (array([ True,  True]), array([False,  True]))
    """
    onto_E = f"((E_set - E)*(g_I*W_II + 1)*g_E + (I_set - I)*W_IE*g_E*g_I)/{_C}"
    onto_I = f"((E_set - E)*W_EI*g_E*g_I + (I_set - I)*(g_E*W_EE - 1)*g_I)/{_C}"
    return Rule(
        dW={
            "W_EE": f"alpha*E*{onto_E}",
            "W_EI": f"-alpha*I*{onto_E}",
            "W_IE": f"-alpha*E*{onto_I}",
            "W_II": f"alpha*I*{onto_I}",
        },
        parameters=_not_negative("LossGradient", {"alpha": alpha}),
        source="Soldado-Magraner et al. 2022, Eq. (56), errata E1 and E2",
        name="LossGradient",
        closed_form=closed_forms.loss_gradient,
    )


def LossApproximate(*, alpha: Any) -> Rule:
    """Descend the same loss with the gradient's weight factors frozen at their set-point values.

    The rule is a two-term rule whose four rates follow from the set point; ``rule.at`` fills them in to run it.

    Parameters
    ----------
    alpha : float or array_like
        Rate, not negative.

    Returns
    -------
    Rule

    References
    ----------
    003 Eq. (57) with I_set in the rate alpha_E (erratum E3).

    Examples
    --------
    >>> import spikelearn as sl
    >>> rule = sl.rules.LossApproximate(alpha=1e-4)
    >>> found = sl.stability(sl.EIRates(), rule, W_EE=5.0, W_IE=10.0)
    >>> exact = sl.stability(sl.EIRates(), sl.rules.LossGradient(alpha=1e-4), W_EE=5.0, W_IE=10.0)
    >>> bool(found.stable), bool(abs(found.eigenvalues - exact.eigenvalues).max() < 1e-9)  # the same at the set point
    (True, True)
    """
    D = f"(Theta_I*(g_E*W_EE_up - 1) - g_E*{_THETA}*W_IE_up)"
    a_E = f"alpha*g_E*I_set*W_IE_up/{D}"
    a_I = f"alpha*(g_E*E_set*W_EE_up - g_E*{_THETA} - E_set)/{D}"
    b_E = f"alpha*g_E*(E_set*W_IE_up - Theta_I)/{D}"
    b_I = f"-alpha*I_set*(g_E*W_EE_up - 1)/{D}"
    return Rule(
        dW={
            "W_EE": f"{a_E}*E*(I_set - I) + {b_E}*E*(E_set - E)",
            "W_EI": f"-{a_E}*I*(I_set - I) - {b_E}*I*(E_set - E)",
            "W_IE": f"-{a_I}*E*(E_set - E) + ({b_I})*E*(I_set - I)",
            "W_II": f"{a_I}*I*(E_set - E) - ({b_I})*I*(I_set - I)",
        },
        parameters=_not_negative("LossApproximate", {"alpha": alpha}),
        source="Soldado-Magraner et al. 2022, Eq. (57), erratum E3",
        name="LossApproximate",
        closed_form=closed_forms.loss_gradient,
    )


def _not_negative(owner: str, rates: dict[str, Any]) -> dict[str, Any]:
    for name, value in rates.items():
        if not np.all(rule_parameter(f"{owner}.{name}", value) >= 0):
            raise ValueError(f"{owner}.{name} must not be negative, got {value}")
    return rates
