"""Call budgets in windows: fixed ones, each tenant's begun at a time of its own; or sliding."""

from dataclasses import dataclass
from math import ceil
from zlib import crc32

from infra.sandbox.store import Shelf, Store
from infra.sandbox.wire import Document

_SLICE_S = 0.1  # a sliding window forgets calls in slices of this length


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` (None: any number) per `seconds`; sliding: in any stretch of so long."""

    name: str
    seconds: int
    calls: int | None
    sliding: bool = False


class Windows:
    """Calls counted per account (a tenant, or the whole app) and window."""

    def __init__(self, store: Store, name: str) -> None:
        self._shelf = Shelf(store, name)

    def take(self, account: str, window: Window, now: float) -> None:
        """Count one call."""
        if window.sliding:
            counted = self._slices(account, window, now)
            current = str(int(now / _SLICE_S))
            counted[current] = counted.get(current, 0) + 1
            self._shelf.put(_sliding_key(account, window), counted)
            return
        number, used = self._read(account, window, now)
        self._shelf.put(f"{account}/{window.name}", {"number": number, "used": used + 1})

    def remaining(self, account: str, window: Window, now: float) -> int | None:
        """Return the calls left, None where there is no limit."""
        if window.calls is None:
            return None
        if window.sliding:
            return max(0, window.calls - sum(self._slices(account, window, now).values()))
        return max(0, window.calls - self._read(account, window, now)[1])

    def until_next(self, account: str, window: Window, now: float) -> int:
        """Return the whole seconds until a call is let in again."""
        if window.sliding:
            oldest = min(map(int, self._slices(account, window, now)), default=0)
            return max(1, ceil((oldest + 1) * _SLICE_S + window.seconds - now))
        number, _used = self._read(account, window, now)
        return max(1, ceil((number + 1) * window.seconds - _phase(account, window) - now))

    def _read(self, account: str, window: Window, now: float) -> tuple[int, int]:
        number = int((now + _phase(account, window)) // window.seconds)
        kept = self._shelf.get(f"{account}/{window.name}")
        if kept is None or kept["number"] != number:
            return number, 0
        return number, kept["used"]

    def _slices(self, account: str, window: Window, now: float) -> Document:
        """Return the calls that still count, by the slice of time they fell into."""
        kept = self._shelf.get(_sliding_key(account, window)) or {}
        first, last = (now - window.seconds) / _SLICE_S - 1, now / _SLICE_S
        return {slice_: calls for slice_, calls in kept.items() if first < int(slice_) <= last}


def _sliding_key(account: str, window: Window) -> str:
    return f"{account}/{window.name}/sliding"


def _phase(account: str, window: Window) -> int:
    return crc32(f"{account}/{window.name}".encode()) % window.seconds
