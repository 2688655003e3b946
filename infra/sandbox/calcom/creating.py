"""`POST /v2/bookings`: single, recurring and seated bookings, confirmed or waiting to be.

A host's time is taken by accepted bookings alone: what waits for confirmation, a seat in a course,
or a team's other host does not stand in the way of a second one. Of a recurring booking only the
first time is looked at beforehand; a later one that clashes is refused by the unique key, and what
was booked before it stays. Source: the API's open source (bookings service, recurring bookings).
"""

from typing import Final
from uuid import uuid4

from infra.sandbox.calcom.bookings import Bookings, attendee, read_time
from infra.sandbox.calcom.checking import check_booking
from infra.sandbox.calcom.locations import located
from infra.sandbox.calcom.refusals import DOUBLE, TAKEN, TEAM_TAKEN, CalError
from infra.sandbox.clock import Clock
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.wire import Document

_WEEK_S: Final = 7 * 86_400


class Creating:
    """Books for whoever asks; `clash` says how a time that is taken is refused: 400, or 409."""

    def __init__(self, bookings: Bookings, clock: Clock, effects: Effects) -> None:
        self._bookings, self._clock, self._effects = bookings, clock, effects

    def create(self, wish: Document, user: Document | None, cause: Cause, clash: int) -> Document:
        """Carry out a request; the data of the answer is a list where the event type recurs.

        Raises:
            CalError: Cal.com refuses.
        """
        check_booking(wish)
        kind = self._event_type(wish)
        if kind["requires_authentication"] and (user or {}).get("id") not in kind["hosts"]:
            raise CalError(
                403,
                "checkBookingRequiresAuthentication - user is not authorized to access this event "
                "type. User has to be either event type owner, host, team admin or owner or org "
                "admin or owner.",
            )
        minutes, times = _length(wish, kind), _recurrences(wish, kind)
        start = read_time(wish["start"]) or 0.0
        if start < self._clock.now():
            raise CalError(400, "Attempting to book a meeting in the past.")
        if kind["seats"]:
            return {"status": "success", "data": self._seat(wish, kind, start, minutes, cause)}
        host = self._free_host(kind, start, minutes, clash)
        if kind["recurrences"] is None:
            data = self._book(wish, kind, host, start, minutes, None, cause)
            return {"status": "success", "data": self._bookings.view(data)}
        uid = str(uuid4())
        made = []
        for number in range(times):
            at = start + number * _WEEK_S
            if number and self._bookings.taken(host, at, at + minutes * 60):
                raise CalError(409, DOUBLE)
            made.append(self._book(wish, kind, host, at, minutes, uid, cause))
        return {"status": "success", "data": [self._bookings.view(one) for one in made]}

    def _event_type(self, wish: Document) -> Document:
        if "eventTypeId" in wish:
            found = self._bookings.event_types.get(str(wish["eventTypeId"]))
            words = f"Event type with id {wish['eventTypeId']} not found."
        else:
            slug, username, team = (
                wish.get(name) for name in ("eventTypeSlug", "username", "teamSlug")
            )
            owners = [u["id"] for u in self._bookings.users.values() if u["username"] == username]
            if username is not None and not owners:
                raise CalError(404, f"User with username {username} not found")
            found = next(
                (
                    one
                    for one in self._bookings.event_types.records()
                    if one["slug"] == slug
                    and (one["team"] == team if team else one["hosts"] == owners)
                ),
                None,
            )
            whose = f"team {team}" if team else f"user {username}"
            words = f"Event type with slug {slug} belonging to {whose} not found."
        if found is None:
            raise CalError(404, words)
        return found

    def _free_host(self, kind: Document, start: float, minutes: int, clash: int) -> int:
        for host in kind["hosts"]:
            if not self._bookings.taken(host, start, start + minutes * 60):
                return int(host)
        if clash == 409:
            raise CalError(409, DOUBLE)
        raise CalError(400, TEAM_TAKEN if kind["team"] else TAKEN)

    def _book(  # noqa: PLR0913, PLR0917 - a booking has many sides
        self,
        wish: Document,
        kind: Document,
        host: int,
        start: float,
        minutes: int,
        recurring: str | None,
        cause: Cause,
    ) -> Document:
        booking = self._bookings.new(kind, host, start, minutes)
        zone = wish["attendee"]["timeZone"]
        now, guests = self._clock.now(), wish.get("guests", [])
        people = [wish["attendee"], *({"email": one} for one in guests)]
        booking |= {
            "recurring": recurring,
            "metadata": shown_metadata(wish),
            "location": located(wish.get("location"), kind, booking),
            "attendees": [attendee(one, now, zone) for one in people],
            "responses": {
                **wish.get("bookingFieldsResponses", {}),
                "name": wish["attendee"]["name"],
                "email": attendee(wish["attendee"], now, zone)["email"],
                "guests": guests,
            },
        }
        self._bookings.put(booking)
        mark = wish.get("metadata", {}).get("fleet_effect")
        self._effects.record(cause, "calcom", "booking.created", booking["uid"], mark)
        return booking

    def _seat(
        self, wish: Document, kind: Document, start: float, minutes: int, cause: Cause
    ) -> Document:
        """Take a seat in the booking of that time, the first one with the booking itself."""
        booking = next(
            (
                one
                for one in self._bookings.all()
                if (one["event_type"], one["start"], one["status"])
                == (kind["id"], start, "accepted")
            ),
            None,
        )
        if booking is None:
            host = self._free_host(kind, start, minutes, 400)
            booking = self._bookings.new(kind, host, start, minutes)
            booking["location"] = located(wish.get("location"), kind, booking)
        if len(booking["attendees"]) >= kind["seats"]:
            raise CalError(409, "No more seats left at this seated booking.")
        seat = str(uuid4())
        person = attendee(wish["attendee"], self._clock.now(), wish["attendee"]["timeZone"])
        booking["attendees"].append({**person, "seat": seat, "metadata": shown_metadata(wish)})
        self._bookings.put(booking)
        mark = wish.get("metadata", {}).get("fleet_effect")
        self._effects.record(cause, "calcom", "booking.created", f"{booking['uid']} {seat}", mark)
        return {**self._bookings.view(booking), "seatUid": seat}


def shown_metadata(wish: Document) -> Document:
    """Return the metadata as it will be shown: none of it, once a value is no text."""
    metadata = wish.get("metadata", {})
    texts = all(isinstance(value, str) for value in metadata.values())
    return {key: metadata[key] for key in metadata if key != "videoCallUrl"} if texts else {}


def _length(wish: Document, kind: Document) -> int:
    lengths, asked = kind["lengths"], wish.get("lengthInMinutes")
    if asked is None:
        return int(lengths[0])
    if len(lengths) == 1:
        raise CalError(
            400,
            "Can't specify 'lengthInMinutes' because event type does not have multiple possible "
            "lengths. Please, remove the 'lengthInMinutes' field from the request.",
        )
    if asked not in lengths:
        raise CalError(
            400,
            "Provided 'lengthInMinutes' is not one of the possible lengths for the event type. The "
            f"possible lengths are: {', '.join(map(str, lengths))}",
        )
    return int(asked)


def _recurrences(wish: Document, kind: Document) -> int:
    most, asked = kind["recurrences"], wish.get("recurrenceCount")
    if asked is not None and most is None:
        raise CalError(404, f"Event type with id={kind['id']} is not a recurring event")
    if asked is not None and asked > most:
        raise CalError(
            400, "Provided recurrence count is higher than the event type's recurring event count."
        )
    return int(asked or most or 1)
