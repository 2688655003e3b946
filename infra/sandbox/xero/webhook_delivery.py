"""One webhook request: its body, its signature, and what the other side says to it."""

import http.client
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import new as hmac
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from infra.sandbox.wire import Document, encode

_UNREACHED: Final = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request body, and how many events are done with when it was taken."""

    body: bytes
    count: int


@dataclass(frozen=True, slots=True)
class _Heard:
    status: int
    body: bytes = b""
    cookies: bool = False


def body_of(events: list[Document], first: int, last: int) -> bytes:
    """Return the body that tells these events."""
    return encode(
        {
            "events": events,
            "firstEventSequence": first,
            "lastEventSequence": last,
            "entropy": uuid4().hex[:20].upper(),
        }
    )


def sign(key: str, body: bytes) -> str:
    """Return base64 of HMAC-SHA256 over the raw body; the key is text, not base64."""
    return b64encode(hmac(key.encode(), body, sha256).digest()).decode()


def post(subscription: Document, body: bytes) -> int:
    """Deliver a body and return the status it was answered with, 0 for none."""
    signature = sign(subscription["key"], body)
    timeout_s = float(subscription["timeout_seconds"])
    return _send(subscription["url"], body, signature, timeout_s).status


def probe(url: str, key: str, timeout_s: float) -> Document:
    """Send the intent-to-receive probes and return what each was answered, and whether rightly.

    A good signature wants 200 with an empty body and no cookie, one that is wrong by a single
    character 401; both in time.
    """
    body = body_of([], 0, 0)
    good = sign(key, body)
    bad = ("A" if good[0] != "A" else "B") + good[1:]
    valid = _send(url, body, good, timeout_s)
    invalid = _send(url, body, bad, timeout_s)
    accepted = valid.status == 200 and not valid.body and not valid.cookies
    return {
        "valid": {"status": valid.status, "ok": accepted},
        "invalid": {"status": invalid.status, "ok": invalid.status == 401},
    }


def forged(subscription: Document, wish: Document) -> int:
    """Send `wish["events"]` signed with another key and return the status it was answered with."""
    nothing = {
        "resourceUrl": "https://api.xero.com/api.xro/2.0/Invoices/" + str(uuid4()),
        "resourceId": str(uuid4()),
        "eventDateUtc": "2026-01-01T00:00:00.000",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": str(uuid4()),
        "tenantType": "ORGANISATION",
    }
    events = wish.get("events", [nothing])
    body = body_of(events, 1, max(1, len(events)))
    return post({**subscription, "key": subscription["key"] + "?"}, body)


def _send(url: str, body: bytes, signature: str, timeout_s: float) -> _Heard:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/json", "x-xero-signature": signature}
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        cookies = answer.getheader("Set-Cookie") is not None
        return _Heard(answer.status, answer.read(), cookies)
    except (OSError, http.client.HTTPException):
        return _Heard(_UNREACHED)
    finally:
        connection.close()
