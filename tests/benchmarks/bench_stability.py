"""How fast are stability maps of 500 x 500 set points: closed forms of all settings of S8 to S12, and brute force.

Targets on two cores: all closed-form maps together under 1 s; whole 4-D and 6-D spectra under 5 s a rule. Each brute
force is checked against the closed form: the same verdict at every valid point.
"""

import time

import aims
import numpy as np

import spikelearn as sl
from spikelearn.models.ei_rate.stability import grid_axes
from spikelearn.rules.linearise import linearise, whole_spectrum

N = 500
NAMES = ("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II")


def four(*values):
    return dict(zip(NAMES, values, strict=True))


def settings():
    yield "S8 equal", sl.rules.Homeostatic(**four(0.02, 0.02, 0.02, 0.02))
    yield "S8 slow I", sl.rules.Homeostatic(**four(0.02, 0.02, 2e-4, 2e-4))
    yield "S9", sl.rules.CrossHomeostatic(**four(0.02, 0.02, 0.02, 0.02))
    for a, b in ((0.02, 0.005), (0.02, 0.02), (2e-4, 0.02)):
        yield f"S10 {a:g} {b:g}", sl.rules.TwoTerm(alpha=a, beta=b)
    for onto_E, onto_I in ((0.02, 0.02), (0.02, 0.002), (0.002, 0.02)):
        yield f"S11 {onto_E:g} {onto_I:g}", sl.rules.SynapticScaling(**four(onto_E, onto_E, onto_I, onto_I))
    for sign in (-1, 1):
        for a, b in ((0.02, 0.02), (0.02, 2e-4), (2e-4, 0.02)):
            yield f"S12 {a:g} {b:g} {sign:+d}", sl.rules.ForcedBalance(alpha_1=a, alpha_3=b, ie_sign=sign)


def main():
    model = sl.EIRates()
    ee, ie = grid_axes(N)
    rules = dict(settings())
    sl.stability_map(model, rules["S9"], ee[:2], ie[:2], method="closed")  # imports are not what is measured
    start = time.perf_counter()
    maps = {name: sl.stability_map(model, rule, ee, ie, method="closed") for name, rule in rules.items()}
    closed = time.perf_counter() - start
    print(f"{len(rules)} closed-form maps of {N} x {N}: {closed:.2f} s")
    aims.aim("all closed-form maps (s)", closed, at_most=1)
    print(f"{'setting':<22s} {'4-D (s)':>8s} {'6-D (s)':>8s} {'sum (s)':>8s}  closed/4-D  differing verdicts")
    worst = 0.0
    per_map = closed / len(rules)
    for name in ("S8 equal", "S9", "S10 0.02 0.02", "S11 0.02 0.002", "S12 0.02 0.02 +1"):
        rule = rules[name]
        weights = model.setpoint_weights(ee[:, None], ie[None, :])
        # The rule's derivatives are compiled once a text, here: what is measured is the map.
        linearise(model, rule, model.setpoint_weights(ee[-2:], ie[-2:]))
        start = time.perf_counter()
        linear = linearise(model, rule, weights)
        spectrum = whole_spectrum(linear.qss)
        middle = time.perf_counter()
        full = whole_spectrum(linear.full)
        end = time.perf_counter()
        # Of four eigenvalues two are zero up to rounding: those of the smallest size.
        nonzero = np.take_along_axis(spectrum, np.argsort(-np.abs(spectrum), axis=-1), axis=-1)[..., :2]
        valid = maps[name]["valid"].values
        differing = int(((nonzero.real < 0).all(axis=-1) != maps[name]["stable"].values)[valid].sum())
        n_full = int((full[valid].real.max(axis=-1) > 1e-9).sum())
        worst = max(worst, end - start)
        ratio = (middle - start) / per_map
        print(
            f"{name:<22s} {middle - start:8.2f} {end - middle:8.2f} {end - start:8.2f}  1/{ratio:<9.0f}"
            f" {differing} ({n_full} of {valid.sum()} unstable in 6-D)"
        )
    aims.aim("whole spectra, slowest rule (s)", worst, at_most=5)


if __name__ == "__main__":
    aims.run(main)
