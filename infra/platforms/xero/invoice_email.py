"""Xero emailing an invoice by itself, to its contact and in its own words.

There is no way to ask whether it happened: inside the window the same key is repeated, after that
the outcome stays unknown. Source: developer.xero.com, Accounting API, Invoices, "Emailing an
invoice" (204; a daily cap for each organisation, and restrictions, come as 400).
"""

import re
from datetime import datetime, timedelta

from domain.actions.outcome import Deferred, Outcome, Rejected, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from infra.database import facts
from infra.database.named_invoices import status_now
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.xero import organisation
from infra.platforms.xero.client import TENANT, body_of, frozen, send
from infra.platforms.xero.contacts import DEDUPLICATED_FOR
from infra.platforms.xero.errors import answered_at, read
from infra.platforms.xero.time_zones import zone
from infra.session import Session

PATIENCE = timedelta(days=3)
"""For how long a daily cap, met again and again, keeps an email waiting."""
AFTER_MIDNIGHT = timedelta(minutes=1)  # clocks differ
REFUSAL_KEPT_FOR = timedelta(minutes=7)  # Xero answers a key as before for six
ZONE_KEPT_FOR = timedelta(days=400)  # an organisation hardly ever moves
EMAIL_CAP = "email_cap"

# Xero publishes that there is a cap, not its words.
_TOO_MANY = r"(?:limit|maximum|exceed|\bcap\b)"
_CAP = re.compile(rf"{_TOO_MANY}.*e-?mail|e-?mail.*{_TOO_MANY}", re.IGNORECASE | re.DOTALL)


def _prepare(prep: Preparation) -> Call | Rejected:
    invoice_id = prep.inputs["invoice_id"]
    status = status_now(prep.tx, prep.integration.id, invoice_id)
    if status is not None and not status.is_emailable:  # it changed while the email waited
        return Rejected("not_emailable", f"the invoice is {status.value} by now")
    known = facts.fresh(prep.tx, prep.integration.id, organisation.FACT, ZONE_KEPT_FOR, prep.now)
    name = prep.integration.settings.get("time_zone") or (known or {}).get("time_zone")
    return frozen(lambda api: api.email_invoice(TENANT, invoice_id, body_of({})), time_zone=name)


def _perform(session: Session, sent: Sent) -> Outcome:
    exchange = send(session, sent.call, sent.key)
    if 200 <= (exchange.status or 0) < 300:
        return Succeeded({"at": answered_at(exchange).isoformat()})
    refused = read(exchange)
    if isinstance(refused, dict):
        return Unknown("unreadable_answer", f"Xero: HTTP {exchange.status}")
    if isinstance(refused, Rejected) and _CAP.search(refused.message):
        now = answered_at(exchange)
        until = next_day(now, sent.call.context.get("time_zone"))
        return Deferred(EMAIL_CAP, refused.message, max(until, now + REFUSAL_KEPT_FOR))
    return refused


def next_day(now: datetime, time_zone: str | None) -> datetime:
    """Return when the organisation's next day has begun (UTC's, where its zone is unknown)."""
    local = zone(time_zone or "UTC") or zone("UTC")
    there = now.astimezone(local)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return midnight.astimezone(now.tzinfo) + AFTER_MIDNIGHT


def _effect(name: str, *, optional: bool) -> EffectType:
    return EffectType(
        name=name,
        prepare=_prepare,
        perform=_perform,
        guarantee=Guarantee(deduplicates_for=DEDUPLICATED_FOR, on_unknown="park"),
        retry=RetryPolicy(age_max=PATIENCE),
        optional=optional,
    )


EMAIL = _effect("xero.email_invoice", optional=True)
"""After an invoice was raised or changed: whatever becomes of it, the invoice stands."""
EMAIL_ALONE = _effect("xero.email_invoice_alone", optional=False)
"""Where the email is all that was asked for: what cannot be known asks for a person."""
