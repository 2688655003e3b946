import pytest

from tests.platforms.calcom.desk import Desk


@pytest.fixture
def desk(fleet, world, sandbox) -> Desk:
    """Jo's Cal.com, connected, and what happens there."""
    return Desk(fleet, world, sandbox)
