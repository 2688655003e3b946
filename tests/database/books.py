"""Rows and snapshots for the tests of statements."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.snapshot import InvoiceSnapshot, SnapshotLine
from domain.invoices.xero_status import InvoiceStatus
from infra.database import covers, invoices

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WORKSPACE, INTEGRATION = UUID(int=1), UUID(int=2)
LINE = SnapshotLine("L1", "d", Decimal(1), Decimal(100), Decimal(100), Decimal(10))
SNAPSHOT = InvoiceSnapshot(
    "X1", "INV-1", InvoiceStatus.AUTHORISED, "C1", "AUD", LineAmountTypes.EXCLUSIVE,
    Decimal(110), Decimal(110), Decimal(0), date(2026, 11, 23), None, None, None, NOW, (LINE,),
)  # fmt: skip


def ours(deal, raised_as=Portion.FULL):
    return invoices.Provenance(WORKSPACE, INTEGRATION, invoices.FLEET, deal, uuid4(), raised_as)


FOREIGN = invoices.Provenance(WORKSPACE, INTEGRATION, invoices.PLATFORM)


def raised(tx, deal, line, amount=100, raised_as=Portion.FULL, **changes):
    """Our invoice of one line."""
    snapshot = replace(SNAPSHOT, platform_invoice_id=str(uuid4()), **changes)
    stored = invoices.put(tx, ours(deal, raised_as), snapshot).now
    row = {"deal_product_id": line, "position": 0, "platform_line_id": "L1", "description": "d"}
    covers.write(tx, stored.id, [{**row, "amount": Decimal(amount), "tax": None}])
    return stored


def later(snapshot=SNAPSHOT, seconds=1, **changes):
    return replace(
        snapshot, updated_utc=snapshot.updated_utc + timedelta(seconds=seconds), **changes
    )
