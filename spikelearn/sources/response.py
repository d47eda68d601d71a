"""Nonlinearities of LN cells: from projections of the stimulus to rates, by name or by a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name

__all__ = ["NONLINEARITIES", "Response", "projection_function"]


NONLINEARITIES = ("exponential", "rectified", "quadratic", "threshold-linear")


@dataclass(frozen=True, eq=False)
class Response:
    """The rate of one cell in Hz as a function of the projections ``u_i = k_i . x``.

    Parameters
    ----------
    kind : str
        "exponential": ``rate exp(sum g_i u_i)``; "rectified": ``rate max(sum g_i u_i, 0)``; "threshold-linear":
        ``rate max(sum g_i u_i - threshold, 0)``; "quadratic": ``rate sum g_i u_i^2``; or a formula of u1, u2, ...,
        which is multiplied by `rate`.
    rate : float
        Hz.
    gain : ndarray, shape (filters,)
        g; a formula has it in itself.
    threshold : float
        Of "threshold-linear".
    where : str
        For error messages.
    """

    kind: str
    rate: float
    gain: Floats
    threshold: float
    where: str

    def __post_init__(self) -> None:
        if self.kind in NONLINEARITIES:
            if self.kind == "quadratic" and (self.gain < 0).any():
                raise ValueError(f"{self.where}.gain must not be negative for a quadratic rate, got {self.gain.min()}")
            return
        if self.kind.replace("-", "").replace("_", "").isalpha() and not self.kind.startswith("u"):
            raise ValueError(
                unknown_name(self.where, "nonlinearity", self.kind, NONLINEARITIES) + " or a formula of u1"
            )
        projection_function(self.kind, len(self.gain), f"{self.where}.nonlinearity")

    def __call__(self, u: Floats) -> Floats:
        """Give the rate in Hz at projections of shape (n, filters).

        Raises
        ------
        ValueError
            A formula gives a negative rate, or one that is not a number.
        """
        if self.kind == "quadratic":
            result: Floats = self.rate * (u**2 @ self.gain)
            return result
        if self.kind in NONLINEARITIES:
            drive = u @ self.gain
            if self.kind == "exponential":
                return self.rate * np.exp(drive)
            return self.rate * np.maximum(drive - (self.threshold if self.kind == "threshold-linear" else 0.0), 0.0)
        given = self.rate * projection_function(self.kind, u.shape[1], f"{self.where}.nonlinearity")(u)
        bad = ~(given >= 0)
        if bad.any():
            k = int(bad.argmax())
            place = ", ".join(f"u{i + 1} = {one:.4g}" for i, one in enumerate(u[k]))
            raise ValueError(f"{self.where}.nonlinearity must give rates not below 0, got {given[k]:.6g} at {place}")
        return given


def projection_function(text: str, filters: int, where: str) -> Callable[[Floats], Floats]:
    """Make a function of projections (n, filters) from a formula of u1, u2, ...; arithmetic only.

    Raises
    ------
    ValueError
        The text is no formula, or has another name.
    """
    from spikelearn.formulas.formula import numpy_function, parse_expression

    names = [f"u{k + 1}" for k in range(filters)]
    function = numpy_function(names, [parse_expression(text, set(names), where)])

    def evaluate(u: Floats) -> Floats:
        # A formula may overflow or leave its domain; what comes out is judged by the caller.
        with np.errstate(all="ignore"):
            values = np.asarray(function(*u.T)[0], dtype=np.float64)
        return np.array(np.broadcast_to(values, (len(u),)))

    return evaluate
