"""Networks that several test files use."""

import numpy as np
import pytest

from spikelearn.models.low_rank import LowRank


@pytest.fixture(scope="session")
def admissible():
    """Random p x p matrices with the largest singular value 0.95."""

    def make(p, seed, symmetric=False):
        A = np.random.default_rng(seed).standard_normal((p, p))
        A = A + A.T if symmetric else A
        return 0.95 * A / np.linalg.norm(A, 2)

    return make


@pytest.fixture(scope="session")
def spiral():
    """Three overlaps, non-normal, with a complex leading pair."""
    A = np.array([[0.8, -0.6, 0.1], [0.2, 0.7, 0.0], [0.0, 0.2, 0.3]])
    return LowRank(A / np.linalg.norm(A, 2), "tanh", 3.0)
