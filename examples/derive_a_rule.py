"""From a loss to a plasticity rule to a running network, in quasi-steady state.

A Kullback-Leibler loss holds both activities at their set points. The rule is derived from it, checked against the loss
by finite differences, judged for stability and run in Brian2.

Reference: 003 (supplement of Soldado-Magraner et al. 2022, PNAS), section 3.
"""

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, ms

import spikelearn as sl
from spikelearn.brian.session import session

LOSS = "E*log(E/E_set) - E + E_set + I*log(I/I_set) - I + I_set"


def main() -> None:
    model = sl.EIRates()
    derived = sl.derive_rule(LOSS, model, alpha=2e-5)
    print(derived.latex())
    print("against finite differences of the loss:", derived.check())

    verdict = derived.stability(W_EE=5.0, W_IE=10.0)
    print("stable:", bool(verdict.stable), " eigenvalues (1/ms):", verdict.eigenvalues.real[:2])

    start = np.array([1.02, 0.98, 1.01, 1.02]) * model.setpoint_weights(W_EE=5.0, W_IE=10.0)
    names = (*model.populations, *model.weights)
    with session("numpy") as brian:
        network = NeuronGroup(1, derived.equations, method="euler", dt=0.1 * ms)
        for name, value in zip(names, (4.0, 12.0, *start), strict=True):
            setattr(network, name, value)
        monitor = StateMonitor(network, names, record=True, dt=200 * ms)
        brian.run(Network(network, monitor), 2000 * ms, namespace=derived.values)
        for k, time in enumerate(monitor.t / ms):
            state = "  ".join(f"{name} {getattr(monitor, name)[0][k]:7.3f}" for name in names)
            print(f"{time:6.0f} ms  {state}")
    slow = -1 / verdict.eigenvalues.real[0] / 1000
    print(f"E stops short of 5 Hz here: what is left decays with the slow eigenvalue, time constant {slow:.0f} s")


if __name__ == "__main__":
    main()
