"""Statements over repeating invoices: what we have set up, and who may set one up right now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import RepeatingInvoiceRow


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """What one line of a template bills each time, and of which product."""

    deal_product_id: UUID | None
    product_id: UUID | None
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """A repeating invoice of ours: the deal it is for, and what each generated invoice bills."""

    id: UUID
    workspace_id: UUID
    deal_id: UUID | None
    platform_template_id: str
    contact_id: str
    currency: str
    lines: tuple[TemplateLine, ...]


def find(tx: Transaction, integration_id: UUID, ids: Iterable[str]) -> dict[str, StoredTemplate]:
    """Return those templates that are ours, by the platform's id (its RepeatingInvoiceID)."""
    rows = tx.execute(
        select(*RepeatingInvoiceRow.__table__.columns).where(
            RepeatingInvoiceRow.integration_id == integration_id,
            RepeatingInvoiceRow.platform_template_id.in_(list(ids)),
        )
    )
    return {row.platform_template_id: _stored(row) for row in rows}


def put(tx: Transaction, effect_id: UUID, values: Mapping[str, Any]) -> UUID:
    """Store the template an effect created; storing it again changes nothing. Returns our id."""
    new_id = uuid4()
    statement = insert(RepeatingInvoiceRow).values(id=new_id, effect_id=effect_id, **values)
    tx.execute(statement.on_conflict_do_nothing(index_elements=["effect_id"]))
    stored = select(RepeatingInvoiceRow.id).where(RepeatingInvoiceRow.effect_id == effect_id)
    return tx.execute(stored).scalar_one()


def _stored(row: Row[Any]) -> StoredTemplate:
    return StoredTemplate(
        row.id,
        row.workspace_id,
        row.deal_id,
        row.platform_template_id,
        row.contact_id,
        row.currency,
        tuple(_line(line) for line in row.lines),
    )


def _line(stored: Mapping[str, Any]) -> TemplateLine:
    return TemplateLine(
        _uuid(stored["deal_product_id"]),
        _uuid(stored["product_id"]),
        stored["description"],
        Decimal(stored["amount"]),
    )


def _uuid(stored: str | None) -> UUID | None:
    return None if stored is None else UUID(stored)
