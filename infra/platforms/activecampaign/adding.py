"""The entry itself: made in one call, and found again among the contact's entries.

Source: developers.activecampaign.com, "Add a Contact to an Automation".
"""

from datetime import timedelta

from domain.actions.outcome import (
    LookedUp,
    Outcome,
    Rejected,
    Unknown,
)
from domain.actions.retry import Guarantee, RetryPolicy
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.activecampaign.client import id_of, send, writing
from infra.platforms.activecampaign.errors import NOT_ENTERED, read, unreadable
from infra.platforms.activecampaign.finding import look, made
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
    return unreadable(exchange, "no contactAutomation.id") if entry_id is None else made(entry_id)


def _find(session: Session, sent: Sent) -> LookedUp:
    """Look for an entry that is new since the first send. A person's word is believed."""
    if sent.stated_id is not None:
        return made(sent.stated_id)
    try:
        found = look(session, sent.inputs)
    except NoMoreCalls as error:
        # Not at the moment the budget refills: several would come at once, and none get its second.
        return Unknown("out_of_budget", str(error))
    if isinstance(found, Rejected):  # the contact is gone, say: that tells nothing of the entry
        return Unknown("look_up_refused", f"the look-up was refused: {found.message}")
    return found


ADD = EffectType(
    name="activecampaign.add_to_automation",
    prepare=_prepare,
    perform=_perform,
    find=_find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
    recoverable=frozenset({NOT_ENTERED}),
)
