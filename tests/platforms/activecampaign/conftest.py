import pytest

from tests.harness.world import World
from tests.platforms.activecampaign.account import Account


@pytest.fixture
def account(world: World, sandbox) -> Account:
    """The world of one workspace, and its ActiveCampaign account."""
    return Account(world, sandbox)
