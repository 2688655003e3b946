"""One sandbox process for all tests of it, put back to its seed before each."""

from collections.abc import Iterator

import pytest
from sandbox_client import Sandbox


@pytest.fixture(scope="session")
def _process() -> Iterator[Sandbox]:
    running = Sandbox()
    yield running
    running.close()


@pytest.fixture
def sandbox(_process: Sandbox) -> Sandbox:
    """The seeded world, with Xero's minute limit lifted."""
    _process.control("POST", "/reset")
    _process.control("POST", "/limits", {"platform": "xero", "minute": None, "day": None})
    return _process
