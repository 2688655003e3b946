"""Finding a booking again by the effect id in its metadata.

What is looked through is chosen by time and event type, never by the attendee (decision 0035).
It is what the key's user sees: `owning` says where that is enough.
Source: Cal.com API v2 reference, "Get all bookings", "Get a booking".
"""

from datetime import datetime, timedelta

from domain.actions.outcome import Absent, Deferred, JsonObject, LookedUp, Rejected, Unknown
from infra.platform import Call, Sent
from infra.platforms.calcom.bookings import GONE, UNREADABLE, bookings_of, is_marked, told
from infra.platforms.calcom.client import BOOKINGS, booking_path, send
from infra.platforms.calcom.errors import read
from infra.platforms.calcom.owning import is_own
from infra.session import Session

PAGE = 100  # Cal.com's own default
PAGES_MAX = 5
EARLIER, LATER = timedelta(minutes=1), timedelta(days=2)
"""Around the start that was asked for: between them begins and ends what is looked for."""
NOT_SEEN = Unknown(
    "not_seen",
    "Cal.com: not among the bookings of the key's user, but the event type is not known to be that "
    "user's own: another host may have got it; state its uid, or that it did not happen",
)


def find(session: Session, sent: Sent) -> LookedUp:
    """Look through what is booked around that time for our mark.

    "Absent" is said only when every booking there was seen, and ours would have been among them.
    """
    params, mark = sent.request.params, str(sent.effect_id)
    if sent.stated_id is not None:  # a person says which one it is: no mark is needed
        return _told_of(session, sent, sent.stated_id)
    for page in range(PAGES_MAX):
        query = {**_around(params), "take": str(PAGE), "skip": str(page * PAGE)}
        answer = read(send(session, Call("GET", BOOKINGS, query)))
        if not isinstance(answer, dict):
            return no_answer(answer)
        listed, pages = bookings_of(answer["data"]), answer.get("pagination")
        more = pages.get("hasNextPage") if isinstance(pages, dict) else None
        if listed is None or not isinstance(answer["data"], list) or not isinstance(more, bool):
            return UNREADABLE
        ours = [one for one in listed if is_marked(one, mark)]
        if ours:
            return _found(session, sent, ours)
        if not more:
            return _not_listed(session, params)
    return Unknown("too_many_bookings", "Cal.com: too many bookings at that time to look through")


def _not_listed(session: Session, params: JsonObject) -> Absent | Deferred | Unknown:
    """Tell what it means that no booking of the key's user carries our mark."""
    own = is_own(session, params)
    if isinstance(own, bool):
        return Absent() if own else NOT_SEEN
    return own


def _around(params: JsonObject) -> dict[str, str]:
    """Return the filters; in the order of their making no booking moves to another page."""
    start = datetime.fromisoformat(params["start"])
    longest = LATER + timedelta(minutes=params.get("length_in_minutes", 0))
    query = {
        "afterStart": _written(start - EARLIER),
        "beforeEnd": _written(start + longest),
        "sortCreated": "asc",
    }
    if "event_type_id" in params:
        query["eventTypeId"] = str(params["event_type_id"])
    return query


def _found(session: Session, sent: Sent, ours: list[JsonObject]) -> LookedUp:
    """Tell of what was found; all of a recurring booking has to be asked for by itself."""
    # Moved to another time it is there twice: as it was, and as it is.
    chosen = min(ours, key=lambda one: (one["status"] in GONE, str(one["start"])))
    recurring = chosen.get("recurringBookingUid")
    if not isinstance(recurring, str):
        return told([chosen], str(sent.effect_id))
    return _told_of(session, sent, recurring)


def _told_of(session: Session, sent: Sent, uid: str) -> LookedUp:
    """Read one booking, or all that recur under a uid, and tell of it."""
    answer = read(send(session, Call("GET", booking_path(uid))))
    if not isinstance(answer, dict):
        return no_answer(answer)
    made, asked = bookings_of(answer["data"]), sent.request.params.get("recurrence_count")
    return told(made, str(sent.effect_id), asked) if made else UNREADABLE


def no_answer(refused: Rejected | Deferred | Unknown) -> Deferred | Unknown:
    """Return what a look-up makes of an answer that is none: a refusal tells nothing."""
    if isinstance(refused, Rejected):
        return Unknown("look_up_refused", f"the look-up was refused: {refused.message}")
    return refused


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
