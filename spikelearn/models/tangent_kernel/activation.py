"""The nonlinearity of a layer: a name or a formula in x, with its derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["NAMED", "Activation", "activation"]

NAMED = ("erf", "tanh", "relu")
REACH = 12.0
"""A formula must be finite for inputs up to this size: h has unit variance or less in most networks."""


@dataclass(frozen=True)
class Activation:
    """A nonlinearity phi.

    Parameters
    ----------
    name : str
        "erf", "tanh", "relu" or the formula.
    both : callable
        ``both(h)`` gives phi(h) and phi'(h), arrays of the shape of h.
    smooth : bool
        Whether phi is differentiable everywhere; the rectifier alone is not.
    """

    name: str
    both: Callable[[Floats], tuple[Floats, Floats]]
    smooth: bool = True


@functools.lru_cache(maxsize=64)
def activation(phi: str, where: str = "TangentKernel.phi") -> Activation:
    """Find a nonlinearity by its name, or make it of a formula.

    Parameters
    ----------
    phi : str
        "erf" (the error function of x itself), "tanh", "relu" (max(x, 0), whose derivative at 0 is taken as 0), or a
        differentiable formula in x such as ``"x/sqrt(1 + x**2)"``.
    where : str
        The name for error messages.

    Returns
    -------
    Activation

    Raises
    ------
    TypeError
        `phi` is no text.
    ValueError
        It is no formula in x, is not differentiable, does not depend on x, or is not finite where it is needed.

    References
    ----------
    Document 002 Q4, Eqs. (2) and (15).

    Examples
    --------
    >>> value, slope = activation("x/sqrt(1 + x**2)").both(np.array([0.0, 1.0]))
    >>> value.round(4), slope.round(4)
    (array([0.    , 0.7071]), array([1.    , 0.3536]))
    """
    if phi == "erf":
        return Activation(phi, _erf)
    if phi == "tanh":
        return Activation(phi, _tanh)
    if phi == "relu":
        return Activation(phi, _relu, smooth=False)
    return Activation(phi, _from_formula(phi, where))


def _erf(h: Floats) -> tuple[Floats, Floats]:
    from scipy.special import erf

    return erf(h), 2 / np.sqrt(np.pi) * np.exp(-h * h)


def _tanh(h: Floats) -> tuple[Floats, Floats]:
    value = np.tanh(h)
    return value, 1 - value * value


def _relu(h: Floats) -> tuple[Floats, Floats]:
    active = h > 0
    return np.where(active, h, 0.0), active.astype(np.float64)


def _from_formula(text: str, where: str) -> Callable[[Floats], tuple[Floats, Floats]]:
    from spikelearn.formulas.formula import numpy_function, symbol
    from spikelearn.formulas.smooth import parse_expression

    tree = parse_expression(text, ["x"], where)
    tree = tree.xreplace({part: symbol(part.name) for part in tree.free_symbols})
    x = symbol("x")
    if x not in tree.free_symbols:
        raise ValueError(f"{where} must depend on x, got {text!r}")
    function = numpy_function(["x"], [tree, tree.diff(x)])

    def both(h: Floats) -> tuple[Floats, Floats]:
        with np.errstate(all="ignore"):
            value, slope = function(h)
        return np.broadcast_to(np.asarray(value, dtype=np.float64), h.shape), np.broadcast_to(
            np.asarray(slope, dtype=np.float64), h.shape
        )

    grid = np.linspace(-REACH, REACH, 2401)
    for what, values in zip(("", " with its derivative"), both(grid), strict=True):
        bad = ~np.isfinite(values)
        if bad.any():
            at = grid[np.argmax(bad)]
            raise ValueError(f"{where}{what} must be finite and real for |x| <= {REACH:g}, got {text!r}, not at {at:g}")
    return both
