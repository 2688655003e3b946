"""What Cal.com's answer means: total over every status and every body.

A refusal is an envelope (`{"status": "error", "error": {"code", "message"}}`); what has none is not
Cal.com's word. Limits are told by `X-RateLimit-Reset-<Name>`, in seconds; the block after too many
calls lasts 60 s. Source: Cal.com API v2 reference, "Rate limits"; its open source (exception
filters, throttler guard).
"""

import math
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange, json_object
from infra.redaction import redact_text

WORDS_MAX = 2_000
BLOCKED_FOR_S = 60
WAIT_MAX_S = 3_600
ALREADY_BOOKED = "already_booked"
BAD_REQUEST = "bad_request"
_OTHER = "refused"
_CODES = {
    400: BAD_REQUEST,
    403: "forbidden",
    404: "not_found",
    409: ALREADY_BOOKED,
    413: "too_large",
    422: "unprocessable",
}
REFUSALS = frozenset({*_CODES.values(), _OTHER})
"""Every code a refusal for good can have."""

_TAKEN = re.compile(r"already has (a )?booking|already exists|already booked", re.IGNORECASE)
# A 403 that speaks of what is booked; any other speaks of the key.
_OF_THE_BOOKING = re.compile(
    r"you_do_not_have_permission|permissions to access this resource|this (event type|booking)"
)
_MAY_HAVE_HAPPENED = frozenset({0, 408, 499})
_UNIX_FROM, _UNIX_MS_FROM = 1e9, 1e12

Refusal = Rejected | Deferred | Unknown


def read(exchange: Exchange) -> dict[str, Any] | Refusal:
    """Return the answer's envelope with its `data`, or what the answer makes of the attempt."""
    document, status = json_object(exchange.answer), exchange.status or 0
    words = _said(status, document)
    by_status = _by_status(exchange, status, words)
    if by_status is not None:
        return by_status
    if status >= 400 and _error(document) is not None:
        return _refused(status, words)
    if status >= 400 or document is None or "data" not in document:
        return Unknown("unreadable_answer", f"{words}, without Cal.com's JSON answer")
    if document.get("status") != "success":
        return Unknown("unreadable_answer", f"{words}, and the answer does not say success")
    return document


def _by_status(exchange: Exchange, status: int, words: str) -> Deferred | Unknown | None:
    """Sort what the HTTP status decides; None: the body does."""
    if status == 429:
        now = utc_now()
        return Deferred("rate_limited", words, now + wait(exchange, now), _held(exchange))
    if status >= 500 or status in _MAY_HAVE_HAPPENED:
        return Unknown(f"http_{status}", words)
    if status == 401:
        return Deferred("unauthorised", words, None, Blocks.CONNECTION)
    if status == 403 and not _OF_THE_BOOKING.search(words):
        return Deferred("forbidden", words, None, Blocks.CONNECTION)
    if 300 <= status < 400:
        return Deferred("redirected", f"{words}; check the address of the Cal.com API")
    return None


def _held(exchange: Exchange) -> Blocks:
    """The endpoint that adds guests is limited by itself, everything else by the key.

    A throttle ends its headers with its name; the one of every call is `Default`.
    """
    adds_guests = exchange.method == "POST" and urlsplit(exchange.url).path.endswith("/guests")
    names = {
        name.rpartition("-")[2]
        for name in exchange.answer_headers
        if name.startswith("x-ratelimit-")
    }
    return Blocks.KIND if adds_guests and names != {"default"} else Blocks.TENANT


def _refused(status: int, words: str) -> Rejected:
    code = _CODES.get(status, _OTHER)
    if status in {400, 422} and _TAKEN.search(words):
        code = ALREADY_BOOKED
    return Rejected(code, words, {"status": status})


def wait(exchange: Exchange, now: datetime) -> timedelta:
    """Return how long to wait after a 429: what the headers say, within a minute and an hour."""
    said = [
        _seconds(value, now)
        for name, value in exchange.answer_headers.items()
        if name.startswith("x-ratelimit-reset") or name == "retry-after"
    ]
    return timedelta(seconds=min(max([BLOCKED_FOR_S, *said]), WAIT_MAX_S))


def _seconds(value: str, now: datetime) -> float:
    """Read seconds from now; what is as large as a Unix time (or one in milliseconds) is one."""
    try:
        number = float(value)
    except ValueError:
        return 0.0
    if not math.isfinite(number):
        return 0.0
    if number >= _UNIX_MS_FROM:
        number /= 1000
    return number - now.timestamp() if number >= _UNIX_FROM else number


def _error(document: dict[str, Any] | None) -> dict[str, Any] | None:
    error = (document or {}).get("error")
    return error if isinstance(error, dict) else None


def _said(status: int, document: dict[str, Any] | None) -> str:
    words = (_error(document) or {}).get("message") or (document or {}).get("message")
    if isinstance(words, list):
        words = "; ".join(one for one in words if isinstance(one, str))
    if not isinstance(words, str) or not words:
        words = f"HTTP {status}"
    return f"Cal.com: {redact_text(words)[:WORDS_MAX]}"
