"""A known invoice told again: what is kept of it, and what there is to tell others."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from domain.events import Event, EventType
from domain.invoices.snapshot import InvoiceSnapshot
from infra.database import covers, invoices, outbox, promotions
from infra.database.engine import Transaction


def retell(
    tx: Transaction, stored: invoices.StoredInvoice, snapshot: InvoiceSnapshot, now: datetime
) -> invoices.Put:
    """Book what Xero just said of a stored invoice, with the events of what changed.

    Promotes nothing: that is for whoever may. An answer that leaves out the repeating template an
    invoice came from does not take it from it.
    """
    if stored.provenance.deal_id is not None:
        outbox.lock_deal(tx, stored.provenance.deal_id)  # before the row, as everywhere
    template = snapshot.repeating_invoice_id or stored.told.get("repeating_invoice_id")
    whole = replace(snapshot, repeating_invoice_id=template)
    put = invoices.put(tx, stored.provenance, whole)
    stands = put.now.updated_utc == snapshot.updated_utc
    corrected = corrections(tx, [(stored, whole)]) if stands else []
    outbox.emit(tx, [*status_news(tx, put, now), *corrected], now)
    return put


def status_news(tx: Transaction, put: invoices.Put, now: datetime) -> Iterator[Event]:
    """Yield what there is to tell when a stored invoice changed its status; ends its cycle."""
    before, after = put.before, put.now
    if before is None or not put.status_changed:
        return
    scope = (after.provenance.workspace_id, after.provenance.deal_id)
    told = {
        "invoice_id": str(after.id),
        "number": after.number,
        "before": before.status.value,
        "after": after.status.value,
        "cycle": after.cycle,
    }
    yield Event(EventType.INVOICE_STATUS_CHANGED, str(after.id), told, *scope)
    if put.cycle_ended:
        promotions.end_cycle(tx, after.id, covers.products(tx, after.id), now)
        yield Event(EventType.INVOICE_CYCLE_ENDED, str(after.id), told, *scope)


def corrections(
    tx: Transaction, told: Iterable[tuple[invoices.StoredInvoice, InvoiceSnapshot]]
) -> list[Event]:
    """Let the covers follow the invoices' lines; return what differs from what was billed."""
    stored = {one.id: (one, snapshot) for one, snapshot in told}
    corrected = covers.correct(tx, [(key, snapshot) for key, (_, snapshot) in stored.items()])
    return [_differs(*stored[one.invoice_id], one) for one in corrected]


def _differs(
    stored: invoices.StoredInvoice, snapshot: InvoiceSnapshot, one: covers.Corrected
) -> Event:
    told = {
        "invoice_id": str(stored.id),
        "number": snapshot.number,
        "deal_product_id": str(one.deal_product_id),
        "ours": str(one.before),
        "theirs": str(one.after),
    }
    scope = (stored.provenance.workspace_id, stored.provenance.deal_id)
    return Event(EventType.INVOICE_AMOUNT_DIFFERS, str(stored.id), told, *scope)
