"""What has changed, as a list: events of a deal in words. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.events import EventType
from workers.console.wording import money

Data = Mapping[str, Any]
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `before` and `after` are statuses of `kind` where one has moved."""

    what: str
    kind: str = ""
    before: str | None = None
    after: str | None = None
    words: str = ""


def news(events: Sequence[Mapping[str, Any]], names: Names) -> list[Change]:
    """Return events (type, data) as changes; `names` are the products' by id."""
    return [CHANGES[one["type"]](one["data"], names) for one in events if one["type"] in CHANGES]


def _created(data: Data, _names: Names) -> Change:
    total = money(data["total"], data["currency"])
    return Change(_number(data), "invoice", None, data["status"], f"raised for {total}")


def _invoice(data: Data, _names: Names) -> Change:
    return Change(_number(data), "invoice", data["before"], data["after"])


def _product(data: Data, names: Names) -> Change:
    name = names.get(data["deal_product_id"], "A product")
    return Change(name, "payment", data["before"], data["after"])


def _payment(data: Data, _names: Names) -> Change:
    amount, code = data.get("amount"), data.get("currency")
    words = f"payment of {money(amount, code)} recorded" if amount and code else "payment recorded"
    return Change(_number(data), words=words)


def _cycle(data: Data, _names: Names) -> Change:
    return Change(_number(data), words="a payment was removed; the next one counts anew")


def _differs(data: Data, names: Names) -> Change:
    name = names.get(data["deal_product_id"], "a product")
    return Change(
        _number(data), words=f"Xero bills {data['theirs']} for {name}, not {data['ours']}"
    )


def _number(data: Data) -> str:
    return str(data.get("number") or data.get("invoice_number") or "Invoice")


CHANGES: Mapping[EventType, Callable[[Data, Names], Change]] = {
    EventType.INVOICE_CREATED: _created,
    EventType.INVOICE_STATUS_CHANGED: _invoice,
    EventType.PAYMENT_STATUS_CHANGED: _product,
    EventType.PAYMENT_RECORDED: _payment,
    EventType.INVOICE_CYCLE_ENDED: _cycle,
    EventType.INVOICE_AMOUNT_DIFFERS: _differs,
}
