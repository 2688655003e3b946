"""Is a webhook genuine? Standard Webhooks 1.0: HMAC-SHA256 of id, timestamp and body."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence

from actionfleet.errors import InvalidSignature
from actionfleet.records import Event

TOLERANCE_S = 300
_PREFIX = "whsec_"


def verify(
    secret: str | Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    tolerance_s: float = TOLERANCE_S,
) -> Event:
    """Return the event of a genuine webhook. `body` is what came, byte by byte.

    `secret` may be several, while one is rotated. Names of headers are taken in any case.

    Raises:
        InvalidSignature: it is not genuine, its time is too far off, or it holds no event.
        ValueError: a secret is none; check your configuration.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, said_at = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
    except KeyError as missing:
        raise InvalidSignature(f"the header {missing} is missing") from None
    if not (said_at.isascii() and said_at.isdigit() and len(said_at) < 16):
        raise InvalidSignature("webhook-timestamp is no time")
    if abs(time.time() - int(said_at)) > tolerance_s:
        raise InvalidSignature(f"webhook-timestamp is more than {tolerance_s:g} s off")
    signed = f"{event_id}.{said_at}.".encode() + body
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    right = [b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    # Every pair is compared, so that the time it takes tells nothing.
    same = [hmac.compare_digest(mine, one.encode()) for mine in right for one in signatures]
    if not any(same):
        raise InvalidSignature("the signature does not fit")
    try:
        event = Event.of(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidSignature("signed, but it holds no event") from None
    if event.id != event_id:
        raise InvalidSignature("webhook-id is not the event's")
    return event


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a webhook secret is whsec_ and base64 behind it")
    return key
