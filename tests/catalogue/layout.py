"""What a drawn figure looks like: which of its texts overlap, which leave the canvas, which colours it has."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axis import Axis
from matplotlib.text import Text

# Texts may come this near, in pixels at 100 dots an inch, before a reader sees them touch.
_TOUCH = 1.0


def troubles(figure):
    """List in words which texts of a figure overlap or leave the canvas."""
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
    return found


def shown_texts(figure):
    """Every text that is drawn: no empty ones, no ticks outside the axis, nothing hidden."""
    unseen = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not low - slack <= tick.get_loc() <= high + slack:
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
    """The four corners of a text in pixels, shape (4, 2), turned as the text is."""
    renderer = figure.canvas.get_renderer()
    around = text.get_window_extent(renderer)
    angle = text.get_rotation()
    if angle % 90 == 0:
        return np.array([[around.x0, around.y0], [around.x1, around.y0], [around.x1, around.y1], [around.x0, around.y1]])
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
