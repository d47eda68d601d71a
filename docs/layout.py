"""What a drawn figure looks like: which of its texts overlap, which leave the canvas, which colours it has.

``python docs/layout.py SCRIPT ...`` runs a script as if by itself, looks at every figure that it saves, and ends with
status 3 and a list of what is wrong if a text of one lies over another or is cut off, or a colour is of no palette.
"""

from __future__ import annotations

import itertools
import re
import runpy
import sys
from pathlib import Path

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.text import Text

from spikelearn.plotting import COLOURS, SERIES

MATHEMATICS, HYPHEN = re.compile(r"\$[^$]*\$"), re.compile(r"(?<![\w.)\]])-[\d.]")
INDEX = re.compile(r"\b[A-Za-z]_[A-Za-z]{1,2}\b(?![.(])")
# Texts may come this near, in pixels at 100 dots an inch, before a reader sees them touch.
_TOUCH = 1.0
PALETTE = {colour.upper() for colour in (*COLOURS.values(), *SERIES)}
SAYS_THEORY = ("theory", "predicted", "prediction", "expected", "formula", "mean field", "periodic solution")


def troubles(figure):
    """List in words which texts of a figure overlap, leave the canvas or are set as on a typewriter."""
    figure.set_dpi(100)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    found = []
    boxes = [(text, corners(text, figure)) for text in shown_texts(figure)]
    for text, box in boxes:
        if box.min() < -_TOUCH or box[:, 0].max() > width + _TOUCH or box[:, 1].max() > height + _TOUCH:
            found.append(f"{text.get_text()!r} leaves the canvas")
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        if meet(a, b):
            found.append(f"{one.get_text()!r} over {other.get_text()!r}")
    for text, _ in boxes:
        # Between dollar signs a hyphen is set as a minus, and W_IE as a letter with an index.
        plain = MATHEMATICS.sub("", text.get_text())
        if HYPHEN.search(plain) or INDEX.search(plain):
            found.append(f"{text.get_text()!r} has a hyphen for a minus, or an index on the line")
    return found


def shown_texts(figure):
    """Every text that is drawn: no empty ones, no ticks outside the axis, nothing hidden."""
    unseen = set()
    for axis in figure.findobj(Axis):
        scaled = axis.get_transform().transform
        low, high = sorted(scaled(axis.get_view_interval()))
        slack = 1e-9 * (high - low)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low - slack <= scaled(tick.get_loc()) <= high + slack:
                unseen |= {tick.label1, tick.label2}
        if not axis.get_visible():
            unseen |= set(axis.findobj(Text))
    for axes in figure.axes:
        if not axes.get_visible():
            unseen |= set(axes.findobj(Text))
        elif not axes.axison:
            unseen |= {text for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Text)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [text for text in dict.fromkeys(texts) if text not in unseen and (text.get_alpha() or 1) > 0]


def corners(text, figure):
    """Give the four corners of a text in pixels, shape (4, 2), turned as the text is."""
    renderer = figure.canvas.get_renderer()
    around = text.get_window_extent(renderer)
    angle = text.get_rotation()
    if angle % 90 == 0:
        return np.array(
            [[around.x0, around.y0], [around.x1, around.y0], [around.x1, around.y1], [around.x0, around.y1]]
        )
    text.set_rotation(0)
    flat = text.get_window_extent(renderer)
    text.set_rotation(angle)
    turn = np.radians(angle)
    half = np.array([flat.width, flat.height]) / 2
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.array([(around.x0 + around.x1) / 2, (around.y0 + around.y1) / 2]) + (signs * half) @ matrix


def meet(a, b):
    """Whether two rectangles overlap by more than a touch: no line parts them."""
    for box in (a, b):
        for k in range(2):
            side = box[k + 1] - box[k]
            length = np.hypot(*side)
            if length == 0:
                return False
            along = side / length
            one, other = a @ along, b @ along
            if min(one.max(), other.max()) - max(one.min(), other.min()) <= _TOUCH:
                return False
    return True


def off_palette(figure):
    """List in words what has a colour of no palette, and what says theory without looking like it, or the reverse."""
    found = []
    for artist in coloured(figure):
        odd = {to_hex(colour) for colour in colours_of(artist) if not is_grey(colour)}
        odd = {colour for colour in odd if colour.upper() not in PALETTE}
        found += [f"{type(artist).__name__} {label_of(artist)!r} has the colour {colour}" for colour in sorted(odd)]
    for line in figure.findobj(Line2D):
        drawn = line.get_linestyle() not in ("None", "", " ") and len(line.get_xydata()) > 1
        theory = to_hex(line.get_color()).upper() == COLOURS["theory"]
        if drawn and line.get_visible() and theory and line.get_linestyle() == "-":
            found.append(f"a line of theory {label_of(line)!r} is not dashed")
        says = any(word in label_of(line).lower() for word in SAYS_THEORY)
        marks = to_hex(line.get_markeredgecolor()).upper() == COLOURS["theory"]
        if says and not (theory or marks):
            found.append(f"{label_of(line)!r} does not have the colour of theory")
    return found


def coloured(figure):
    """List every line, patch and collection whose colour somebody chose."""
    kinds = (Line2D, Patch, Collection)
    texts = figure.findobj(Text)
    boxes = {text.get_bbox_patch() for text in texts}
    skip = {figure.patch, *(axes.patch for axes in figure.axes), *boxes}
    skip |= {mesh for mesh in figure.findobj(Collection) if mesh.get_array() is not None}
    skip |= {line for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for line in axis.findobj(Line2D)}
    skip |= {part for part in figure.findobj(PathPatch) if part.get_clip_path() is None and not part.get_clip_on()}
    return [
        one for one in figure.findobj(lambda artist: isinstance(artist, kinds)) if one not in skip and one.get_visible()
    ]


def colours_of(artist):
    """Give the colours that are seen of an artist."""
    if isinstance(artist, Line2D):
        drawn = artist.get_linestyle() not in ("None", "", " ")
        shown = [artist.get_color()] if drawn else []
        if artist.get_marker() not in ("None", "", " ", None):
            shown += [artist.get_markerfacecolor(), artist.get_markeredgecolor()]
    elif isinstance(artist, Patch):
        shown = [artist.get_facecolor(), *([artist.get_edgecolor()] if artist.get_linewidth() else [])]
    else:
        shown = [*artist.get_facecolor(), *artist.get_edgecolor()]
    return [colour for colour in shown if not (isinstance(colour, str) and colour == "none") and to_rgba(colour)[3] > 0]


def is_grey(colour):
    """Tell whether red, green and blue are the same."""
    red, green, blue, _ = to_rgba(colour)
    return max(red, green, blue) - min(red, green, blue) < 0.01


def label_of(artist):
    """Give what a legend would say of an artist; empty where it would say nothing."""
    text = str(artist.get_label())
    return "" if text.startswith("_") else text


class Watch:
    """Looks at every figure that is written from now on, in whatever way, and keeps what is wrong with it."""

    def __init__(self):
        self.found, self.number = [], 0
        write = FigureCanvasBase.print_figure

        def watched(canvas, *args, **kwargs):
            done = write(canvas, *args, **kwargs)
            self.look(canvas.figure)
            return done

        FigureCanvasBase.print_figure = watched
        self.end = lambda: setattr(FigureCanvasBase, "print_figure", write)

    def look(self, figure):
        """Keep what is wrong with a figure, which is left as it was."""
        self.number += 1
        dpi, canvas = figure.dpi, figure.canvas
        FigureCanvasAgg(figure)
        self.found += [f"figure {self.number}: {one}" for one in [*troubles(figure), *off_palette(figure)]]
        figure.set_canvas(canvas)
        figure.set_dpi(dpi)


def main():
    """Run the script named on the command line, with the arguments that follow it."""
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    watch = Watch()
    runpy.run_path(sys.argv[0], run_name="__main__")
    if watch.found:
        print("\n".join(watch.found), file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
