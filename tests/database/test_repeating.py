"""Templates of ours."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from infra.database import repeating
from infra.database.tables import FleetTable
from tests.database.books import INTEGRATION, WORKSPACE


def template(deal: UUID | None) -> dict[str, object]:
    return {
        "workspace_id": WORKSPACE,
        "integration_id": INTEGRATION,
        "deal_id": deal,
        "platform_template_id": "T1",
        "contact_id": "C1",
        "status": "AUTHORISED",
        "schedule_period": 1,
        "schedule_unit": "MONTHLY",
        "start_date": date(2026, 12, 23),
        "due_days": 14,
        "due_date_type": "DAYSAFTERBILLDATE",
        "approved_for_sending": True,
        "currency": "AUD",
        "line_amount_types": "Exclusive",
        "subtotal": Decimal("320.00"),
        "lines": [
            {
                "deal_product_id": str(UUID(int=7)),
                "product_id": None,
                "description": "Hosting",
                "amount": "320.00",
            }
        ],
    }


def test_a_template_is_found_by_the_platforms_id(tx, deal):
    effect = uuid4()
    first = repeating.put(tx, effect, template(deal))
    assert repeating.put(tx, effect, template(deal)) == first
    found = repeating.find(tx, INTEGRATION, ["T1", "T2"])
    assert set(found) == {"T1"}
    assert (found["T1"].id, found["T1"].deal_id) == (first, deal)
    (line,) = found["T1"].lines
    assert (line.deal_product_id, line.amount) == (UUID(int=7), Decimal("320.00"))
    assert repeating.find(tx, uuid4(), ["T1"]) == {}


def test_the_migrations_make_the_tables_that_are_declared(tx):
    context = MigrationContext.configure(tx, opts={"compare_type": True})
    mine = {"repeating_invoices", "repeating_claims"}
    told = [str(one) for one in compare_metadata(context, FleetTable.metadata)]
    assert [one for one in told if any(name in one for name in mine)] == []
