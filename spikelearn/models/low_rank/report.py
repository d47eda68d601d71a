"""What exists beside zero, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["verdict"]


def verdict(model: LowRank) -> str:
    """Say in one sentence what a network has beside the zero, and why.

    For "tanh" and "erf" a branch or a cycle exists exactly if phi'(0) times the real part of an eigenvalue exceeds 1;
    all real parts are at most 1, because C is admissible, so that a gain above 1 is needed.

    References
    ----------
    Document 002 Q2.3, "which it typically can be" (errata L2 and L3).
    """
    points = model.fixed_points()
    others = sum(point.amplitude > 0 for point in points)
    cycle = model.limit_cycle() if model.mixture is None and not model.g else None
    parts = []
    if others:
        stable = sum(point.stable for point in points if point.amplitude > 0)
        what = "fixed points" if model.mixture is not None else f"pair{'s' if others > 1 else ''} of fixed points"
        parts.append(f"{others} {what} beside zero, {stable} stable")
    if cycle is not None:
        parts.append(f"a limit cycle of period {cycle.period:.4g}{', stable' if cycle.stable else ''}")
    if parts:
        return "; ".join(parts)
    largest = float(np.linalg.eigvals(model.C).real.max())
    slope = float(model.nonlinearity(np.zeros(1), 1)[0])
    if not model.nonlinearity.sigmoid or model.mixture is not None or model.g:
        return "nothing but zero exists"
    said = f"nothing but zero exists: phi'(0) lambda = {slope * largest:.4g} must exceed 1 for a real lambda or a pair"
    return said + (f"; raise gain above {1 / largest:.3g}" if largest > 0 else "; no eigenvalue of C is positive")
