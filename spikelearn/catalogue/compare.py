"""Rows of the three-way check: relative errors, and quantities of which a file says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.catalogue.entry import System

__all__ = ["plain_values", "relative_error", "uncompared"]


def uncompared(system: System, quantity: str, formula: str | None, model: Any, measured: Any) -> dict[str, Any]:
    """Give the row of a quantity whose literal does not hold, since the file is about other values.

    Parameters
    ----------
    system : System
        Knows the quantity and the formula.
    quantity, formula : str
        Names; None where there is no formula.
    model : object
        What the formula is a function of.
    measured : ndarray
        What was measured.

    Returns
    -------
    dict
        As a row of `spikelearn.catalogue.check`: nothing is expected, and the error is that from the formula. A formula
        that does not hold for this model predicts nothing, and the verdict says why.
    """
    predicted, verdict = None, "not compared"
    if formula is not None:
        try:
            predicted = np.asarray(system.formulas[formula].function(model), dtype=np.float64)
        except ValueError as error:  # it has a condition, which the other values do not meet
            verdict = f"not compared: {error}"
    return {
        "quantity": quantity,
        "unit": system.quantities[quantity].unit,
        "formula": formula or "",
        "predicted": None if predicted is None else plain_values(predicted),
        "expected": None,
        "measured": plain_values(measured),
        "error": float("nan") if predicted is None else relative_error(measured, predicted),
        "verdict": verdict,
    }


def relative_error(measured: Any, wanted: Any) -> float:
    """Give the largest difference, relative to the largest wanted value where that is not zero.

    Examples
    --------
    >>> relative_error(np.array([1.0, 2.2]), np.array([1.0, 2.0]))
    0.10000000000000009
    """
    if measured.shape != wanted.shape or not wanted.size:
        return float("nan")
    scale, gap = np.abs(wanted).max(), np.abs(measured - wanted).max()
    return float(gap / scale) if scale else float(gap)


def plain_values(array: Any) -> Any:
    """Give a number, or a list where there are several."""
    return float(array) if array.ndim == 0 else array.tolist()
