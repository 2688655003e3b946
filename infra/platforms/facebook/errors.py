"""What Meta's answer means: total over every status and every body.

The code in the envelope decides before the status does, but for a 5xx. Whatever may pass by itself
is unknown: events are told again under the same ids, and what Meta has already is discarded.
Source: Meta, "Handling Errors" and "Rate Limits" (Graph API).
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange, json_object
from infra.redaction import redact_text

WORDS_MAX = 2_000
WAIT = timedelta(minutes=5)  # where Meta does not say how long
WAIT_MAX = timedelta(days=1)

Refusal = Rejected | Deferred | Unknown

_NOT_AUTHORISED = frozenset({10, 102, 190, *range(200, 300)})
_THROTTLED = frozenset({4, 17, 32, 341, 368, 613, *range(80_000, 80_015)})
_TRANSIENT = frozenset({1, 2})
_INVALID, _NO_SUCH_OBJECT = 100, 33  # the object of our calls is always the dataset
_TOO_LARGE = 413


def read(exchange: Exchange) -> dict[str, Any] | Refusal:
    """Return the answer's JSON object, or what its status or its body makes of the attempt."""
    document = json_object(exchange.answer)
    error = None if document is None else document.get("error")
    status = exchange.status or 0
    if status >= 500 or status in {0, 408}:
        return Unknown(f"http_{status}", _said(exchange, error))
    if 300 <= status < 400:
        words = f"{_said(exchange, error)}; check the address of the Graph API"
        return Deferred("redirected", words)
    if isinstance(error, dict):
        return _refused(exchange, error)
    if status in {401, 429, _TOO_LARGE}:
        return _by_status(exchange, status)
    if document is None or not 200 <= status < 300:
        return Unknown("unreadable_answer", f"Meta: HTTP {status} without its JSON answer")
    return document


def _by_status(exchange: Exchange, status: int) -> Refusal:
    words = f"Meta: HTTP {status}"
    if status == 401:
        return Deferred("unauthorised", words, None, Blocks.CONNECTION)
    if status == 429:
        return _throttled(exchange, "throttled", words)
    return Rejected("too_large", f"{words}: the request is too large")


def _refused(exchange: Exchange, error: Mapping[str, Any]) -> Refusal:
    code, subcode, words = error.get("code"), error.get("error_subcode"), _said(exchange, error)
    if not isinstance(code, int):
        return Unknown("unreadable_answer", words)
    name = f"meta_{code}"
    if code in _THROTTLED or exchange.status == 429:
        return _throttled(exchange, name, words)
    if code in _NOT_AUTHORISED or (code, subcode) == (_INVALID, _NO_SUCH_OBJECT):
        return Deferred(name, words, None, Blocks.CONNECTION)
    if code in _TRANSIENT or error.get("is_transient") is True:
        return Unknown(name, words)
    known = {"error_code": code, "error_subcode": subcode, "fbtrace_id": error.get("fbtrace_id")}
    details = {key: value for key, value in known.items() if isinstance(value, int | str)}
    return Rejected(name, words, details)


def _throttled(exchange: Exchange, code: str, words: str) -> Deferred:
    wait = max(_minutes(exchange.answer_headers), default=0.0)
    after = min(timedelta(minutes=wait), WAIT_MAX) if wait > 0 else WAIT
    return Deferred(code, words, utc_now() + after, Blocks.TENANT)


def _minutes(headers: Mapping[str, str]) -> Iterator[float]:
    """Yield the minutes until access is regained, of each use case that Meta names."""
    usage = json_object(headers.get("x-business-use-case-usage", "").encode()) or {}
    for uses in usage.values():
        for use in uses if isinstance(uses, list) else ():
            given = use.get("estimated_time_to_regain_access") if isinstance(use, dict) else None
            if isinstance(given, int | float) and given <= WAIT_MAX / timedelta(minutes=1):
                yield float(given)


def _said(exchange: Exchange, error: Any) -> str:
    """Return Meta's words: for the developer, then for the user, which say more."""
    given = error if isinstance(error, dict) else {}
    words = [given.get(name) for name in ("message", "error_user_msg")]
    told = ": ".join(one for one in words if isinstance(one, str) and one)
    return f"Meta: {redact_text(told)[:WORDS_MAX] or f'HTTP {exchange.status}'}"
