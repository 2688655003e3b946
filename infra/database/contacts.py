"""Statements over contact links: which platform contact one of ours is."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.contacts import Entity
from infra.database.engine import Transaction
from infra.database.tables import ContactLinkRow


def linked(tx: Transaction, integration_id: UUID, entity_id: UUID | None) -> str | None:
    """Return the platform's id of the contact linked to one of ours, or None."""
    return tx.execute(
        select(ContactLinkRow.platform_contact_id).where(
            ContactLinkRow.integration_id == integration_id, ContactLinkRow.entity_id == entity_id
        )
    ).scalar_one_or_none()


def linked_to_any(tx: Transaction, integration_id: UUID, ids: Iterable[UUID]) -> list[str]:
    """Return the platform's ids of the contacts linked to any of ours, sorted, each once."""
    rows = tx.execute(
        select(ContactLinkRow.platform_contact_id)
        .where(
            ContactLinkRow.integration_id == integration_id,
            ContactLinkRow.entity_id.in_(list(ids)),
        )
        .distinct()
    )
    return sorted(rows.scalars())


def linked_among(tx: Transaction, integration_id: UUID, contact_ids: Iterable[str]) -> set[str]:
    """Return which of the platform's contacts are linked to anything of ours."""
    rows = tx.execute(
        select(ContactLinkRow.platform_contact_id)
        .where(
            ContactLinkRow.integration_id == integration_id,
            ContactLinkRow.platform_contact_id.in_(list(contact_ids)),
        )
        .distinct()
    )
    return set(rows.scalars())


def link(  # noqa: PLR0913 - one row
    tx: Transaction,
    integration_id: UUID,
    entity: Entity,
    entity_id: UUID,
    contact_id: str,
    *,
    by: str,
    now: datetime,
) -> None:
    """Link one of ours to a contact of the platform; a link it had is replaced."""
    values = {
        "entity": entity.value,
        "platform_contact_id": contact_id,
        "linked_by": by,
        "linked_at": now,
    }
    statement = insert(ContactLinkRow).values(
        integration_id=integration_id, entity_id=entity_id, **values
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["integration_id", "entity_id"],
            set_=values,
            where=ContactLinkRow.platform_contact_id != contact_id,
        )
    )
