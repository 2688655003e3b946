"""A connected workflow, and an action that waits for its document."""

import pytest

from tests.platforms.portant.workflow import connect, request, set_up
from workers.execute import execute


@pytest.fixture
def portant(world, sandbox):
    set_up(sandbox)
    return connect(world, sandbox)


@pytest.fixture
def started(world, portant):
    """An action whose workflow has been started, and nothing told of it."""
    action = world.submit(request(world))
    execute(world.fleet, action)
    return action
