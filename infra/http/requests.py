"""What every HTTP call gets: an id, one line in the log, and a problem for whatever goes wrong."""

import re
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.database.engine import PASSING
from infra.http import problems
from infra.http.problems import HttpProblem
from infra.logging import bind_contextvars, logger
from infra.redaction import redact_text

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_PATH_SHOWN = 200
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(slots=True)
class Requests:
    """ASGI middleware around everything. `quiet` paths are not logged while they go well."""

    app: ASGIApp
    quiet: frozenset[str] = frozenset()
    monotonic: Callable[[], float] = time.monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = _header(scope, b"x-request-id")
        request_id = given if _ACCEPTED.fullmatch(given) else uuid4().hex
        scope["request_id"] = request_id
        scope["answer_headers"] = {}
        bind_contextvars(request_id=request_id)
        began, status = self.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, ALWAYS | scope["answer_headers"] | {HEADER: request_id})
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            problem = problem_of(error)
            if status:  # the answer has begun: all that is left is to break off
                raise
            await problems.response(problem, request_id)(scope, receive, sending)
        finally:
            self._log(scope, status, self.monotonic() - began)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["path"] in self.quiet and status < 400:
            return
        shown = redact_text(scope["path"])[:_PATH_SHOWN]
        logger().info(
            "request",
            method=scope["method"],
            path=shown,
            status=status or "broken off",
            seconds=round(seconds, 4),
        )


def problem_of(error: Exception) -> HttpProblem:
    """Say what an error means to the caller; what nobody foresaw is logged and told as ours."""
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, HTTPException):
        return problems.of_status(error.status_code, error.detail, error.headers)
    if isinstance(error, ClientDisconnect):
        return HttpProblem("unreadable", "the connection was closed before the body came whole")
    if isinstance(error, PASSING):
        logger().warning("the database does not answer", error=type(error).__name__)
        words = "the database does not answer; ask again in a moment"
        return HttpProblem("unavailable", words, headers={"Retry-After": "1"})
    logger().exception("a call failed")
    words = "it is logged under this request id; nothing is known to have been done"
    return HttpProblem("internal", words)


def _header(scope: Scope, name: bytes) -> str:
    found = next((value for key, value in scope["headers"] if key == name), b"")
    return str(found, "latin-1")


def _add_headers(message: MutableMapping[str, Any], wanted: dict[str, str]) -> None:
    """Add headers, but for those the answer has already."""
    given = list(message.get("headers", ()))
    there = {name.lower() for name, _ in given}
    for name, value in wanted.items():
        key = name.lower().encode("latin-1")
        if key not in there:
            given.append((key, value.encode("latin-1")))
    message["headers"] = given
