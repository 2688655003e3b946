import pytest

from tests.harness.world import World
from tests.platforms.xero.office import Office


@pytest.fixture
def office(world: World, sandbox) -> Office:
    """The world of one workspace, and Xero behind it."""
    return Office(world, sandbox)
