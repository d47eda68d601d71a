"""One palette for every figure: what is theory, what was simulated, what belongs to E and to I."""

from __future__ import annotations

from typing import Any

__all__ = ["COLOURS", "SERIES", "THEORY"]

# Okabe and Ito's palette, which readers with any colour vision can tell apart. Theory alone is vermilion.
COLOURS = {
    "simulation": "#0072B2",
    "theory": "#D55E00",
    "potassium": "#009E73",
    "accent": "#CC79A7",
    "muted": "#7F7F7F",
    "exact": "#0072B2",
    "brian2": "#CC79A7",
    "E": "#009E73",
    "I": "#CC79A7",
    "stable": "#9CC9E8",
    "unstable": "#F3E3D3",
}
"""Colour by meaning."""

SERIES = ("#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#000000", "#7F7F7F")
"""Colours of several things of one kind, in order: none of them is the theory's."""

THEORY: dict[str, Any] = {"color": COLOURS["theory"], "linestyle": "--"}
"""How a line of theory is drawn."""
