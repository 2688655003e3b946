"""What a platform calls back about: believed by its secret, stored once, its action woken."""

from collections.abc import Mapping
from uuid import UUID

from infra.callbacks import Callbacks
from infra.database import callbacks, dead_letters, integrations
from infra.envelope import Unreadable
from infra.logging import logger
from infra.platform import Integration
from workers.fleet import Fleet


def take_callback(
    fleet: Fleet, integration_id: UUID, secret: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Store what was called back; False: not by who may, and nothing is stored.

    What is genuine and not as documented becomes a dead letter.
    """
    with fleet.database.reading() as tx:
        integration = integrations.find(tx, integration_id)
        if integration is None or integration.connection_id is None:
            return False
        sealed = integrations.sealed(tx, integration.connection_id)
    declared = fleet.catalogue.platforms[integration.platform].callbacks
    if declared is None:
        return False
    if not declared.is_genuine(fleet.vault.unlock(sealed.credentials), secret, headers, body):
        return False
    _store(fleet, integration, declared, body)
    return True


def _store(fleet: Fleet, integration: Integration, declared: Callbacks, body: bytes) -> None:
    now = fleet.now()
    try:
        told = declared.read(body)
    except Unreadable as unreadable:
        problems = [problem.plain() for problem in unreadable.problems[:100]]
        with fleet.database.transaction() as tx:
            dead_letters.keep(
                tx,
                source=f"{integration.platform}.callback",
                reason="called back, but not as documented",
                problems=problems,
                headers={"integration": str(integration.id)},
                body=body,
                now=now,
            )
        return
    with fleet.database.transaction() as tx:
        new = callbacks.store(tx, integration.id, told, now)
    logger().info("called back", platform=integration.platform, told=len(told), new=new)
