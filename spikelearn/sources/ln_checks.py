"""Arguments of LN cells, read and checked: filters, stimulus, and what each cell has of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import si_value
from spikelearn.sources.stimuli import BinaryFrames, GaussianFrames, GivenFrames, Stimulus

__all__ = ["each_cell", "finite_number", "read_gains", "read_rates", "read_stimulus", "text"]

STIMULI = ("gaussian", "elliptical", "binary")


def read_stimulus(stimulus: Any, filters: Any, covariance: Any, contrasts: Any, where: str) -> tuple[Stimulus, Floats]:
    """Read stimulus and filters together, since either may say how many numbers a frame holds.

    Returns
    -------
    Stimulus
        The law.
    ndarray, shape (filters, lags, dimensions)
        Read-only.

    Raises
    ------
    ValueError
        Shapes do not fit, a value is not finite, the covariance is none, or filters are longer than given frames.
    """
    kernels = _numbers(filters, f"{where}.filters")
    named = isinstance(stimulus, str)
    if named and stimulus not in STIMULI:
        raise ValueError(unknown_name(where, "stimulus", stimulus, STIMULI))
    if covariance is not None and (not named or stimulus == "binary"):
        raise ValueError(f"{where}.covariance must be left out where the stimulus is binary or given")
    frames = None if named else _frames(stimulus, f"{where}.stimulus")
    matrix = None if covariance is None else _covariance(covariance, f"{where}.covariance")
    known = frames.shape[1] if frames is not None else None if matrix is None else len(matrix)
    kernels = _filters(kernels, known, f"{where}.filters")
    dimensions = kernels.shape[2]
    if frames is not None:
        if kernels.shape[1] > len(frames):
            raise ValueError(
                f"{where}.filters must not be longer than the stimulus of {len(frames)} frames, "
                f"got {kernels.shape[1]} lags"
            )
        return GivenFrames(frames), kernels
    if stimulus == "binary":
        return BinaryFrames(dimensions), kernels
    spread = np.eye(dimensions) if matrix is None else matrix
    if stimulus == "gaussian":
        return GaussianFrames(spread), kernels
    return GaussianFrames(spread, _contrasts(contrasts, f"{where}.contrasts"), kernels.shape[1] == 1), kernels


def _filters(kernels: Floats, dimensions: int | None, where: str) -> Floats:
    if not 1 <= kernels.ndim <= 3 or kernels.size == 0:
        raise ValueError(f"{where} must have one to three axes (filters, lags, dimensions), got shape {kernels.shape}")
    several = dimensions is not None and dimensions > 1
    if kernels.ndim < 3:
        rows = np.atleast_2d(kernels)
        kernels = rows[:, None, :] if several else rows[:, :, None]
    if dimensions is not None and kernels.shape[2] != dimensions:
        raise ValueError(f"{where} must fit frames of {dimensions} numbers, got {kernels.shape[2]}")
    flat = kernels.reshape(len(kernels), -1)
    if np.linalg.matrix_rank(flat) < len(flat):
        raise ValueError(f"{where} must be linearly independent and not zero, got {len(flat)} filters of lower rank")
    kernels = np.array(kernels)
    kernels.setflags(write=False)
    return kernels


def _frames(given: Any, where: str) -> Floats:
    frames = _numbers(given, where)
    if frames.ndim not in (1, 2) or frames.size == 0:
        raise ValueError(f"{where} must have the shape (frames,) or (frames, dimensions), got {frames.shape}")
    return frames.reshape(len(frames), -1)


def _covariance(given: Any, where: str) -> Floats:
    matrix = _numbers(given, where)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.allclose(matrix, matrix.T):
        raise ValueError(f"{where} must be a symmetric matrix, got shape {matrix.shape}")
    if not np.linalg.eigvalsh(matrix)[0] > 0:
        raise ValueError(f"{where} must be positive definite, got the eigenvalue {np.linalg.eigvalsh(matrix)[0]:.6g}")
    return matrix


def _contrasts(given: Any, where: str) -> Floats:
    values = _numbers(given, where)
    if values.ndim != 1 or len(values) < 2 or not (values > 0).all():
        raise ValueError(f"{where} must be at least two positive numbers, got {given}")
    scaled: Floats = values / np.sqrt(np.mean(values**2))
    return scaled


def _numbers(given: Any, where: str) -> Floats:
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must be an array of numbers, got {str(given)[:80]}") from error
    if not np.isfinite(values).all():
        raise ValueError(f"{where} must be finite, got NaN or infinity")
    return values


def each_cell(given: Any, cells: int, where: str) -> list[Any]:
    """Give one value a cell: the same for all, or a sequence of as many.

    Raises
    ------
    ValueError
        The sequence has another length.
    """
    if isinstance(given, (list, tuple)) or (isinstance(given, np.ndarray) and given.ndim > 0 and given.shape != ()):
        values = list(given)
        if len(values) != cells:
            raise ValueError(f"{where} must be one for all cells or one for each of {cells}, got {len(values)}")
        return values
    return [given] * cells


def read_rates(given: Any, cells: int, where: str) -> list[float]:
    """Read one rate a cell, in Hz."""
    rates = [si_value(one, "1 Hz", where) for one in each_cell(given, cells, where)]
    for rate in rates:
        if not isinstance(rate, float) or not 0 <= rate < np.inf:
            raise ValueError(f"{where} must be finite and not negative, got {rate}")
    return rates


def read_gains(given: Any, cells: int, filters: int, where: str) -> Floats:
    """Read slopes: one for all, one a filter, or one a cell and filter; shape (cells, filters)."""
    values = _numbers(given, where)
    try:
        return np.array(np.broadcast_to(values, (cells, filters)))
    except ValueError as error:
        raise ValueError(
            f"{where} must be one number, one for each of {filters} filters, or {cells} rows of them, "
            f"got shape {values.shape}"
        ) from error


def finite_number(given: Any, where: str) -> float:
    """Read one plain finite number."""
    value = si_value(given, "1", where)
    if not isinstance(value, float) or not np.isfinite(value):
        raise ValueError(f"{where} must be a finite number, got {given}")
    return value


def text(given: Any, where: str) -> str:
    """Read a name or formula."""
    if not isinstance(given, str):
        raise TypeError(f"{where} must be a name or a formula, got {given!r}")
    return given
