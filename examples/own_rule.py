"""A plasticity rule of your own is four strings: its LaTeX, its stability and its Brian2 run come from them.

A cross-homeostatic rule whose errors saturate, after 003 Eq. (6).
"""

from brian2 import Network, NeuronGroup, ms

import spikelearn as sl
from spikelearn.brian.session import session

model = sl.EIRates()
rule = sl.Rule(
    dW={
        "W_EE": "a*E*tanh(I_set - I)",
        "W_EI": "-a*I*tanh(I_set - I)",
        "W_IE": "-a*E*tanh(E_set - E)",
        "W_II": "a*I*tanh(E_set - E)",
    },
    parameters={"a": 2e-5},
    name="saturating cross-homeostatic",
)
print(rule.latex())
verdict = sl.stability(model, rule, W_EE=5.0, W_IE=10.0, method="full")
print(f"stable: {bool(verdict.stable)}; slowest nonzero eigenvalue {verdict.eigenvalues[:4].real.max():.3g} per ms")

weights = model.setpoint_weights(W_EE=5.0, W_IE=10.0)
with session("numpy") as brian:
    group = NeuronGroup(1, rule.brian_equations(model), method="rk4", dt=0.1 * ms)
    group.E, group.I = model.E_set, model.I_set
    for name, value in weights._asdict().items():
        setattr(group, name, float(value))
    group.W_EE = 1.05 * float(weights.W_EE)
    brian.run(Network(group), 2000 * ms, namespace=rule.namespace(model))
    # E is not quite back: the slowest nonzero eigenvalue, 4.1e-4 per ms, has a time constant of 2.4 s.
    print(f"after 2 s from W_EE 5 % too large: E = {group.E[0]:.3f} Hz, I = {group.I[0]:.3f} Hz")
