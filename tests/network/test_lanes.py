"""Eight events or neurons at once: no digit tells how many there were, and the exponential is that of forty digits."""

import ctypes
import math

import numpy as np
import pytest
from mpmath import mp, mpf

from spikelearn.compiled import njit
from spikelearn.eventdriven.exponentials import exp_minus
from spikelearn.eventdriven.network.event_code import event_code
from spikelearn.eventdriven.network.plasticity_inputs import row_length
from spikelearn.eventdriven.network.rows import gather_eights, gather_fours, scatter_eights

FREE = [-math.inf, math.inf]


def happen(code, rows, parameters, settings, which=None, times=None, t=0.0):
    """Events at rows, in place, or at all of them at once; the row that is no longer finite, or -1."""
    n = len(rows) if which is None else len(which)
    arrays = [np.array(value, dtype=float) for value in (parameters, settings)]
    arrays += [np.array([0] if which is None else which, dtype=np.int64), np.array([t] if times is None else times)]
    given, wanted, numbers, instants = (array.ctypes.data for array in arrays)
    whole, address = ctypes.c_int64, ctypes.c_void_p
    call = ctypes.CFUNCTYPE(whole, address, whole, address, address, whole, address, address, ctypes.c_double)
    return call(code.address)(rows.ctypes.data, rows.shape[1], given, wanted, n, numbers, instants, t)


def exponential(arguments):
    rows = np.zeros((len(arguments), 2))
    rows[:, 1] = arguments
    happen(event_code(("w",), (), ("exp(w)",), (), True), rows, [], FREE)
    return rows[:, 1]


def test_exponential_against_forty_digits():
    """Within 1.1 units in the last place, down to the smallest floats, which have fewer digits."""
    rng = np.random.default_rng(11)
    small = rng.choice([-1, 1], 200) * 10 ** rng.uniform(-17, 0, 200)
    arguments = np.concatenate([rng.uniform(-2, 2, 1000), rng.uniform(-745, 709.7, 800), small])
    with mp.workdps(40):
        for argument, found in zip(arguments, exponential(arguments), strict=True):
            true = mp.exp(mpf(float(argument)))
            assert abs(mpf(float(found)) - true) <= 1.1 * math.ulp(float(true)), argument


def test_exponential_at_its_ends():
    found = exponential([0.0, -0.0, 709.78, 709.79, math.inf, -745.1, -745.2, -math.inf, math.nan])
    assert list(found[:2]) == [1.0, 1.0]
    assert 1.7e308 < found[2] < math.inf
    assert list(found[3:5]) == [math.inf, math.inf]
    assert list(found[5:8]) == [5e-324, 0.0, 0.0]
    assert math.isnan(found[8])


def test_exponential_has_the_digits_of_the_arrivals():
    arguments = np.random.default_rng(3).uniform(0.0, 690.0, 1000)
    np.testing.assert_array_equal(exponential(-arguments), [exp_minus(a) for a in arguments])


@pytest.mark.parametrize("neighbours", [False, True])
def test_no_digit_tells_how_many_events_there_were(neighbours):
    """With functions that are called one by one, and rows beyond which nothing may change."""
    formulas = ("w + A*log(1 + x)*sqrt(y)", "x + exp(-y)", "tanh(y)**1.5 + sin(w)")
    code = event_code(("w", "x", "y"), ("A",), formulas, (0, 1), neighbours)
    rng = np.random.default_rng(2)
    fresh = rng.uniform(0.1, 1.0, (40, 4))
    settings = [-2.0, 2.0, 0.3, 0.7]
    for n in range(1, 25):
        which = np.arange(n) if neighbours else rng.permutation(40)[:n]
        times = np.full(n, 1.2) if neighbours else rng.uniform(1.0, 2.0, n)
        together, alone = fresh.copy(), fresh.copy()
        if neighbours:
            assert happen(code, together[:n], [0.3], settings, t=1.2) == -1
        else:
            assert happen(code, together, [0.3], settings, which, times) == -1
        for row, t in zip(which, times, strict=True):
            if neighbours:
                happen(code, alone[row : row + 1], [0.3], settings, t=t)
            else:
                happen(code, alone, [0.3], settings, [row], [t])
        np.testing.assert_array_equal(together, alone)
        assert (together != fresh).any(axis=1).sum() == n


@pytest.mark.parametrize("bad", [0, 7, 8, 13, 18])
@pytest.mark.parametrize("neighbours", [False, True])
def test_the_row_that_is_no_longer_finite_is_found_in_every_lane(bad, neighbours):
    code = event_code(("w",), (), ("log(w)",), (), neighbours)
    rows = np.ones((19, 2))
    rows[bad, 1] = -1.0
    listed = () if neighbours else (np.random.default_rng(bad).permutation(19), np.zeros(19))
    assert happen(code, rows, [], FREE, *listed) == bad


def test_rows_become_columns_and_rows_again():
    apart, length = 24, 11
    rng = np.random.default_rng(4)
    matrix, narrow = rng.random((30, length)), rng.random((30, 4))
    take, take_four, put = gather_eights(length, apart), gather_fours(4, apart), scatter_eights(length, apart)

    @njit
    def there_and_back(matrix, narrow, at, block, new):
        take(matrix.ctypes.data, at.ctypes.data, block.ctypes.data)
        take_four(narrow.ctypes.data, at.ctypes.data, block.ctypes.data + 8 * 8 * apart)
        put(new.ctypes.data, at.ctypes.data, block.ctypes.data)

    at = np.array([3, 29, 0, 17, 5, 8, 11, 2], dtype=np.uint32)
    block, new = np.full(12 * apart, np.nan), np.full(matrix.shape, np.nan)
    there_and_back(matrix, narrow, at, block, new)
    columns = block.reshape(12, apart)
    np.testing.assert_array_equal(columns[:8, :8], matrix[at, :8].T)
    np.testing.assert_array_equal(columns[8:, :8], narrow[at].T)
    assert np.isnan(columns[:, 8:]).all()
    np.testing.assert_array_equal(new[at, :8], matrix[at, :8])
    assert np.isnan(np.delete(new, at, axis=0)).all()
    assert np.isnan(new[:, 8:]).all()

    @njit
    def back(at, block, new):
        put(new.ctypes.data, at.ctypes.data, block.ctypes.data)

    back(np.array([1, 2, 3, 4, 4, 4, 4, 4], dtype=np.uint32), block, new)
    np.testing.assert_array_equal(new[4, :8], columns[:8, 3])


@pytest.mark.parametrize("columns", range(2, 20))
def test_no_row_lies_on_more_cache_lines_than_it_must(columns):
    length = row_length(columns)
    assert columns <= length
    for row in range(8):
        first, last = row * length // 8, (row * length + columns - 1) // 8
        assert last - first == (columns - 1) // 8
