"""What to run, and one run of it."""

import contextlib
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 15
TAIL_BYTES = 16_384
SEARCH_BYTES = 1_048_576


class StartFailed(RuntimeError):  # noqa: N818 - named for what happened
    """A program ended or stayed silent instead of becoming ready; says so with its last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """A process to run.

    `env` is its whole environment. `ready` is a pattern to appear in its log, or a port on
    127.0.0.1 to answer. Servers start before and stop after everything else. A program that has
    not ended `stop_seconds` after its `stop_signal` is killed.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    ready: str | int
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10.0
    server: bool = False


@dataclass(slots=True)
class Run:
    """One run of a program: its process, and where in the log it begins."""

    program: Program
    process: subprocess.Popen[bytes]
    log_start: int
    started_at: float
    """Monotonic seconds."""
    _was_ready: bool = field(default=False, init=False)

    def ended(self) -> bool:
        """Whether the process is over (and takes note of its exit status)."""
        return self.process.poll() is not None

    def is_ready(self) -> bool:
        """Whether it has shown its sign of readiness and still runs."""
        if self.ended():
            return False
        if not self._was_ready:
            ready = self.program.ready
            self._was_ready = _answers(ready) if isinstance(ready, int) else self.has_said(ready)
        return self._was_ready

    def has_said(self, pattern: str) -> bool:
        """Whether its log matches the pattern in the first MiB since it started."""
        with contextlib.suppress(FileNotFoundError), self.program.log.open("rb") as log:
            log.seek(self._start(log.seek(0, 2)))
            return re.search(pattern.encode(), log.read(SEARCH_BYTES)) is not None
        return False

    def last_lines(self) -> str:
        """The end of what it has logged since it started, indented, to be shown with a failure."""
        lines = []
        with contextlib.suppress(FileNotFoundError), self.program.log.open("rb") as log:
            end = log.seek(0, 2)
            log.seek(max(self._start(end), end - TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"

    def _start(self, log_end: int) -> int:
        return self.log_start if self.log_start <= log_end else 0  # shortened meanwhile

    def wait_ready(self, seconds: float) -> None:
        """Wait until it is ready.

        Raises:
            StartFailed: it ended first, or `seconds` passed.
        """
        until = time.monotonic() + seconds
        while not self.is_ready():
            if self.ended() or time.monotonic() > until:
                code = self.process.returncode
                what = f"is not ready after {seconds:g} s" if code is None else f"ended with {code}"
                raise StartFailed(f"{self.program.name} {what}:\n{self.last_lines()}")
            time.sleep(0.02)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
        return True
    return False
