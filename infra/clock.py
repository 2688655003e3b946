"""The one place that reads the machine's clock."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the place


def cpu_seconds() -> float:
    """Return the processor time this thread has used so far; only differences mean anything."""
    return time.thread_time()
