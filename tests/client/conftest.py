"""A fleet by HTTP that is none, and a client of it."""

from collections.abc import Iterator

import pytest

from actionfleet import FleetHTTP
from tests.harness.api_stub import KEY, Stub, stubbed


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stubbed() as started:
        yield started


@pytest.fixture
def fleet_http(stub: Stub) -> FleetHTTP:
    return FleetHTTP(stub.url, KEY, patience_s=3.0, timeout_s=2.0)
