"""What every test shares: a printed seed, and no dependence on the order of the tests."""

import os

import pytest
import torch

# Figures and widgets in tests are static, whatever the caller's terminal is.
os.environ.setdefault("HAZE_STATIC", "1")


def pytest_report_header() -> str:
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads, HAZE_SEED={_seed()}"


def _seed() -> int:
    """0 unless HAZE_SEED asks for another: a failure repeats from the printed header."""
    return int(os.environ.get("HAZE_SEED", "0"))


@pytest.fixture
def generator() -> torch.Generator:
    """All random input of a test comes from here."""
    return torch.Generator().manual_seed(_seed())
