"""The nonlinearity of a low-rank network: its values, its derivatives, and their Gaussian averages."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.formulas.smooth import parse_expression
from spikelearn.models.low_rank.gaussian import gaussian_mean, windowed_mean

__all__ = ["Nonlinearity", "nonlinearity"]

_FAR = (1e4, 1e8)


class Nonlinearity:
    """A function phi(gain x) with three derivatives and its averages over x = mu + sigma z, z standard normal.

    Parameters
    ----------
    phi : str
        "tanh", "erf" (which stands for erf(sqrt(pi) x/2), of slope 1 at zero) or a smooth expression in x.
    gain : float
        Factor of x, positive.

    Notes
    -----
    Averages of "tanh" are trapezoid sums on a grid that fits the gain, those of "erf" closed forms, those of an
    expression trapezoid sums whose step is halved until two agree to 1e-14. By partial integration ("Stein's lemma")
    f(a) = <phi'(a z)> = <z phi(a z)>/a has the derivative f'(a) = a <phi'''(a z)>.

    References
    ----------
    Document 002 Q2, Eqs. (7) and (9).

    Examples
    --------
    >>> from spikelearn.models.low_rank import Nonlinearity
    >>> erf = Nonlinearity("erf", 2.0)
    >>> round(float(erf.slope(1.0)), 9), round(2 / (1 + 3.141592653589793 * 4 / 2) ** 0.5, 9)  # <phi'(z)>
    (0.741087206, 0.741087206)
    """

    def __init__(self, phi: str, gain: float) -> None:
        self.phi, self.gain = phi, float(gain)
        self.kind = phi if phi in ("tanh", "erf") else "expression"
        self._functions = _derivatives(phi) if self.kind == "expression" else []

    @property
    def sigmoid(self) -> bool:
        """Whether phi rises, is bounded and is steepest at zero by construction, so that f falls everywhere."""
        return self.kind != "expression"

    def __call__(self, x: Any, derivative: int = 0) -> Floats:
        """Give phi or one of its first three derivatives in x, gain included."""
        y = self.gain * np.asarray(x, dtype=np.float64)
        scale = self.gain**derivative
        if self.kind == "tanh":
            return np.asarray(scale * _tanh(y, derivative))
        if self.kind == "erf":
            return np.asarray(scale * _erf(y, derivative))
        with np.errstate(all="ignore"):
            return np.asarray(scale * np.broadcast_to(self._functions[derivative](y), y.shape))

    def mean(self, derivative: int, sigma: Any, mu: Any = 0.0) -> Floats:
        """Average a derivative (0 to 3) of phi over x = mu + sigma z; arrays broadcast."""
        if self.kind == "erf":
            return _erf_mean(self.gain, derivative, np.asarray(sigma, dtype=np.float64), np.asarray(mu, np.float64))
        if self.kind == "tanh" and derivative:
            return windowed_mean(lambda x: self(x, derivative), sigma, mu, self.gain)
        return gaussian_mean(lambda x: self(x, derivative), sigma, mu, f"LowRank.phi = {self.phi!r}")

    def slope(self, a: Any) -> Floats:
        """Give f(a) = <phi'(a z)>, Eq. (9)."""
        return self.mean(1, a)

    def slope_rate(self, a: Any) -> Floats:
        """Give f'(a) = a <phi'''(a z)>."""
        return np.asarray(np.asarray(a, dtype=np.float64) * self.mean(3, a))

    def square(self, a: Any) -> Floats:
        """Give q(a) = <phi(a z)^2>."""
        if self.kind == "erf":
            s = 0.5 * np.pi * (self.gain * np.asarray(a, dtype=np.float64)) ** 2
            return np.asarray(2 / np.pi * np.arcsin(s / (1 + s)))
        if self.kind == "tanh":
            return _mean_tanh_square(self, np.asarray(a, dtype=np.float64))
        return gaussian_mean(lambda x: self(x) ** 2, a, 0.0, f"LowRank.phi = {self.phi!r}, squared,")

    def square_slope(self, a: Any) -> Floats:
        """Give <phi'(a z)^2>, which sets the radius of the random bulk."""
        if self.kind == "erf":
            return np.asarray(self.gain**2 / np.sqrt(1 + np.pi * (self.gain * np.asarray(a, dtype=np.float64)) ** 2))
        if self.kind == "tanh":
            return windowed_mean(lambda x: self(x, 1) ** 2, a, 0.0, self.gain)
        return gaussian_mean(lambda x: self(x, 1) ** 2, a, 0.0, f"LowRank.phi = {self.phi!r}, its slope squared,")

    def square_rate(self, a: Any) -> Floats:
        """Give dq/d(a^2) = <phi'^2 + phi phi''>."""
        if self.kind == "erf":
            s = 0.5 * np.pi * (self.gain * np.asarray(a, dtype=np.float64)) ** 2
            return np.asarray(self.gain**2 / ((1 + s) * np.sqrt(1 + 2 * s)))

        def integrand(x: Floats) -> Floats:
            return np.asarray(self(x, 1) ** 2 + self(x) * self(x, 2))

        if self.kind == "tanh":
            return windowed_mean(integrand, a, 0.0, self.gain)
        return gaussian_mean(integrand, a, 0.0, f"LowRank.phi = {self.phi!r}, squared,")

    @functools.cached_property
    def largest(self) -> float | None:
        """Largest |phi|, or None where phi is not bounded.

        Raises
        ------
        ValueError
            phi has no value far out, as exp(x)/(1 + exp(x)).
        """
        if self.kind != "expression":
            return 1.0
        tops = []
        for far in _FAR:
            x = np.concatenate([np.linspace(-50, 50, 20_001), *(s * np.geomspace(1e-3, far, 2000) for s in (-1, 1))])
            with np.errstate(all="ignore"):
                values = self(x / self.gain)
            if np.isnan(values).any():
                at = float(x[np.isnan(values)][0])
                raise ValueError(f"LowRank.phi must have a value everywhere, got none for {self.phi!r} at x = {at:g}")
            tops.append(float(np.abs(values).max()))
        return tops[1] * (1 + 1e-3) if np.isfinite(tops[1]) and tops[1] <= tops[0] * (1 + 1e-3) else None

    def brian(self, argument: str) -> str:
        """Write phi(gain argument) for Brian2, `argument` being a name; erf is called ``erf_``."""
        if self.kind == "tanh":
            return f"tanh({self.gain!r}*{argument})"
        if self.kind == "erf":
            return f"erf_({float(np.sqrt(np.pi) / 2 * self.gain)!r}*{argument})"
        return ast.unparse(_Rename(self.gain, argument).visit(ast.parse(self.phi.strip(), mode="eval").body))


def _mean_tanh_square(phi: Nonlinearity, a: Floats) -> Floats:
    """<tanh^2> as a sum where it is small, and as 1 - <sech^2> where the window of the sum would cut it."""
    inside = np.minimum(a, 1 / phi.gain)
    direct = windowed_mean(lambda x: phi(x) ** 2, inside, 0.0, phi.gain)
    return np.asarray(np.where(a <= 1 / phi.gain, direct, 1 - phi.slope(a) / phi.gain))


@functools.lru_cache(maxsize=64)
def nonlinearity(phi: str, gain: float) -> Nonlinearity:
    """Give the nonlinearity of that name and gain, made once."""
    return Nonlinearity(phi, gain)


def _tanh(y: Floats, derivative: int) -> Any:
    t = np.tanh(y)
    if derivative == 0:
        return t
    with np.errstate(over="ignore"):
        square = 1 / np.cosh(y) ** 2
    return (square, -2 * t * square, 2 * square * (3 * t * t - 1))[derivative - 1]


def _erf(y: Floats, derivative: int) -> Any:
    from scipy.special import erf

    if derivative == 0:
        return erf(0.5 * np.sqrt(np.pi) * y)
    bell = np.exp(-0.25 * np.pi * y * y)
    return (bell, -0.5 * np.pi * y * bell, (0.25 * np.pi**2 * y * y - 0.5 * np.pi) * bell)[derivative - 1]


def _erf_mean(gain: float, derivative: int, sigma: Floats, mu: Floats) -> Floats:
    """Differentiate in mu <erf(k (mu + sigma z))> = erf(k mu/sqrt(1 + 2 k^2 sigma^2))."""
    from scipy.special import erf

    k = 0.5 * np.sqrt(np.pi) * gain
    kappa = k / np.sqrt(1 + 2 * (k * sigma) ** 2)
    if derivative == 0:
        return np.asarray(erf(kappa * mu))
    bell = 2 / np.sqrt(np.pi) * kappa * np.exp(-((kappa * mu) ** 2))
    return np.asarray((bell, -2 * kappa**2 * mu * bell, (4 * kappa**4 * mu**2 - 2 * kappa**2) * bell)[derivative - 1])


class _Rename(ast.NodeTransformer):
    """Put gain*argument for x, and Brian2's name for erf."""

    def __init__(self, gain: float, argument: str) -> None:
        self.gain, self.argument = gain, argument

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == "x":
            return ast.BinOp(ast.Constant(self.gain), ast.Mult(), ast.Name(self.argument))
        return ast.Name("erf_") if node.id == "erf" else node


class _LiftErf(ast.NodeTransformer):
    """Take every erf(...) out of a tree, innermost first, leaving a name that the grammar of formulas can read."""

    def __init__(self) -> None:
        self.arguments: list[ast.expr] = []

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="erf"), args=[argument], keywords=[]):
                self.arguments.append(argument)
                return ast.Name(f"erf_{len(self.arguments) - 1}")
        return node


def _parsed(phi: str) -> Any:
    """Read an expression in x into SymPy through the closed grammar, erf being read here."""
    import sympy

    where = "LowRank.phi"
    if not isinstance(phi, str) or "erf" not in phi:
        return parse_expression(phi, ["x"], where)
    try:
        tree = ast.parse(phi.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return parse_expression(phi, ["x"], where)
    if any(isinstance(node, ast.Name) and node.id.startswith("erf_") for node in ast.walk(tree)):
        return parse_expression(phi, ["x"], where)
    lift = _LiftErf()
    outer = lift.visit(tree)
    values: dict[Any, Any] = {}
    for k, argument in enumerate([*lift.arguments, outer]):
        names = ["x", *(f"erf_{j}" for j in range(k))]
        read = parse_expression(ast.unparse(argument), names, where).xreplace(values)
        if k == len(lift.arguments):
            return read
        values[sympy.Symbol(f"erf_{k}")] = sympy.erf(read)
    return None


@functools.lru_cache(maxsize=64)
def _derivatives(phi: str) -> list[Callable[[Floats], Any]]:
    """Phi and its first three derivatives as NumPy functions of x."""
    import sympy
    from scipy.special import erf

    x = sympy.Symbol("x")
    tree = _parsed(phi)
    if not tree.has(x):
        raise ValueError(f"LowRank.phi must depend on x, got {phi!r}")
    names: list[Any] = [{"erf": erf}, "numpy"]
    return [sympy.lambdify([x], tree.diff(x, k) if k else tree, modules=names, cse=True) for k in range(4)]
