"""Models and losses that several tests share; written down here by hand, not taken from the package."""

import numpy as np

from spikelearn.symbolic.populations import RatePopulations

TABLE_1 = {
    "g_E": 1.0,
    "g_I": 4.0,
    "Theta_E": 4.8,
    "Theta_I": 25.0,
    "I_ext": 0.0,
    "tau_E": 10.0,
    "tau_I": 2.0,
    "E_set": 5.0,
    "I_set": 14.0,
}
PAPER_LOSS = "(E_set - E)**2/2 + (I_set - I)**2/2"


def two(**changes):
    return RatePopulations(
        {"E": "g_E*(W_EE*E - W_EI*I - Theta_E + I_ext)", "I": "g_I*(W_IE*E - W_II*I - Theta_I)"}, TABLE_1 | changes
    )


def up_state(w, p=TABLE_1):
    """Eq. (18) as printed, by hand."""
    ee, ei, ie, ii = w
    theta = p["Theta_E"] - p["I_ext"]
    c = ei * ie * p["g_E"] * p["g_I"] - (ii * p["g_I"] + 1) * (ee * p["g_E"] - 1)
    E = (ei * p["g_I"] * p["Theta_I"] - (ii * p["g_I"] + 1) * theta) * p["g_E"] / c
    I = ((ee * p["g_E"] - 1) * p["Theta_I"] - ie * p["g_E"] * theta) * p["g_I"] / c  # noqa: E741
    return np.array([E, I])


def held(ee, ie, p=TABLE_1):
    """Eq. (24): the four weights of a set point, by hand."""
    theta = p["Theta_E"] - p["I_ext"]
    ei = ((p["E_set"] * ee - theta) * p["g_E"] - p["E_set"]) / (p["I_set"] * p["g_E"])
    ii = ((p["E_set"] * ie - p["Theta_I"]) * p["g_I"] - p["I_set"]) / (p["I_set"] * p["g_I"])
    return np.array([ee, ei, ie, ii])


THREE = {
    "g_E": 1.0,
    "g_P": 2.0,
    "g_S": 1.0,
    "Theta_E": 2.0,
    "Theta_P": 5.0,
    "Theta_S": 3.0,
    "tau_E": 10.0,
    "tau_PV": 4.0,
    "tau_SST": 8.0,
    "E_set": 5.0,
    "PV_set": 10.0,
    "SST_set": 4.0,
}
THREE_LOSS = "((E_set - E)**2 + (PV_set - PV)**2 + (SST_set - SST)**2)/2"


def three():
    return RatePopulations(
        {
            "E": "g_E*(W_EE*E - W_EP*PV - W_ES*SST - Theta_E)",
            "PV": "g_P*(W_PE*E - W_PP*PV - W_PS*SST - Theta_P)",
            "SST": "g_S*(W_SE*E - W_SP*PV - Theta_S)",
        },
        THREE,
    )


def three_state(w, p=THREE):
    """Its steady state as a linear system, by hand."""
    ee, ep, es, pe, pp, ps, se, sp = w
    g = np.array([p["g_E"], p["g_P"], p["g_S"]])
    weights = np.array([[ee, -ep, -es], [pe, -pp, -ps], [se, -sp, 0.0]])
    thresholds = np.array([p["Theta_E"], p["Theta_P"], p["Theta_S"]])
    return np.linalg.solve(np.eye(3) - g[:, None] * weights, -g * thresholds)


def evaluate(expression, values):
    """Value of a SymPy formula by the names of its symbols."""
    return float(expression.subs({s: values[s.name] for s in expression.free_symbols}))
