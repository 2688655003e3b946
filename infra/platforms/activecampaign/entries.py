"""A contact's entries in one automation: what is there, and what is new since.

An entry carries nothing of ours. So one action at a time adds a contact to an automation
(`claims`), and what is there before is kept: an entry that was not, or that was entered again
since, is taken for this action's. Each page is an effect of its own, as in `automations`.
Source: developers.activecampaign.com, "List All Automations the Contact is in", "Retrieve a
Contact's Automation Entry Counts".
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Outcome, Succeeded, Unknown
from domain.actions.retry import Guarantee
from infra.database import claims
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import id_of, is_last, page, rows_of, send
from infra.platforms.activecampaign.errors import Refusal
from infra.session import Session

PAGES_MAX = 50
TURN = timedelta(seconds=3)
"""How often an action looks whether its turn with a contact and an automation has come."""

_ACTIVE = "1"  # anything else has ended
ROWS, COUNTS = "contactAutomations", "automationEntryCounts"


def entries_in(rows: Sequence[dict[str, Any]], automation_id: str) -> list[JsonObject] | Unknown:
    """Return the entries in the automation among rows: `{"id", "added", "active"}` each."""
    found = [row for row in rows if _automation(row) == automation_id]
    if any(id_of(row) is None for row in found):
        return Unknown("unreadable_answer", "ActiveCampaign: an entry without an id")
    return [
        {"id": id_of(row), "added": _utc(row.get("adddate")), "active": _is_active(row)}
        for row in found
    ]


def count_in(rows: Sequence[dict[str, Any]], automation_id: str) -> int | Unknown | None:
    """Return how often the automation was entered, by its row; None: it has no row among these."""
    of_automation = [row for row in rows if id_of(row) == automation_id]
    if not of_automation:
        return None
    count = id_of(of_automation[0], "contactEntryCount")
    if count is None:
        return Unknown("unreadable_answer", "ActiveCampaign: an entry count that is no number")
    return int(count)


def new_since(before: Sequence[JsonObject], now: Sequence[JsonObject]) -> JsonObject | None:
    """Return the entry that was not there before, or has been entered again since; the first."""
    added = {one["id"]: one["added"] for one in before}
    for one in now:
        # Both are UTC in one form, so later is greater.
        if one["id"] not in added or (one["added"] or "") > (
            added[one["id"]] or one["added"] or ""
        ):
            return one
    return None


def _automation(row: JsonObject) -> str | None:
    return id_of(row, "automation") or id_of(row, "seriesid")


def _is_active(row: JsonObject) -> bool:
    return str(row.get("status")) == _ACTIVE


def _utc(told: Any) -> str | None:
    """Return a moment of the account's zone in UTC; None when it is none."""
    try:
        moment = datetime.fromisoformat(told)
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z" if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


# --- before anything is sent, and after a refusal -------------------------------------------------


def _prepare_read(prep: Preparation) -> Call | Deferred:
    contact_id, automation_id = prep.inputs["contact_id"], prep.inputs["automation_id"]
    account = f"{prep.integration.platform}:{prep.integration.tenant_key}"
    pair = f"{contact_id}:{automation_id}"
    first = claims.claim(prep.tx, account, pair, prep.request.action_id, prep.now)
    if first is None:
        return page(f"/contacts/{contact_id}/{ROWS}", prep.inputs.get("offset", 0))
    words = f"the action {first} is adding the same contact to the same automation"
    return Deferred("contact_busy", f"{words}; it goes first", prep.now + TURN)


def _read(session: Session, sent: Sent) -> Outcome:
    rows = _page(session, sent, ROWS)
    if not isinstance(rows, list):
        return rows
    found = entries_in(rows, sent.inputs["automation_id"])
    if isinstance(found, Unknown):
        return found
    return Succeeded({"entries": found, **_follows(sent.inputs, rows)})


def _prepare_count(prep: Preparation) -> Call:
    return page(f"/contacts/{prep.inputs['contact_id']}/{COUNTS}", prep.inputs.get("offset", 0))


def _count(session: Session, sent: Sent) -> Outcome:
    rows = _page(session, sent, COUNTS)
    if not isinstance(rows, list):
        return rows
    found = count_in(rows, sent.inputs["automation_id"])
    if isinstance(found, Unknown):
        return found
    return Succeeded({"count": found, **_follows(sent.inputs, rows)})


def _page(session: Session, sent: Sent, name: str) -> list[dict[str, Any]] | Refusal:
    """Read the page; of a list that does not listen to `offset` the first is all there is."""
    rows, first = rows_of(send(session, sent.call), name), sent.inputs.get("first")
    again = isinstance(rows, list) and rows and first is not None and id_of(rows[0]) == first
    return [] if again else rows


def _follows(inputs: JsonObject, rows: Sequence[JsonObject]) -> JsonObject:
    """Return how many rows there are up to here, how the list begins, where the next page does."""
    seen = inputs.get("offset", 0) + len(rows)
    first = inputs.get("first") or (id_of(rows[0]) if rows else None)
    return {"rows": seen, "first": first, "next": None if is_last(len(rows)) else seen}


READ = EffectType(
    name="activecampaign.read_entries",
    prepare=_prepare_read,
    perform=_read,
    guarantee=Guarantee(changes=False),
)
COUNT = EffectType(
    name="activecampaign.count_entries",
    prepare=_prepare_count,
    perform=_count,
    guarantee=Guarantee(changes=False),
)
