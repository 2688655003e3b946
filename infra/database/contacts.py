"""Statements over contact links: which platform contact one of ours is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from domain.contacts import Entity
from infra.database.crm import DealFacts
from infra.database.dispatch import DUE
from infra.database.engine import Transaction
from infra.database.tables import ContactLinkRow


def linked(tx: Transaction, integration_id: UUID, entity_id: UUID | None) -> str | None:
    """Return the platform's id of the contact linked to one of ours, or None."""
    return tx.execute(
        select(ContactLinkRow.platform_contact_id).where(
            ContactLinkRow.integration_id == integration_id, ContactLinkRow.entity_id == entity_id
        )
    ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Link:
    """Which of ours is linked to which of the platform's contacts, and who linked them."""

    on: Entity
    contact_id: str
    linked_by: str


def link_of(tx: Transaction, integration_id: UUID, deal: DealFacts) -> Link | None:
    """Return the link that counts for a deal: its own, its company's, else its person's."""
    ours = (
        (Entity.DEAL, deal.id),
        (Entity.CUSTOMER, deal.customer_id),
        (Entity.CONTACT, deal.contact_id if deal.customer_id is None else None),
    )
    for on, entity_id in ours:
        row = tx.execute(
            select(ContactLinkRow.platform_contact_id, ContactLinkRow.linked_by).where(
                ContactLinkRow.integration_id == integration_id,
                ContactLinkRow.entity_id == entity_id,
            )
        ).one_or_none()
        if row is not None:
            return Link(on, row.platform_contact_id, row.linked_by)
    return None


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
    is_new: bool = False,
) -> None:
    """Link one of ours to a contact of the platform; a link it had is replaced.

    What the platform has of a contact from before is read by the next sync (`unread`), unless it
    `is_new` and has no past.
    """
    values = {
        "entity": entity.value,
        "platform_contact_id": contact_id,
        "linked_by": by,
        "linked_at": now,
        "history_read_at": now if is_new else None,
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


_UNREAD = (
    select(ContactLinkRow.platform_contact_id)
    .group_by(ContactLinkRow.platform_contact_id)
    .having(func.bool_and(ContactLinkRow.history_read_at.is_(None)))
    .order_by(ContactLinkRow.platform_contact_id)
)


def unread(tx: Transaction, integration_id: UUID, count: int | None = None) -> list[str]:
    """Return linked contacts whose invoices from before the link nobody has read, sorted."""
    # A contact with another link that has been read was never out of sight.
    fresh = select(ContactLinkRow.platform_contact_id).where(
        ContactLinkRow.integration_id == integration_id, ContactLinkRow.history_read_at.is_(None)
    )
    statement = _UNREAD.where(
        ContactLinkRow.integration_id == integration_id,
        ContactLinkRow.platform_contact_id.in_(fresh),
    )
    return list(tx.execute(statement.limit(count)).scalars())


def mark_read(
    tx: Transaction,
    integration_id: UUID,
    now: datetime,
    *,
    contact_ids: Iterable[str] | None = None,
    linked_before: datetime | None = None,
) -> None:
    """Note that the invoices of these contacts (all linked before a moment) have been read."""
    statement = update(ContactLinkRow).where(
        ContactLinkRow.integration_id == integration_id, ContactLinkRow.history_read_at.is_(None)
    )
    if contact_ids is not None:
        statement = statement.where(ContactLinkRow.platform_contact_id.in_(list(contact_ids)))
    if linked_before is not None:
        statement = statement.where(ContactLinkRow.linked_at < linked_before)
    tx.execute(statement.values(history_read_at=now))


# Of at most so many due actions: what comes later is read with a later one.
_WANTED_SOON = text(
    f"""
    WITH due AS (SELECT deal_id FROM actions WHERE {DUE} AND queue = :queue
                 AND integration_id = :integration AND deal_id IS NOT NULL LIMIT 1000)
    SELECT l.platform_contact_id AS id
    FROM due JOIN crm_deals d ON d.id = due.deal_id
    JOIN contact_links l ON l.integration_id = :integration
        AND l.entity_id IN (d.id, d.customer_id, d.contact_id)
    WHERE NOT EXISTS (SELECT 1 FROM platform_facts f WHERE f.integration_id = :integration
                      AND f.name = :fact || l.platform_contact_id AND f.read_at > :since)
    GROUP BY l.platform_contact_id
    ORDER BY l.platform_contact_id <= :own, l.platform_contact_id LIMIT :count
    """  # noqa: S608 - the only text put in is a constant
)


def wanted_soon(  # noqa: PLR0913, PLR0917 - which ones, and how many
    tx: Transaction,
    integration_id: UUID,
    queue: str,
    unless: tuple[str, datetime],
    own: str,
    count: int,
) -> list[str]:
    """Return linked contacts of the deals of due actions that were not read lately.

    `unless`: the prefix of the fact that is kept of one, and since when it is fresh. Those after
    `own` come first, so that several who read at once read different ones.
    """
    fact, since = unless
    given = {"integration": integration_id, "queue": queue, "fact": fact, "since": since}
    rows = tx.execute(_WANTED_SOON, given | {"own": own, "count": count})
    return [row.id for row in rows]
