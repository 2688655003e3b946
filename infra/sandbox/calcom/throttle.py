"""Calls per credential: at most so many in 60 s, then none at all for 60 s.

The endpoint that adds guests is counted by itself, in place of the common throttle.
Source: Cal.com's open source, throttler guard (`X-RateLimit-*-<Name>` headers, no Retry-After).
"""

from collections.abc import Mapping
from math import ceil
from typing import Final

from infra.sandbox.clock import Clock
from infra.sandbox.limits import Window, Windows
from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

DEFAULT: Final = "default"
GUESTS: Final = "booking_guests_add"
SECONDS: Final = 60
BLOCKED_FOR_S: Final = 60
_CALLS: Final = {DEFAULT: 120, GUESTS: 5}


class Throttle:
    """The counters of every credential."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._windows = Windows(store, "calcom.windows")
        self._blocked = Shelf(store, "calcom.blocked")
        self._limits = Shelf(store, "calcom.limits")

    def take(self, credential: str, name: str) -> bool:
        """Count one call; False when it is refused."""
        window, now = self._window(name), self._clock.now()
        if window.calls is None:
            return True
        if self._blocked_for(credential, name) > 0:
            return False
        if not self._windows.remaining(credential, window, now):
            self._blocked.put(f"{credential}/{name}", {"until": now + BLOCKED_FOR_S})
            return False
        self._windows.take(credential, window, now)
        return True

    def headers(self, credential: str, name: str) -> Mapping[str, str]:
        """Return what every answer says of the throttle it was counted by."""
        window, now = self._window(name), self._clock.now()
        if window.calls is None:
            return {}
        blocked_s = self._blocked_for(credential, name)
        left = 0 if blocked_s > 0 else self._windows.remaining(credential, window, now) or 0
        reset_s = ceil(blocked_s) or self._windows.until_next(credential, window, now)
        return said(name, window.calls, left, reset_s)

    def limits(self) -> Document:
        """Return the limits in force, None where there is none."""
        return {name: self._window(name).calls for name in _CALLS}

    def set(self, limits: Document) -> None:
        """Change limits; None lifts one.

        Raises:
            ValueError: there is no such limit.
        """
        if unknown := set(limits) - set(_CALLS):
            raise ValueError(f"no such limit: {', '.join(sorted(unknown))}")
        for name, calls in limits.items():
            self._limits.put(name, {"calls": calls})

    def _window(self, name: str) -> Window:
        kept = self._limits.get(name)
        return Window(name, SECONDS, kept["calls"] if kept else _CALLS[name], sliding=True)

    def _blocked_for(self, credential: str, name: str) -> float:
        kept = self._blocked.get(f"{credential}/{name}")
        return max(0.0, float(kept["until"]) - self._clock.now()) if kept else 0.0


def said(name: str, limit: int, left: int, reset: int) -> dict[str, str]:
    """Return the three headers of a throttle: its name with a capital letter at their end."""
    ending = name[:1].upper() + name[1:]
    return {
        f"X-RateLimit-Limit-{ending}": str(limit),
        f"X-RateLimit-Remaining-{ending}": str(left),
        f"X-RateLimit-Reset-{ending}": str(reset),
    }
