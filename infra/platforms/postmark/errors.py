"""What Postmark's answer means: total over every status and every body.

The numbers in `ErrorCode` look like HTTP statuses and are not: the body is read first. A 500
usually loses the message, says Postmark, and "usually" is looked up, as is every 5xx. Source:
Postmark, "API overview" (error codes, HTTP statuses).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange, json_of
from infra.redaction import redact_text

WORDS_MAX = 2_000
BAD_TOKEN = 10

Refusal = Rejected | Deferred | Unknown


@dataclass(frozen=True, slots=True)
class Wait:
    """An answer that something is in the way for now; `after` None: until it is reconnected."""

    code: str
    after: timedelta | None
    blocks: Blocks


_WAITS: dict[int, Wait] = {
    BAD_TOKEN: Wait("unauthorised", None, Blocks.CONNECTION),
    100: Wait("maintenance", timedelta(minutes=5), Blocks.TENANT),
    405: Wait("no_credits", timedelta(hours=1), Blocks.TENANT),
    # While an account is pending only some recipients are refused: the others go on.
    412: Wait("account_pending", timedelta(hours=1), Blocks.EFFECT),
    413: Wait("may_not_send", None, Blocks.CONNECTION),
}
"""By ErrorCode."""

_NAMES = {
    300: "invalid_email",
    400: "sender_unknown",
    401: "sender_unconfirmed",
    402: "invalid_json",
    403: "invalid_field",
    406: "inactive_recipient",
    409: "json_required",
    411: "forbidden_attachment",
}
"""Refusals for good, by ErrorCode; the rest is `postmark_<code>`."""

BUSY = timedelta(seconds=30)
"""How long to wait after HTTP 429: Postmark gives no Retry-After."""


def read(exchange: Exchange) -> dict[str, Any] | Refusal:
    """Return the answer's JSON object, or what its status or its body makes of the attempt."""
    document = _document(exchange.answer)
    code = None if document is None else _code(document)
    by_status = _by_status(exchange, document, code)
    if by_status is not None:
        return by_status
    if document is None or (code is None and (exchange.status or 0) >= 400):
        return Unknown("unreadable_answer", _said(exchange, document))
    return _refused(code, _said(exchange, document)) if code else document


def _by_status(
    exchange: Exchange, document: dict[str, Any] | None, code: int | None
) -> Deferred | Unknown | None:
    """Sort what the HTTP status decides; None: the body does."""
    status, words = exchange.status or 0, _said(exchange, document)
    if status == 429:
        return Deferred("rate_limited", words, utc_now() + BUSY, Blocks.TENANT)
    if status >= 500 or status in {0, 408}:
        return Unknown(f"http_{status}", words)
    if status == 401 and code is None:
        return _later(_WAITS[BAD_TOKEN], words)
    if 300 <= status < 400:
        return Deferred("redirected", f"{words}; check the address of the Postmark API")
    return None


def _refused(code: int, words: str) -> Rejected | Deferred:
    wait = _WAITS.get(code)
    if wait is not None:
        return _later(wait, words)
    return Rejected(_NAMES.get(code, f"postmark_{code}"), words, {"error_code": code})


def _later(wait: Wait, words: str) -> Deferred:
    until = None if wait.after is None else utc_now() + wait.after
    return Deferred(wait.code, words, until, wait.blocks)


def _document(answer: bytes) -> dict[str, Any] | None:
    """Read an object; a batch's answer is a list, and one email's is its only element."""
    document = json_of(answer)
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    return document if isinstance(document, dict) else None


def _code(document: dict[str, Any]) -> int | None:
    code = document.get("ErrorCode")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _said(exchange: Exchange, document: dict[str, Any] | None) -> str:
    words = None if document is None else document.get("Message")
    if not isinstance(words, str) or not words:
        words = f"HTTP {exchange.status}"
    return f"Postmark: {redact_text(words)[:WORDS_MAX]}"
