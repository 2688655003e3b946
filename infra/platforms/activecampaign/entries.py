"""A contact's entries in one automation: what is there, and what is new since.

An entry carries nothing of ours. So one action at a time adds a contact to an automation
(`claims`), and what is there before is kept: an entry that was not, or that was entered again
since, is taken for this action's. Source: developers.activecampaign.com, "List All Automations the
Contact is in", "Retrieve a Contact's Automation Entry Counts".
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Outcome, Succeeded, Unknown
from domain.actions.retry import Guarantee
from infra.database import claims
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import all_rows, id_of, page
from infra.platforms.activecampaign.errors import Refusal
from infra.session import Session

TURN = timedelta(seconds=3)
"""How often an action looks whether its turn with a contact and an automation has come."""

_ACTIVE = "1"  # anything else has ended
_ROWS, _COUNTS = "contactAutomations", "automationEntryCounts"


def entries_now(session: Session, inputs: JsonObject) -> list[dict[str, Any]] | Refusal:
    """Read the contact's entries in the automation: `{"id", "added", "active"}` each.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    rows = all_rows(session, f"/contacts/{inputs['contact_id']}/{_ROWS}", _ROWS)
    if not isinstance(rows, list):
        return rows
    found = [row for row in rows if _automation(row) == inputs["automation_id"]]
    if any(id_of(row) is None for row in found):
        return Unknown("unreadable_answer", "ActiveCampaign: an entry without an id")
    return [
        {"id": id_of(row), "added": _utc(row.get("adddate")), "active": _is_active(row)}
        for row in found
    ]


def count_now(session: Session, inputs: JsonObject) -> int | Refusal:
    """Read how often the contact has entered the automation: entries taken out count on.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    rows = all_rows(session, f"/contacts/{inputs['contact_id']}/{_COUNTS}", _COUNTS)
    if not isinstance(rows, list):
        return rows
    of_automation = [row for row in rows if id_of(row) == inputs["automation_id"]]
    if not of_automation:
        return 0
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
        return page(f"/contacts/{contact_id}/{_ROWS}")
    words = f"the action {first} is adding the same contact to the same automation"
    return Deferred("contact_busy", f"{words}; it goes first", prep.now + TURN)


def _read(session: Session, sent: Sent) -> Outcome:
    found = entries_now(session, sent.inputs)
    return Succeeded({"entries": found}) if isinstance(found, list) else found


def _prepare_count(prep: Preparation) -> Call:
    return page(f"/contacts/{prep.inputs['contact_id']}/{_COUNTS}")


def _count(session: Session, sent: Sent) -> Outcome:
    found = count_now(session, sent.inputs)
    return Succeeded({"count": found}) if isinstance(found, int) else found


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
