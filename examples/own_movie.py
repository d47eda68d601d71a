"""Learn a movie of your own and let the network replay it.

Any array (frames, height, width) will do; here a bright spot that runs along a figure of eight. It crosses itself, and
there two frames look alike: the summary says what cannot be followed. A tail behind the spot tells them apart.
Rule by Galtier & Wainrib (arXiv 1206.4812).
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.plotting import COLOURS, new_figure, save_figure

T, SIDE = 80, 40
t = 2 * np.pi * np.arange(T) / T
y, x = np.mgrid[:SIDE, :SIDE]


def spot(phase):
    """One image a phase, black and white, 0 and 255."""
    cx, cy = SIDE / 2 + 14 * np.sin(phase), SIDE / 2 + 9 * np.sin(2 * phase)
    return 255 * ((x - cx[:, None, None]) ** 2 + (y - cy[:, None, None]) ** 2 < 6)


plain = spot(t)
tailed = np.max([spot(t - 2 * np.pi / T * k) for k in range(8)], axis=0)
fits = {}
for name, movie in (("a spot", plain), ("a spot with a tail", tailed)):
    fits[name] = sl.entropy_rule.learn_movie(movie, dt=0.1, l=1.0)
    print(f"{name}:\n{fits[name].summary()}\n")

fit = fits["a spot with a tail"]
start = fit.frames[0] + 0.3 * np.random.default_rng(0).normal(size=fit.frames.shape[1])
path = sl.entropy_rule.replay(fit.weights, start, 2 * T, 0.1, 1.0)
_, rms = sl.entropy_rule.nearest_frame(path, fit.frames)
after = f"{rms[T]:.2g} and {rms[2 * T]:.2g} after one and two cycles"
print(f"from a noisy first frame (sd 0.3): rms {rms[0]:.2f} at first, {after}")

page = new_figure(11, 5)
rows = page.add_gridspec(2, 6)
for k, step in enumerate((0, 8, 16, 40, 60, 100)):
    axes = page.add_subplot(rows[0, k])
    axes.imshow(path[step].reshape(fit.shape), cmap="magma", vmin=-1, vmax=1)
    axes.set(xticks=[], yticks=[], title=f"step {step}")
left, right = page.add_subplot(rows[1, :3]), page.add_subplot(rows[1, 3:])
left.semilogy(rms, color=COLOURS["simulation"])
left.set(xlabel="step", ylabel="rms to the nearest frame", title="From a noisy first frame")
for (name, each), colour in zip(fits.items(), ("accent", "simulation"), strict=True):
    right.semilogy(each.weights.singular_values, ".", color=COLOURS[colour], label=name)
right.set(xlabel="number", ylabel="singular value", title="How independent the frames are")
right.legend(frameon=False)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(page, output / "own_movie.png")
print(f"figure in {output / 'own_movie.png'}")
