"""`GET /v2/event-types`: a user's by name, and one by its id, for whoever may see it.

Source: Cal.com API v2 reference, version 2024-06-14: "Get an event type", "Get all event types".
"""

from typing import Final

from infra.sandbox.calcom.bookings import Bookings
from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.wire import Document

VERSION: Final = "2024-06-14"
_FILTERS: Final = frozenset({"username", "eventSlug", "usernames", "orgSlug", "orgId"})


def one(bookings: Bookings, user: Document, identity: str) -> Document:
    """Return an event type to its owner or one of its hosts.

    Raises:
        CalError: there is none of that id, or it is none of theirs.
    """
    found = bookings.event_types.get(identity)
    if found is None or user.get("id") not in found["hosts"]:
        raise CalError(404, f"Event type with id {identity} not found")
    return {"status": "success", "data": _shown(bookings, found)}


def listed(bookings: Bookings, user: Document, query: Document) -> Document:
    """Return the event types of a user, of the key's without a name; no organisation has any.

    Raises:
        CalError: a parameter Cal.com does not know.
    """
    if unknown := sorted(set(query) - _FILTERS):
        raise CalError(400, f"property {unknown[0]} should not exist")
    name, slug = query.get("username", user.get("username")), query.get("eventSlug")
    owners = [one["id"] for one in bookings.users.values() if one["username"] == name]
    found = [
        one
        for one in bookings.event_types.records()
        if one["team"] is None and one["hosts"] == owners and slug in (None, one["slug"])
    ]
    shown = [] if "orgSlug" in query else [_shown(bookings, one) for one in found]
    return {"status": "success", "data": shown}


def _shown(bookings: Bookings, kind: Document) -> Document:
    people = [bookings.users[host] for host in kind["hosts"]]
    shown: Document = {
        "id": kind["id"],
        "lengthInMinutes": kind["lengths"][0],
        "title": kind["title"],
        "slug": kind["slug"],
    }
    if kind["team"] is not None:
        hosts = [{"userId": one["id"], "name": one["name"]} for one in people]
        return shown | {"teamId": 1, "hosts": hosts, "schedulingType": "roundRobin"}
    users = [{name: one[name] for name in ("id", "name", "username")} for one in people]
    return shown | {"ownerId": people[0]["id"], "users": users}
