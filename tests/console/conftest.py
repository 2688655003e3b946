"""The web process, and people who visit its pages."""

import pytest

from domain.access import SCOPES_OF, Role, Scope
from tests.console.people import Person, signed_in
from tests.harness.world import World


@pytest.fixture
def editor(web, world: World) -> Person:
    return signed_in(world, SCOPES_OF[Role.EDITOR])


@pytest.fixture
def viewer(web, world: World) -> Person:
    return signed_in(world, SCOPES_OF[Role.VIEWER])


@pytest.fixture
def clerk(web, world: World) -> Person:
    """May not see invoices at all."""
    return signed_in(world, {Scope.INTEGRATIONS_READ, Scope.INTEGRATIONS_WRITE})
