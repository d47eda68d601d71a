"""The two exponentials of an event, as polynomials that the compiler turns into vector instructions.

A call of the C library cannot be vectorised, and what replaces it may differ in its last digit between one lane and
many. These are sums and products in a fixed order, so that one event and eight at once have the same digits.
"""

from __future__ import annotations

import math

from numba import njit

from spikelearn.eventdriven.phi import from_bits, to_bits

__all__ = ["LONGEST_SERIES", "exp_minus", "less_one"]

# Up to here the series of `less_one` is exact to the last digits.
LONGEST_SERIES = 0.5
# What follows the first two terms, highest power first: of 1 - e^{-h} up to h^16/16!, of e^r up to r^13/13!.
_LESS_ONE = tuple((-1.0) ** k / math.factorial(k) for k in range(16, 1, -1))
_EXP = tuple(1.0 / math.factorial(k) for k in range(13, 1, -1))
# A float this large has no room for a fraction: adding it leaves the nearest whole number in the lowest bits.
_WHOLE = 1.5 * 2.0**52
_PER_LN2 = 1.0 / math.log(2.0)
# ln 2 in two parts: the first ends in 21 zeros, so that whole multiples of it are exact.
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
# Beyond this e^{-a} is invisible beside anything; the smallest floats, which are slow, are never reached.
_VANISHED = 690.0


@njit(cache=True, error_model="numpy", inline="always")
def exp_minus(a: float) -> float:
    """Give e^{-a} for a >= 0 to about one unit in the last place; beyond 690 it stays at e^{-690}."""
    a = -min(a, _VANISHED)
    shifted = a * _PER_LN2 + _WHOLE
    whole = shifted - _WHOLE
    r = (a - whole * _LN2_HIGH) - whole * _LN2_LOW
    rest = 0.0
    for term in _EXP:
        rest = rest * r + term
    # The whole number, still in the lowest bits, becomes the exponent of a power of two.
    power: float = from_bits((to_bits(shifted) + 1023) << 52)
    return (1.0 + (r + r * r * rest)) * power


@njit(cache=True, error_model="numpy", inline="always")
def less_one(h: float) -> float:
    """Give 1 - e^{-h} for 0 <= h < `LONGEST_SERIES` to about one unit in the last place."""
    rest = 0.0
    for term in _LESS_ONE:
        rest = rest * h + term
    return h - h * h * rest
