"""Compiled steps of the array engine: one pass over the vectors, a block of neurons at a time, J never formed.

A step reads the output vectors, the input vectors and x, and writes x: (2 p + 2) 8 n bytes. Neurons are taken in blocks
that fit into the first cache; the functions of a block are written without branches, so that they compile to vector
instructions. The sums of a block go into a row of its own and the rows are added in order, so that results do not
depend on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.compiled import njit

__all__ = ["BLOCK", "ERF", "TANH", "advance", "advance_steps", "erf_table", "hyperbolic", "overlap_sums", "sum_blocks"]

TANH, ERF = 0, 1
BLOCK = 2048

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile a function with numba, without the GIL, cached on disk; products and sums may be fused."""
    return njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})(function)


_NODES = 64
_LARGEST = 6.0


def erf_table() -> Floats:
    """Give erf and 2/sqrt(pi) exp(-x^2) at x = k/64 up to 6.1, shape (2, points)."""
    from scipy.special import erf

    x = np.arange(round(_LARGEST * _NODES) + 8) / _NODES
    return np.asarray(np.stack([erf(x), 2 / np.sqrt(np.pi) * np.exp(-x * x)]))


# Sums may be reordered here and nowhere else: rounding by adding 1.5 * 2^52 would be undone.
@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def dot(row: Any, h: Any, n: Any) -> Any:
    """Sum of products, in several strands as vector instructions have them: in the same order on every call."""
    total = 0.0
    for i in range(n):
        total += row[i] * h[i]
    return total


@compiled
def hyperbolic(h: Any, n: Any, factor: Any, scratch: Any) -> Any:
    """Write tanh(factor h) over the first n values of h, to three units in the last place.

    tanh y = e/(e + 2) with e = exp(2 y) - 1 = 2^k (exp(r) - 1) + (2^k - 1), k = round(2 y/log 2): adding 1.5 * 2^52
    rounds and leaves k in the low bits, from where a shift makes it an exponent. Small values keep their digits, since
    then k = 0.
    """
    bits = scratch.view(np.int64)
    for i in range(n):
        y = 2.0 * factor * h[i]
        y = min(max(y, -44.0), 44.0)
        shifted = y * 1.4426950408889634 + 6755399441055744.0
        scratch[i] = shifted
        k = shifted - 6755399441055744.0
        # log 2 in two parts, the first with so few digits that its product with k is exact.
        r = (y - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
        u = r * r
        even = 1.0 / 2.0 + u * (1.0 / 24.0 + u * (1.0 / 720.0 + u * (1.0 / 40320.0 + u * (1.0 / 3628800.0))))
        even = even + u * u * u * u * u * (1.0 / 479001600.0)
        odd = 1.0 / 6.0 + u * (1.0 / 120.0 + u * (1.0 / 5040.0 + u * (1.0 / 362880.0 + u * (1.0 / 39916800.0))))
        odd = odd + u * u * u * u * u * (1.0 / 6227020800.0)
        h[i] = r + u * (even + r * odd)
    for i in range(n):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(n):
        e = scratch[i] * h[i] + (scratch[i] - 1.0)
        h[i] = e / (e + 2.0)


@compiled
def error_function(h: Any, n: Any, factor: Any, scratch: Any, places: Any, table: Any) -> Any:
    """Write erf(factor h) over the first n values of h.

    Beyond the nearest of the points x_k = k/64, erf has the Taylor series erf(x_k) + g d (1 - x_k d + (2 x_k^2 - 1)
    d^2/3 + ...) with g = 2/sqrt(pi) exp(-x_k^2) and Hermite polynomials as coefficients; |d| <= 1/128 needs seven
    terms. Looking up the table is a loop of its own, because it alone has no vector instructions.
    """
    bits = scratch.view(np.int64)
    for i in range(n):
        size = min(abs(factor * h[i]), 6.0)
        scratch[i] = size * 64.0 + 6755399441055744.0
    for i in range(n):
        places[i] = bits[i] & 1023
    for i in range(n):
        scratch[i] = table[0, places[i]]
    bells = scratch[BLOCK:]
    for i in range(n):
        bells[i] = table[1, places[i]]
    for i in range(n):
        y = factor * h[i]
        size = min(abs(y), 6.0)
        x = places[i] * 0.015625
        d = size - x
        s = x * x
        c2 = (2.0 * s - 1.0) * (1.0 / 3.0)
        c3 = x * (3.0 - 2.0 * s) * (1.0 / 6.0)
        c4 = (4.0 * s * s - 12.0 * s + 3.0) * (1.0 / 30.0)
        c5 = x * (-4.0 * s * s + 20.0 * s - 15.0) * (1.0 / 90.0)
        c6 = (8.0 * s * s * s - 60.0 * s * s + 90.0 * s - 15.0) * (1.0 / 630.0)
        series = 1.0 + d * (-x + d * (c2 + d * (c3 + d * (c4 + d * (c5 + d * c6)))))
        value = scratch[i] + bells[i] * d * series
        h[i] = math.copysign(value, y)


@compiled
def advance(
    out: Any,
    xi: Any,
    x: Any,
    m: Any,
    keep: Any,
    gain: Any,
    factor: Any,
    kind: Any,
    first: Any,
    last: Any,
    table: Any,
    sums: Any,
) -> Any:
    """Advance the blocks first to last by one step x <- keep x + gain phi(factor m.out), and sum xi x of each block.

    out (p + q, n), output vectors and those of the input; xi (p, n); x (n,); m (p + q,), overlaps and input;
    sums (blocks, p).
    """
    p, n = xi.shape
    rows = out.shape[0]
    h, scratch, places = np.empty(BLOCK), np.empty(2 * BLOCK), np.empty(BLOCK, dtype=np.int64)
    for block in range(first, last):
        start = block * BLOCK
        size = min(BLOCK, n - start)
        row, coefficient = out[0, start : start + size], m[0]
        if rows == 2:
            other, weight = out[1, start : start + size], m[1]
            for i in range(size):
                h[i] = coefficient * row[i] + weight * other[i]
        else:
            for i in range(size):
                h[i] = coefficient * row[i]
            for k in range(1, rows):
                row, coefficient = out[k, start : start + size], m[k]
                for i in range(size):
                    h[i] += coefficient * row[i]
        if kind == TANH:
            hyperbolic(h, size, factor, scratch)
        else:
            error_function(h, size, factor, scratch, places, table)
        state = x[start : start + size]
        for i in range(size):
            new = keep * state[i] + gain * h[i]
            state[i] = new
            h[i] = new
        for k in range(p):
            sums[block, k] = dot(xi[k, start : start + size], h, size)


@compiled
def overlap_sums(
    out: Any, xi: Any, m: Any, factor: Any, kind: Any, first: Any, last: Any, table: Any, sums: Any
) -> Any:
    """Sum xi phi(factor m.out) over each block, all that the overlaps need; arguments as in `advance`."""
    p, n = xi.shape
    h, scratch, places = np.empty(BLOCK), np.empty(2 * BLOCK), np.empty(BLOCK, dtype=np.int64)
    for block in range(first, last):
        start = block * BLOCK
        size = min(BLOCK, n - start)
        row, coefficient = out[0, start : start + size], m[0]
        for i in range(size):
            h[i] = coefficient * row[i]
        for k in range(1, out.shape[0]):
            row, coefficient = out[k, start : start + size], m[k]
            for i in range(size):
                h[i] += coefficient * row[i]
        if kind == TANH:
            hyperbolic(h, size, factor, scratch)
        else:
            error_function(h, size, factor, scratch, places, table)
        for k in range(p):
            sums[block, k] = dot(xi[k, start : start + size], h, size)


@compiled
def sum_blocks(sums: Any, n: Any, m: Any) -> Any:
    """Add the rows of sums in order, divide by n and write the overlaps into m."""
    for k in range(sums.shape[1]):
        total = 0.0
        for block in range(sums.shape[0]):
            total += sums[block, k]
        m[k] = total / n


@compiled
def advance_steps(
    out: Any, xi: Any, x: Any, m: Any, drive: Any, keep: Any, gain: Any, factor: Any, kind: Any, table: Any, sums: Any
) -> Any:
    """Take as many steps as `drive` (steps, q) has rows, in one thread; x and the first p of m are the state."""
    p, n = xi.shape
    for step in range(drive.shape[0]):
        for k in range(drive.shape[1]):
            m[p + k] = drive[step, k]
        advance(out, xi, x, m, keep, gain, factor, kind, 0, sums.shape[0], table, sums)
        sum_blocks(sums, n, m)
