"""Nothing secret leaves the process in a log, an event, an error or the integration log."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HIDDEN = "[hidden]"
TEXT_MAX = 8_000

_NAMES = (
    r"authorization|cookie|token|secret|passw|passcode|pwd|api[-_]?key|credential|signature"
    r"|client_assertion|refresh|start_url|\bzak\b|host[-_]?key|private"
)
_SECRET_NAMES = re.compile(_NAMES, re.IGNORECASE)
# Names that only look secret.
_PLAIN_NAMES = frozenset({"idempotency-key", "tokens_used", "next_page_token", "default_password"})
# What tells who somebody is at a look: an address, a browser, a device.
_PERSONAL_NAMES = frozenset(
    {"client_ip_address", "client_user_agent", "fbc", "fbp", "madid", "anon_id"}
)
_SECRET_TEXT = re.compile(
    r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}|tp_live_[\w-]+|\b(?-i:EAA)[a-z0-9]{20,}"
    r"|\bxox[a-z](?:\.xox[a-z])?-[a-z0-9-]+|\bxapp-[a-z0-9-]+"
    r"|\bcal_(?:live_|test_)?[a-z0-9]{12,}"
    r"|(?<=hooks\.slack\.com/)(?!\[hidden\])[^\s\"'<>]+"
    r"|(?<=-token: )(?!\[hidden\])[^\s\"'<>,;]+"  # a header, as error pages show them
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    # Addresses that open a door by themselves: a workflow's webhook, our own for callbacks.
    r"|(?<=/)[0-9a-f]{32}(?![\w-])|(?<=/callbacks/[0-9a-f-]{36}/)(?!\[hidden\])[^\s/?\"'<>]+"
)
# name=value, and "name": "value" (also inside a JSON string, where the quotes are escaped).
_PAIR = re.compile(
    rf"(?i)(?<![\w.-])([\w.-]{{0,60}}(?:{_NAMES})[\w.-]{{0,60}})"
    r"(\s*=+\s*\\*[\"']?|\\*[\"']\s*:\s*\\*[\"']?)(?!\[hidden\])"
    r"(?:(?<=\\\")[^\"\\]+|(?<=\")(?:[^\"\\]|\\.)+|(?<=')[^'\\]+|[^\s&\"'\\,;<>}\]]+)"
)


def redact(value: Any, name: str = "") -> Any:
    """Return `value` (plain JSON) with everything secret hidden, by name and by look."""
    if name and _is_hidden(name.lower()):
        return HIDDEN if value not in (None, "", [], {}) else value
    if isinstance(value, Mapping):
        if "ContentType" in value and isinstance(value.get("Content"), str):  # of an email
            value = {**value, "Content": f"[{len(value['Content'])} characters]"}
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return redact_text(value)
    return value


def _is_hidden(name: str) -> bool:
    secret = name not in _PLAIN_NAMES and _SECRET_NAMES.search(name) is not None
    return secret or name in _PERSONAL_NAMES


def redact_text(text: str) -> str:
    """Return `text` with bearer tokens, known key shapes, URL passwords and secret pairs hidden."""
    return _PAIR.sub(_hide_value, _SECRET_TEXT.sub(HIDDEN, text))


def _hide_value(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _PLAIN_NAMES else f"{found[1]}{found[2]}{HIDDEN}"


def redact_error(error: Exception) -> str:
    """Return what went wrong in one line: for a database error, the database's own words."""
    words = str(getattr(error, "orig", error)).partition("\n")[0]
    return redact_text(f"{type(error).__name__}: {words}")


def redact_url(url: str) -> str:
    """Return the URL without user, password or the values of secret-looking parameters."""
    parts = urlsplit(url)
    query = "&".join(
        f"{pair.split('=')[0]}={HIDDEN}" if _SECRET_NAMES.search(pair.split("=")[0]) else pair
        for pair in parts.query.split("&")
        if pair
    )
    host = parts.netloc.rpartition("@")[2]
    return redact_text(f"{parts.scheme}://{host}{parts.path}" + (f"?{query}" if query else ""))


def redact_body(body: bytes | None, headers: Mapping[str, str]) -> Any:
    """Return a body fit for the log: JSON redacted by field, text by look, the rest by size."""
    if not body:
        return None
    kind = next((v for k, v in headers.items() if k.lower() == "content-type"), "")
    if len(body) > 64 * TEXT_MAX or body.startswith(b"%PDF"):
        return {"bytes": len(body), "type": kind}
    try:
        return redact(json.loads(body))
    except (ValueError, RecursionError):
        pass
    if "form" in kind:
        return {"form": _structures(body) or HIDDEN, "bytes": len(body)}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"bytes": len(body), "type": kind}
    return {"text": redact_text(text[:TEXT_MAX]).replace("\0", "\\0")}


def _structures(form: bytes) -> dict[str, Any]:
    """Return the fields of a form that hold JSON objects or lists; the rest stays hidden."""
    shown = {}
    for name, text in parse_qsl(form.decode(errors="replace")):
        if text.startswith(("{", "[")):
            with suppress(ValueError, RecursionError):
                shown[name] = redact(json.loads(text), name)
    return shown
