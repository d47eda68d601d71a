"""The figure of a fit: recorded spikes beside the model's, and the distances between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelearn.plotting import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spikelearn.derivatives.fit_result import Fit

__all__ = ["fit_figure"]

_MOST = 20


def fit_figure(found: Fit) -> Figure:
    """Draw up to twenty recorded trains above the model's, and recorded minus model time of every pair.

    Spikes without partner are marked in the row of the record: where the model has one more, and where it has none.

    Parameters
    ----------
    found : Fit
        What to draw.
    """
    shown = min(len(found.recorded), _MOST)
    figure = new_figure(8.0, 4.6 + 0.12 * shown)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.2 + 0.15 * shown, 1.6])
    rows = [found.spikes, *found.recorded[:shown]]
    colours = [COLOURS["theory"]] + [COLOURS["simulation"]] * shown
    above.eventplot(rows, lineoffsets=list(range(len(rows))), colors=colours, linewidths=0.9, linelengths=0.7)
    above.set_ylim(len(rows) - 0.4, -0.6)
    names = ["recorded"] if shown == 1 else [f"recorded {k + 1}" for k in range(shown)]
    above.set_yticks(range(len(rows)), ["model", *names])
    lost, many = [], []
    for row, (times, (first, second)) in enumerate(zip(found.recorded[:shown], found.pairs[:shown], strict=True), 1):
        lost += [(t, row) for t in np.delete(found.spikes, first)]
        many += [(t, row) for t in np.delete(times, second)]
        below.plot(times[second], (times[second] - found.spikes[first]) * 1e3, ".", color=COLOURS["simulation"])
    for places, marker, label in ((lost, "o", "missing"), (many, "x", "too many")):
        if places:
            above.plot(*np.transpose(places), marker, color=COLOURS["accent"], markersize=7, fillstyle="none",
                       label=label)  # fmt: skip
    if lost or many:
        above.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    below.axhspan(-found.jitter * 1e3, found.jitter * 1e3, color=COLOURS["muted"], alpha=0.25, linewidth=0,
                  label=f"one standard deviation, {found.jitter * 1e3:.3g} ms")  # fmt: skip
    below.axhline(0.0, color=COLOURS["theory"], linestyle="--", linewidth=1.0)
    below.set_ylabel("recorded − model (ms)")
    below.set_xlabel("time (s)")
    below.set_xlim(0.0, found.t_stop)
    below.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return figure
