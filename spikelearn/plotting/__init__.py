"""Figures: empty ones that pyplot knows, rasters and traces, and the palette of the package."""

from spikelearn.plotting.colours import COLOURS, SERIES, THEORY
from spikelearn.plotting.figures import close_figure, new_figure, offscreen, save_figure
from spikelearn.plotting.headings import engine_line, heading
from spikelearn.plotting.rasters import raster, show_ids
from spikelearn.plotting.traces import broken_at, trace
from spikelearn.plotting.typesetting import typeset

__all__ = [
    "COLOURS",
    "SERIES",
    "THEORY",
    "broken_at",
    "close_figure",
    "engine_line",
    "heading",
    "new_figure",
    "offscreen",
    "raster",
    "save_figure",
    "show_ids",
    "trace",
    "typeset",
]
