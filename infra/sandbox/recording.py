"""Whole exchanges as they crossed the wire, for checking them against a specification."""

from collections import deque
from typing import Final

from infra.sandbox.wire import Answer, Document, Request

_KEPT: Final = 20_000  # exchanges
_SECRET: Final = frozenset({"authorization", "x-postmark-server-token", "api-token"})


class Recording:
    """The last exchanges while it is on. Kept in memory only."""

    def __init__(self) -> None:
        self._on = False
        self._kept: deque[Document] = deque(maxlen=_KEPT)
        self._count = 0

    def switch(self, *, on: bool) -> None:
        """Begin afresh, or stop; what was recorded stays to be read."""
        if on:
            self._kept.clear()
            self._count = 0
        self._on = on

    def note(self, request: Request, answer: Answer | None) -> None:
        """Keep an exchange; an answer of None is a connection closed instead."""
        if not self._on:
            return
        self._count += 1
        self._kept.append(
            {
                "platform": request.platform,
                "method": request.method,
                "path": request.path,
                "query": request.raw_query,
                "headers": _shown(dict(request.headers)),
                "body": request.body.decode("utf-8", "replace"),
                "status": 0 if answer is None else answer.status,
                "response_content_type": None if answer is None else answer.content_type,
                "response_headers": {} if answer is None else dict(answer.headers),
                "response_body": "" if answer is None else answer.body.decode("utf-8", "replace"),
            }
        )

    def report(self, platform: str | None) -> Document:
        """Return the exchanges, oldest first, and how many more there were."""
        return {
            "on": self._on,
            "forgotten": self._count - len(self._kept),
            "exchanges": [kept for kept in self._kept if platform in (None, kept["platform"])],
        }


def _shown(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in _SECRET}
