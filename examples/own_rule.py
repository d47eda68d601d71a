"""A plasticity rule of your own is four strings: its LaTeX, its stability and its run come from them.

A cross-homeostatic rule whose errors saturate, after Soldado-Magraner et al. 2022, Eq. (6).
"""

import spikelearn as sl

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

weights = model.setpoint_weights(W_EE=5.0, W_IE=10.0)._asdict()
weights["W_EE"] *= 1.05
start = sl.Initial(E=model.E_set, I=model.I_set)
run = sl.simulate(model, "2 s", rule=rule, weights=list(weights.values()), initial=start, dt="0.1 ms")
# E is not quite back: the slowest nonzero eigenvalue, 4.1e-4 per ms, has a time constant of 2.4 s.
last = {name: float(run.traces[name][-1]) for name in ("E", "I")}
print(f"after 2 s from W_EE 5 % too large: E = {last['E']:.3f} Hz, I = {last['I']:.3f} Hz")
