"""What Zoom's answer means: total over every status and every body.

`code` in the body is Zoom's own number, not a status. Which limit a 429 means is told by its
headers, or by its words alone: that of a host carries neither type nor time. Source: Zoom, "Error
definitions", "Rate limits"; the host's limit: Zoom's staff in the developer forum.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange, json_object
from infra.redaction import redact_text
from infra.retry_after import retry_after

WORDS_MAX: Final = 2_000
BAD_TOKEN: Final = "unauthorised"  # noqa: S105 - a code
NO_SCOPE: Final = "missing_scopes"
NO_HOST: Final = "no_such_user"
_TOKENS: Final = {124: BAD_TOKEN, 4711: NO_SCOPE}
"""Refusals of the token, by Zoom's number, whatever the status."""
_NAMES: Final = {
    200: "not_permitted",
    300: "invalid",
    1001: NO_HOST,
    1010: "user_of_another_account",
    3001: "no_such_meeting",
}
"""Refusals for good, by Zoom's number; the rest is `zoom_<number>`."""
_OF_A_HOST: Final = re.compile(
    r"(?i)Meeting Create/Update API|maximum of .{0,40}meetings .{0,80}day"
)
_OF_A_DAY: Final = re.compile(r"(?i)\bdaily\b|\b(per|one) day\b")
"""What a daily limit says of itself, where no header tells its type."""
_A_SECOND: Final = timedelta(seconds=1)
_WAIT_MAX: Final = timedelta(days=2)

Refusal = Rejected | Deferred | Unknown


def read(exchange: Exchange) -> dict[str, Any] | Refusal:
    """Return the answer's JSON object, or what its status or its body makes of the attempt."""
    status, document = exchange.status or 0, json_object(exchange.answer)
    words = _said(exchange, document)
    if status >= 500 or status < 200 or status == 408:
        return Unknown(f"http_{status}", words)
    if status < 300:
        return Unknown("unreadable_answer", words) if document is None else document
    if status == 429 or _OF_A_HOST.search(words):
        return _limited(exchange, words)
    return _refused(status, document, words)


def next_midnight(now: datetime) -> datetime:
    """Return the end of the UTC day: Zoom's daily limits begin anew."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def _refused(status: int, document: dict[str, Any] | None, words: str) -> Refusal:
    """Sort what was not let through, by Zoom's number where it names one."""
    code = _code(document)
    if code in _TOKENS or status == 401:
        return Deferred(_TOKENS.get(code or 0, BAD_TOKEN), words, None, Blocks.CONNECTION)
    if code is None and status < 400:
        return Deferred("redirected", f"{words}; check the address of the Zoom API")
    if code is None:
        return Unknown("unreadable_answer", words)
    fields = [str(one.get("field"))[:200] for one in _errors(document)][:50]
    return Rejected(_NAMES.get(code, f"zoom_{code}"), words, {"code": code, "fields": fields})


def _limited(exchange: Exchange, words: str) -> Deferred:
    """Sort a limit: a host's day holds that host, the account's hold the whole account."""
    now = utc_now()
    wait = retry_after(exchange, now, _WAIT_MAX)
    said = None if wait is None else now + wait
    if _OF_A_HOST.search(words):
        until = said or next_midnight(now)
        words = f"{words} (try after midnight UTC)"
        return Deferred("host_limit", words, until, Blocks.KIND)
    kind = exchange.answer_headers.get("x-ratelimit-type", "").lower()
    if kind.startswith("daily") or (not kind and _OF_A_DAY.search(words)):
        return Deferred("daily_limit", words, said or next_midnight(now), Blocks.TENANT)
    return Deferred("rate_limited", words, said or now + _A_SECOND, Blocks.TENANT)


def _code(document: dict[str, Any] | None) -> int | None:
    code = (document or {}).get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _said(exchange: Exchange, document: dict[str, Any] | None) -> str:
    """Return Zoom's words, and those of each field it refuses."""
    words = (document or {}).get("message")
    if not isinstance(words, str) or not words or (exchange.status or 0) in range(200, 300):
        words = f"HTTP {exchange.status}"
    told = [f"{one.get('field')}: {one.get('message')}" for one in _errors(document)]
    return f"Zoom: {redact_text('; '.join([words, *told])[:WORDS_MAX])}"


def _errors(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what is said of single fields."""
    errors = (document or {}).get("errors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
