"""Params of Cal.com's actions, as a request gives them. Loaded only where requests are checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field, with_config

from infra.platforms.calcom.bookings import MARK
from infra.platforms.calcom.fields import (
    Conferencing,
    Email,
    Key,
    Language,
    LocationType,
    Phone,
    Slug,
    Start,
    TimeZone,
    Uid,
    Value,
    Words,
)
from infra.platforms.calcom.people import PEOPLE_MAX, base

Problems = Iterator[tuple[str, str]]
RESERVED = frozenset({MARK, "videoCallUrl"})
"""Keys of a booking's metadata that are ours, or Cal.com's."""
_GOES_WITH = {
    "attendeeAddress": "address",
    "attendeePhone": "phone",
    "attendeeDefined": "location",
    "integration": "integration",
}
"""What a kind of location says besides; the other kinds say nothing more."""
_strict = with_config(ConfigDict(extra="forbid"))


@_strict
@dataclass(frozen=True)
class Attendee:
    """Who books: reached by email, by phone, or both."""

    name: Words
    time_zone: TimeZone
    email: Email | None = None
    phone_number: Phone | None = None
    language: Language | None = None

    def __post_init__(self) -> None:
        if self.email is None and self.phone_number is None:
            raise ValueError("give `email`, or `phone_number`, or both")


@_strict
@dataclass(frozen=True)
class Location:
    """Where it takes place: one of the event type's locations, by its `type`."""

    type: LocationType
    integration: Conferencing | None = None
    address: Words | None = None
    phone: Phone | None = None
    location: Words | None = None

    def __post_init__(self) -> None:
        needed = _GOES_WITH.get(self.type)
        for name in _GOES_WITH.values():
            given = getattr(self, name) is not None
            if given and name != needed:
                raise ValueError(f"`{name}` does not go with the type {self.type}")
            if not given and name == needed:
                raise ValueError(f"the type {self.type} needs `{name}`")


@_strict
@dataclass(frozen=True)
class Guest:
    """Whom to add to a booking."""

    email: Email
    name: Words | None = None
    time_zone: TimeZone | None = None
    phone_number: Phone | None = None
    language: Language | None = None


@dataclass(frozen=True)
class CreateBooking:
    """`calcom_create_booking`: an event type by its id, or by its slug and whose it is."""

    start: Start
    attendee: Attendee
    event_type_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    event_type_slug: Slug | None = None
    username: Slug | None = None
    team_slug: Slug | None = None
    organization_slug: Slug | None = None
    guests: Annotated[list[Email], Field(max_length=PEOPLE_MAX - 1)] | None = None
    location: Location | None = None
    metadata: Annotated[dict[Key, Value], Field(max_length=49)] | None = None  # ours is the 50th
    booking_fields_responses: Annotated[dict[str, Any], Field(max_length=100)] | None = None
    length_in_minutes: Annotated[int, Field(ge=1, le=10_080)] | None = None
    recurrence_count: Annotated[int, Field(ge=1, le=500)] | None = None

    @staticmethod
    def between(given: Mapping[str, Any]) -> Problems:
        """Tell what is wrong between fields, as (field, words)."""
        yield from _which_event_type(given)
        metadata = given.get("metadata")
        for name in sorted(RESERVED.intersection(metadata if isinstance(metadata, dict) else ())):
            yield f"metadata.{name}", "is not yours to set; use another key"


@dataclass(frozen=True)
class AddGuests:
    """`calcom_add_guests`: nobody twice, as Cal.com tells people apart."""

    booking_uid: Uid
    guests: Annotated[list[Guest], Field(min_length=1, max_length=PEOPLE_MAX)]

    @staticmethod
    def between(given: Mapping[str, Any]) -> Problems:
        """Tell what is wrong between fields, as (field, words)."""
        guests = given.get("guests")
        first: dict[str, int] = {}
        for place, guest in enumerate(guests if isinstance(guests, list) else ()):
            email = guest.get("email") if isinstance(guest, dict) else None
            if isinstance(email, str) and first.setdefault(base(email), place) != place:
                words = f"is the same to Cal.com as guests[{first[base(email)]}].email"
                yield f"guests[{place}].email", f"{words} (case and +tags do not count)"


def _which_event_type(given: Mapping[str, Any]) -> Problems:
    def has(name: str) -> bool:
        return given.get(name) is not None

    if has("event_type_id"):
        for name in ("event_type_slug", "username", "team_slug", "organization_slug"):
            if has(name):
                yield name, "does not go with event_type_id; give one or the other"
    elif not has("event_type_slug"):
        yield "event_type_id", "give it, or event_type_slug with username or team_slug"
    elif has("username") == has("team_slug"):
        yield "username", "give exactly one of username and team_slug with event_type_slug"
