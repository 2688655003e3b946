"""What an organisation is like: its base currency, its time zone, its sales terms.

Read once a day and kept. `GET /Organisation` does not count towards egress.
Source: developer.xero.com, Accounting API, Organisation.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Outcome, Rejected, Succeeded, Unknown
from domain.actions.retry import Guarantee
from infra.database import effects, facts
from infra.platform import Call, EffectType, Preparation, Sent, Settlement
from infra.platforms.xero.client import TENANT, frozen, send
from infra.platforms.xero.errors import elements_of, read
from infra.platforms.xero.time_zones import zone
from infra.session import Session

FACT = "organisation"
KEPT_FOR = timedelta(days=1)
LOOK_AGAIN = timedelta(milliseconds=500)


def today(organisation: JsonObject, settings: Mapping[str, Any], now: datetime) -> date | None:
    """Return the organisation's date, or None when its time zone is unknown here.

    `time_zone` in the integration's settings outranks what Xero says.
    """
    name = settings.get("time_zone") or organisation["time_zone"]
    local = zone(str(name))
    return None if local is None else now.astimezone(local).date()


def time_zone_unknown(organisation: JsonObject) -> Rejected:
    """Return the refusal of what needs the organisation's date, when `today` knows none."""
    return Rejected(
        "time_zone_unknown",
        f"Xero names the organisation's time zone {organisation['time_zone']!r}, which is not known"
        " here; set time_zone (such as Pacific/Auckland) in the integration's settings",
    )


def sales_terms(element: JsonObject) -> dict[str, Any] | None:
    """Return the sales terms of a contact or an organisation as plain JSON; None without any."""
    terms = element.get("PaymentTerms")
    sales = terms.get("Sales") if isinstance(terms, dict) else None
    if not isinstance(sales, dict) or "Type" not in sales:
        return None
    day = sales.get("Day")
    return {"day": int(day), "type": str(sales["Type"])} if isinstance(day, int | Decimal) else None


def _prepare(prep: Preparation) -> Call | Succeeded | Deferred:
    """Read it once, however many actions find out at the same moment that it is not known."""
    known = facts.fresh(prep.tx, prep.integration.id, FACT, KEPT_FOR, prep.now)
    if known is not None:
        return Succeeded(known)
    if effects.is_in_flight(prep.tx, prep.integration, READ.name, but_of=prep.effect_id):
        return Deferred("being_read", "the organisation is being read", prep.now + LOOK_AGAIN)
    return organisation_call()


def _perform(session: Session, sent: Sent) -> Outcome:
    return read_organisation(session, sent.call)


def organisation_call() -> Call:
    """Return the call that reads the organisation."""
    return frozen(lambda api: api.get_organisations(TENANT))


def read_organisation(session: Session, call: Call) -> Outcome:
    """Read the organisation: harmless, so it also shows whether credentials are good."""
    answer = read(send(session, call))
    if not isinstance(answer, dict):
        return answer
    found = elements_of(answer, "Organisations")
    if len(found) != 1 or not isinstance(found[0].get("BaseCurrency"), str):
        return Unknown("unreadable_answer", "Xero: no organisation with a BaseCurrency")
    return Succeeded(
        {
            "name": str(found[0].get("Name") or ""),
            "base_currency": found[0]["BaseCurrency"],
            "time_zone": str(found[0].get("Timezone") or "UTC"),
            "short_code": found[0].get("ShortCode"),
            "terms": sales_terms(found[0]),
        }
    )


def _settle(done: Settlement) -> None:
    if isinstance(done.outcome, Succeeded):
        facts.keep(done.tx, done.integration.id, FACT, done.outcome.result, done.now)


READ = EffectType(
    name="xero.read_organisation",
    prepare=_prepare,
    perform=_perform,
    settle=_settle,
    guarantee=Guarantee(changes=False),
)
