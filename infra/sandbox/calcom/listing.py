"""`GET /v2/bookings`: the user's own bookings, filtered, sorted, in pages."""

from collections.abc import Callable
from math import ceil
from typing import Any, Final

from infra.sandbox.calcom.bookings import Bookings, read_time
from infra.sandbox.calcom.refusals import CalError
from infra.sandbox.wire import Document

TAKE_MAX: Final = 250
_TIMES: Final[dict[str, Callable[[Document, float], bool]]] = {
    "afterStart": lambda one, at: float(one["start"]) >= at,
    "beforeEnd": lambda one, at: float(one["end"]) <= at,
    "afterCreatedAt": lambda one, at: float(one["created"]) >= at,
    "beforeCreatedAt": lambda one, at: float(one["created"]) <= at,
    "afterUpdatedAt": lambda one, at: float(one["updated"]) >= at,
    "beforeUpdatedAt": lambda one, at: float(one["updated"]) <= at,
}
_SORTS: Final = {
    "sortStart": "start",
    "sortEnd": "end",
    "sortCreated": "created",
    "sortUpdatedAt": "updated",
}
_STATUSES: Final = frozenset({"upcoming", "recurring", "past", "cancelled", "unconfirmed"})
_OTHERS: Final = frozenset({
    "attendeeEmail", "attendeeName", "bookingUid", "eventTypeId", "eventTypeIds",
    "status", "take", "skip",
})  # fmt: skip


def listed(
    bookings: Bookings, user: Document, query: Document, now: float, lag_s: float
) -> Document:
    """Return one page; what was made within the last `lag_s` is not yet seen.

    Raises:
        CalError: a parameter Cal.com does not know, or cannot read.
    """
    if unknown := sorted(set(query) - _OTHERS - set(_TIMES) - set(_SORTS)):
        raise CalError(400, f"property {unknown[0]} should not exist")
    take, skip = _number(query, "take", 100), _number(query, "skip", 0)
    if not 1 <= take <= TAKE_MAX:
        raise CalError(400, f"take must not be less than 1 or greater than {TAKE_MAX}")
    found = [
        one
        for one in bookings.all()
        if one["created"] <= now - lag_s and _sees(user, one) and _wanted(one, query, now)
    ]
    for parameter, name in _SORTS.items():
        if parameter in query:
            found.sort(key=_by(name), reverse=query[parameter] == "desc")
    page = found[skip : skip + take]
    return {
        "status": "success",
        "data": [bookings.view(one, now - lag_s) for one in page],
        "pagination": _pagination(len(found), len(page), take, skip),
    }


def _by(name: str) -> Callable[[Document], float]:
    return lambda one: float(one[name])


def _sees(user: Document, booking: Document) -> bool:
    attends = any(one["email"] == user["email"] for one in booking["attendees"])
    return booking["host"] == user["id"] or attends


def _wanted(booking: Document, query: Document, now: float) -> bool:
    for name, holds in _TIMES.items():
        if name in query:
            at = read_time(query[name])
            if at is None:
                raise CalError(400, f"{name} must be a valid ISO 8601 date string")
            if not holds(booking, at):
                return False
    kinds = str(query.get("eventTypeIds") or query.get("eventTypeId") or "")
    people = booking["attendees"]
    return (
        (not kinds or str(booking["event_type"]) in kinds.split(","))
        # As they were given: case and tags count.
        and _equal(query, "attendeeEmail", [one["email"] for one in people])
        and _equal(query, "attendeeName", [one["name"] for one in people])
        and _equal(query, "bookingUid", [booking["uid"]])
        and _in_status(booking, query.get("status"), now)
    )


def _equal(query: Document, name: str, values: list[str]) -> bool:
    return name not in query or str(query[name]).strip() in values


def _in_status(booking: Document, wanted: Any, now: float) -> bool:
    """Without a status every booking is listed."""
    if not wanted:
        return True
    names = str(wanted).split(",")
    if unknown := set(names) - _STATUSES:
        raise CalError(400, f"Invalid status: {', '.join(sorted(unknown))}.")
    status, over = booking["status"], booking["end"] < now
    is_in = {
        "cancelled": status in {"cancelled", "rejected"},
        "unconfirmed": status == "pending" and not over,
        "past": over and status not in {"cancelled", "rejected"},
        "upcoming": status == "accepted" and not over,
        "recurring": status == "accepted" and not over and booking["recurring"] is not None,
    }
    return any(is_in[name] for name in names)


def _number(query: Document, name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise CalError(400, f"{name} must be a number") from None


def _pagination(total: int, returned: int, take: int, skip: int) -> Document:
    page = skip // take + 1
    return {
        "totalItems": total,
        "remainingItems": max(0, total - skip - returned),
        "returnedItems": returned,
        "itemsPerPage": take,
        "currentPage": page,
        "totalPages": ceil(total / take),
        "hasNextPage": skip + returned < total,
        "hasPreviousPage": skip > 0,
    }
