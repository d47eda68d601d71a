"""Functions that the tests sweep, and a driver that is run, and killed, as a process of its own."""

import os
import signal
import sys
import time

import numpy as np

import spikelearn as sl

GRID = {"x": [0.5 * k for k in range(20)], "k": list(range(10))}


def draw(x, k, seed):
    """Cheap, random, and slow enough to be killed in the middle."""
    time.sleep(0.005)
    numbers = np.random.default_rng(seed).normal(size=4)
    if k == 7 and x == 2.0:
        raise ValueError(f"no value at {x}")
    return {"mean": x + numbers.mean(), "numbers": numbers * k}


def add(a, b, seed):
    return {"sum": a + b, "seed_low": seed % 1000}


def wicked(x, seed, marks=None):
    """2 kills its worker, 3 raises, 4 hangs."""
    if x == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if x == 3:
        raise KeyError("three")
    if x == 4:
        time.sleep(60)
    return {"y": x}


def other(x, k, seed):
    return {"mean": x}


if __name__ == "__main__":
    sl.sweep(draw, GRID, n_repeats=1, store=sys.argv[1], executor=int(sys.argv[2]), progress=False)
