"""What do wide networks predict where they have not learned? Kernel regression, and the networks that it describes.

Inputs lie on a circle (with a constant, so that opposite inputs differ for an odd phi); six of them are learned. At
infinite width the learned output is Gaussian over initialisations, with the mean of kernel regression and a variance
that vanishes at the examples. Beside it: networks of three widths, linearised and trained in full.
"""

import argparse
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.tangent_kernel.descent import descend
from spikelearn.plotting import COLOURS, new_figure, save_figure

ANGLES = np.linspace(-np.pi, np.pi, 73)
LEARNED = np.array([-2.6, -1.7, -0.6, 0.3, 1.1, 2.2])


def target(angle):
    return np.sin(2 * angle) + 0.5 * np.cos(angle)


def inputs(angle, n, generator):
    """Points of a circle in the input of n units, |x|^2 = n."""
    frame, _ = np.linalg.qr(generator.standard_normal((n, 3)))
    flat = np.column_stack([np.cos(angle), np.sin(angle), np.ones(len(angle))]) / np.sqrt(2)
    return np.sqrt(n) * flat @ frame.T


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--phi", default="erf", help="erf, tanh, relu or a formula in x")
    parser.add_argument("--draws", type=int, default=100, help="networks a width, linearised")
    parser.add_argument("--trained", type=int, default=5, help="of which so many are trained in full")
    options = parser.parse_args()
    depth, widths, y = 2, (64, 256, 1024), target(LEARNED)
    anywhere = sl.TangentKernel(64, depth, options.phi)
    x, new = (inputs(angle, 64, np.random.default_rng(0)) for angle in (LEARNED, ANGLES))
    limit = anywhere.infinite_width_prediction(x, y, new)
    sd = np.sqrt(np.maximum(limit.variance, 0))
    print(f"phi = {options.phi}, {depth} layers; rms over {len(ANGLES)} angles; sd at infinite width: {_rms(sd):.3f}")
    print("    n   draws   |mean - limit|  (its error)   |sd - limit|  (its error)   |full - linearised|   full misses")
    gaps, curves = {}, []
    for n in widths:
        draws = options.draws if n < 1024 else options.draws // 4
        found, gap, missed = [], [], []
        for s in range(draws):
            generator = np.random.default_rng([s, n, 1])
            both = inputs(np.concatenate([LEARNED, ANGLES]), n, generator)
            x, new = both[: len(LEARNED)], both[len(LEARNED) :]
            network = sl.TangentKernel(n, depth, options.phi, seed=[s, n])
            solution = network.linearised(x, y)
            found.append(solution.predict(new))
            if s < options.trained:
                trained = descend(solution, tol=1e-6)
                learned = sl.TangentKernel(n, depth, options.phi, weights=trained.weights)
                full = learned.output(new)
                gap.append(_rms(full - found[-1]))
                missed.append(trained.residual)
                if n == widths[-1]:
                    curves.append((found[-1], full))
        found = np.array(found)
        gaps[n] = np.array(gap)
        print(
            f"{n:5d}   {draws:5d}   {_rms(found.mean(0) - limit.mean):14.3f}  ({_rms(sd) / np.sqrt(draws):.3f})"
            f"   {_rms(found.std(0, ddof=1) - sd):16.3f}  ({_rms(sd) / np.sqrt(2 * draws):.3f})"
            f"   {np.exp(np.log(gap).mean()):19.4f}   {max(missed):11.1e}"
        )
    _draw(limit, sd, curves, y, gaps, options)


def _draw(limit, sd, curves, y, gaps, options):
    figure = new_figure(11.0, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
    low, high = limit.mean - 2 * sd, limit.mean + 2 * sd
    left.fill_between(ANGLES, low, high, color=COLOURS["theory"], alpha=0.2, label="mean ± 2 sd, theory")
    left.plot(ANGLES, limit.mean, "--", color=COLOURS["theory"], linewidth=2, label="mean, theory")
    for k, (linear, full) in enumerate(curves):
        names = ("networks, linearised", "networks, trained in full") if k == 0 else (None, None)
        left.plot(ANGLES, linear, color=COLOURS["simulation"], linewidth=0.8, label=names[0])
        left.plot(ANGLES, full, ":", color="black", linewidth=1.0, label=names[1])
    left.plot(ANGLES, target(ANGLES), "-.", color=COLOURS["muted"], linewidth=1, label="target")
    left.plot(LEARNED, y, "o", color="black", label="learned")
    left.set_xlabel("angle of the input (rad)")
    left.set_ylabel("output")
    left.set_title(f"n = {list(gaps)[-1]}, {len(curves)} initialisations", fontsize="medium")
    low, high = left.get_ylim()
    left.set_ylim(low, high + 0.35 * (high - low))
    left.legend(frameon=False, fontsize="small", ncols=2, loc="upper left")
    n = np.array(list(gaps), dtype=float)
    mean = np.array([np.exp(np.log(g).mean()) for g in gaps.values()])
    for width, gap in gaps.items():
        right.loglog(np.full(len(gap), width), gap, "o", color=COLOURS["simulation"], alpha=0.35, markersize=4)
    right.loglog(n, mean, "o-", color=COLOURS["simulation"], label="geometric mean")
    for power, style in ((-0.5, ":"), (-1.0, "--")):
        right.loglog(n, mean[0] * (n / n[0]) ** power, style, color=COLOURS["theory"], label=f"$n^{{{power:g}}}$")
    right.set_xticks(n, [f"{w:g}" for w in n])
    right.minorticks_off()
    right.set_xlabel("width n")
    right.set_ylabel("full less linearised, rms over angles")
    right.legend(frameon=False)
    figure.suptitle(f"Six examples learned, the rest predicted (phi = {options.phi}, two layers)")
    save_figure(figure, options.output / "tangent_regression.png")


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


if __name__ == "__main__":
    main()
