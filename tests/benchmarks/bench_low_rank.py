"""A million units a step, and fixed points in p unknowns against n.

Run ``python tests/benchmarks/bench_low_rank.py [--n 1000000] [--repeats 15]``. Every ratio comes from one run, the best
of the repeats of each, taken in turns; other work on the machine slows both sides.

A step at p = 2 reads the output vectors, the input vectors and x, and writes x: (2 p + 2) 8 n bytes. It is compared
with a plain copy of arrays that are larger than the caches, in bytes moved a second (a copy moves each byte twice).

Fixed points are compared with the way of finding them in the state of all units: roots of phi(J x) - x in n unknowns by
Newton's method with the dense n x n Jacobian, from starts along every vector and at random, doubles removed, and
stability from the eigenvalues of the n x n Jacobian. It is written here anew; it can miss points; counts are
printed.
"""

from __future__ import annotations

import argparse
import functools
import os
import time

import numpy as np

import spikelearn as sl
from spikelearn.models.low_rank import kernels
from spikelearn.models.low_rank.array import integrate


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def bandwidth(n: int, repeats: int, threads: int) -> None:
    rng = np.random.default_rng(1)
    out, xi, x = rng.standard_normal((2, n)), rng.standard_normal((2, n)), rng.standard_normal(n)
    large = rng.standard_normal(16_000_000)
    other = np.empty_like(large)
    blocks = -(-n // kernels.BLOCK)
    sums, table, m = np.zeros((blocks, 2)), kernels.erf_table(), np.array([0.3, 0.2])
    step_bytes, copy_bytes = (2 * 2 + 2) * 8 * n, 2 * large.nbytes

    def step(kind):
        def run():
            kernels.advance(out, xi, x, m, 0.95, 0.05, 2.0, kind, 0, blocks, table, sums)
            kernels.sum_blocks(sums, n, m)

        return run

    def plain():
        for start in range(0, n, 8192):
            part = slice(start, start + 8192)
            x[part] = 0.95 * x[part] + 0.05 * np.tanh(2.0 * (m @ out[:, part]))
            sums[0] = xi[:, part] @ x[part]

    rows = {
        "copy": lambda: np.copyto(other, large),
        "tanh": step(kernels.TANH),
        "erf": step(kernels.ERF),
        "NumPy": plain,
    }
    for function in rows.values():
        function()
    best = {name: min(timed(function) for _ in range(repeats)) for name, function in rows.items()}
    ratios = {name: [] for name in rows}
    for _ in range(repeats):
        turn = {name: timed(function) for name, function in rows.items()}
        for name in rows:
            best[name] = min(best[name], turn[name])
            ratios[name].append((step_bytes / turn[name]) / (copy_bytes / turn["copy"]))
    copy = copy_bytes / best["copy"]
    print(
        f"one step of n = {n}, p = 2, one thread, {step_bytes / 1e6:.0f} MB; copy of {large.nbytes / 1e6:.0f} MB arrays"
    )
    print(f"{'copy':8s} {best['copy'] * 1e3:8.2f} ms {copy / 1e9:6.1f} GB/s")
    for name in ("tanh", "erf", "NumPy"):
        speed = step_bytes / best[name]
        print(
            f"{name:8s} {best[name] * 1e3:8.2f} ms {speed / 1e9:6.1f} GB/s   {speed / copy:5.2f} of the copy "
            f"(best of each), {np.median(ratios[name]):5.2f} (median of turns)"
        )
    model = sl.LowRank([[0.7, -0.5], [0.5, 0.7]], gain=3.0)
    vectors = model.sample(n, 1)
    start = vectors.state([0.3, 0.1])
    for closed in (False, True):
        settings = {"overlaps_only": closed, "threads": threads}
        run = functools.partial(integrate, model, vectors, start, 20, 0.05, **settings)
        took = min(timed(run) for _ in range(3))
        print(f"integrate, {'closure' if closed else 'all units'}, {threads} threads: {took / 20 * 1e3:6.2f} ms a step")


def in_n_unknowns(J, phi, starts):
    """Roots of phi(J x) - x in n unknowns, and whether each is stable, by dense linear algebra."""
    n = len(J)
    found = []
    for x in starts:
        for _ in range(60):
            h = J @ x
            jacobian = phi(h, 1)[:, None] * J - np.eye(n)
            step = np.linalg.solve(jacobian, x - phi(h))
            x = x + step
            if np.abs(step).max() < 1e-11:
                break
        if np.abs(phi(J @ x) - x).max() < 1e-9 and all(np.abs(x - y).max() > 1e-5 for y, _ in found):
            jacobian = phi(J @ x, 1)[:, None] * J - np.eye(n)
            found.append((x, bool((np.linalg.eigvals(jacobian).real < 0).all())))
    return found


def roots(n: int) -> None:
    p = 5
    rng = np.random.default_rng(2)
    A = rng.standard_normal((p, p))
    A = A + A.T
    C = A / np.linalg.norm(A, 2)
    for name, phi in (("tanh", "tanh"), ("erf", "erf"), ("an expression", "x/sqrt(1 + x**2)")):
        model = sl.LowRank(C, phi, 6.0)
        model.fixed_points()
        mine = min(timed(model.fixed_points) for _ in range(5))
        points = model.fixed_points()
        count = 2 * len(points) - 1
        print(f"fixed points, p = {p}, {name}: {count} of them in {mine * 1e3:.2f} ms")
        if phi != "tanh":
            continue
        # Whitened vectors, so that the finite network has the same fixed points up to n^(-1/2).
        vectors = model.sample(n, 1, whiten=True)
        J = vectors.connectivity()
        starts = [np.zeros(n)]
        for k in range(p):
            starts += [s * np.tanh(6.0 * 0.5 * vectors.eta[k]) for s in (1, -1)]
        starts += [vectors.state(rng.uniform(-0.6, 0.6, p)) for _ in range(4 * p)]
        start = time.perf_counter()
        theirs = in_n_unknowns(J, model.nonlinearity, starts)
        took = time.perf_counter() - start
        print(
            f"  in {n} unknowns from {len(starts)} starts: {len(theirs)} of them in {took:.2f} s, "
            f"{took / mine:.0f} times as long"
        )
        one = timed(functools.partial(in_n_unknowns, J, model.nonlinearity, starts[1:2])) / mine
        print(f"  one of them alone, from one start: {one:.0f} times as long")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--units", type=int, default=1000, help="size of the network in n unknowns")
    arguments = parser.parse_args()
    print("load of the machine", os.getloadavg()[0])
    bandwidth(arguments.n, arguments.repeats, len(os.sched_getaffinity(0)))
    roots(arguments.units)


if __name__ == "__main__":
    main()
