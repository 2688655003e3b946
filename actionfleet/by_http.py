"""The fleet by its HTTP API: what is answered is stored, so nothing depends on a broker."""

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID, uuid4

import urllib3

from actionfleet.errors import BY_STATUS, FleetRefusal, Problem, Refused, StillOpen, Unavailable
from actionfleet.records import Action, Event
from actionfleet.request import AnyRequest, Request, request_json
from actionfleet.stream import messages

BASE = "/functions/v1/api/v1"
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same call is made again: every call here may be repeated."""
PAUSE_FIRST_S, PAUSE_MAX_S = 0.2, 10.0
LOOK_FIRST_S, LOOK_MAX_S = 0.15, 2.0
SILENCE_MAX_S = 90.0
"""A stream says something every few seconds; one silent for so long is dead."""


class FleetHTTP:
    """Submits actions and tells their outcomes. One may be shared by threads.

    `base_url` is the fleet's address; without a path the API's own is added. A call that gets no
    answer, or one that asks for patience, is repeated for `patience_s`.
    """

    def __init__(
        self, base_url: str, api_key: str, *, timeout_s: float = 30.0, patience_s: float = 30.0
    ) -> None:
        base = base_url.rstrip("/")
        self._base = base if urlsplit(base).path else base + BASE
        self._headers = {"Authorization": f"Bearer {api_key}", "User-Agent": "actionfleet-client"}
        self._timeout_s, self._patience_s = timeout_s, patience_s
        self._http = urllib3.PoolManager(maxsize=10, retries=False)

    def __repr__(self) -> str:
        return f"FleetHTTP({self._base!r})"

    def submit(  # noqa: PLR0913
        self,
        request: Request | AnyRequest,
        integration_id: UUID | str,
        *,
        deal_id: UUID | str | None = None,
        data: Mapping[str, Any] | None = None,
        requested_by: str | None = None,
        id: UUID | str | None = None,  # noqa: A002 - its name in every way in
        wait_s: float = 0,
    ) -> Action:
        """Submit a request; return its action, with the outcome if that comes within `wait_s`.

        `id` is the request's identity: the same id is the same action, however often it is
        submitted. Give one you keep, and a repeat after a crash is harmless; else one is made.

        Raises:
            Refused, Conflict, NotPermitted, NotFound: nothing was done; all problems are in it.
            Unavailable: no answer; submit again under the `id` in it.
        """
        key = str(id or uuid4())
        told = request_json(request, deal_id=deal_id, data=data, requested_by=requested_by)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        if wait_s > 0:
            headers["Prefer"] = f"wait={int(wait_s + 0.999)}"
        path = f"/integrations/{quote(str(integration_id), safe='')}/action"
        return Action.of(
            self._call("POST", path, told, headers, key=key, timeout_s=self._timeout_s + wait_s)
        )

    def get(self, action_id: UUID | str) -> Action:
        """Return an action as it is now.

        Raises:
            NotFound, NotPermitted, Unavailable: see `submit`.
        """
        return Action.of(self._call("GET", f"/actions/{quote(str(action_id), safe='')}"))

    def wait(self, action_id: UUID | str, timeout_s: float = 60.0) -> Action:
        """Return the action once it has ended or is parked; `.outcome()` gives its result.

        Raises:
            StillOpen: not within `timeout_s`.
            NotFound, NotPermitted, Unavailable: see `submit`.
        """
        until, pause = time.monotonic() + timeout_s, LOOK_FIRST_S
        while True:
            action = self.get(action_id)
            left = until - time.monotonic()
            if action.at_rest:
                return action
            if left <= 0:
                raise StillOpen(f"action {action_id} is {action.status} after {timeout_s:g} s")
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, LOOK_MAX_S)

    def events(
        self,
        *types: str,
        last_id: str | None = None,
        deal_id: UUID | str | None = None,
    ) -> Iterator[Event]:
        """Yield events as they happen, for ever, reconnecting behind the last one.

        `types` as `action.*`; none means all. Begins behind the event `last_id`, else now: who
        must miss none keeps the id of the last one dealt with.

        Raises:
            EventsGone: `last_id` is no longer kept.
            NotPermitted, Refused: not with this key, or not these types.
        """
        pause, asked = PAUSE_FIRST_S, {"type": ",".join(types), "deal_id": str(deal_id or "")}
        query = urlencode({name: value for name, value in asked.items() if value})
        while True:
            try:
                for message in self._stream(query, last_id):
                    pause = PAUSE_FIRST_S if message.retry_s is None else message.retry_s
                    if message.data:
                        event = Event.of(json.loads(message.data))
                        yield event
                        last_id = event.id
            except (urllib3.exceptions.HTTPError, OSError, Unavailable):
                pass  # it goes on behind the last one
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(pause * 2, PAUSE_MAX_S)

    # --- the wire -----------------------------------------------------------------------------

    def _stream(self, query: str, last_id: str | None) -> Iterator[Any]:
        headers = {**self._headers, "Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        url = f"{self._base}/events" + (f"?{query}" if query else "")
        timeout = urllib3.Timeout(connect=self._timeout_s, read=SILENCE_MAX_S)
        answer = self._http.request(
            "GET", url, headers=headers, timeout=timeout, preload_content=False, redirect=False
        )
        try:
            if answer.status in AGAIN:
                raise Unavailable(f"HTTP {answer.status}")
            if answer.status != 200:
                raise _refusal(answer.status, answer.read(65536), None)
            yield from messages(answer.read_chunked() if answer.chunked else answer.stream(1024))
        finally:
            answer.close()

    def _call(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str | None = None,
        timeout_s: float | None = None,
    ) -> Mapping[str, Any]:
        """Make a call until it is answered; the same bytes each time."""
        until, pause = time.monotonic() + self._patience_s, PAUSE_FIRST_S
        raw = None if body is None else json.dumps(body, allow_nan=False).encode()
        while True:
            again_s: float | None = None
            cause: Exception | None = None
            try:
                answer = self._http.request(
                    method,
                    self._base + path,
                    body=raw,
                    headers={**self._headers, **(headers or {})},
                    timeout=timeout_s or self._timeout_s,
                    redirect=False,
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                words, cause = f"no answer: {type(error).__name__}", error
            else:
                if answer.status not in AGAIN:
                    return _read(answer.status, answer.data, key)
                words = _words(answer.status, answer.data)
                again_s = _seconds(answer.headers.get("Retry-After"))
            wait_s = again_s or pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            if time.monotonic() + wait_s > until:
                raise Unavailable(f"{words} (for {self._patience_s:g} s)", id=key) from cause
            time.sleep(wait_s)
            pause = min(pause * 2, PAUSE_MAX_S)


def _read(status: int, body: bytes, key: str | None) -> Mapping[str, Any]:
    if not 200 <= status < 300:
        raise _refusal(status, body, key)
    told = _json(body)
    if not told:
        raise Unavailable(f"HTTP {status} without the fleet's JSON: is the address right?", id=key)
    return told


def _refusal(status: int, body: bytes, key: str | None) -> FleetRefusal:
    told = _json(body)
    errors: Sequence[Any] = told.get("errors") or ()
    problems = [
        Problem(str(one.get("field", "")), str(one.get("problem", "")))
        for one in errors
        if isinstance(one, Mapping)
    ]
    kind = BY_STATUS.get(status, Refused)
    request_id = told.get("request_id")
    return kind(
        _words(status, body), status=status, problems=problems, request_id=request_id, id=key
    )


def _words(status: int, body: bytes) -> str:
    told = _json(body)
    return str(told.get("detail") or told.get("title") or f"HTTP {status}")


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _seconds(said: str | None) -> float | None:
    text = (said or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
