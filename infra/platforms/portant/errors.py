"""What a workflow's address answers: total over every status and every body.

Portant documents neither statuses nor bodies of this answer, so any 2xx is taken for accepted and
its body for nothing. What may have begun a document is unknown: a second POST makes a second one.
"""

from datetime import datetime, timedelta
from http import HTTPStatus

from domain.actions.outcome import Blocks, Deferred, Rejected, Unknown
from infra.exchange import Exchange, json_object
from infra.redaction import redact_text
from infra.retry_after import retry_after

WORDS_MAX = 500
GONE = frozenset({404, 410})
AMBIGUOUS = frozenset({302, 303, 408, 429})
"""Done, and shown elsewhere (many servers say so with a 302, too: RFC 9110, 15.4.3); a timeout of
somebody on the way; too many, without "try again at".

What becomes of data that is answered with 429 is not documented: only who names a time to come back
has not taken it.
"""
BUSY_MAX = timedelta(days=1)


def refusal(exchange: Exchange, now: datetime) -> Deferred | Rejected | Unknown | None:
    """Sort what came back; None: it is accepted."""
    status, words = exchange.status or 0, f"Portant: {_said(exchange)}"
    if 200 <= status < 300:
        return None
    wait = retry_after(exchange, now, BUSY_MAX) if status == 429 else None
    if wait is not None:
        return Deferred("rate_limited", words, now + wait, Blocks.TENANT)
    if status in GONE:
        why = f"{words}; nothing listens at the workflow's address: put it back, or connect another"
        return Deferred("workflow_gone", why, None, Blocks.CONNECTION)
    if status < 200 or status >= 500 or status in AMBIGUOUS:
        return Unknown(f"http_{status}", words, repeatable=False)
    if status < 400:
        return Deferred("redirected", f"{words}; check the workflow's address")
    return Rejected(f"http_{status}", words, {"status": status})


def _said(exchange: Exchange) -> str:
    words = _words(exchange.answer)
    named = f"HTTP {exchange.status} {_phrase(exchange.status)}".strip()
    return redact_text(words)[:WORDS_MAX] if words else named


def _words(answer: bytes) -> str:
    """Return what a JSON body says in words; the shape of Portant's `Error` is not documented."""
    document = json_object(answer) or {}
    for name in ("message", "error", "detail"):
        inner = document.get(name)
        inner = inner.get("message") if isinstance(inner, dict) else inner
        if isinstance(inner, str) and inner.strip():
            return inner.strip()
    return ""


def _phrase(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""
