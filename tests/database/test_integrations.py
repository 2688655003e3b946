"""An integration is paused by who used its present credentials, and stays while it has actions."""

from dataclasses import replace

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from infra.database import integrations
from infra.database.tables import IntegrationRow
from tests.harness.world import World
from workers.fleet import Fleet


@pytest.mark.parametrize(
    ("version", "status"), [(0, "active"), (1, "error"), (None, "error")], ids=str
)
def test_only_the_credentials_now_stored_can_pause(
    fleet: Fleet, world: World, version: int | None, status: str
) -> None:
    with fleet.database.transaction() as tx:
        found = integrations.find(tx, world.slack)
        assert found is not None
        used = replace(found, credentials_version=version)
        integrations.pause(tx, used, "invalid_auth", fleet.now())
    (row,) = world.rows("SELECT status FROM integrations WHERE id = :id", id=world.slack)
    assert row.status == status
    assert len(world.events("integration.paused")) == (status == "error")


def test_an_integration_with_actions_cannot_be_deleted(fleet: Fleet, world: World) -> None:
    world.message()
    with pytest.raises(IntegrityError), fleet.database.transaction() as tx:
        tx.execute(delete(IntegrationRow).where(IntegrationRow.id == world.slack))
