"""One attempt's way to a platform: credentials, deadlines, and a record of every exchange."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from domain.actions.outcome import Deferred, Unknown
from infra.exchange import Broken, Caution, Exchange, TooLate, Transport


class NoMoreCalls(Exception):  # noqa: N818 - named for what it is
    """The tenant's budget allows no further exchange before `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("the budget of calls to this tenant is used up")
        self.until = until


@dataclass(slots=True)
class Session:
    """What an adapter talks through. It keeps every exchange for the integration log.

    `send_by` and the call timeout bound each exchange; a repeat of `send` within one attempt is for
    reads only: a change is one exchange. `more` takes every exchange but the first from the budget.
    """

    transport: Transport
    base_url: str
    tenant_key: str
    credentials: Mapping[str, Any] = field(repr=False)
    send_by: datetime
    send_by_monotonic: float  # the same moment on the clock nobody can set
    call_timeout_s: float
    exchanges: list[Exchange] = field(default_factory=list)
    more: Callable[[], None] = lambda: None  # raises NoMoreCalls

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Exchange:
        """Carry out one exchange with `<base_url><path>` and return it with its answer.

        Raises:
            TooLate, Broken: see `infra.exchange`; `not_whole` turns them into an outcome.
            NoMoreCalls: it is not the first exchange, and the budget allows only that.
        """
        # What a platform said (a cursor) may hold half a character, which no URL can.
        asked = urlencode(query, errors="replace") if query else ""
        url = self.base_url + path + (f"?{asked}" if asked else "")
        return self.send_url(method, url, headers=headers, body=body)

    def send_url(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        caution: Caution | None = None,
    ) -> Exchange:
        """Carry out one exchange with a whole URL (the same guards as `send`).

        `caution` where somebody else chose the URL.
        """
        if self.exchanges:
            self.more()
        exchange = Exchange(
            method=method,
            url=url,
            headers=headers or {},
            body=body,
            send_by=self.send_by,
            send_by_monotonic=self.send_by_monotonic,
            ends_by_monotonic=time.monotonic() + self.call_timeout_s,
            caution=caution,
        )
        self.exchanges.append(exchange)
        self.transport.carry(exchange)
        return exchange

    @property
    def sent(self) -> bool:
        """Has any byte of any exchange possibly left?"""
        return any(exchange.sent for exchange in self.exchanges)

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Headers of the latest answer, with lower-case names; none where none came."""
        answered = [one.answer_headers for one in self.exchanges if one.answer_headers]
        return answered[-1] if answered else {}

    def not_whole(self, error: Broken | TooLate | NoMoreCalls) -> Deferred | Unknown:
        """Outcome of an exchange that brought no whole answer."""
        last = self.exchanges[-1] if self.exchanges else None
        if isinstance(error, NoMoreCalls):
            return Deferred("out_of_budget", str(error), error.until)
        if isinstance(error, TooLate):
            return Deferred("too_late_to_send", str(error))
        if last is None or not last.sent:
            return Deferred("not_sent", f"nothing was sent: {error}")
        return Unknown("no_whole_answer", f"sent, but no whole answer came back: {error}")
