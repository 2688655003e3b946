"""Errors as RFC 9457 problem details: what was wrong, in which fields, what to do."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from infra.envelope import Problem

MEDIA_TYPE = "application/problem+json"
DOCUMENTED_AT = "/docs#problem-"
ERRORS_MAX = 1_000
"""Problems named one by one; of more it is said how many there are."""

KINDS: Mapping[str, tuple[int, str]] = {
    "unreadable": (400, "The request cannot be read"),
    "unauthenticated": (401, "A valid API key is needed"),
    "forbidden": (403, "The API key lacks a scope"),
    "not_found": (404, "There is no such thing in this workspace"),
    "method_not_allowed": (405, "The address does not take this method"),
    "too_slow": (408, "The request did not come whole in time"),
    "conflict": (409, "The key belongs to another request"),
    "not_possible": (409, "It does not fit the state of things"),
    "gone": (410, "It is no longer kept"),
    "too_large": (413, "The request is too large"),
    "unsupported": (415, "The body must be JSON"),
    "invalid": (422, "The request is refused"),
    "too_many": (429, "Too many requests"),
    "internal": (500, "Something went wrong here"),
    "unavailable": (503, "It cannot be done now"),
}
"""Every kind of problem: its HTTP status and its title. The kind is the end of `type`."""


class HttpProblem(Exception):  # noqa: N818 - the RFC's word
    """Why a call is not answered as wished. `errors` names every field concerned."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind][0]


def invalid(problems: Iterable[Problem]) -> HttpProblem:
    """Return the refusal of a request whose fields are wrong."""
    found = tuple(problems)
    words = "; ".join(f"{one.field}: {one.problem}" if one.field else one.problem for one in found)
    return HttpProblem("invalid", words[:2000], found)


def document(problem: HttpProblem, request_id: str) -> dict[str, Any]:
    """Return a problem as it is sent."""
    status, title = KINDS[problem.kind]
    told: dict[str, Any] = {
        "type": DOCUMENTED_AT + problem.kind,
        "title": title,
        "status": status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.errors:
        named, left = problem.errors[:ERRORS_MAX], problem.errors[ERRORS_MAX:]
        more = [Problem("", f"and {len(left):,} more")] if left else []
        told["errors"] = [one.plain() for one in (*named, *more)]
    return told


def response(problem: HttpProblem, request_id: str) -> Response:
    """Return a problem as an answer."""
    body = json.dumps(document(problem, request_id)).encode()
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> HttpProblem:
    """Return the problem for a status that the router itself answers with."""
    kind = next((name for name, (code, _) in KINDS.items() if code == status), "internal")
    words = detail or HTTPStatus(status).phrase
    return HttpProblem(kind, words, headers=headers)
