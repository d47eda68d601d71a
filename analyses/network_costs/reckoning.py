"""What each engine has to do, counted by formula, and what a unit of it costs."""

import os

import numpy as np
from network_costs.engines import DELAY
from scipy.optimize import nnls

# What the exact engine touches of a neuron at an arrival: sixteen numbers of its state, four of its bounds, its row.
BYTES = 192
UNITS = {
    "exact": (
        "a window", "a neuron and window", "a spike", "an arrival", "a neuron and window with arrivals",
        "an arrival outside the cache",
    ),
    "Brian2": ("a step", "a neuron and step", "a spike", "an arrival"),
}  # fmt: skip


def cache_bytes():
    """Size of the second-level cache of a core; a megabyte where the system does not say."""
    try:
        return os.sysconf("SC_LEVEL2_CACHE_SIZE") or 2**20
    except (AttributeError, OSError, ValueError):
        return 2**20


def work(engine, case, spikes):
    """Count what an engine has to do in a second of model time: the terms of its prediction."""
    n, arrivals = case.n, spikes * case.fan
    if engine == "Brian2":
        return np.array([1.0 / case.dt, n / case.dt, spikes, arrivals])
    windows = 1.0 / DELAY
    visited = n * windows * -np.expm1(-arrivals / (n * windows))
    # Arrivals come to neurons anywhere: what share of their states lies outside is what share of arrivals waits for it.
    outside = max(0.0, 1.0 - cache_bytes() / (BYTES * n))
    return np.array([windows, n * windows, spikes, arrivals, visited, arrivals * outside])


def unit_costs(engine, measured, fitted):
    """Fit the costs of the units, none negative, so that relative errors count alike."""
    rows = np.array([work(engine, case, measured[case].spikes) / measured[case].seconds for case in fitted])
    # A unit of which there is nothing in any run, as with few neurons what lies outside the cache, costs nothing.
    scale = np.where(rows.max(axis=0) > 0.0, rows.max(axis=0), 1.0)
    return nnls(rows / scale, np.ones(len(rows)))[0] / scale


def crossings(x, own, clock):
    """Where two costs are the same, by straight lines between points on logarithmic axes."""
    ratio = np.log(own / clock)
    k = np.flatnonzero(np.sign(ratio[:-1]) * np.sign(ratio[1:]) < 0)
    return x[k] * (x[k + 1] / x[k]) ** (ratio[k] / (ratio[k] - ratio[k + 1]))
