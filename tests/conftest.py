"""What several test files share."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def forty_digits():
    """The module of the forty-digit reference of the adaptive LIF neuron."""
    path = Path(__file__).parent / "reference" / "adaptive_lif_mpmath.py"
    spec = importlib.util.spec_from_file_location("adaptive_lif_mpmath", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
