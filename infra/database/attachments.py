"""Statements over documents that one effect fetched for a later one to send."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import AttachmentRow


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document as it goes out."""

    name: str
    content_type: str
    content: bytes


def keep(
    tx: Transaction, workspace_id: UUID, effect_id: UUID, attachment: Attachment, now: datetime
) -> None:
    """Keep what an effect fetched; what it fetched before is replaced."""
    values = {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "content": attachment.content,
        "created_at": now,
    }
    tx.execute(
        insert(AttachmentRow)
        .values(effect_id=effect_id, workspace_id=workspace_id, **values)
        .on_conflict_do_update(index_elements=["effect_id"], set_=values)
    )


def find(tx: Transaction, workspace_id: UUID, effect_id: UUID) -> Attachment | None:
    """Return what an effect of the workspace fetched, or None when it is not kept any more."""
    row = tx.execute(
        select(AttachmentRow.name, AttachmentRow.content_type, AttachmentRow.content).where(
            AttachmentRow.effect_id == effect_id, AttachmentRow.workspace_id == workspace_id
        )
    ).one_or_none()
    return None if row is None else Attachment(*row)


def purge(tx: Transaction, before: datetime) -> int:
    """Delete what was fetched before; return how many."""
    return tx.execute(delete(AttachmentRow).where(AttachmentRow.created_at < before)).rowcount
