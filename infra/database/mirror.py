"""Statements that mirror a page of the platform's invoices: a few, however many invoices."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from domain.invoices.snapshot import InvoiceSnapshot
from domain.invoices.xero_status import ended_cycle
from infra.database import invoices
from infra.database.engine import Transaction
from infra.database.invoices import Provenance, Put, StoredInvoice

_TOLD = (
    "number", "status", "contact_id", "currency", "line_amount_types", "subtotal", "tax", "total",
    "amount_due", "amount_paid", "date", "due_date", "reference", "repeating_invoice_id",
    "updated_utc",
)  # fmt: skip
_OWNED = ("origin", "deal_id", "effect_id", "raised_as", "portion")
_ADDED = ("id", "workspace_id", "integration_id", "platform_invoice_id", *_OWNED, *_TOLD)
_OVERWRITTEN = ("deal_id", "cycle", *_TOLD)

_ROWS = "jsonb_populate_recordset(NULL::invoices, CAST(:rows AS jsonb)) AS given"
_NAMES = ", ".join(_ADDED)
_CHANGES = ", ".join(f"{name} = given.{name}" for name in _OVERWRITTEN)
_ADD = text(
    f"""
    INSERT INTO invoices ({_NAMES}) SELECT {_NAMES} FROM {_ROWS}
    ON CONFLICT (integration_id, platform_invoice_id) DO NOTHING RETURNING platform_invoice_id
    """  # noqa: S608 - the texts put in are the constants above
)
_OVERWRITE = text(
    f"""
    UPDATE invoices SET {_CHANGES} FROM {_ROWS} WHERE invoices.id = given.id
    """  # noqa: S608 - the same
)


def add(tx: Transaction, told: Sequence[tuple[Provenance, InvoiceSnapshot]]) -> None:
    """Store invoices that were not; one that somebody else has stored meanwhile is `put`."""
    if not told:
        return
    rows = [
        {
            "id": uuid4(),
            "workspace_id": provenance.workspace_id,
            "integration_id": provenance.integration_id,
            "platform_invoice_id": snapshot.platform_invoice_id,
            **invoices.ownership(provenance, snapshot),
            **invoices.columns_of(snapshot),
        }
        for provenance, snapshot in told
    ]
    added = set(tx.execute(_ADD, {"rows": _json(rows)}).scalars())
    for provenance, snapshot in told:
        if snapshot.platform_invoice_id not in added:
            invoices.put(tx, provenance, snapshot)


def overwrite(
    tx: Transaction,
    integration_id: UUID,
    told: Mapping[str, InvoiceSnapshot],
    deals: Mapping[str, UUID | None],
) -> list[Put]:
    """Let stored invoices follow what the platform says of them; return those that changed.

    Holds their rows until the commit, always in the same order. A snapshot is overwritten only by
    one no older. `deals` names, by the platform's id, the deal of those that had none.
    """
    puts, rows = [], []
    for key, before in invoices.find(tx, integration_id, told, lock=True).items():
        deal_id = before.provenance.deal_id or deals.get(key)
        if is_news(before, told[key], deal_id):
            snapshot = _whole(told[key], before)
            ended = ended_cycle(before.status, snapshot.status)
            cycle = before.cycle + (1 if ended else 0)
            told_now = invoices.columns_of(snapshot)
            rows.append({"id": before.id, "deal_id": deal_id, "cycle": cycle, **told_now})
            puts.append(Put(before, _after(before, snapshot, deal_id, cycle)))
    if rows:
        tx.execute(_OVERWRITE, {"rows": _json(rows)})
    return puts


def is_news(before: StoredInvoice, snapshot: InvoiceSnapshot, deal_id: UUID | None) -> bool:
    """Tell whether a stored invoice changes by this snapshot, or by being of this deal."""
    if snapshot.updated_utc < before.updated_utc:
        return False
    return before.learns_from(_whole(snapshot, before)) or deal_id != before.provenance.deal_id


def _whole(snapshot: InvoiceSnapshot, before: StoredInvoice) -> InvoiceSnapshot:
    """An answer that leaves out the template an invoice came from does not take it from it."""
    template = snapshot.repeating_invoice_id or before.told.get("repeating_invoice_id")
    return replace(snapshot, repeating_invoice_id=template)


def _after(
    before: StoredInvoice, snapshot: InvoiceSnapshot, deal_id: UUID | None, cycle: int
) -> StoredInvoice:
    return replace(
        before,
        provenance=replace(before.provenance, deal_id=deal_id),
        number=snapshot.number,
        status=snapshot.status,
        cycle=cycle,
        updated_utc=snapshot.updated_utc,
    )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, default=str)  # amounts, dates and ids as text: PostgreSQL reads them
