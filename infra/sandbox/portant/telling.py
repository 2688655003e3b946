"""One event, told to whoever a workflow names."""

import http.client
from typing import Final
from urllib.parse import urlsplit

from infra.sandbox.wire import Document, encode

UNHEARD: Final = 0
_TIMEOUT_S: Final = 5.0


def tell(url: str, event: Document) -> int:
    """POST an event and return the status it was answered with, 0 for none. No signature."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, encode(event), {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return UNHEARD
    finally:
        connection.close()


def forged(url: str) -> str:
    """Return the url as somebody would have it who does not know its secret last part."""
    address, _, secret = url.rpartition("/")
    return f"{address}/{'A' if not secret.startswith('A') else 'B'}{secret[1:]}"
