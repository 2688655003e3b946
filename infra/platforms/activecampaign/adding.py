"""The entry itself: made in one call, and found again among the contact's entries.

Source: developers.activecampaign.com, "Add a Contact to an Automation".
"""

from datetime import timedelta

from domain.actions.outcome import (
    Absent,
    JsonObject,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.retry import Guarantee, RetryPolicy
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import id_of, send, writing
from infra.platforms.activecampaign.entries import count_now, entries_now, new_since
from infra.platforms.activecampaign.errors import NOT_ENTERED, read, unreadable
from infra.session import NoMoreCalls, Session

SETTLING = timedelta(seconds=30)


def _prepare(preparation: Preparation) -> Call:
    inputs = preparation.inputs
    wish = {"contact": int(inputs["contact_id"]), "automation": int(inputs["automation_id"])}
    return writing("/contactAutomations", {"contactAutomation": wish})


def _perform(session: Session, sent: Sent) -> Outcome:
    exchange = send(session, sent.call)
    answer = read(exchange)
    if not isinstance(answer, dict):
        return answer
    entry_id = id_of(answer.get("contactAutomation"))
    # ActiveCampaign is known to report failures with 200: only the new entry's id is a yes.
    return unreadable(exchange, "no contactAutomation.id") if entry_id is None else _made(entry_id)


def _find(session: Session, sent: Sent) -> LookedUp:
    """Look for an entry that is new since the first send. A person's word is believed."""
    if sent.stated_id is not None:
        return _made(sent.stated_id)
    try:
        found = _looked(session, sent.inputs)
    except NoMoreCalls as error:
        # Not at the moment the budget refills: several would come at once, and none get its second.
        return Unknown("out_of_budget", str(error))
    if isinstance(found, Rejected):  # the contact is gone, say: that tells nothing of the entry
        return Unknown("look_up_refused", f"the look-up was refused: {found.message}")
    return found


def _looked(session: Session, inputs: JsonObject) -> LookedUp | Rejected:
    """Ask for the entries, then for their count: "absent" wants both to be as they were.

    An entry that only the count knows of was taken out again, or is not listed yet: never absent.
    """
    entries = entries_now(session, inputs)
    if not isinstance(entries, list):
        return entries
    new = new_since(inputs["entries"], entries)
    if new is not None:
        return _made(str(new["id"]))
    count, before = count_now(session, inputs), inputs["count"]
    if not isinstance(count, int):
        return count
    if count <= before:
        return Absent()
    words = f"entered {count} times, {before} before it was sent, but no entry is new"
    return Unknown("entry_not_listed", f"ActiveCampaign: {words}; state the id of the entry")


def _made(entry_id: str) -> Succeeded:
    return Succeeded({"contact_automation_id": entry_id}, external_id=entry_id)


ADD = EffectType(
    name="activecampaign.add_to_automation",
    prepare=_prepare,
    perform=_perform,
    find=_find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
    recoverable=frozenset({NOT_ENTERED}),
)
