"""What Xero tells by itself: whether it is Xero, and what it says.

Source: developer.xero.com, Webhooks ("Overview", "Configuring your server"). The signature is
base64 of HMAC-SHA256 over the raw body, under the webhook key as text. An event names a resource
and a time, and nothing of what changed; the time is UTC without saying so.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from infra.database.webhooks import Told

SIGNATURE = "x-xero-signature"
EVENTS_MAX = 5000
WORD_MAX = 40


class Unreadable(Exception):  # noqa: N818
    """The body is signed and still not as documented. `problems` are (field path, problem)."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {problem}" for path, problem in problems[:5]))
        self.problems = tuple(problems)


def is_signed(body: bytes, signature: str | None, keys: Sequence[str]) -> bool:
    """Was the body signed with one of the keys? The time it takes tells nothing of how wrong it is.

    Several keys are accepted while one replaces another.
    """
    given = (signature or "").encode("latin-1", "replace")
    verdicts = [hmac.compare_digest(sign(body, key), given) for key in keys]
    return any(verdicts)


def sign(body: bytes, key: str) -> bytes:
    """Return the signature of a body under a webhook key, which is used as text."""
    return base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256))


def read(body: bytes) -> tuple[list[Told], Unreadable | None]:
    """Return the events that can be read, and what is wrong with the rest; a probe has none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return [], Unreadable([("", f"not JSON: {error}")])
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        return [], Unreadable([("events", "must be a list")])
    if len(events) > EVENTS_MAX:
        return [], Unreadable([("events", f"{len(events)} of them; at most {EVENTS_MAX} are read")])
    told: list[Told] = []
    problems: list[tuple[str, str]] = []
    for number, event in enumerate(events):
        try:
            told.append(_told(event))
        except Unreadable as error:
            problems += [(f"events[{number}].{path}", what) for path, what in error.problems]
    return told, Unreadable(problems) if problems else None


def _told(event: Any) -> Told:
    if not isinstance(event, Mapping):
        raise Unreadable([("", "must be an object")])
    return Told(
        platform="xero",
        tenant=_read(event, "tenantId", _uuid),
        resource=_read(event, "resourceId", _uuid),
        event_at=_read(event, "eventDateUtc", _moment),
        event_type=_read(event, "eventType", _word),
        category=_read(event, "eventCategory", _word),
    )


def _read(event: Mapping[str, Any], name: str, how: Any) -> Any:
    try:
        return how(event[name])
    except KeyError:
        raise Unreadable([(name, "is missing")]) from None
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Unreadable([(name, str(error)[:200])]) from None


def _uuid(value: Any) -> str:
    return str(UUID(value))


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or not 0 < len(value) <= WORD_MAX:
        raise ValueError(f"must be a word of at most {WORD_MAX} letters")
    if not value.isprintable():
        raise ValueError("must be printable")
    return value.upper()
