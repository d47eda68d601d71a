"""How fast is the entropy rule: batch weights and replay of thousands of neurons, and a step of the online rule.

Targets: dense weights of n = 3364 neurons and three replay cycles within 0.5 s; at n = 841 at least 50 times as fast as
the pseudo-inverse of S S' in the same run; a Runge-Kutta step of the online rule within 2 us; n = 10,000 in factors
below 500 MB. ``python tests/benchmarks/bench_entropy.py [--whole]``: with --whole the pseudo-inverse at n = 3364, too,
some minutes. Times are the processor's; each result is checked against the other way before it is timed.
"""

import argparse
import resource
import time

import aims
import numpy as np

import spikelearn as sl

er = sl.entropy_rule
DT, L, T = 2 * np.pi / 50, 10.0, 50
STEPS = 600_000


def best_of(n, call):
    found = []
    for _ in range(n):
        start = time.process_time()
        result = call()
        found.append(time.process_time() - start)
    return min(found), result


def grid(N, coding):
    """The input on all N x N neurons, silent ones too."""
    movie = er.grid_movie(N, coding=coding)
    frames = np.full((T, N * N), -1.0 if coding == "plus_minus" else 0.0)
    frames[np.arange(T), movie.boxes] = 1.0
    return movie, frames


def dense_and_replay(frames):
    factors = er.minimiser(frames, DT, L, factored=True)
    return factors, factors.dense(), er.replay(factors, frames[0], 3 * T, DT, L)


def by_pseudo_inverse(frames):
    S = np.tanh(frames)
    target = (np.roll(frames, -1, axis=0) - frames) / DT + L * frames
    return target.T @ S @ np.linalg.pinv(S.T @ S, rcond=1e-10, hermitian=True)


def general_pseudo_inverse(frames):
    S = np.tanh(frames)
    target = (np.roll(frames, -1, axis=0) - frames) / DT + L * frames
    return target.T @ S @ np.linalg.pinv(S.T @ S)


def batch(whole):
    for coding in ("plus_minus", "zero_one"):
        _, frames = grid(58, coding)
        seconds, (factors, W, path) = best_of(5, lambda frames=frames: dense_and_replay(frames))
        assert factors.rank == T
        assert er.mean_deviation(path, frames) < 1e-6
        assert np.abs(np.tanh(frames) @ W.T - np.tanh(frames) @ factors.right.T @ factors.left.T).max() < 1e-9
        print(f"n = 3364, coding {coding:10s}: dense weights and three replay cycles {seconds:.3f} s")
        aims.aim("dense weights and replay, n = 3364 (s)", seconds, at_most=0.5)
    for N in (29, 58) if whole else (29,):
        frames = np.random.default_rng(0).normal(size=(T, N * N))
        ours, W = best_of(20, lambda frames=frames: er.minimiser(frames, DT, L))
        theirs, other = best_of(3 if N == 29 else 1, lambda frames=frames: general_pseudo_inverse(frames))
        half, symmetric = best_of(1, lambda frames=frames: by_pseudo_inverse(frames))
        off, off_too = (np.abs(found - W).max() / np.abs(W).max() for found in (other, symmetric))
        target = 50 if N == 29 else 300
        print(f"n = {N * N}: dense weights {ours * 1e3:.1f} ms")
        print(f"  np.linalg.pinv(S S'): {theirs:.2f} s, {theirs / ours:.0f} times as long")
        aims.aim(f"pseudo-inverse / ours, n = {N * N}", theirs / ours, at_least=target)
        print(f"  off by {off:.1e} of the largest weight, with its own cut")
        print(f"  the same, hermitian, cut 1e-10: {half:.2f} s, {half / ours:.0f} times as long, off by {off_too:.1e}")


def online():
    cycle = er.source_network().cycle(er.START, settle=0.0)
    frames, dt = cycle.frames(1200), cycle.period / 1200
    rule = sl.EntropyRule(l_net=50.0, epsilon=0.01)
    rule.learn(frames, dt, 100 * dt)
    for terms in (False, True):
        if terms:
            rule.learn(frames, dt, 100 * dt, terms=True)
        seconds, run = best_of(
            3, lambda terms=terms: rule.learn(frames, dt, STEPS * dt, record_every=STEPS, terms=terms)
        )
        assert np.isfinite(run.W).all()
        recorded = "three terms recorded" if terms else "weights"
        print(f"online, n = 3, {recorded:20s}: {seconds / STEPS * 1e6:.2f} us a step")
        aims.aim("a step of the online rule (us)", seconds / STEPS * 1e6, at_most=2)


def factored():
    side, frames = 100, 60
    y, x = np.mgrid[:side, :side]
    angle = 2 * np.pi * np.arange(frames) / frames
    cy, cx = 50 + 30 * np.sin(angle), 50 + 30 * np.cos(angle)
    movie = np.exp(-((y - cy[:, None, None]) ** 2 + (x - cx[:, None, None]) ** 2) / 60)
    seconds, fit = best_of(1, lambda: er.learn_movie(movie))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert fit.lost.max() < 1e-4
    print(f"n = 10,000 in factors, 60 frames, three cycles, multipliers: {seconds:.2f} s")
    print(f"  whole process {peak:.0f} MB at most")
    aims.aim("n = 10,000 in factors (MB)", peak, at_most=500)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true", help="the pseudo-inverse at n = 3364 as well")
    arguments = parser.parse_args()
    factored()  # first: memory is that of the whole process so far
    batch(arguments.whole)
    online()


if __name__ == "__main__":
    aims.run(main)
