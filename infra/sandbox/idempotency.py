"""Idempotency keys as Xero keeps them: six minutes from the first call, per app.

A replay gets the first answer, errors too; a duplicate that comes while the first is being worked
on waits for it; the same key with a different request is refused.
Source: Xero developer guide, "Idempotent requests".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Answer, Request

_METHODS = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class DifferentRequest:
    """The key is already used with another URL, body or method (or tenant)."""

    key: str


class Idempotency:
    """The keys of one platform. `window_ms`: how long a key lives from its first call."""

    def __init__(self, store: Store, name: str, window_ms: int) -> None:
        self._answers = Shelf(store, name)
        self._window_ms = window_ms
        self._working: dict[str, tuple[str, asyncio.Event]] = {}

    def key_of(self, request: Request) -> str | None:
        """Return the key that counts for this request: reads have none."""
        return request.idempotency_key if request.method in _METHODS else None

    async def claim(
        self, key: str, request: Request, tenant: str, now_ms: int
    ) -> Answer | DifferentRequest | None:
        """Return the first answer, a refusal, or None: go on, and `finish` or `abandon` the key."""
        self._forget_old(now_ms)
        fingerprint = _fingerprint(request, tenant)
        while (working := self._working.get(key)) is not None:
            if working[0] != fingerprint:
                return DifferentRequest(key)
            await working[1].wait()
        kept = self._answers.get(key)
        if kept is None or now_ms - kept["at_ms"] >= self._window_ms:
            self._working[key] = (fingerprint, asyncio.Event())
            return None
        if kept["fingerprint"] != fingerprint:
            return DifferentRequest(key)
        return Answer(kept["status"], kept["body"].encode(), kept["content_type"], kept["headers"])

    def keep(self, key: str, answer: Answer, began_ms: int) -> None:
        """Keep the first answer; it is committed together with what was done."""
        fingerprint, _event = self._working[key]
        self._answers.put(
            key,
            {
                "fingerprint": fingerprint,
                "at_ms": began_ms,
                "status": answer.status,
                "body": answer.body.decode(),
                "content_type": answer.content_type,
                "headers": _plain(answer.headers),
            },
        )

    def finish(self, key: str) -> None:
        """No longer working on it: those who wait go on (with the answer, if one was kept)."""
        working = self._working.pop(key, None)
        if working is not None:
            working[1].set()

    def _forget_old(self, now_ms: int) -> None:
        # Roughly in the order of arrival, so the old ones are in front; `claim` looks exactly.
        while (oldest := next(iter(self._answers), None)) is not None:
            kept = self._answers.get(oldest)
            if kept is not None and now_ms - kept["at_ms"] < self._window_ms:
                return
            self._answers.remove(oldest)


def _fingerprint(request: Request, tenant: str) -> str:
    head = f"{request.method} {request.path}?{request.raw_query} {tenant}\n".encode()
    return sha256(head + request.body).hexdigest()


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return dict(headers)
