"""A deal's products and what their money comes to, for whoever shows them."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from domain.invoices.derived import product_amounts
from domain.invoices.portions import full_amount
from infra.database import billing, views
from infra.database.engine import Transaction

CURRENCY = "AUD"
"""Of a deal that names none, for rounding only."""


def products_of(tx: Transaction, deal_id: UUID, currency: str | None) -> list[dict[str, Any]]:
    """Return a deal's products as the CRM has them, each with its derived amounts."""
    billed = billing.billing_of(tx, deal_id)
    used = currency or CURRENCY
    amounts: dict[UUID, dict[str, Any]] = {
        product.id: {
            "category": product.category,
            "amount": full_amount(product, used),
            **asdict(product_amounts(product, billed.ledger, used)),
        }
        for product in billed.products
    }
    return [{**row, **amounts.get(row["id"], {})} for row in views.deal_products(tx, deal_id)]
