"""What a call without the right `cal-api-version` reaches: an endpoint of 2024-04-15, silently.

Other names (`startTime`), another list (`bookings` inside `data`), another body to book with.
Source: Cal.com API reference ("will default to an older version of this endpoint"), open source.
"""

from infra.sandbox.calcom.bookings import Bookings, js_time
from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.wire import Document, Request


def older(bookings: Bookings, user: Document, request: Request) -> Document:
    """Answer as the older endpoint does.

    Raises:
        CalError: it wants another body, or has no such call.
    """
    if (request.method, request.path) == ("POST", "/v2/bookings"):
        raise CalError(400, "responses must be an object,timeZone must be a string")
    if (request.method, request.path) == ("GET", "/v2/bookings"):
        mine = [one for one in bookings.all() if one["host"] == user["id"]]
        data = {"bookings": [_shown(one) for one in mine], "recurringInfo": [], "nextCursor": None}
        return {"status": "success", "data": data}
    uid = request.path.removeprefix("/v2/bookings/")
    if request.method != "GET" or "/" in uid:
        raise CalError(404, f"Cannot {request.method} {request.path}")
    booking = bookings.find(uid)
    if booking is None:
        raise CalError(404, f"Booking with UID={uid} does not exist.")
    return {"status": "success", "data": _shown(booking)}


def _shown(booking: Document) -> Document:
    return {
        "id": booking["id"],
        "uid": booking["uid"],
        "startTime": js_time(booking["start"]),
        "endTime": js_time(booking["end"]),
        "status": booking["status"].upper(),
        "eventTypeId": booking["event_type"],
        "metadata": booking["metadata"],
        "attendees": [{"email": one["email"]} for one in booking["attendees"]],
    }
