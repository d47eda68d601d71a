"""The two exponentials of an event, as polynomials that the compiler turns into vector instructions.

A call of the C library cannot be vectorised, and what replaces it may differ in its last digit between one lane and
many. These are sums and products in a fixed order, so that one event and eight at once have the same digits.
"""

from __future__ import annotations

import math

from spikelearn.compiled import njit
from spikelearn.eventdriven.phi import from_bits, to_bits

__all__ = ["INVERSE_FACTORIALS", "LN2_HIGH", "LN2_LOW", "LONGEST_SERIES", "PER_LN2", "WHOLE", "exp_minus", "less_one"]

# Up to here the series of `less_one` is exact to the last digits.
LONGEST_SERIES = 0.5
# 1/k!; the sums are taken in pairs, so that few terms have to wait for each other.
INVERSE_FACTORIALS = tuple(1.0 / math.factorial(k) for k in range(17))
_F2, _F3, _F4, _F5, _F6, _F7, _F8, _F9, _F10, _F11, _F12, _F13, _F14, _F15, _F16 = INVERSE_FACTORIALS[2:]
# A float this large has no room for a fraction: adding it leaves the nearest whole number in the lowest bits.
WHOLE = 1.5 * 2.0**52
PER_LN2 = 1.0 / math.log(2.0)
# ln 2 in two parts: the first ends in 21 zeros, so that whole multiples of it are exact.
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
# Beyond this e^{-a} is invisible beside anything; the smallest floats, which are slow, are never reached.
_VANISHED = 690.0


@njit(cache=True, error_model="numpy", forceinline=True)
def exp_minus(a: float) -> float:
    """Give e^{-a} for a >= 0 to one unit in the last place; beyond 690 it stays at e^{-690}."""
    a = -min(a, _VANISHED)
    shifted = a * PER_LN2 + WHOLE
    whole = shifted - WHOLE
    r = (a - whole * LN2_HIGH) - whole * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (_F2 + _F3 * r) + (_F4 + _F5 * r) * r2
    middle = (_F6 + _F7 * r) + (_F8 + _F9 * r) * r2
    high = (_F10 + _F11 * r) + (_F12 + _F13 * r) * r2
    # The whole number, still in the lowest bits, becomes the exponent of a power of two.
    power: float = from_bits((to_bits(shifted) + 1023) << 52)
    return (1.0 + (r + r2 * (low + (middle + high * r4) * r4))) * power


@njit(cache=True, error_model="numpy", forceinline=True)
def less_one(h: float) -> float:
    """Give 1 - e^{-h} for 0 <= h < `LONGEST_SERIES` to one unit in the last place."""
    h2 = h * h
    h4 = h2 * h2
    low = (_F2 - _F3 * h) + (_F4 - _F5 * h) * h2
    middle = (_F6 - _F7 * h) + (_F8 - _F9 * h) * h2
    high = (_F10 - _F11 * h) + (_F12 - _F13 * h) * h2
    highest = (_F14 - _F15 * h) + _F16 * h2
    return h - h2 * ((low + middle * h4) + (high + highest * h4) * (h4 * h4))
