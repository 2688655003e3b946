"""The bookings, and how the API shows one."""

import re
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from infra.sandbox.calcom.seed import event_types, users
from infra.sandbox.clock import Clock
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SUFFIX: Final = re.compile(r"\+[a-zA-Z0-9]{25}")


class Bookings:
    """Event types, users and what is booked."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._bookings = Shelf(store, "calcom.bookings")
        self.event_types = Shelf(store, "calcom.event_types")
        self.users = {user["id"]: user for user in users()}
        if not len(self.event_types):
            for one in event_types():
                self.event_types.put(str(one["id"]), one)

    def put(self, booking: Document) -> None:
        """Keep a booking, changed now."""
        booking["updated"] = self._clock.now()
        self._bookings.put(booking["uid"], booking)

    def all(self) -> list[Document]:
        """Return every booking in the order in which they were made."""
        return self._bookings.records()

    def find(self, uid: str) -> Document | None:
        """Return the booking of a uid."""
        return self._bookings.get(uid)

    def recurring(self, uid: str) -> list[Document]:
        """Return the bookings that recur under a uid, by their start."""
        found = [one for one in self.all() if one["recurring"] == uid]
        return sorted(found, key=lambda one: float(one["start"]))

    def taken(self, host: int, start: float, end: float) -> bool:
        """Has the host an accepted booking at that time?"""
        return any(
            one["host"] == host
            and one["status"] == "accepted"
            and one["start"] < end
            and start < one["end"]
            for one in self.all()
        )

    def new(self, event_type: Document, host: int, start: float, minutes: int) -> Document:
        """Return a booking without anybody in it; not yet kept."""
        now = self._clock.now()
        return {
            "id": 9000 + len(self._bookings) + 1,
            "uid": short_uid(),
            "event_type": event_type["id"],
            "host": host,
            "start": start,
            "end": start + minutes * 60,
            "status": "pending" if event_type["requires_confirmation"] else "accepted",
            "created": now,
            "updated": now,
            "metadata": {},
            "location": "",
            "attendees": [],
            "responses": {},
            "recurring": None,
            "pending_guests": [],
        }

    def view(self, booking: Document, seen_until: float | None = None) -> Document:
        """Return a booking as the API shows it; `seen_until`: without who came to it later."""
        kind = self.event_types.get(str(booking["event_type"])) or {}
        host = self.users[booking["host"]]
        seats = bool(kind.get("seats"))
        shown: Document = {
            "id": booking["id"],
            "uid": booking["uid"],
            "title": f"{kind.get('title')} between {host['name']} and the attendee",
            "description": "",
            "hosts": [{**host, "displayEmail": host["email"]}],
            "status": booking["status"],
            "cancellationReason": "",
            "start": js_time(booking["start"]),
            "end": js_time(booking["end"]),
            "duration": round((booking["end"] - booking["start"]) / 60),
            "eventTypeId": booking["event_type"],
            "eventType": {"id": booking["event_type"], "slug": kind.get("slug")},
            "meetingUrl": booking["location"],
            "location": booking["location"],
            "absentHost": False,
            "createdAt": js_time(booking["created"]),
            "updatedAt": js_time(booking["updated"]),
            "icsUid": f"{booking['uid']}@Cal.com",
            "attendees": [
                _attendee(one, seat=seats)
                for one in booking["attendees"]
                if seen_until is None or one["at"] <= seen_until
            ],
        }
        if booking["recurring"]:
            shown["recurringBookingUid"] = booking["recurring"]
        if seats:
            return shown
        return shown | {
            "metadata": booking["metadata"],
            "guests": booking["responses"].get("guests", []),
            "bookingFieldsResponses": booking["responses"],
        }


def _attendee(attendee: Document, *, seat: bool) -> Document:
    shown: Document = {
        "name": attendee["name"],
        "email": attendee["email"],
        "displayEmail": _SUFFIX.sub("", attendee["email"]),
        "timeZone": attendee["timeZone"],
        "language": attendee["language"],
        "absent": False,
    }
    if attendee.get("phoneNumber"):
        shown["phoneNumber"] = attendee["phoneNumber"]
    if not seat:
        return shown
    metadata = attendee.get("metadata") or {}
    return shown | {
        "seatUid": attendee["seat"],
        "bookingFieldsResponses": {"name": attendee["name"]},
        "metadata": metadata,
    }


def attendee(given: Document, at: float, default_time_zone: str) -> Document:
    """Return a person as kept with a booking; without an address one is made of the number."""
    phone = given.get("phoneNumber")
    return {
        "name": given.get("name") or "",
        "email": given.get("email") or f"{str(phone or '').lstrip('+')}@sms.cal.com",
        "timeZone": given.get("timeZone") or default_time_zone,
        "language": given.get("language") or "en",
        "phoneNumber": phone,
        "at": at,
    }


def base_email(email: str) -> str:
    """Return an address as Cal.com compares them: without a plus tag, in lower case."""
    local, _, domain = email.partition("@")
    return f"{local.partition('+')[0]}@{domain}".lower()


def short_uid(of: UUID | None = None) -> str:
    """Return 22 characters that stand for a UUID."""
    number, written = (of or uuid4()).int, ""
    for _ in range(22):
        number, digit = divmod(number, len(_ALPHABET))
        written += _ALPHABET[digit]
    return written


def js_time(seconds: float) -> str:
    """Write seconds since 1970 (decimal, once they were stored) as JavaScript does, with a `Z`."""
    moment = datetime.fromtimestamp(float(seconds), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def read_time(value: object) -> float | None:
    """Read an ISO time (without an offset it is UTC) as seconds since 1970; None: it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
