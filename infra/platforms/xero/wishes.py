"""Params as plans read them: plain JSON that intake has checked, with the defaults filled in."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from domain.actions.outcome import JsonObject
from domain.invoices.portions import LineAmountTypes, Portion
from domain.invoices.precedence import InvoiceParams
from domain.invoices.xero_status import InvoiceStatus


def invoice_wish(given: JsonObject) -> InvoiceParams:
    """Return what a request for an invoice asks for."""
    ids, basis, due = (given.get(n) for n in ("deal_product_ids", "line_amount_types", "due_date"))
    return InvoiceParams(
        portion=Portion(given.get("portion", Portion.FULL)),
        deal_product_ids=None if ids is None else tuple(map(UUID, ids)),
        status=InvoiceStatus(given.get("status", InvoiceStatus.AUTHORISED)),
        due_date=None if due is None else date.fromisoformat(due),
        account_code=given.get("account_code"),
        tax_type=given.get("tax_type"),
        currency=given.get("currency"),
        line_amount_types=None if basis is None else LineAmountTypes(basis),
    )


def unavailable(given: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield (field path, problem) for what is declared but cannot be done by this action (yet)."""
    if given.get("portion") == Portion.ONGOING:
        yield (
            "params.portion",
            "ongoing invoices are Xero's repeating invoices: use xero_create_repeating_invoice",
        )
    mode = given.get("email_mode")
    if mode not in {None, "none"}:
        words = f"{mode} is not yet available; use none, and send the invoice from Xero"
        yield "params.email_mode", words
    if mode is None:
        # Said outright, none means none; left out beside a subject it is likely a mistyped name.
        for name in given:
            if name.startswith("email_"):
                yield f"params.{name}", "needs email_mode; say email_mode none, or leave it out"
