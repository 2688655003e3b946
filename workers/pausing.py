"""Stopping an integration by hand, and letting it go on. It is recorded with who did it."""

from datetime import datetime
from uuid import UUID

from infra.database import audit, connections, integrations, subscriptions
from infra.database.audit import Deed, Subject
from infra.database.engine import Database
from workers.commands import NotPossible


def pause(database: Database, integration_id: UUID, *, who: str, now: datetime) -> str:
    """Stop an active integration: requests for it are refused, and what is under way waits.

    Raises:
        NotPossible: it is not there, or not active.
    """
    return _set(database, integration_id, "inactive", who, now)


def resume(database: Database, integration_id: UUID, *, who: str, now: datetime) -> str:
    """Let an integration go on that was paused, by hand or by its platform's refusal.

    Raises:
        NotPossible: it is not there, or active already.
    """
    return _set(database, integration_id, "active", who, now)


_COMMANDS = {"inactive": ("pause", "paused"), "active": ("resume", "resumed")}


def _set(database: Database, integration_id: UUID, after: str, who: str, now: datetime) -> str:
    command, did = _COMMANDS[after]
    with database.transaction() as tx:
        found = integrations.find(tx, integration_id)
        if found is None:
            raise NotPossible(f"there is no integration {integration_id}")
        if found.platform == subscriptions.PLATFORM:  # what happens meanwhile is to reach it later
            raise NotPossible(f"it is a subscription: fleet subscriptions {command} {found.id}")
        if found.status == after or (after == "inactive" and found.status != "active"):
            raise NotPossible(f"it is {found.status}; nothing was changed")
        connections.set_status(tx, integration_id, after, f"{did} by {who}", now)
        said = f"it is {after}"
        subject = Subject("integration", integration_id, found.workspace_id)
        audit.record(tx, subject, Deed(command, who, said, {"before": found.status}), now)
    return said
