"""The sandbox's clock: the machine's, moved by as much as a test says."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Real time plus an offset in seconds. Everything that ages in here ages by this clock."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s
        self._on_move: list[Callable[[], None]] = []

    def on_move(self, call: Callable[[], None]) -> None:
        """Have something called whenever the clock was moved."""
        self._on_move.append(call)

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time() + self.offset_s

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return int(self.now() * 1000)

    def moment(self) -> datetime:
        """The same as an aware datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock; backwards too, clocks do."""
        self.offset_s += seconds
        self._tell()

    def set(self, moment: datetime) -> None:
        """Make it that moment now."""
        self.offset_s = moment.timestamp() - time.time()
        self._tell()

    def _tell(self) -> None:
        for call in self._on_move:
            call()


def iso(seconds: float) -> str:
    """Write seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
