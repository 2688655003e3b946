"""Where a booking takes place: what may be asked for, and what the booking then says."""

from collections.abc import Callable
from typing import Final

from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.wire import Document

_VIDEO: Final[dict[str, Callable[[Document], str]]] = {
    "cal-video": lambda booking: f"https://app.cal.com/video/{booking['uid']}",
    "zoom": lambda booking: (
        f"https://us05web.zoom.us/j/8{booking['id']:010d}?pwd={booking['uid'][:8]}Sandbox.1"
    ),
    "google-meet": lambda booking: f"https://meet.google.com/{booking['uid'][:10].lower()}",
}
_OF_THE_ATTENDEE: Final = {
    "attendeePhone": "phone",
    "attendeeAddress": "address",
    "attendeeDefined": "location",
}
_OF_THE_ORGANISER: Final = {"address": "address", "link": "link", "phone": "phone"}


def located(asked: Document | None, kind: Document, booking: Document) -> str:
    """Return the location of a new booking; a video link comes with the confirmation.

    Raises:
        CalError: the event type has no such location.
    """
    offered = [one["type"] for one in kind["locations"]]
    wanted = asked or kind["locations"][0]
    if wanted.get("type") not in offered:
        raise CalError(
            400,
            f"Booking location with type {wanted.get('type')} not valid for event type with "
            f"id={kind['id']}. The event type has following location types: {', '.join(offered)}, "
            "and only these types are allowed for booking location.",
        )
    own = next(one for one in kind["locations"] if one["type"] == wanted["type"])
    if wanted["type"] == "integration":
        return _video(wanted, kind, booking)
    if wanted["type"] == "organizersDefaultApp":
        return _VIDEO["cal-video"](booking)
    if wanted["type"] in _OF_THE_ORGANISER:
        return str(own[_OF_THE_ORGANISER[wanted["type"]]])
    name = _OF_THE_ATTENDEE[wanted["type"]]
    if not isinstance(wanted.get(name), str):
        raise CalError(400, f"location property is wrong,{name} must be a string")
    return str(wanted[name])


def _video(wanted: Document, kind: Document, booking: Document) -> str:
    asked = str(wanted.get("integration"))
    offered = [one["integration"] for one in kind["locations"] if one["type"] == "integration"]
    if asked not in offered:
        raise CalError(
            400,
            f"Booking location with integration {asked} not valid for event type with "
            f"id={kind['id']}. The event type has following integrations: {', '.join(offered)}, "
            "and only these integrations are allowed for booking location.",
        )
    if booking["status"] == "pending":
        return f"integrations:{asked}"
    return _VIDEO[asked](booking)
