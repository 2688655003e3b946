"""What a caller without `invoices:read` does not see: payment statuses, amounts, words on them."""

import re
from collections.abc import Iterable
from typing import Any

from infra.envelope import Problem

_MONEY = re.compile(
    r"amount|total|tax$|price|paid|payment_status|outstanding|remaining|over_invoiced|balance"
    r"|unknown_tax|discount|deposit_percent|online_url"
    r"|^(due|lines|invoices|unpaid|rung|before|after|portion|raised_as|email|warnings|params)$"
    # Words of people and platforms may say anything.
    r"|^(message|problems|status_reason|reason|words|outcome)$"
)
_OF_INVOICES = frozenset({"xero", "postmark", "webhook"})
"""Platforms whose actions tell of invoices; what the webhook's carry is events of all."""
UNTOLD = "does not fit the invoice as it stands; why is told to who holds invoices:read"
_OF_OTHERS = ("data.", "params.email_recipient", "params.deal_product_ids", "params.product_ids")
"""Fields whose problems are about deals, people and products, never about an invoice."""
_TELL_NOTHING = ("action.", "integration.")


def without_money(value: Any) -> Any:
    """Return plain JSON without the fields that tell of money; ids and states of actions stay."""
    if isinstance(value, dict):
        platform = value.get("platform")
        if isinstance(platform, str) and platform not in _OF_INVOICES:
            return value
        kept = {name: without_money(one) for name, one in value.items() if not _MONEY.search(name)}
        if isinstance(kept.get("result"), dict):
            kept["result"].pop("status", None)  # the invoice's
        if "invoice_id" in kept:
            kept.pop("status", None)  # of an invoice looked up: it tells whether it is paid
        return kept
    if isinstance(value, list):
        return [without_money(one) for one in value]
    return value


def told_without_money(platform: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return why a request does not fit, without the words that tell how an invoice stands."""
    return [
        one
        if platform not in _OF_INVOICES or one.field.startswith(_OF_OTHERS)
        else Problem(one.field, UNTOLD)
        for one in problems
    ]


def tells_of_money(event_type: str) -> bool:
    """Is the event about an invoice, a payment or a payment status?"""
    return not event_type.startswith(_TELL_NOTHING)
