"""What the console's pages show beside what the API's functions return. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from infra.database.engine import Transaction
from infra.database.tables import CrmContact, RepeatingInvoiceRow
from infra.database.views import Row


@dataclass(frozen=True, slots=True)
class Place:
    """Behind a deal in the list of deals."""

    name: str
    id: UUID


_DEALS = """
    SELECT d.id, d.name, d.currency, c.name AS customer,
           nullif(concat_ws(' ', p.first_name, p.last_name), '') AS contact,
           (SELECT jsonb_object_agg(due.currency, due.amount::text) FROM (
               SELECT v.currency, sum(v.amount_due) AS amount FROM invoices v
               WHERE v.deal_id = d.id AND v.status = 'AUTHORISED' GROUP BY v.currency) due
           ) AS outstanding,
           (SELECT jsonb_object_agg(n.payment_status, n.products) FROM (
               SELECT l.payment_status, count(*) AS products FROM crm_deal_products l
               WHERE l.deal_id = d.id GROUP BY l.payment_status) n
           ) AS products
    FROM crm_deals d
    LEFT JOIN crm_customers c ON c.id = d.customer_id AND c.workspace_id = d.workspace_id
    LEFT JOIN crm_contacts p ON p.id = d.contact_id AND p.workspace_id = d.workspace_id
    WHERE d.workspace_id = :workspace
      AND position(lower(:said) IN
          lower(concat_ws(' ', d.name, c.name, p.first_name, p.last_name))) > 0
      AND (d.name, d.id) > (:name, :id)
    ORDER BY d.name, d.id LIMIT :limit
"""


def deals(
    tx: Transaction, workspace_id: UUID, said: str, after: Place | None, limit: int
) -> list[Row]:
    """Return deals by name: those whose name, company or person contains what was said."""
    given = {
        "workspace": workspace_id,
        "said": said,
        "name": after.name if after else "",
        "id": after.id if after else UUID(int=0),
        "limit": limit,
    }
    return [dict(row) for row in tx.execute(text(_DEALS), given).mappings()]


def people_of(tx: Transaction, workspace_id: UUID, customer_id: UUID | None) -> list[Row]:
    """Return a company's people who have an email address."""
    if customer_id is None:
        return []
    person = CrmContact
    rows = tx.execute(
        select(person.id, person.first_name, person.last_name, person.email)
        .where(
            person.workspace_id == workspace_id,
            person.customer_id == customer_id,
            person.email != "",
        )
        .order_by(person.first_name, person.last_name, person.id)
        .limit(100)
    )
    return [dict(row) for row in rows.mappings()]


def templates_of(tx: Transaction, workspace_id: UUID, deal_id: UUID) -> list[Row]:
    """Return the repeating invoices set up for a deal, oldest first."""
    row = RepeatingInvoiceRow
    rows = tx.execute(
        select(*row.__table__.columns)
        .where(row.workspace_id == workspace_id, row.deal_id == deal_id)
        .order_by(row.created_at, row.id)
    )
    return [dict(one) for one in rows.mappings()]


_NEWS = text(
    """
    SELECT type, subject, data, created_at FROM outbox
    WHERE workspace_id = :workspace AND deal_id = :deal AND created_at >= :since
      AND type = ANY(:types)
    ORDER BY txid, id LIMIT :limit
    """
)


def news_of(  # noqa: PLR0913, PLR0917 - whose, since when, of what
    tx: Transaction,
    workspace_id: UUID,
    deal_id: UUID,
    since: datetime,
    types: Sequence[str],
    limit: int,
) -> list[Row]:
    """Return what has been told of a deal since a moment, in order."""
    given: dict[str, Any] = {
        "workspace": workspace_id,
        "deal": deal_id,
        "since": since,
        "types": list(types),
        "limit": limit,
    }
    return [dict(row) for row in tx.execute(_NEWS, given).mappings()]
