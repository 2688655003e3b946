"""Booking a meeting.

Cal.com gives no key to repeat under. It refuses a second booking of the same host and time, but not
where another host is free, confirmation is awaited or seats are left: so nothing rests on that.
Source: Cal.com API v2 reference, "Create a booking".
"""

import json
from datetime import timedelta

from domain.actions.outcome import Absent, Deferred, Outcome, Rejected, Succeeded, Unknown
from domain.actions.retry import Guarantee, RetryPolicy
from infra.exchange import Broken, TooLate
from infra.platform import Call, EffectType, Preparation, Sent
from infra.platforms.calcom.bookings import MARK, UNREADABLE, bookings_of, told
from infra.platforms.calcom.client import BOOKINGS, in_their_names, send
from infra.platforms.calcom.errors import ALREADY_BOOKED, read
from infra.platforms.calcom.finding import find
from infra.session import NoMoreCalls, Session

SETTLING = timedelta(seconds=20)
"""How far Cal.com's reads may lag behind what was written: they go to a copy."""


def prepare(preparation: Preparation) -> Call:
    """Freeze the booking, with our mark in its metadata: an id, for whoever sees the booking."""
    params = dict(preparation.request.params)
    params["metadata"] = {**params.get("metadata", {}), MARK: str(preparation.effect_id)}
    params["attendee"] = in_their_names(params["attendee"])
    body = json.dumps(in_their_names(params), ensure_ascii=False).encode()
    return Call("POST", BOOKINGS, body=body)


def perform(session: Session, sent: Sent) -> Outcome:
    """Book it. That the time is taken may be our own doing, once something was sent before."""
    exchange = send(session, sent.call)
    answer = read(exchange)
    if isinstance(answer, Rejected) and answer.code == ALREADY_BOOKED:
        # A 409 comes of the database: of a recurring booking the earlier ones may stand.
        if sent.attempt > 1 or exchange.status == 409:
            return _settled_by_looking(session, sent, answer)
        return answer
    if not isinstance(answer, dict):
        return answer
    made = bookings_of(answer["data"])
    asked = sent.request.params.get("recurrence_count")
    return told(made, str(sent.effect_id), asked) if made else UNREADABLE


def _settled_by_looking(session: Session, sent: Sent, refused: Rejected) -> Outcome:
    """Ask at once whether it is our own booking that is in the way."""
    try:
        found = find(session, sent)
    except (Broken, TooLate, NoMoreCalls) as error:
        return Unknown("look_up_failed", f"{refused.message}; whether it is ours: {error}")
    match found:
        case Succeeded():
            return found
        case Absent() if sent.attempt == 1:
            # Just written by this very send, it may not be listed yet.
            return Unknown("not_seen_yet", f"{refused.message}; whether some of it is ours: later")
        case Absent():
            return refused
        case Deferred() | Unknown():
            words = f"{refused.message}; whether it is ours: {found.message}"
            return Unknown("look_up_failed", words)


CREATE = EffectType(
    name="calcom.create_booking",
    prepare=prepare,
    perform=perform,
    find=find,
    guarantee=Guarantee(can_find=True, settling=SETTLING),
    retry=RetryPolicy(attempts_max=8),
)
