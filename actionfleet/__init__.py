"""Actionfleet's client: enqueue an action, learn its outcome, hear events. See docs/client.md.

Light on purpose: the standard library and urllib3. Celery is loaded by whoever uses `FleetCelery`.
"""

from actionfleet.by_celery import FleetCelery, Sent
from actionfleet.by_http import FleetHTTP
from actionfleet.errors import (
    ActionFailed,
    Conflict,
    EventsGone,
    FleetError,
    InvalidSignature,
    NotFound,
    NotPermitted,
    Problem,
    Refused,
    StillOpen,
    Unavailable,
)
from actionfleet.records import Action, Event
from actionfleet.request import AnyRequest, Request
from actionfleet.signatures import verify

__all__ = [
    "Action",
    "ActionFailed",
    "AnyRequest",
    "Conflict",
    "Event",
    "EventsGone",
    "FleetCelery",
    "FleetError",
    "FleetHTTP",
    "InvalidSignature",
    "NotFound",
    "NotPermitted",
    "Problem",
    "Refused",
    "Request",
    "Sent",
    "StillOpen",
    "Unavailable",
    "verify",
]
