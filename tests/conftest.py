"""What several test files share."""

import gc
import importlib.util
from pathlib import Path

import pytest


def freeze():
    """Spare the collector of garbage what stays loaded; every run of Brian2 ends with a collection."""
    gc.collect()
    gc.freeze()


def pytest_collection_finish():
    """Once all modules of tests are there."""
    freeze()


def pytest_runtest_teardown(item, nextitem):
    """And after each file: what its tests have imported, and filled caches with, stays too."""
    if nextitem is not None and nextitem.path != item.path:
        freeze()


@pytest.fixture(scope="session")
def forty_digits():
    """The module of the forty-digit reference of the adaptive LIF neuron."""
    path = Path(__file__).parent / "reference" / "adaptive_lif_mpmath.py"
    spec = importlib.util.spec_from_file_location("adaptive_lif_mpmath", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
