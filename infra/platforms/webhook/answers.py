"""What a receiver's answer means: 2xx is taken, 410 is goodbye, anything else is tried again."""

from datetime import datetime, timedelta

from domain.actions.outcome import Blocks, Deferred, Rejected, Succeeded
from infra.exchange import Exchange
from infra.retry_after import retry_after

GONE = "gone"
RETRY_AFTER_MAX = timedelta(days=1)
HOLDING = frozenset({429, 503})
"""Statuses whose `Retry-After` speaks for the receiver as a whole (RFC 9110, RFC 6585)."""


def classify(exchange: Exchange, now: datetime) -> Succeeded | Rejected | Deferred:
    """Sort an exchange that brought a status, if only that."""
    status = exchange.status or 0
    if 200 <= status < 300:
        return Succeeded({"status": status})
    words = f"the receiver answered HTTP {status}"
    if status == 410:
        return Rejected(GONE, f"{words}: it wants no more")
    if 300 <= status < 400:
        words += "; redirects are not followed"
    wait = retry_after(exchange, now, RETRY_AFTER_MAX)
    if status in HOLDING and wait is not None:
        return Deferred(f"http_{status}", words, now + wait, Blocks.TENANT)
    return Deferred(f"http_{status}", words)
