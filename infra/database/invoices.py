"""Statements over invoices: what the platform last said of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.invoices.portions import Portion
from domain.invoices.snapshot import InvoiceSnapshot
from domain.invoices.xero_status import InvoiceStatus, ended_cycle
from domain.money import exact_sum
from infra.database.engine import Transaction
from infra.database.tables import InvoiceRow

FLEET, PLATFORM = "fleet", "xero"
"""Whose invoice it is: raised by an effect of ours, or on the platform itself."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an invoice comes from. Only ours have an effect and a portion they were raised as."""

    workspace_id: UUID
    integration_id: UUID
    origin: str
    deal_id: UUID | None = None
    effect_id: UUID | None = None
    raised_as: Portion | None = None


@dataclass(frozen=True, slots=True)
class StoredInvoice:
    """An invoice as stored. `cycle` counts from 1 and rises when a PAID one is PAID no longer."""

    id: UUID
    provenance: Provenance
    platform_invoice_id: str
    number: str | None
    status: InvoiceStatus
    cycle: int
    updated_utc: datetime
    told: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def learns_from(self, snapshot: InvoiceSnapshot) -> bool:
        """Tell whether `snapshot` is no older and says anything else than what is stored."""
        if snapshot.updated_utc < self.updated_utc:
            return False
        return any(self.told.get(name) != value for name, value in columns_of(snapshot).items())


@dataclass(frozen=True, slots=True)
class Put:
    """What storing a snapshot did: the invoice as it was (None: new), and as it is."""

    before: StoredInvoice | None
    now: StoredInvoice

    @property
    def status_changed(self) -> bool:
        """It was known, with another status."""
        return self.before is not None and self.before.status is not self.now.status

    @property
    def cycle_ended(self) -> bool:
        """It was PAID and is PAID no longer."""
        return self.before is not None and self.before.cycle != self.now.cycle


_IDENTITY = (InvoiceRow.integration_id, InvoiceRow.platform_invoice_id)
_STORED = select(*InvoiceRow.__table__.columns)


def find(
    tx: Transaction, integration_id: UUID, ids: Iterable[str], *, lock: bool = False
) -> dict[str, StoredInvoice]:
    """Return those of the platform's invoices that are stored, by the platform's id.

    `lock` holds their rows until the commit, always in the same order.
    """
    statement = _STORED.where(
        InvoiceRow.integration_id == integration_id,
        InvoiceRow.platform_invoice_id.in_(list(ids)),
    ).order_by(InvoiceRow.platform_invoice_id)
    rows = tx.execute(statement.with_for_update() if lock else statement)
    return {row.platform_invoice_id: _stored(row) for row in rows}


def put(tx: Transaction, provenance: Provenance, snapshot: InvoiceSnapshot) -> Put:
    """Store what the platform said of an invoice, whoever sees it first.

    A snapshot is overwritten only by one no older. An invoice seen before its effect was settled
    becomes ours when it is; what is ours never becomes the platform's.
    """
    new_id = _insert(tx, provenance, snapshot)
    if new_id is not None:
        return Put(None, _as(provenance, snapshot, new_id, cycle=1))
    before = find(tx, provenance.integration_id, [snapshot.platform_invoice_id], lock=True)[
        snapshot.platform_invoice_id
    ]
    values: dict[str, Any] = {}
    after = before
    if provenance.effect_id is not None and before.provenance.effect_id is None:
        values |= ownership(provenance, snapshot)
        after = replace(after, provenance=provenance)
    if snapshot.updated_utc >= before.updated_utc:
        ended = ended_cycle(before.status, snapshot.status)
        cycle = before.cycle + (1 if ended else 0)
        values |= columns_of(snapshot) | {"cycle": cycle}
        after = _as(after.provenance, snapshot, before.id, cycle)
    if values:
        tx.execute(update(InvoiceRow).where(InvoiceRow.id == before.id).values(**values))
    return Put(before, after)


def set_online_url(tx: Transaction, integration_id: UUID, invoice_id: str, url: str) -> None:
    """Keep where the invoice can be seen and paid online."""
    tx.execute(
        update(InvoiceRow)
        .where(
            InvoiceRow.integration_id == integration_id,
            InvoiceRow.platform_invoice_id == invoice_id,
        )
        .values(online_url=url)
    )


def changeable(tx: Transaction, integration_id: UUID, deal_id: UUID) -> list[str]:
    """Return the platform's ids of a deal's invoices that can still change there."""
    final = (InvoiceStatus.VOIDED.value, InvoiceStatus.DELETED.value)
    rows = tx.execute(
        select(InvoiceRow.platform_invoice_id).where(
            InvoiceRow.integration_id == integration_id,
            InvoiceRow.deal_id == deal_id,
            InvoiceRow.status.not_in(final),
        )
    )
    return sorted(rows.scalars())


def of_deal(
    tx: Transaction, workspace_id: UUID, deal_id: UUID, contact_ids: Sequence[str]
) -> list[Row[Any]]:
    """Return what a deal's page lists: its invoices, and the platform's of its linked contacts."""
    rows = tx.execute(
        select(*InvoiceRow.__table__.columns)
        .where(
            InvoiceRow.workspace_id == workspace_id,
            or_(
                InvoiceRow.deal_id == deal_id,
                (InvoiceRow.origin == PLATFORM) & InvoiceRow.contact_id.in_(contact_ids),
            ),
        )
        .order_by(InvoiceRow.date, InvoiceRow.created_at)
    )
    return list(rows)


def _insert(tx: Transaction, provenance: Provenance, snapshot: InvoiceSnapshot) -> UUID | None:
    statement = insert(InvoiceRow).values(
        id=uuid4(),
        workspace_id=provenance.workspace_id,
        integration_id=provenance.integration_id,
        platform_invoice_id=snapshot.platform_invoice_id,
        **ownership(provenance, snapshot),
        **columns_of(snapshot),
    )
    return tx.execute(
        statement.on_conflict_do_nothing(index_elements=_IDENTITY).returning(InvoiceRow.id)
    ).scalar_one_or_none()


def columns_of(snapshot: InvoiceSnapshot) -> dict[str, Any]:
    """Return what a snapshot says, as columns of its row."""
    tax = exact_sum(line.tax_amount for line in snapshot.lines) if snapshot.lines else None
    return {
        "number": snapshot.number,
        "status": snapshot.status.value,
        "contact_id": snapshot.contact_id,
        "currency": snapshot.currency,
        "line_amount_types": snapshot.line_amount_types.value,
        "subtotal": None if tax is None else snapshot.total - tax,
        "tax": tax,
        "total": snapshot.total,
        "amount_due": snapshot.amount_due,
        "amount_paid": snapshot.amount_paid,
        "date": snapshot.date,
        "due_date": snapshot.due_date,
        "reference": snapshot.reference,
        "repeating_invoice_id": snapshot.repeating_invoice_id,
        "updated_utc": snapshot.updated_utc,
    }


def ownership(provenance: Provenance, snapshot: InvoiceSnapshot) -> dict[str, Any]:
    """Return whose an invoice is, as columns of its row."""
    raised_as = None if provenance.raised_as is None else provenance.raised_as.value
    recurring = Portion.ONGOING.value if snapshot.repeating_invoice_id else None
    return {
        "origin": provenance.origin,
        "deal_id": provenance.deal_id,
        "effect_id": provenance.effect_id,
        "raised_as": raised_as,
        "portion": raised_as or recurring,
    }


def _stored(row: Row[Any]) -> StoredInvoice:
    return StoredInvoice(
        id=row.id,
        provenance=Provenance(
            row.workspace_id,
            row.integration_id,
            row.origin,
            row.deal_id,
            row.effect_id,
            None if row.raised_as is None else Portion(row.raised_as),
        ),
        platform_invoice_id=row.platform_invoice_id,
        number=row.number,
        status=InvoiceStatus(row.status),
        cycle=row.cycle,
        updated_utc=row.updated_utc,
        told=dict(row._mapping),  # noqa: SLF001 - SQLAlchemy's public name for it
    )


def _as(
    provenance: Provenance, snapshot: InvoiceSnapshot, invoice_id: UUID, cycle: int
) -> StoredInvoice:
    return StoredInvoice(
        invoice_id,
        provenance,
        snapshot.platform_invoice_id,
        snapshot.number,
        snapshot.status,
        cycle,
        snapshot.updated_utc,
    )
