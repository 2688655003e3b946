"""What the demo sends, by which way and in which act, and what must come of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.cli.reach import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
SYNC = "sync-invoices"

_CREATE = {"platform": "xero", "method": "PUT", "path": "/Invoices"}
FAULTS: tuple[Mapping[str, Any], ...] = (
    {**_CREATE, "contains": "Support Q1", "fault": "drop_after_commit"},
    {**_CREATE, "contains": "Hosting Q1", "fault": "status_after_commit", "status": 500},
)
"""Xero raises the invoice each time, and the fleet does not learn of it from the answer."""

BROKEN = b'{"id": "5eed0010-0000-4000-8000-000000000000", "action_type": "slack_send_mess'


@dataclass(frozen=True, slots=True)
class Cue:
    """One example's part: `way` celery or plain, `act` 1 or 2 (after the first is over)."""

    example: str
    way: str
    says: str
    act: int = 1


CUES = (
    Cue("deposit-invoice", "celery", "a deposit, the same request sent twice"),
    Cue("deposit-invoice", "plain", "a deposit, the same request sent twice"),
    Cue("full-invoice", "plain", "the answer is lost after Xero raised it"),
    Cue("hosting-invoice", "celery", "Xero says 500 after it raised it"),
    Cue("new-contact", "plain", "a customer new to Xero"),
    Cue("slack-messages", "celery", "a message"),
    Cue("zoom/create-meeting", "celery", "a weekly meeting, six times"),
    Cue("calcom/create-booking", "plain", "a booking"),
    Cue("portant/generate-document", "celery", "a document; Portant calls back"),
    Cue("activecampaign/add-to-automation", "plain", "a contact new to it enters Welcome"),
    Cue("facebook/conversion", "celery", "a purchase, its buyer hashed"),
    Cue("misspelt-field", "plain", "a misspelt field: must be refused"),
    Cue("balance-invoice", "celery", "the balance of the deposit", act=2),
)

EXPECTED_STATUS = {"misspelt-field": "rejected"}
"""By example; every other one succeeds."""

# deal product (the sample's short id) -> its payment status when all is done
EXPECTED_PRODUCTS = {
    "d101": "invoiced", "d102": "invoiced", "d201": "paid", "d202": "paid", "d301": "invoiced",
    "d302": "unpaid", "d401": "unpaid", "d402": "unpaid",
}  # fmt: skip
EXPECTED_EFFECTS = {
    "xero.invoice.created": 4, "xero.contact.created": 4, "slack.message.posted": 2,
    "zoom.meeting.created": 1, "calcom.booking.created": 1, "portant.document.created": 1,
    "activecampaign.contact.synced": 1, "activecampaign.contact_automation.created": 1,
    "facebook.event.received": 1,
}  # fmt: skip
PAID_EXAMPLE = "full-invoice"


def requests_of(example: str) -> list[dict[str, Any]]:
    """Return the requests of one example file."""
    found = json.loads((EXAMPLES / f"{example}.json").read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def cues() -> Sequence[Cue]:
    """Return every example's part; one that nobody wrote a part for goes as a plain message."""
    known = {cue.example for cue in CUES} | {SYNC}
    others = sorted(file.stem for file in EXAMPLES.glob("*.json") if file.stem not in known)
    return [*CUES, *(Cue(name, "plain", "as it is") for name in others)]
