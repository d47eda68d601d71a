"""All threads read the same synapses, each its part of every row: as they were wired where they are in order."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven.network.cells import Synapses
from spikelearn.eventdriven.network.run import _Run, run_network
from spikelearn.eventdriven.network.sharing import share
from spikelearn.network import Connections, Population, Projection, pair_stdp
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire

NOTHING = np.empty(0, dtype=np.int64)


def wired(*, delays="one", plastic=False, n=200, fan=30):
    """200 neurons that fire by themselves; some pairs have several synapses, of unlike weights."""
    rng = np.random.default_rng(11)
    neuron = sl.AdaptiveLIF(delta_g=0.2, tau_K=60 * ms, t_d=4 * ms)
    pre, post = rng.integers(0, n, fan * n), rng.integers(0, n, fan * n)
    # Where delays are unlike, a tenth of a millisecond makes many the same, also of one pair.
    later = (1.5 if delays == "one" else rng.integers(10, 40, fan * n) / 10) * ms
    weights = np.where(pre % 5 == 0, -0.3, 0.1) * rng.uniform(0.5, 1.5, fan * n) * mV
    rule = pair_stdp("20 uV", "21 uV", limits=("-1 mV", "1 mV")) if plastic else None
    cells = Population(neuron, n, {"V_0": rng.uniform(14, 22, n) * mV})
    projection = Projection("cells", "cells", Connections(pre, post), weights, later, True, plasticity=rule)
    return wire(sl.Network({"cells": cells}, [projection]))


def reordered(wiring, within):
    """The same synapses, those of each row in the order of the values `within`."""
    order = np.lexsort((within, wiring.rows))
    changed = {name: getattr(wiring, name)[order] for name in ("target", "weight")}
    changed |= {name: getattr(wiring, name)[order] for name in ("delay", "rule") if len(getattr(wiring, name)) > 1}
    return replace(wiring, **changed)


def result(wiring, threads):
    zero = np.zeros(wiring.n)
    return run_network(
        network_inputs(wiring, 0, 1e4), 0.2, u0=zero, g0=zero, traced=NOTHING, trace_times=np.empty(0), threads=threads
    )


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_rows_sorted_by_target_with_one_delay_are_not_copied(threads):
    wiring = wired()
    wiring = reordered(wiring, wiring.target)
    before = wiring.target.copy(), wiring.weight.copy()
    zero = np.zeros(wiring.n)
    run = _Run(network_inputs(wiring, 0, 1e4), 0.1, zero, zero, None, NOTHING, np.empty(0), threads)
    assert len(run.ranges) == threads + 1
    for name in ("target", "weight"):
        assert np.shares_memory(getattr(run.synapses, name), getattr(wiring, name)), name
    result(wiring, threads)
    np.testing.assert_array_equal(wiring.target, before[0])
    np.testing.assert_array_equal(wiring.weight, before[1])


@pytest.mark.parametrize("plastic", [False, True])
@pytest.mark.parametrize("delays", ["one", "unlike"])
@pytest.mark.parametrize("order", ["sorted", "backwards", "shuffled"])
def test_threads_do_not_matter_whatever_the_order_of_rows(order, delays, plastic):
    wiring = wired(delays=delays, plastic=plastic)
    shuffled = np.random.default_rng(2).random(len(wiring.target))
    wiring = reordered(wiring, {"sorted": wiring.target, "backwards": -wiring.target, "shuffled": shuffled}[order])
    one = result(wiring, 1)
    assert len(one.times) > 400
    if plastic:
        assert (one.state.plastic[:, 1] != wiring.weight).mean() > 0.5
    for threads in (2, 3):
        other = result(wiring, threads)
        np.testing.assert_array_equal(other.times, one.times)
        np.testing.assert_array_equal(other.rows, one.rows)
        np.testing.assert_array_equal(other.state.plastic, one.state.plastic)


@pytest.mark.parametrize("delays", [False, True])
@pytest.mark.parametrize("edges", [[0, 9], [0, 4, 9], [0, 2, 2, 7, 9]])
@pytest.mark.parametrize("in_order", [False, True])
def test_parts_are_those_of_a_stable_sort(edges, delays, in_order):
    """Beside Python's sort; some rows are empty, and one thread may have no neurons."""
    rng = np.random.default_rng(4)
    sizes = np.array([0, 12, 0, 1, 20, 7, 0])
    start = np.concatenate([[0], np.cumsum(sizes)])
    m = int(start[-1])
    target = rng.integers(0, 9, m).astype(np.int32)
    delay = rng.integers(1, 4, m) * 1e-3 if delays else np.array([1e-3])
    weight = np.arange(m, dtype=np.float64)
    owner = [max(q for q in range(len(edges) - 1) if edges[q] <= j) for j in target]
    row = np.repeat(np.arange(len(sizes)), sizes)
    expected = sorted(range(m), key=lambda p: (row[p], owner[p], delay[p] if delays else 0.0))
    if in_order:
        target, weight = target[expected], weight[expected]
        delay = delay[expected] if delays else delay
    found, bounds = share(Synapses(start, target, weight, delay), np.array(edges))
    np.testing.assert_array_equal(found.weight, expected)
    # One thread takes rows with one delay as they are.
    assert (found.weight is weight) == (in_order or (len(edges) == 2 and not delays))
    np.testing.assert_array_equal(bounds[0], start[:-1])
    np.testing.assert_array_equal(bounds[-1], start[1:])
    for q in range(len(edges) - 1):
        for i in range(len(sizes)):
            inside = found.target[bounds[q, i] : bounds[q + 1, i]]
            assert ((edges[q] <= inside) & (inside < edges[q + 1])).all()
            if delays:
                assert (np.diff(found.delay[bounds[q, i] : bounds[q + 1, i]]) >= 0).all()
