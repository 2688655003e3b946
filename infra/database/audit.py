"""Statements over what people did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text

from infra.database.engine import Transaction
from infra.database.tables import AuditRow
from infra.database.views import Row
from infra.storable import storable


@dataclass(frozen=True, slots=True)
class Subject:
    """What a command was about. `kind` is `action`, `dead_letter` or `integration`."""

    kind: str
    id: UUID
    workspace_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One command: who gave it, what it was answered, and what else is worth keeping."""

    command: str
    who: str
    said: str
    details: Mapping[str, Any] = field(default_factory=dict)


def record(tx: Transaction, subject: Subject, deed: Deed, now: datetime) -> None:
    """Keep what somebody did; it stands or falls with the transaction."""
    tx.execute(
        insert(AuditRow).values(
            at=now,
            who=storable(deed.who),
            command=deed.command,
            subject=subject.kind,
            subject_id=subject.id,
            workspace_id=subject.workspace_id,
            said=storable(deed.said),
            details=storable(dict(deed.details)),
        )
    )


_LISTED = text(
    """
    SELECT id, at, who, command, subject, subject_id, workspace_id, said, details FROM audit
    WHERE (CAST(:workspace AS uuid) IS NULL OR workspace_id = :workspace)
      AND (CAST(:before AS bigint) IS NULL OR id < :before)
    ORDER BY id DESC LIMIT :limit
    """
)


def listed(tx: Transaction, workspace_id: UUID | None, before: int | None, limit: int) -> list[Row]:
    """Return what was done in a workspace (None: everywhere), the newest first."""
    given = {"workspace": workspace_id, "before": before, "limit": limit}
    return [dict(row) for row in tx.execute(_LISTED, given).mappings()]


def about(tx: Transaction, subject_id: UUID, limit: int = 50) -> list[Row]:
    """Return what was done to one thing, the newest first."""
    row = AuditRow
    columns = (row.id, row.at, row.who, row.command, row.said, row.details)
    mine = select(*columns).where(row.subject_id == subject_id)
    return [dict(one) for one in tx.execute(mine.order_by(row.id.desc()).limit(limit)).mappings()]


def purge(tx: Transaction, before: datetime) -> int:
    """Forget what was done before; return how much."""
    return tx.execute(delete(AuditRow).where(AuditRow.at < before)).rowcount
