"""Threads wait for each other asleep where it takes long, wake, and are given up where one is faster."""

import threading
import time

import numpy as np
import pytest

from spikelearn.eventdriven.network.barrier import BARRIER_WORDS, prepare, send_home, wait
from spikelearn.eventdriven.network.pace import Pace


def fresh():
    barrier = np.zeros(BARRIER_WORDS, dtype=np.int64)
    prepare(barrier)
    return barrier


def waiting(barrier, threads, rounds=1):
    """A thread that waits, what it was told, and how much processor time it took."""
    told = []

    def body():
        begun = time.thread_time()
        told.extend(wait(barrier, threads) for _ in range(rounds))
        told.append(time.thread_time() - begun)

    thread = threading.Thread(target=body)
    thread.start()
    return thread, told


def test_a_partner_that_comes_late_is_waited_for_asleep():
    barrier = fresh()
    thread, told = waiting(barrier, 2)
    time.sleep(0.4)
    assert wait(barrier, 2)
    thread.join(10)
    assert not thread.is_alive()
    assert told[0] is True
    assert told[1] < 0.1, "awake for the whole time"


def test_no_round_is_lost():
    """Two thousand rounds of four threads, on whatever number of processors: each leaves each round once."""
    barrier = fresh()
    threads = [waiting(barrier, 4, 2000) for _ in range(3)]
    assert all(wait(barrier, 4) for _ in range(2000))
    for thread, told in threads:
        thread.join(30)
        assert not thread.is_alive()
        assert all(told[:-1])
        assert len(told) == 2001


def test_who_sleeps_is_woken_to_go_home():
    barrier = fresh()
    thread, told = waiting(barrier, 2)
    time.sleep(0.1)
    send_home(barrier)
    thread.join(10)
    assert not thread.is_alive()
    assert told[0] is False
    assert not wait(barrier, 2)


def choices(pace, seconds, windows=80, pieces=200):
    """The number of threads of each piece, where a window takes `seconds(k, threads)` in piece k."""
    taken = []
    for k in range(pieces):
        threads, part = pace.following()
        pace.took(windows // part, windows // part * seconds(k, threads))
        taken.append((threads, windows // part * seconds(k, threads)))
    return taken


@pytest.mark.parametrize(("slower", "better"), [(8.0, 1), (0.6, 4)])
def test_the_better_number_is_found_and_trials_cost_little(slower, better):
    """What a run takes in all is at most a tenth more than with the better number alone, after the first pieces."""
    taken = choices(Pace(4, True), lambda k, threads: 1e-3 * (slower if threads == 4 else 1.0))
    assert sum(threads == better for threads, _ in taken) > 180
    best = 80 * 1e-3 * min(slower, 1.0)
    assert sum(seconds for _, seconds in taken[3:]) < 1.1 * best * len(taken[3:])


def test_a_machine_that_gets_busy_is_noticed_and_one_that_gets_quiet():
    def seconds(k, threads):
        return 1e-3 * (1.0 if threads == 1 else 4.0 if 60 <= k < 300 else 0.55)

    taken = [threads for threads, _ in choices(Pace(2, True), seconds, pieces=600)]
    assert taken[50:60].count(2) >= 9
    # A trial comes every two seconds, 25 of these pieces.
    assert taken[250:300].count(1) >= 47
    assert taken[550:].count(2) >= 47


def test_a_number_that_is_asked_for_is_kept():
    assert {threads for threads, _ in choices(Pace(4, False), lambda k, threads: 1.0)} == {4}
    assert {threads for threads, _ in choices(Pace(1, True), lambda k, threads: 1.0)} == {1}
