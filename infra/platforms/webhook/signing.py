"""Signatures of Standard Webhooks 1.0 (github.com/standard-webhooks), symmetric keys.

What is signed is `<webhook-id>.<webhook-timestamp>.<body>`; the signature is HMAC-SHA256 in base64
behind `v1,`. While a secret is rotated there is one signature of each, newest first.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

PREFIX = "whsec_"
BYTES = 32


def new_secret() -> str:
    """Make a signing secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode("ascii")


def signature(signing_secrets: Sequence[str], event_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: one signature of each secret.

    Raises:
        ValueError: a secret is none.
    """
    signed = f"{event_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(_key(one), signed, hashlib.sha256) for one in signing_secrets]
    return " ".join("v1," + base64.b64encode(one).decode("ascii") for one in digests)


def current_secrets(credentials: Mapping[str, Any], now: datetime) -> list[str]:
    """Return the secrets that count now: the newest, and the former one until its time is over.

    `credentials` are `{"secret", "former"?, "former_until"? (ISO 8601)}`.
    """
    until = credentials.get("former_until")
    if until is not None and datetime.fromisoformat(until) > now:
        return [credentials["secret"], credentials["former"]]
    return [credentials["secret"]]


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a signing secret is not base64 behind whsec_") from error
