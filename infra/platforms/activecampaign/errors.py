"""What ActiveCampaign's answers mean: total over every status and every body.

Errors have no common envelope (`{"message"}`, `{"errors": [{"title", "detail"}]}`, `{}`), so the
status decides, but for the one refusal that has words of its own. A refused key is 403, as is an
entry that could not be made. Source: developers.activecampaign.com, "Add a Contact to an
Automation", "Rate Limits".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.clock import utc_now
from infra.exchange import Exchange, json_of
from infra.redaction import redact_text
from infra.retry_after import retry_after

NOT_ENTERED = "not_entered"
"""No entry was made: the contact is in the automation already, or it takes nobody, or not twice."""

_SERIES = "could not create subscriberseries"
_WORDS_MAX = 2_000
_WAIT_MAX = timedelta(days=1)
"""No header holds an account for longer."""

Refusal = Rejected | Deferred | Unknown


@dataclass(frozen=True, slots=True)
class Wait:
    """An answer that something is in the way for now; `after` None: until it is reconnected."""

    code: str
    after: timedelta | None
    blocks: Blocks


_WAITS = {
    401: Wait("unauthorised", None, Blocks.CONNECTION),
    402: Wait("account_unpaid", timedelta(hours=1), Blocks.TENANT),
    403: Wait("forbidden", None, Blocks.CONNECTION),
    429: Wait("rate_limited", timedelta(seconds=5), Blocks.TENANT),  # without a Retry-After
}
_NAMES = {400: "bad_request", 404: "not_found", 409: "conflict", 422: "invalid"}


def read(exchange: Exchange) -> dict[str, Any] | Refusal:
    """Return the answer's JSON object, or what its status and its words make of the attempt."""
    status, document = exchange.status or 0, json_of(exchange.answer)
    words = _said(status, document)
    if 200 <= status < 300:
        return document if isinstance(document, dict) else unreadable(exchange, "no JSON object")
    if 300 <= status < 400:
        return Deferred("redirected", f"{words}; check the API URL of the connection")
    if not 400 <= status < 500 or status == 408:
        return Unknown(f"http_{status}", words)
    if _SERIES in words.lower() and status not in {401, 402, 429}:
        return Rejected(NOT_ENTERED, words)
    if status in _WAITS:
        return _later(_WAITS[status], exchange, words)
    return Rejected(_NAMES.get(status, f"http_{status}"), words)


def unreadable(exchange: Exchange, what: str) -> Unknown:
    """Say that an answer is not as documented: what was asked for may have happened."""
    return Unknown("unreadable_answer", f"ActiveCampaign: HTTP {exchange.status} with {what}")


def _later(wait: Wait, exchange: Exchange, words: str) -> Deferred:
    after = wait.after
    if after is not None:
        after = retry_after(exchange, utc_now(), _WAIT_MAX) or after
    until = None if after is None else utc_now() + after
    return Deferred(wait.code, words, until, wait.blocks)


def _said(status: int, document: Any) -> str:
    words = "; ".join(dict.fromkeys(_texts(document))) or f"HTTP {status}"
    return f"ActiveCampaign: {redact_text(words)[:_WORDS_MAX]}"


def _texts(document: Any) -> Iterator[str]:
    """Yield what an error says, wherever it says it."""
    if not isinstance(document, dict):
        return
    errors = document.get("errors")
    for one in (document, *(errors if isinstance(errors, list) else [errors])):
        told = (
            [one.get(n) for n in ("message", "title", "detail")] if isinstance(one, dict) else [one]
        )
        said = [text.strip() for text in told if isinstance(text, str) and text.strip()]
        if said:
            yield ": ".join(said)
