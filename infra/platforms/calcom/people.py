"""Who is who to Cal.com, and which guests are to be added in which call. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.actions.outcome import JsonObject, Rejected
from domain.actions.plan import Done, Effect, Known, Refuse, Request, Result, Step

PEOPLE_MAX = 30
"""Who may attend one booking, the one who booked it included."""
CALL_MAX = 10
"""Guests one call may add."""

READ, ADD = "calcom.read_booking", "calcom.add_guests"
Guests = Sequence[Mapping[str, Any]]


def base(email: str) -> str:
    """Return an address as Cal.com compares them: no plus tag, lower case."""
    local, _, domain = email.partition("@")
    return f"{local.partition('+')[0]}@{domain}".lower()


def apart(guests: Guests, people: Sequence[str]) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return the guests that are among the people, and those that are not."""
    there = {base(one) for one in people}
    return (
        [one for one in guests if base(one["email"]) in there],
        [one for one in guests if base(one["email"]) not in there],
    )


def add_guests(request: Request, _known: Known, results: tuple[Result, ...]) -> Step:
    """Plan: read who is there, then add the others, ten to a call, in the order they were given.

    All of them, or nobody: there is room for all before the first is added.
    """
    if not results:
        return Effect(READ)
    read, *added = results
    if isinstance(read.outcome, Rejected):
        return Refuse(read.outcome)
    people = read.outcome.result["people"]
    there, new = apart(request.params["guests"], people)
    told: dict[str, Any] = {
        "booking_uid": request.params["booking_uid"],
        "guests": [],
        "already_there": [one["email"] for one in there],
        "not_added": [],
    }
    if len(people) + len(new) > PEOPLE_MAX:
        return Refuse(_too_many(len(people), len(new)))
    for call in added:
        if isinstance(call.outcome, Rejected):
            refused = call.outcome
            return Refuse(Rejected(refused.code, refused.message, {**refused.details, **told}))
        for name in ("guests", "already_there", "not_added"):
            told[name] += call.outcome.result[name]
    next_ones = new[len(added) * CALL_MAX :][:CALL_MAX]
    return Effect(ADD, {"guests": next_ones}) if next_ones else Done(told)


def _too_many(there: int, new: int) -> Rejected:
    room = max(PEOPLE_MAX - there, 0)
    return Rejected(
        "too_many_guests",
        f"Cal.com takes {PEOPLE_MAX} people a booking and {there} attend this one: up to {room} "
        f"more can be added, {new} were asked for; nobody was added",
        {"people": there, "room": room},
    )
