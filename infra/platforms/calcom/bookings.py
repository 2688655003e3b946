"""A booking as Cal.com shows it, read; and what we tell of it.

Only the shape of version 2024-08-13 is read: the older endpoint says `startTime`.
Source: Cal.com API v2 reference, "Create a booking", "Get all bookings" (answers).
"""

from typing import Any

from domain.actions.outcome import JsonObject, Succeeded, Unknown

MARK = "fleet_effect"
"""Our key in a booking's metadata; its value is the effect's id."""
GONE = frozenset({"cancelled", "rejected"})

UNREADABLE = Unknown(
    "unreadable_answer", "Cal.com: not a booking of version 2024-08-13; an older endpoint answered"
)


def bookings_of(data: Any) -> list[JsonObject] | None:
    """Return the bookings in an answer's data, one or many; None when it holds something else."""
    found = data if isinstance(data, list) else [data]
    return found if all(_is_booking(one) for one in found) else None


def _is_booking(one: Any) -> bool:
    named = ("uid", "start", "end", "status")
    return isinstance(one, dict) and all(isinstance(one.get(n), str) and one[n] for n in named)


def is_marked(booking: JsonObject, mark: str) -> bool:
    """Is it ours? A booking with seats keeps the metadata with its attendees."""
    return _mark_in(booking) == mark or any(_mark_in(one) == mark for one in _people(booking))


def emails_in(booking: JsonObject) -> list[str] | Unknown:
    """Return the addresses of those who attend; Unknown where no list of them is shown."""
    if not isinstance(booking.get("attendees"), list):
        return Unknown("unreadable_answer", "Cal.com: the booking does not show who attends")
    return [one["email"] for one in _people(booking) if isinstance(one.get("email"), str)]


def told(made: list[JsonObject], mark: str, asked: int | None = None) -> Succeeded:
    """Return what is told of a booking; of a recurring one (`made` has several) the first leads.

    `asked` is how many were asked for, where that was said.
    """
    made = sorted(made, key=lambda one: str(one["start"]))
    first = made[0]
    result: dict[str, Any] = {
        "booking_uid": first["uid"],
        "start": first["start"],
        "end": first["end"],
        "meeting_url": _meeting_url(first),
        "status": first["status"],
    }
    if len(made) > 1 or isinstance(first.get("recurringBookingUid"), str):
        result["booking_uids"] = [one["uid"] for one in made]
        result["recurring_booking_uid"] = first.get("recurringBookingUid")
    if asked is not None and len(made) < asked:
        result["warning"] = f"Cal.com booked {len(made)} of the {asked} that were asked for"
    seat = first.get("seatUid") or _seat(first, mark)
    if isinstance(seat, str):
        result["seat_uid"] = seat
    return Succeeded(result, external_id=str(first["uid"]))


def _meeting_url(booking: JsonObject) -> str | None:
    """The location where that is an address of the web: it may be a place, or a number."""
    metadata = booking.get("metadata")
    call = metadata.get("videoCallUrl") if isinstance(metadata, dict) else None
    for one in (booking.get("location"), call, booking.get("meetingUrl")):
        if isinstance(one, str) and one.lower().startswith(("https://", "http://")):
            return one
    return None


def _seat(booking: JsonObject, mark: str) -> Any:
    ours = [one for one in _people(booking) if _mark_in(one) == mark]
    return ours[-1].get("seatUid") if ours else None


def _mark_in(thing: JsonObject) -> Any:
    metadata = thing.get("metadata")
    return metadata.get(MARK) if isinstance(metadata, dict) else None


def _people(booking: JsonObject) -> list[dict[str, Any]]:
    people = booking.get("attendees")
    return [one for one in people if isinstance(one, dict)] if isinstance(people, list) else []
