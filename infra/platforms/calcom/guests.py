"""Adding guests: who is there is read, then at most ten are added by each call.

Cal.com passes over whom it knows already, so a repeat adds the rest and nobody twice. Guests who
have to confirm first, and those nobody may add, are passed over as well, without a word.
Source: Cal.com API v2 reference, "Add guests to an existing booking", "Get a booking".
"""

import json
from datetime import timedelta

from domain.actions.outcome import (
    Absent,
    Deferred,
    LookedUp,
    Outcome,
    Rejected,
    Succeeded,
    Unknown,
)
from domain.actions.retry import Guarantee, RetryPolicy
from infra.platform import Call, EffectType, Preparation, Sent, Window
from infra.platforms.calcom.bookings import UNREADABLE, bookings_of, emails_in
from infra.platforms.calcom.client import booking_path, in_their_names, send
from infra.platforms.calcom.errors import BAD_REQUEST, REFUSALS, read
from infra.platforms.calcom.finding import no_answer
from infra.platforms.calcom.people import ADD, READ, apart
from infra.session import Session

SETTLING = timedelta(seconds=20)


# --- who is there ---------------------------------------------------------------------------------


def _prepare_reading(preparation: Preparation) -> Call:
    return Call("GET", booking_path(preparation.request.params["booking_uid"]))


def _people(session: Session, sent: Sent) -> list[str] | Rejected | Deferred | Unknown:
    """Read the booking and return the addresses of those who attend."""
    call = Call("GET", booking_path(sent.request.params["booking_uid"]))
    answer = read(send(session, call))
    if not isinstance(answer, dict):
        return answer
    if isinstance(answer["data"], list):
        words = "that is a whole series of bookings; give the uid of one of them"
        return Rejected("recurring_booking", f"params.booking_uid: {words}")
    found = bookings_of(answer["data"])
    return emails_in(found[0]) if found else UNREADABLE


def _read(session: Session, sent: Sent) -> Outcome:
    people = _people(session, sent)
    return Succeeded({"people": people}) if isinstance(people, list) else people


# --- adding ---------------------------------------------------------------------------------------


def _prepare_adding(preparation: Preparation) -> Call:
    guests = [in_their_names(one) for one in preparation.inputs["guests"]]
    path = f"{booking_path(preparation.request.params['booking_uid'])}/guests"
    return Call("POST", path, body=json.dumps({"guests": guests}, ensure_ascii=False).encode())


def _add(session: Session, sent: Sent) -> Outcome:
    answer = read(send(session, sent.call))
    if isinstance(answer, Rejected) and answer.code == BAD_REQUEST:
        return _already(session, sent, answer)
    if not isinstance(answer, dict):
        return answer
    made = bookings_of(answer["data"])
    people = emails_in(made[0]) if made else UNREADABLE
    return _told(sent, people) if isinstance(people, list) else people


def _already(session: Session, sent: Sent, refused: Rejected) -> Outcome:
    """Look who is there: Cal.com refuses a call that adds nobody, and not always says why."""
    people = _people(session, sent)
    if not isinstance(people, list):
        return refused if isinstance(people, Rejected) else people
    there, missing = apart(sent.inputs["guests"], people)
    if not missing or (there and sent.attempt > 1):
        # None of them was there before the first send: that one has added some after all, and the
        # others were passed over. To be asked once more they are refused, as if nothing was done.
        return _told(sent, people, ours=sent.attempt > 1)
    details = {"missing": [one["email"] for one in missing]}
    return Rejected(refused.code, refused.message, {**refused.details, **details})


def _find(session: Session, sent: Sent) -> LookedUp:
    """Look whether all of them are there; else they are added again, which adds the others."""
    people = _people(session, sent)
    if not isinstance(people, list):
        return no_answer(people)
    _, missing = apart(sent.inputs["guests"], people)
    if missing and sent.stated_id is None:
        return Absent()
    return _told(sent, people)


def _told(sent: Sent, people: list[str], *, ours: bool = True) -> Succeeded:
    there, missing = (
        [one["email"] for one in ones] for ones in apart(sent.inputs["guests"], people)
    )
    result = {
        "guests": there if ours else [],
        "already_there": [] if ours else there,
        "not_added": missing,
    }
    return Succeeded(result, external_id=str(sent.request.params["booking_uid"]))


READ_BOOKING = EffectType(
    name=READ,
    prepare=_prepare_reading,
    perform=_read,
    guarantee=Guarantee(changes=False),
)
ADD_GUESTS = EffectType(
    name=ADD,
    prepare=_prepare_adding,
    perform=_add,
    find=_find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
    # The plan tells who was added by the calls before the one that is refused.
    recoverable=REFUSALS,
    limits=(Window("guests_minute", calls=5, seconds=60),),
    look_up_limits=(Window("guests_look_ups", calls=60, seconds=60),),
)
