"""Call budgets in fixed windows. Each tenant's windows begin at a time of their own."""

from dataclasses import dataclass
from math import ceil
from zlib import crc32

from infra.sandbox.store import Shelf, Store


@dataclass(frozen=True, slots=True)
class Window:
    """At most `calls` (None: any number) per `seconds`."""

    name: str
    seconds: int
    calls: int | None


class Windows:
    """Calls counted per account (a tenant, or the whole app) and window."""

    def __init__(self, store: Store, name: str) -> None:
        self._shelf = Shelf(store, name)

    def take(self, account: str, window: Window, now: float) -> None:
        """Count one call."""
        number, used = self._read(account, window, now)
        self._shelf.put(f"{account}/{window.name}", {"number": number, "used": used + 1})

    def remaining(self, account: str, window: Window, now: float) -> int | None:
        """Return the calls left, None where there is no limit."""
        if window.calls is None:
            return None
        return max(0, window.calls - self._read(account, window, now)[1])

    def until_next(self, account: str, window: Window, now: float) -> int:
        """Return the whole seconds until the next window begins."""
        number, _used = self._read(account, window, now)
        return max(1, ceil((number + 1) * window.seconds - _phase(account, window) - now))

    def _read(self, account: str, window: Window, now: float) -> tuple[int, int]:
        number = int((now + _phase(account, window)) // window.seconds)
        kept = self._shelf.get(f"{account}/{window.name}")
        if kept is None or kept["number"] != number:
            return number, 0
        return number, kept["used"]


def _phase(account: str, window: Window) -> int:
    return crc32(f"{account}/{window.name}".encode()) % window.seconds
