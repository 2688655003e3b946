"""What a caller without `invoices:read` does not see: payment statuses, amounts, words on them."""

import re
from typing import Any

_MONEY = re.compile(
    r"amount|total|tax$|price|paid|payment_status|outstanding|remaining|over_invoiced|balance"
    r"|unknown_tax|discount|deposit_percent|online_url"
    r"|^(due|lines|invoices|unpaid|rung|before|after|portion|raised_as|email|warnings|params)$"
    # Words of people and platforms may say anything.
    r"|^(message|problems|status_reason|reason|words|outcome)$"
)
_OF_INVOICES = frozenset({"xero", "postmark"})
_TELL_NOTHING = ("action.", "integration.")


def without_money(value: Any) -> Any:
    """Return plain JSON without the fields that tell of money; ids and states of actions stay."""
    if isinstance(value, dict):
        if value.get("platform", "xero") not in _OF_INVOICES:
            return value
        kept = {name: without_money(one) for name, one in value.items() if not _MONEY.search(name)}
        if isinstance(kept.get("result"), dict):
            kept["result"].pop("status", None)  # the invoice's
        return kept
    if isinstance(value, list):
        return [without_money(one) for one in value]
    return value


def tells_of_money(event_type: str) -> bool:
    """Is the event about an invoice, a payment or a payment status?"""
    return not event_type.startswith(_TELL_NOTHING)
