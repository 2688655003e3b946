"""What Meta checks of an event before it takes any event of the request."""

import re
from collections.abc import Mapping
from typing import Any, Final

from infra.sandbox.facebook.errors import MISSING, TOO_BROAD, TOO_OLD, invalid
from infra.sandbox.wire import Document

DAY_S: Final = 86_400
DAYS_MAX: Final = 7
DAYS_MAX_IN_STORE: Final = 62
AHEAD_MAX_S: Final = 60
EVENTS_MAX: Final = 1_000
HASHED: Final = ("em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country")
REQUIRED: Final = ("event_name", "event_time", "user_data", "action_source")
SOURCES: Final = frozenset(
    {
        *("email", "website", "app", "phone_call", "chat", "physical_store"),
        *("system_generated", "business_messaging", "other"),
    }
)
_BROAD: Final = (
    {"ct", "country", "st", "zp", "ge", "client_user_agent"},
    {"db", "client_user_agent"},
    {"fn", "ge"},
    {"ln", "ge"},
)
_KINDS: Final = {
    "event_name": str,
    "event_time": int,
    "event_id": str,
    "action_source": str,
    "user_data": dict,
}
_HASH = re.compile(r"[0-9a-f]{64}")


def checked(data: object, refuses: Mapping[str, str], now: float) -> list[Document]:
    """Return the events of a request; one bad event refuses them all.

    `refuses` are names of events this dataset will not have, each with why.

    Raises:
        GraphError: Meta would refuse.
    """
    if not isinstance(data, list) or not data:
        raise invalid("The parameter $['data'] is required.", MISSING)
    if len(data) > EVENTS_MAX:
        raise invalid(f"A request may hold at most {EVENTS_MAX} events; this one has {len(data)}.")
    for number, event in enumerate(data):
        place = f"$['data'][{number}]"
        if not isinstance(event, dict):
            raise invalid(f"The parameter {place} must be an object.")
        _check_fields(event, place)
        _check_time(event, place, now)
        _check_person(event["user_data"], place)
        _check_source(event, place)
        _check_money(event, place)
        if event["event_name"] in refuses:
            raise invalid(f"{place}: {refuses[event['event_name']]}")
    return data


def _check_fields(event: Document, place: str) -> None:
    for name in REQUIRED:
        if event.get(name) in (None, "", 0):
            raise invalid(f"The parameter {place}['{name}'] is required.", MISSING)
    for name, kind in _KINDS.items():
        if name in event and not isinstance(event[name], kind):
            raise invalid(f"The parameter {place}['{name}'] is not of the expected type.")


def _check_time(event: Document, place: str, now: float) -> None:
    in_store = event["action_source"] == "physical_store"
    days = DAYS_MAX_IN_STORE if in_store else DAYS_MAX
    if event["event_time"] < now - days * DAY_S:
        words = (
            "The timestamp for this event is too far in the past. Events need to be sent from "
            f"your server within {days} days of when they occurred. Enter a timestamp that has "
            f"occurred within the last {days} days."
        )
        raise invalid(words, TOO_OLD, "Event Timestamp Too Old")
    if event["event_time"] > now + AHEAD_MAX_S:
        raise invalid(f"The parameter {place}['event_time'] is in the future.")


def _check_person(person: Document, place: str) -> None:
    for key in HASHED:
        given = person.get(key, [])
        for value in given if isinstance(given, list) else [given]:
            if not isinstance(value, str) or not _HASH.fullmatch(value):
                raise invalid(f"The parameter {place}['user_data']['{key}'] must be hashed.")
    known = {key for key, value in person.items() if value}
    if not known or any(known <= broad for broad in _BROAD):
        words = (
            "You haven't added sufficient customer information parameter data for this event: "
            f"{place}['user_data']."
        )
        raise invalid(words, TOO_BROAD, "Insufficient Customer Parameter Data")


def _check_source(event: Document, place: str) -> None:
    if event["action_source"] not in SOURCES:
        raise invalid(f"The parameter {place}['action_source'] must be one of the known sources.")
    if event["action_source"] != "website":
        return
    if not event.get("event_source_url"):
        raise invalid(f"The parameter {place}['event_source_url'] is required.", MISSING)
    if not event["user_data"].get("client_user_agent"):
        words = f"The parameter {place}['user_data']['client_user_agent'] is required."
        raise invalid(words, MISSING)


def _check_money(event: Document, place: str) -> None:
    custom: Any = event.get("custom_data") or {}
    if not isinstance(custom, dict):
        raise invalid(f"The parameter {place}['custom_data'] is not of the expected type.")
    for name in ("value", "currency") if event["event_name"] == "Purchase" else ():
        if custom.get(name) is None:
            raise invalid(f"The parameter {place}['custom_data']['{name}'] is required.", MISSING)
    if "currency" in custom and not re.fullmatch(r"[A-Za-z]{3}", str(custom["currency"])):
        raise invalid(f"The parameter {place}['custom_data']['currency'] is not a currency.")
