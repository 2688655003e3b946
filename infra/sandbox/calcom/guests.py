"""`POST /v2/bookings/{uid}/guests`: at most 10 at a time, 30 people a booking, nobody twice.

Who is there already is passed over; who must confirm first is asked by email and is no attendee
until then. Source: Cal.com API reference, "Add guests to an existing booking"; its open source.
"""

from typing import Final

from infra.sandbox.calcom.bookings import Bookings, attendee, base_email
from infra.sandbox.calcom.checking import check_guests
from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.wire import Document

PEOPLE_MAX: Final = 30


class Guests:
    """Adds guests to bookings."""

    def __init__(self, bookings: Bookings, clock: Clock, effects: Effects) -> None:
        self._bookings, self._clock, self._effects = bookings, clock, effects

    def add(
        self, uid: str, wish: Document, user: Document, settings: Document, cause: Cause
    ) -> Document:
        """Add them; `settings`: `blocked` and `verified_first` are addresses.

        Raises:
            CalError: Cal.com refuses.
        """
        given = check_guests(wish)
        booking = self._bookings.find(uid)
        if booking is None:
            raise CalError(404, f"Booking with uid {uid} not found")
        there = len(booking["attendees"])
        if there + len(given) > PEOPLE_MAX:
            raise CalError(
                400,
                f"Cannot add {len(given)} guests. This booking already has {there} attendees. "
                f"Maximum total guests allowed is {PEOPLE_MAX}. You can add up to "
                f"{max(0, PEOPLE_MAX - there)} more guests.",
            )
        self._may(user, booking)
        known = {base_email(one["email"]) for one in booking["attendees"]}
        known |= {base_email(one) for one in settings["blocked"]}
        new: dict[str, Document] = {}
        for one in given:
            if base_email(one["email"]) not in known:
                new.setdefault(base_email(one["email"]), one)
        if not new:
            raise CalError(400, "emails_must_be_unique_valid", internal=True)
        asked_first = {base_email(one) for one in settings["verified_first"]}
        for base, one in new.items():
            self._welcome(booking, one, cause, asked=base in asked_first)
        self._bookings.put(booking)
        return {"status": "success", "data": self._bookings.view(booking)}

    def _may(self, user: Document, booking: Document) -> None:
        kind = self._bookings.event_types.get(str(booking["event_type"])) or {}
        attends = any(one["email"] == user["email"] for one in booking["attendees"])
        if booking["host"] != user["id"] and not attends:
            raise CalError(403, "you_do_not_have_permission", internal=True)
        if kind.get("guests_disabled"):
            raise CalError(
                400,
                "Cannot add guests to this booking. The guests field is disabled for event type "
                f'"{kind["title"]}" (ID: {kind["id"]}). Please contact the event organizer to '
                "enable guest additions.",
                internal=True,
            )

    def _welcome(self, booking: Document, guest: Document, cause: Cause, *, asked: bool) -> None:
        host = self._bookings.users[booking["host"]]
        identity = f"{booking['uid']} {guest['email']}"
        if asked:
            booking["pending_guests"].append(guest["email"])
            self._effects.record(cause, "calcom", "guest.asked", identity)
            return
        booking["attendees"].append(attendee(guest, self._clock.now(), host["timeZone"]))
        booking["responses"].setdefault("guests", []).append(guest["email"])
        self._effects.record(cause, "calcom", "guest.added", identity)
