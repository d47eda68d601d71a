"""From a loss to a plasticity rule to a running network, in quasi-steady state.

A Kullback-Leibler loss holds both activities at their set points. The rule is derived from it, checked against the loss
by finite differences, judged for stability and run.

Reference: supplement of Soldado-Magraner et al. 2022, PNAS, section 3.
"""

import numpy as np

import spikelearn as sl

LOSS = "E*log(E/E_set) - E + E_set + I*log(I/I_set) - I + I_set"


def main() -> None:
    model = sl.EIRates()
    derived = sl.derive_rule(LOSS, model, alpha=2e-5)
    print(derived.latex())
    print("against finite differences of the loss:", derived.check())

    verdict = derived.stability(W_EE=5.0, W_IE=10.0)
    print("stable:", bool(verdict.stable), " eigenvalues (1/ms):", verdict.eigenvalues.real[:2])

    start = np.array([1.02, 0.98, 1.01, 1.02]) * model.setpoint_weights(W_EE=5.0, W_IE=10.0)
    run = sl.simulate(
        model, "2 s", rule=derived, weights=start, initial=sl.Initial(E=4.0, I=12.0), dt="0.1 ms", record_dt="0.2 s"
    )
    for k, time in enumerate(run.traces.time.values):
        state = "  ".join(f"{name} {float(run.traces[name][k]):7.3f}" for name in run.traces)
        print(f"{1e3 * time:6.0f} ms  {state}")
    slow = -1 / verdict.eigenvalues.real[0] / 1000
    print(f"E stops short of 5 Hz here: what is left decays with the slow eigenvalue, time constant {slow:.0f} s")


if __name__ == "__main__":
    main()
