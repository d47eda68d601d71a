"""The slow manifold of the adaptive LIF neuron as a table: one function of x = kappa g for every kappa = tau_K/tau.

Between events the deficit ``y = V_0 - u`` relaxes towards ``A phi(x)`` and ``w = u + Delta`` towards
``A Q(x) = A (1 - phi(x))`` with ``phi(x) = x e^x E_kappa(x)``, E the generalised exponential integral. A table holds
phi or Q as polynomials of degree nine on eight cells an octave of x; the cell is read from the bits of the float, so
that an evaluation costs one look-up and no division. Brette (2006, Neural Comput. 18:2004) introduced such tables for
synaptic conductances with linear interpolation; here the relative error is a few units in the last place.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import njit

__all__ = [
    "LOWEST_KAPPA",
    "Tables",
    "build_tables",
    "from_bits",
    "manifold",
    "manifold_values",
    "table_address",
    "to_bits",
]


CELLS_PER_OCTAVE = 8
DEGREE = 9
ROW = DEGREE + 1
# Where phi has fallen below 2^-86 it is invisible beside any V_0 - theta above 1e-10 of V_0 + Delta.
_LOWEST_PHI = 86
# Q only has to be told from 1.
_LOWEST_Q = 60
# Beyond kappa 2^16 four terms of the asymptotic series are exact to the last digit.
_HIGHEST = 16
# Below this kappa, phi ~ Gamma(1 - kappa) x^kappa would need hundreds of octaves, and for x < 1/2 a series serves.
SERIES_BELOW = 0.5
# Below this one x underflows while x^kappa, and with it phi, is still felt.
LOWEST_KAPPA = 0.08
_SERIES_TERMS = 18
HEAD = 2 + _SERIES_TERMS


class Tables(NamedTuple):
    """Tables of phi or Q for several kappas, one after the other in one array.

    Attributes
    ----------
    data : ndarray
        For each table a head of 20 numbers and then ten polynomial coefficients a cell, lowest power first, in the
        cell's coordinate from -1 to 1. The head holds ``Gamma(1 - kappa)`` (zero where no series is needed), 1 for
        phi or -1 for Q, and the coefficients of ``sum x^k / prod_{j=1..k} (j - kappa)``.
    places : ndarray of int64, shape (n_tables, 3)
        Where the table begins in `data`, the code of the lowest cell (the leading 15 bits of x), number of cells.
    """

    data: Floats
    places: Integers


def _reinterpret(given: Any, wanted: Any) -> Any:
    """Make a compiled function that reads the bits of one type as another."""

    def reinterpret(_typing: Any, _value: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(wanted))

        return wanted(given), generate

    return intrinsic(reinterpret)


def _load_double(_typing: Any, _address: Any, _k: Any) -> Any:
    """Read the k-th double at an address; arrays as arguments would cost more than the polynomial does."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        double = context.get_value_type(types.float64)
        start = builder.inttoptr(arguments[0], double.as_pointer())
        return builder.load(builder.gep(start, [arguments[1]]))

    return types.float64(types.int64, types.int64), generate


to_bits: Any = _reinterpret(types.float64, types.int64)
from_bits: Any = _reinterpret(types.int64, types.float64)
_load: Any = intrinsic(_load_double)


@njit(cache=True, error_model="numpy")
def table_address(tables: Tables, k: int) -> tuple[int, int, int]:
    """Give address, lowest code and number of cells of table `k`; the tables must outlive the address."""
    return tables.data.ctypes.data + 8 * tables.places[k, 0], tables.places[k, 1], tables.places[k, 2]


@njit(cache=True, inner=True, error_model="numpy")
def _outside(x: float, kappa: float, address: int, lowest: int) -> float:
    is_phi = _load(address, 1) > 0.0
    if x >= 0.5 and x > kappa:
        r = 1.0 / x
        rest = kappa * r * (1.0 - (kappa + 1.0) * r * (1.0 - (kappa + 2.0) * r * (1.0 - (kappa + 3.0) * r)))
        return 1.0 - rest if is_phi else rest
    gamma = _load(address, 0)
    if gamma > 0.0:
        total = 0.0
        for j in range(_SERIES_TERMS - 1, -1, -1):
            total = _load(address, 2 + j) + x * total
        phi: float = gamma * x**kappa * math.exp(x) - x * total
        return phi if is_phi else 1.0 - phi
    if not is_phi:
        return 1.0
    # Below the lowest cell the value no longer counts, only that it falls smoothly to zero.
    edge = 0.0
    for j in range(9, -1, -1):
        edge = _load(address, HEAD + j) - edge
    below: float = x / from_bits(lowest << 49) * edge
    return below


@njit(cache=True, fastmath={"contract"}, error_model="numpy", forceinline=True)
def manifold(x: float, kappa: float, address: int, lowest: int, rows: int) -> float:
    """Evaluate a table at x: phi(x) or Q(x), whichever it was built for.

    Parameters
    ----------
    x : float
        kappa g, not negative.
    kappa : float
        tau_K/tau of the table.
    address, lowest, rows : int
        From `table_address`.
    """
    bits = to_bits(x)
    cell = (bits >> 49) - lowest
    if cell < 0 or cell >= rows:
        return _outside(x, kappa, address, lowest)
    # The mantissa within the cell, from -1 to 1, without rounding.
    s = (from_bits((bits & 0x1FFFFFFFFFFFF) | 0x3FF0000000000000) - 1.0625) * 16.0
    i = HEAD + cell * ROW
    s2 = s * s
    s4 = s2 * s2
    low = (_load(address, i) + _load(address, i + 1) * s) + (_load(address, i + 2) + _load(address, i + 3) * s) * s2
    mid = (_load(address, i + 4) + _load(address, i + 5) * s) + (_load(address, i + 6) + _load(address, i + 7) * s) * s2
    value: float = low + (mid + (_load(address, i + 8) + _load(address, i + 9) * s) * s4) * s4
    return value


def manifold_values(x: Floats, kappa: float) -> tuple[Floats, Floats]:
    """Compute phi(x) and Q(x) = 1 - phi(x), each to a relative error of about 2e-16.

    A continued fraction of positive terms for x >= 1 or large kappa, else the positive integral
    ``int_0^inf e^{-v} (1 + v/x)^{-kappa} dv`` by the trapezoidal rule in log(v/x), which converges exponentially.

    Parameters
    ----------
    x : ndarray
        Positive numbers of any size.
    kappa : float
        Positive.
    """
    x = np.asarray(x, dtype=np.float64)
    phi = np.empty_like(x)
    Q = np.empty_like(x)
    series = (x < 1e-3) & (kappa >= 12.0)
    fraction = ~series & ((x >= 1.0) | (kappa >= 20.0))
    integral = ~series & ~fraction
    if series.any():
        phi[series] = _power_series(x[series], kappa)
        Q[series] = 1.0 - phi[series]
    if fraction.any():
        phi[fraction], Q[fraction] = _continued_fraction(x[fraction], kappa)
    if integral.any():
        phi[integral] = _integral(x[integral], kappa)
        Q[integral] = 1.0 - phi[integral]
    return phi, Q


def _power_series(x: Floats, kappa: float) -> Floats:
    """Expand in x where kappa >= 12 pushes the non-analytic term x^kappa below the last digit."""
    total = np.zeros_like(x)
    for j in range(7, 0, -1):
        total = -x / (kappa - 1.0 - j) * (1.0 + total)
    return x / (kappa - 1.0) * (1.0 + total)


def _continued_fraction(x: Floats, kappa: float) -> tuple[Floats, Floats]:
    tail = x.copy()
    for n in range(120, 1, -1):
        tail = x + (kappa + n - 1.0) / (1.0 + n / tail)
    rest = kappa / (1.0 + 1.0 / tail)
    return x / (x + rest), rest / (x + rest)


def _integral(x: Floats, kappa: float) -> Floats:
    step = 0.25
    # The upper end: v = 40, where e^{-v} has vanished beside the smallest x.
    end = math.log(42.0 / float(x.min())) + 1.0
    ratio = np.exp(np.arange(-38.0, end, step, dtype=np.longdouble))
    weights = np.asarray(step * ratio * np.exp(-kappa * np.log1p(ratio)), dtype=np.float64)
    points = np.asarray(ratio, dtype=np.float64)
    result: Floats = x * (np.exp(-np.outer(x, points)) @ weights)
    return result


def _to_polynomials(values: Floats) -> Floats:
    """Turn values at the Chebyshev nodes of each cell, shape (cells, 10), into coefficients of powers."""
    angles = (np.arange(ROW) + 0.5) * math.pi / ROW
    to_chebyshev = np.cos(np.outer(np.arange(ROW), angles)) * 2.0 / ROW
    to_chebyshev[0] /= 2.0
    to_powers = np.zeros((ROW, ROW))
    for j in range(ROW):
        powers = np.polynomial.chebyshev.cheb2poly(np.eye(ROW)[j])
        to_powers[: len(powers), j] = powers
    # The matrices have large entries of both signs: they act on the small differences within a cell, in two steps.
    middle = values[:, ROW // 2]
    coefficients: Floats = ((values - middle[:, None]) @ to_chebyshev.T) @ to_powers.T
    coefficients[:, 0] += middle
    return coefficients


def _code(x: float) -> int:
    return int(np.float64(x).view(np.int64)) >> 49


@functools.lru_cache(maxsize=256)
def _table(kappa: float, is_phi: bool) -> tuple[int, Floats]:
    octaves = (_LOWEST_PHI if is_phi else _LOWEST_Q) / min(kappa, 1.0)
    lowest = 0.5 if kappa < SERIES_BELOW else 2.0 ** -math.ceil(octaves)
    highest = 2.0 ** math.ceil(math.log2(max(kappa, 1.0)) + _HIGHEST)
    # For a large kappa phi ~ x/kappa, so that the table may begin higher.
    if kappa >= 2.0:
        lowest *= 2.0 ** math.floor(math.log2(kappa))
    codes = np.arange(_code(lowest), _code(highest) + CELLS_PER_OCTAVE, dtype=np.int64)
    left = (codes << 49).view(np.float64)
    width = np.ldexp(0.125, np.frexp(left)[1] - 1)
    nodes = np.cos((np.arange(ROW) + 0.5) * math.pi / ROW)
    x = left[:, None] + width[:, None] * (nodes[None, :] + 1.0) / 2.0
    phi, Q = manifold_values(x.ravel(), kappa)
    values = (phi if is_phi else Q).reshape(x.shape)
    return int(codes[0]), _to_polynomials(values)


def build_tables(kappas: Floats, is_phi: NDArray[np.bool_]) -> Tables:
    """Tabulate phi or Q once for every kappa.

    Parameters
    ----------
    kappas : ndarray, shape (n_tables,)
        tau_K/tau, positive and finite.
    is_phi : ndarray of bool, shape (n_tables,)
        Whether the table is of phi (where V_0 is close to theta) or of Q.

    Returns
    -------
    Tables
        About 70 kB a table, more for kappa between 1/2 and 1.

    References
    ----------
    002 Q1 Eqs. (1)-(2); the closed form is not in the source.
    """
    place = 0
    blocks: list[Floats] = []
    index = np.zeros((max(len(kappas), 1), 3), dtype=np.int64)
    for k, (kappa, phi_wanted) in enumerate(zip(kappas.tolist(), is_phi.tolist(), strict=True)):
        code, rows = _table(kappa, phi_wanted)
        head = np.zeros(HEAD)
        head[1] = 1.0 if phi_wanted else -1.0
        if kappa < SERIES_BELOW:
            head[0] = math.gamma(1.0 - kappa)
            head[2:] = 1.0 / np.cumprod(np.arange(1, _SERIES_TERMS + 1) - kappa)
        index[k] = place, code, len(rows)
        place += HEAD + rows.size
        blocks += [head, rows.ravel()]
    return Tables(np.concatenate(blocks) if blocks else np.zeros(HEAD), index)
