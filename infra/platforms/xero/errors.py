"""What Xero's answer means: total over every status and every body.

Source: developer.xero.com, "Response codes and errors", "OAuth 2.0 API limits" (Retry-After comes
with minute and day breaches only), "Idempotency" (an error is kept under the key, so a 5xx is never
worth repeating), and the recorded answers of a demo company that the tests hold.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.actions.outcome import Blocks, Deferred, JsonObject, Rejected, Unknown
from infra.exchange import Exchange
from infra.platforms.xero.client import parsed
from infra.redaction import redact_text
from infra.retry_after import retry_after

WORDS_MAX = 2_000

NAME_TAKEN = "name_taken"
CONTACT_ARCHIVED = "contact_archived"
KEY_REUSED = "key_reused"
NOT_FOUND = "not_found"

_CODES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        KEY_REUSED,
        re.compile(r"Idempotency Key.*used with a different request", re.IGNORECASE | re.DOTALL),
    ),
    (
        NAME_TAKEN,
        re.compile(r"contact name .* (is )?already assigned to another contact", re.IGNORECASE),
    ),
    (CONTACT_ARCHIVED, re.compile(r"archived contact|contact[^;]*archived", re.IGNORECASE)),
    ("period_locked", re.compile(r"lock date", re.IGNORECASE)),
    ("number_taken", re.compile(r"Invoice # must be unique", re.IGNORECASE)),
    ("plan_limit", re.compile(r"limit of invoices you can approve", re.IGNORECASE)),
)
"""The refusals plans and people tell apart, by Xero's words; the rest is `validation`."""

APP_MINUTE = "appminute"
_WAITS: Mapping[str, timedelta] = {
    "minute": timedelta(seconds=60),
    "day": timedelta(hours=1),
    APP_MINUTE: timedelta(seconds=15),
    "concurrent": timedelta(seconds=2),
}
"""How long to wait when Xero does not say, by `X-Rate-Limit-Problem` (letters only)."""
_WAIT_MAX = timedelta(days=1)
"""No answer holds an organisation for longer: its longest window is a day."""

_WAIT_OTHERWISE = timedelta(seconds=5)
_WAIT_FORBIDDEN = timedelta(minutes=15)

Refusal = Rejected | Deferred | Unknown


def read(exchange: Exchange, listing: str | None = None) -> dict[str, Any] | Refusal:
    """Return the answer's JSON object, or what its status or its body makes of the attempt.

    `listing` names the collection it must list: without one it is no answer, not an empty list.
    """
    status = exchange.status or 0
    if 200 <= status < 300:
        document = parsed(exchange.answer)
        if document is None:
            return Unknown("unreadable_answer", f"Xero: HTTP {status}, but no whole JSON in it")
        if listing is not None and not isinstance(document.get(listing), list):
            return Unknown("unreadable_answer", f"Xero: HTTP {status}, but no list of {listing}")
        return document
    return next(sort for first, last, sort in _BY_STATUS if first <= status <= last)(exchange)


def one_element(document: JsonObject, collection: str) -> dict[str, Any] | Rejected | Unknown:
    """Return the only element of a write's answer, or its refusal (200 with an element error).

    Xero answers 200 to a refused element when `summarizeErrors=false`. The `Status` of such an
    element is what was asked for, not what is.
    """
    elements = elements_of(document, collection)
    if len(elements) != 1:
        words = f"Xero: {len(elements)} {collection} in the answer to one"
        return Unknown("unreadable_answer", words)
    return refused_in(elements[0]) or elements[0]


def refused_in(element: JsonObject) -> Rejected | None:
    """Return the refusal of one element of a write's answer; None when it was accepted."""
    reasons = list(_element_words(element))
    failed = element.get("StatusAttributeString") == "ERROR"
    if failed or (reasons and (element.get("HasErrors") or element.get("HasValidationErrors"))):
        return refusal(reasons or ["refused without a reason"])
    return None


def elements_of(document: JsonObject, collection: str) -> list[dict[str, Any]]:
    """Return the elements of an answer, leaving out whatever is no JSON object."""
    given = document.get(collection)
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def refusal(words: list[str], details: JsonObject | None = None) -> Rejected:
    """Return the refusal with Xero's words joined, and the code they stand for."""
    message = "; ".join(dict.fromkeys(words))[:WORDS_MAX]
    code = next((code for code, pattern in _CODES if pattern.search(message)), "validation")
    return Rejected(code, f"Xero: {message}", details or {})


def own_words(exchange: Exchange, collection: str) -> str | None:
    """Return why a write was refused, in Xero's words alone; None when it gave none."""
    document = parsed(exchange.answer) or {}
    of_elements = [w for e in elements_of(document, collection) for w in _element_words(e)]
    return "; ".join(dict.fromkeys(of_elements or _words(document)))[:WORDS_MAX] or None


def answered_at(exchange: Exchange) -> datetime:
    """Return when the answer came (UTC)."""
    return exchange.started_at + timedelta(seconds=exchange.seconds)


def _unauthorised(exchange: Exchange) -> Deferred:
    return Deferred("unauthorised", _said(exchange), None, Blocks.CONNECTION)


def _forbidden(exchange: Exchange) -> Deferred:
    # The token is good and this organisation is not (or no longer) among its connections, so the
    # connection's other organisations go on.
    until = answered_at(exchange) + _WAIT_FORBIDDEN
    return Deferred("forbidden", _said(exchange), until, Blocks.TENANT)


def _redirected(exchange: Exchange) -> Deferred:
    return Deferred("redirected", f"{_said(exchange)}; check the address of the Xero API")


def _doubtful(exchange: Exchange) -> Unknown:
    return Unknown(f"http_{exchange.status}", _said(exchange))


def _failed(exchange: Exchange) -> Unknown:
    return Unknown(f"http_{exchange.status}", _said(exchange), repeatable=False)


def _rate_limited(exchange: Exchange) -> Deferred:
    problem = exchange.answer_headers.get("x-rate-limit-problem", "")
    wait = retry_after(exchange, answered_at(exchange), _WAIT_MAX)
    if wait is None:
        wait = _WAITS.get(_letters(problem), _WAIT_OTHERWISE)
    words = f"Xero: rate limit ({problem or 'not named'}); free in {wait.total_seconds():.0f} s"
    blocks = Blocks.PLATFORM if _letters(problem) == APP_MINUTE else Blocks.TENANT
    return Deferred("rate_limited", words, answered_at(exchange) + wait, blocks)


def _letters(problem: str) -> str:
    return re.sub(r"[^a-z]", "", problem.lower())


def _rejected(exchange: Exchange) -> Rejected | Unknown:
    status = exchange.status
    if status == 404:
        return Rejected(NOT_FOUND, "Xero: not found")
    words = list(_words(parsed(exchange.answer) or {}))
    found = refusal(words or [_said(exchange)], {"status": status})
    if found.code == KEY_REUSED:
        # Something else went out under this key: what became of it can only be looked up.
        return Unknown(KEY_REUSED, found.message, repeatable=False)
    if status != 400 and found.code == "validation":
        return Rejected(f"http_{status}", found.message, found.details)
    return found


_BY_STATUS: tuple[tuple[int, int, Callable[[Exchange], Refusal]], ...] = (
    (401, 401, _unauthorised),
    (403, 403, _forbidden),
    (408, 409, _doubtful),  # a conflict may be with our own first attempt
    (429, 429, _rate_limited),
    (300, 399, _redirected),
    (400, 499, _rejected),
    (500, 599, _failed),
    (0, 999_999, _doubtful),
)
"""First and last status, and what they mean; the first row that fits."""


def _words(document: JsonObject) -> Iterator[str]:
    """Find every reason: of each element and its lines, else what the whole answer says."""
    words = [w for element in elements_of(document, "Elements") for w in _element_words(element)]
    yield from words
    if words:
        return
    for name in ("Message", "Detail", "detail", "Title", "title", "error_description", "error"):
        said = document.get(name)
        if isinstance(said, str) and said:
            yield said
            return


def _element_words(element: JsonObject) -> Iterator[str]:
    for error in elements_of(element, "ValidationErrors"):
        message = error.get("Message")
        if isinstance(message, str) and message:
            yield message
    for nested in ("LineItems", "Contact", "Invoice"):
        inner = element.get(nested)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict):
                yield from _element_words(one)


def _said(exchange: Exchange) -> str:
    words = "; ".join(_words(parsed(exchange.answer) or {}))
    text = words or exchange.answer[:300].decode("utf-8", "replace").strip()
    plain = redact_text(re.sub(r"<[^>]*>|\s+", " ", text)).strip()[:WORDS_MAX]
    return f"Xero: HTTP {exchange.status}" + (f": {plain}" if plain else "")
