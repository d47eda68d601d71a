"""One neuron until it has fired so many spikes, without a table: what a fit runs again and again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.eventdriven.cell import CONSTANT_G, STEPS
from spikelearn.eventdriven.neurons import DONE, N_FLOATS, N_INTEGERS, OUTPUT_FULL, PARAMETERS, RING_FULL, run_neurons
from spikelearn.eventdriven.phi import build_tables
from spikelearn.eventdriven.sensitivity.records import Run

__all__ = ["run_of_one", "spikes_of_one"]

_NONE = np.empty(0)
_NO_NUMBERS = np.empty(0, dtype=np.int64)
_NO_TABLES = build_tables(np.empty(0), np.empty(0, dtype=bool))
_PLACES = np.column_stack([np.arange(len(PARAMETERS)), np.zeros(len(PARAMETERS))]).astype(np.int64)
_BUDGET = 20_000_000


def spikes_of_one(values: Floats, n_spikes: int, past: Floats, longest: float) -> Floats:
    """Give up to `n_spikes` spike times of one neuron.

    Parameters
    ----------
    values : ndarray, shape (9,)
        V_0, theta, Delta, tau, tau_K, delta_g, t_d, u and g at time 0; SI units, in range.
    n_spikes : int
        How many are wanted.
    past : ndarray
        Own spikes in (-t_d, 0], sorted, seconds.
    longest : float
        Seconds of model time after which a neuron counts as silent.

    Returns
    -------
    ndarray
        Fewer than asked for where the neuron falls silent.
    """
    flat = np.ascontiguousarray(values, dtype=np.float64)
    table = np.array([STEPS if math.isfinite(flat[4]) else CONSTANT_G], dtype=np.int64)
    floats, integers = np.zeros(N_FLOATS), np.zeros(N_INTEGERS, dtype=np.int64)
    # As many as are asked for, so that the loop stops by itself.
    output, counts = np.empty(n_spikes), np.zeros(1, dtype=np.int64)
    ring = np.empty(1 << max(4, math.ceil(math.log2(n_spikes + len(past) + 2))))
    traces = np.empty((0, 0))
    offsets = np.array([0, len(past)], dtype=np.int64)
    while True:
        status = run_neurons(
            1, _BUDGET, longest, flat, _PLACES, table, offsets, past, _NO_TABLES, floats, integers, ring, output, True,
            counts, _NONE, traces, traces,
        )  # fmt: skip
        if status in (DONE, OUTPUT_FULL):
            return output[: integers[7]]
        if status == RING_FULL:
            raise MemoryError("the ring of pending spikes must hold every spike")


def run_of_one(values: Floats, spikes: Any, past: Any) -> Run:
    """Describe the run of one neuron, see `spikes_of_one`, so that it can be read again."""
    parameters = np.append(values[:7], 0.0).reshape(1, 8)
    times = np.concatenate([past, spikes])
    return Run(
        parameters, values[7:8], values[8:9], times, np.array([0, len(times)], dtype=np.int64),
        np.array([len(past)], dtype=np.int64), _NO_NUMBERS, _NONE, _NONE, np.zeros(2, dtype=np.int64), _NO_NUMBERS,
    )  # fmt: skip
