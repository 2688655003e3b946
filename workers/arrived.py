"""A message as it came, before anybody tried to understand it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kombu.message import Message


@dataclass(frozen=True, slots=True)
class Arrived:
    """Raw bytes, headers, where it came from, and the identity its transport gave it."""

    body: bytes
    headers: Mapping[str, Any]
    source: str
    message_id: str | None = None


def arrived(message: Message) -> Arrived:
    """Read a kombu message without decoding its body."""
    body: Any = message.body  # bytes or text, as the transport has it
    raw = body if isinstance(body, bytes) else str(body).encode("utf-8", "replace")
    headers = dict(message.headers) | {"content_type": message.content_type}
    is_celery = "task" in headers
    identity = headers.get("id") if is_celery else message.properties.get("message_id")
    source = "celery" if is_celery else "plain"
    return Arrived(raw, headers, source, None if identity is None else str(identity))
