"""Cal.com: keys, throttles, versions, which call does what, and how its people use it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.sandbox.calcom import event_types
from infra.sandbox.calcom.bookings import Bookings, read_time
from infra.sandbox.calcom.creating import Creating
from infra.sandbox.calcom.guests import Guests
from infra.sandbox.calcom.listing import listed
from infra.sandbox.calcom.older import older
from infra.sandbox.calcom.refusals import CalError, bare, refused
from infra.sandbox.calcom.seed import CALCOM_API_KEY, CALCOM_OTHER_API_KEY, KEYS, event_type
from infra.sandbox.calcom.throttle import DEFAULT, GUESTS, Throttle, said
from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, NotJson, Request, decode_object, json_answer

VERSION: Final = "2024-08-13"
EVENT_TYPES: Final = "/v2/event-types"
_SETTINGS: Final[Document] = {
    "lag_s": 0,  # how far reads lag behind
    "clash": 400,  # how a time that is taken is refused: 400, or 409
    "blocked": [],  # addresses nobody may add
    "verified_first": [],  # addresses that are asked before they are added
    "general_words": False,  # internal refusals come in a general sentence
}


class Calcom:
    """The API, and what is behind it."""

    name = "calcom"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._clock = clock
        self._kept = Shelf(store, "calcom.settings")
        self._throttle = Throttle(store, clock)
        self._bookings = Bookings(store, clock)
        self._creating = Creating(self._bookings, clock, effects)
        self._guests = Guests(self._bookings, clock, effects)

    def tenant_of(self, request: Request) -> str:
        """Return the user whose key it is; nobody's budget without one."""
        user = self._user(request)
        return str(user["id"]) if user else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no limit
        """Check the key, then the throttle. Booking is open to all, but not with a wrong key."""
        public = (request.method, request.path) == ("POST", "/v2/bookings")
        if self._user(request) is None and not (public and request.bearer is None):
            return refused(CalError(401, "ApiAuthStrategy - api key - Your api key is not valid"))
        if self._throttle.take(_credential(request), _throttle_of(request)):
            return None
        return bare(429)

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call."""
        try:
            document = self._answer(request, cause)
        except CalError as error:
            return refused(error, generally=bool(self._setting("general_words")))
        except NotJson as error:
            return refused(CalError(400, str(error)))
        created = (request.method, request.path) == ("POST", "/v2/bookings")
        return json_answer(201 if created else 200, document)

    def _answer(self, request: Request, cause: Cause) -> Document:
        user = self._user(request) or {}
        if not request.path.startswith("/v2/bookings"):
            return self._beside_bookings(request, user)
        if request.headers.get("cal-api-version") != VERSION:
            return older(self._bookings, user, request)
        if (request.method, request.path) == ("POST", "/v2/bookings"):
            clash = int(self._setting("clash"))
            return self._creating.create(decode_object(request.body), user, cause, clash)
        if (request.method, request.path) == ("GET", "/v2/bookings"):
            lag_s = float(self._setting("lag_s"))
            return listed(self._bookings, user, dict(request.query), self._clock.now(), lag_s)
        uid, _, rest = request.path.removeprefix("/v2/bookings/").partition("/")
        if (request.method, rest) == ("GET", ""):
            return {"status": "success", "data": self._one(uid)}
        if (request.method, rest) == ("POST", "guests"):
            chosen = {name: self._setting(name) for name in _SETTINGS}
            return self._guests.add(uid, decode_object(request.body), user, chosen, cause)
        raise CalError(404, f"Cannot {request.method} {request.path}")

    def _beside_bookings(self, request: Request, user: Document) -> Document:
        if (request.method, request.path) == ("GET", "/v2/me"):
            return {"status": "success", "data": _profile(user)}
        asks = request.method == "GET" and request.path.startswith(EVENT_TYPES)
        if not asks or request.headers.get("cal-api-version") != event_types.VERSION:
            raise CalError(404, f"Cannot {request.method} {request.path}")
        identity = request.path.removeprefix(EVENT_TYPES).lstrip("/")
        if identity:
            return event_types.one(self._bookings, user, identity)
        return event_types.listed(self._bookings, user, dict(request.query))

    def _one(self, uid: str) -> Document | list[Document]:
        """Return a booking, or all that recur under the uid."""
        seen_until = self._clock.now() - float(self._setting("lag_s"))
        booking = self._bookings.find(uid)
        if booking is not None and booking["created"] <= seen_until:
            return self._bookings.view(booking, seen_until)
        recurring = [one for one in self._bookings.recurring(uid) if one["created"] <= seen_until]
        if not recurring:
            raise CalError(404, f"Booking with uid={uid} was not found in the database")
        return [self._bookings.view(one, seen_until) for one in recurring]

    def finish(self, request: Request, answer: Answer) -> Answer:
        """Add the throttle's headers; to a refusal when and where it happened."""
        headers = {**self._throttle.headers(_credential(request), _throttle_of(request))}
        headers |= {"X-Request-Id": "sandbox-request", **answer.headers}
        body = answer.body
        if answer.status >= 400 and answer.content_type is not None:
            document = json.loads(body) | {
                "timestamp": iso(self._clock.now()),
                "path": request.path + (f"?{request.raw_query}" if request.raw_query else ""),
            }
            body = json.dumps(document).encode()
        return Answer(answer.status, body, answer.content_type, headers)

    def refuse(self, status: int) -> Answer:
        """Every refusal has Cal.com's envelope."""
        return bare(status)

    def refuse_key(self, key: str) -> Answer:
        """Never asked: Cal.com has no idempotency keys."""
        return refused(CalError(400, f"unexpected key {key}"))

    def rate_limited(self, fault: Fault) -> Answer:
        """429 without a Retry-After. `problem`: `minute`, `guests`, `unix` (a time), `bare`."""
        wait_s = 60 if fault.retry_after is None else fault.retry_after
        if fault.problem == "bare":
            return bare(429)
        reset = int(self._clock.now()) + wait_s if fault.problem == "unix" else wait_s
        name = GUESTS if fault.problem == "guests" else DEFAULT
        answer = bare(429)
        return Answer(429, answer.body, answer.content_type, said(name, 120, 0, reset))

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one key
        """The key it carries is dead from here on."""
        self._kept.put("revoked", {"value": [*(self._setting("revoked") or ()), request.bearer]})

    def restore_tokens(self) -> Document:
        """Make the seeded keys valid again."""
        self._kept.put("revoked", {"value": []})
        return {"api_key": CALCOM_API_KEY, "other_api_key": CALCOM_OTHER_API_KEY}

    def set_limits(self, limits: Document) -> Document:
        """`default`, `booking_guests_add`: calls in 60 s; None lifts one."""
        self._throttle.set(limits)
        return self._throttle.limits()

    def control(self, method: str, path: str, wish: Document) -> Document:
        """`GET bookings`; `POST settings`, `event-types`, `bookings`, `bookings/{uid}`.

        A booking may be changed by its `status` and `start`; a new one is what the API takes.
        """
        calls: Mapping[tuple[str, str], Callable[[], Document]] = {
            ("GET", "bookings"): lambda: {"bookings": self._bookings.all()},
            ("POST", "settings"): lambda: self._set(wish),
            ("POST", "event-types"): lambda: self._change_event_type(wish),
            ("POST", "bookings"): lambda: self._book(wish),
        }
        call = calls.get((method, path))
        if call is not None:
            return call()
        booking = self._bookings.find(path.removeprefix("bookings/"))
        if method != "POST" or booking is None:
            raise NoSuchCall(f"{method} calcom/{path}")
        if "start" in wish:
            length, start = float(booking["end"] - booking["start"]), read_time(wish["start"])
            if start is None:
                raise ValueError("`start` is no time")
            booking |= {"start": start, "end": start + length}
        booking["status"] = wish.get("status", booking["status"])
        self._bookings.put(booking)
        return booking

    def _set(self, wish: Document) -> Document:
        if unknown := set(wish) - set(_SETTINGS):
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for name, value in wish.items():
            self._kept.put(name, {"value": value})
        return {name: self._setting(name) for name in sorted(_SETTINGS)}

    def _book(self, wish: Document) -> Document:
        """Book as a person does, on the page of the event type."""
        try:
            return self._creating.create(wish, None, Cause(), 400)
        except CalError as error:
            raise ValueError(str(error)) from None

    def _change_event_type(self, wish: Document) -> Document:
        number = int(wish.get("id", 0))
        known = self._bookings.event_types.get(str(number)) or {"slug": "new", "title": "New"}
        more = {name: value for name, value in {**known, **wish}.items() if name != "id"}
        made = event_type(number, **more)
        self._bookings.event_types.put(str(made["id"]), made)
        return made

    def _setting(self, name: str) -> Any:
        kept = self._kept.get(name)
        return kept["value"] if kept else _SETTINGS.get(name)

    def _user(self, request: Request) -> Document | None:
        if request.bearer is None or request.bearer in (self._setting("revoked") or ()):
            return None
        return self._bookings.users.get(KEYS.get(request.bearer, 0))


def _credential(request: Request) -> str:
    return request.bearer or "anonymous"


def _throttle_of(request: Request) -> str:
    return GUESTS if request.method == "POST" and request.path.endswith("/guests") else DEFAULT


def _profile(user: Document) -> Document:
    return {
        **user,
        "avatarUrl": None,
        "bio": None,
        "timeFormat": 24,
        "defaultScheduleId": None,
        "weekStart": "Monday",
        "organizationId": None,
    }
