"""Whose event type is booked: Cal.com lists the bookings of the key's user, and no others.

What another host of a team got, or another user, is in no list of ours. So a booking that is not
listed is absent only where the event type belongs to the key's user, and to nobody besides.
Source: Cal.com API v2 reference, "Get an event type", "Get all event types".
"""

from typing import Any

from domain.actions.outcome import Deferred, JsonObject, Rejected, Unknown
from infra.platform import Call
from infra.platforms.calcom.client import send
from infra.platforms.calcom.errors import read
from infra.session import Session

VERSION = "2024-06-14"
EVENT_TYPES = "/v2/event-types"
_OF_MANY = ("teamId", "hosts", "schedulingType")


def is_own(session: Session, params: JsonObject) -> bool | Deferred | Unknown:
    """Does the event type that was booked belong to the key's user alone?

    False also where Cal.com does not say so in as many words.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    if "team_slug" in params:
        return False
    answer = read(send(session, _asking(params), VERSION))
    if isinstance(answer, Rejected):
        return False
    if not isinstance(answer, dict):
        return answer
    said = answer["data"]
    found = said if isinstance(said, list) else [said]
    return len(found) == 1 and _belongs_to(found[0], session.tenant_key)


def _asking(params: JsonObject) -> Call:
    if "event_type_id" in params:
        return Call("GET", f"{EVENT_TYPES}/{params['event_type_id']}")
    query = {"username": params["username"], "eventSlug": params["event_type_slug"]}
    if "organization_slug" in params:
        query["orgSlug"] = params["organization_slug"]
    return Call("GET", EVENT_TYPES, query)


def _belongs_to(kind: Any, user: str) -> bool:
    """Is it a user's own? A team's names its team, its hosts and how they share."""
    if not isinstance(kind, dict) or any(kind.get(name) for name in _OF_MANY):
        return False
    users = kind.get("users") or []
    owners = [kind.get("ownerId"), *(map(_id, users) if isinstance(users, list) else [None])]
    return all(type(one) is int and str(one) == user for one in owners)


def _id(user: Any) -> Any:
    return user.get("id") if isinstance(user, dict) else None
