"""The web process, and somebody who may do everything in a workspace."""

import pytest

from domain.access import SCOPES_OF, Role
from tests.api.callers import Client, client_of
from tests.harness.world import World


@pytest.fixture
def admin(web, world: World) -> Client:
    return client_of(world.fleet, world.workspace_id, SCOPES_OF[Role.ADMIN])
