"""Postmark: the token, its errors, which call does what, and how an operator sets it up."""

from collections.abc import Callable, Mapping
from typing import Any

from infra.sandbox.clock import Clock, iso
from infra.sandbox.effects import Cause, Effects
from infra.sandbox.faults import Fault
from infra.sandbox.idempotency import Idempotency
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.postmark.messages import Messages
from infra.sandbox.postmark.refusals import (
    BAD_TOKEN,
    INVALID_JSON,
    JSON_REQUIRED,
    NOT_FOUND,
    PostmarkError,
    bare,
    refused,
)
from infra.sandbox.postmark.sending import TOTAL_BYTES_MAX, checked
from infra.sandbox.seed import POSTMARK_SENDERS, POSTMARK_SERVER, POSTMARK_TOKEN
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Document, NotJson, Request, decode_object, json_answer

_TOKEN_HEADER = "x-postmark-server-token"  # noqa: S105 - a header's name


class Postmark:
    """The one server behind the API."""

    name = "postmark"
    idempotency: Idempotency | None = None

    def __init__(self, store: Store, clock: Clock, effects: Effects) -> None:
        self._settings = Shelf(store, "postmark.settings")
        self._messages = Messages(store, clock, effects)

    def tenant_of(self, request: Request) -> str:
        """There is one server; nobody's budget without its token."""
        known = request.headers.get(_TOKEN_HEADER) == POSTMARK_TOKEN
        return str(POSTMARK_SERVER["ID"]) if known else ""

    def admit(self, request: Request, in_flight: int) -> Answer | None:  # noqa: ARG002 - no limit
        """Check the token."""
        if request.headers.get(_TOKEN_HEADER) == POSTMARK_TOKEN and not self._setting("revoked"):
            return None
        words = "The Server Token you provided in the X-Postmark-Server-Token request header was "
        return refused(
            BAD_TOKEN, f"{words}invalid. Please verify that you are using a valid token."
        )

    def perform(self, request: Request, cause: Cause) -> Answer:
        """Carry out a call."""
        calls: Mapping[tuple[str, str], Callable[[], Document]] = {
            ("POST", "/email"): lambda: self._send(request, cause),
            ("GET", "/server"): lambda: dict(POSTMARK_SERVER),
            ("GET", "/messages/outbound"): lambda: self._messages.search(
                dict(request.query), float(self._setting("index_lag_s") or 0)
            ),
        }
        call = calls.get((request.method, request.path))
        if call is None:
            return refused(NOT_FOUND, "The resource you requested could not be found.")
        try:
            return json_answer(200, call())
        except PostmarkError as error:
            return refused(error.code, str(error))

    def _send(self, request: Request, cause: Cause) -> Document:
        if "application/json" not in request.headers.get("content-type", ""):
            raise PostmarkError(JSON_REQUIRED, "The Content-Type header must be application/json.")
        if len(request.body) > TOTAL_BYTES_MAX:
            raise PostmarkError(300, "The message is larger than 10 MB.")
        try:
            email = decode_object(request.body)
        except NotJson:
            raise PostmarkError(INVALID_JSON, "The JSON you sent could not be read.") from None
        error = self._setting("error")
        if error:
            raise PostmarkError(int(error["code"]), str(error.get("message") or "Refused"))
        senders = self._setting("senders") or list(POSTMARK_SENDERS)
        accepted = checked(email, senders, self._setting("inactive") or [])
        message = self._messages.add(accepted, cause)
        return {
            "To": accepted["To"],
            "SubmittedAt": message["ReceivedAt"],
            "MessageID": message["MessageID"],
            "ErrorCode": 0,
            "Message": "OK",
        }

    def finish(self, request: Request, answer: Answer) -> Answer:  # noqa: ARG002 - part of the protocol
        """Postmark tells no remaining quota."""
        return answer

    def refuse(self, status: int) -> Answer:
        """Every refusal has Postmark's body."""
        return bare(status)

    def refuse_key(self, key: str) -> Answer:
        """Never asked: Postmark has no idempotency keys."""
        return refused(INVALID_JSON, f"unexpected key {key}")

    def rate_limited(self, fault: Fault) -> Answer:  # noqa: ARG002 - part of the protocol
        """429 without a Retry-After: Postmark documents none."""
        return bare(429)

    def revoke(self, request: Request, *, only_access: bool) -> None:  # noqa: ARG002 - one token
        """The server token is dead from here on."""
        self._settings.put("revoked", {"value": True})

    def restore_tokens(self) -> Document:
        """Make the seeded token valid again."""
        self._settings.put("revoked", {"value": False})
        return {"token": POSTMARK_TOKEN}

    def set_limits(self, limits: Document) -> Document:
        """Postmark has no numbers to set."""
        if limits:
            raise ValueError(f"no such limit: {', '.join(sorted(limits))}")
        return {}

    def control(self, method: str, path: str, wish: Document) -> Document:
        """`GET messages`; `POST settings`: `index_lag_s`, `inactive`, `senders`, `error`."""
        if (method, path) == ("GET", "messages"):
            return {"messages": [_shown(message) for message in self._messages.all()]}
        if (method, path) == ("POST", "settings"):
            known = {"index_lag_s", "inactive", "senders", "error"}
            if unknown := set(wish) - known:
                raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
            for name, value in wish.items():
                self._settings.put(name, {"value": value})
            return {name: self._setting(name) for name in sorted(known)}
        raise NoSuchCall(f"{method} postmark/{path}")

    def _setting(self, name: str) -> Any:
        kept = self._settings.get(name)
        return kept["value"] if kept else None


def _shown(message: Document) -> Document:
    return {"MessageID": message["MessageID"], "At": iso(message["At"]), **message["Email"]}
