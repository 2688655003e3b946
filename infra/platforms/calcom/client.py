"""How Cal.com is spoken to: the key, and the version every call must name.

Each group of endpoints has a version of its own. Without it an older endpoint answers, silently, in
another shape. Source: Cal.com API v2 reference, "Create a booking" (headers).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from domain.actions.outcome import JsonObject
from infra.exchange import Exchange
from infra.platform import Call
from infra.session import Session

VERSION = "2024-08-13"
BOOKINGS = "/v2/bookings"


def booking_path(uid: str) -> str:
    """Return where a booking is, or a series of them."""
    return f"{BOOKINGS}/{quote(uid, safe='', errors='replace')}"


def send(session: Session, call: Call, version: str = VERSION) -> Exchange:
    """Send a call (once) and return the exchange, whatever came.

    Raises:
        TooLate, Broken, NoMoreCalls: see `infra.session`.
    """
    headers = {
        "Authorization": f"Bearer {session.credentials['api_key']}",
        "cal-api-version": version,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    return session.send(call.method, call.path, query=call.query, headers=headers, body=call.body)


def in_their_names(given: Mapping[str, Any]) -> JsonObject:
    """Return our params under Cal.com's names: `time_zone` is `timeZone`."""
    return {_camel(name): value for name, value in given.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
