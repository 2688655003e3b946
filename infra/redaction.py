"""Nothing secret leaves the process in a log, an event, an error or the integration log."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

HIDDEN = "[hidden]"
TEXT_MAX = 8_000

_SECRET_NAMES = re.compile(
    r"authorization|cookie|token|secret|passw|passcode|api[-_]?key|credential|signature"
    r"|client_assertion|refresh|start_url|private",
    re.IGNORECASE,
)
# Names that only look secret.
_PLAIN_NAMES = frozenset({"idempotency-key", "tokens_used", "next_page_token"})
_SECRET_TEXT = re.compile(
    r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}|xox[abprs]-[a-z0-9-]+|tp_live_\w+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
)


def redact(value: Any, name: str = "") -> Any:
    """Return `value` (plain JSON) with everything secret hidden, by name and by look."""
    if name and name.lower() not in _PLAIN_NAMES and _SECRET_NAMES.search(name):
        return HIDDEN if value not in (None, "", [], {}) else value
    if isinstance(value, Mapping):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return redact_text(value)
    return value


def redact_text(text: str) -> str:
    """Return `text` with bearer tokens, known key shapes and URL passwords hidden."""
    return _SECRET_TEXT.sub(HIDDEN, text)


def redact_url(url: str) -> str:
    """Return the URL without user, password or the values of secret-looking parameters."""
    parts = urlsplit(url)
    query = "&".join(
        f"{pair.split('=')[0]}={HIDDEN}" if _SECRET_NAMES.search(pair.split("=")[0]) else pair
        for pair in parts.query.split("&")
        if pair
    )
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" + (f"?{query}" if query else "")


def redact_body(body: bytes | None, headers: Mapping[str, str]) -> Any:
    """Return a body fit for the log: JSON redacted by field, text by look, the rest by size."""
    if not body:
        return None
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if len(body) > 64 * TEXT_MAX:
        return {"bytes": len(body), "type": kind}
    try:
        return redact(json.loads(body))
    except (ValueError, RecursionError):
        pass
    if "form" in kind:
        return {"form": HIDDEN, "bytes": len(body)}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"bytes": len(body), "type": kind}
    return {"text": redact_text(text[:TEXT_MAX]).replace("\0", "\\0")}
