"""Processes that may outlive whoever started them: recognised by identity, ended in order."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

POLL_SECONDS = 0.02
KILL_SECONDS = 5.0
"""How long a process may take to vanish after SIGKILL before we go on without it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A process as written down: enough to know it again and to end it properly.

    `identity` tells it from a later process with the same pid. Servers end after all others.
    """

    name: str
    pid: int
    identity: str
    stop_signal: int
    stop_seconds: float
    server: bool


@cache
def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def identity(pid: int) -> str | None:
    """What no other process on this machine has, or None when it is gone (a zombie is gone).

    The start time in ticks since boot, because wall clocks jump and psutil's creation time with
    them.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        fields = stat.rpartition(b")")[2].split()
        return None if fields[0] in b"ZX" else f"{_boot()}:{int(fields[19])}"
    try:
        process = psutil.Process(pid)
        gone = process.status() == psutil.STATUS_ZOMBIE
        return None if gone else str(process.create_time())
    except psutil.Error:
        return None


def alive(pid: int, known_identity: str) -> bool:
    """Whether exactly that process still runs."""
    return identity(pid) == known_identity


def descendants(pid: int) -> list[tuple[int, str]]:
    """Every process below this one, as (pid, identity)."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return [(child.pid, known) for child in below if (known := identity(child.pid))]


def kill_tree(pid: int, known_identity: str) -> None:
    """SIGKILL a process and everything below it, without waiting."""
    for target, known in [(pid, known_identity), *descendants(pid)]:
        _signal(target, known, signal.SIGKILL)


def end(processes: Sequence[Recorded], hurry: Callable[[], bool] = lambda: False) -> None:
    """End all of them: workers first, servers last; each by its own signal, then by SIGKILL.

    `hurry` is asked while waiting; once true nobody is waited for any longer.
    """
    for servers in (False, True):
        _end_together([p for p in processes if p.server is servers], hurry)


def _end_together(processes: Sequence[Recorded], hurry: Callable[[], bool]) -> None:
    below = [member for process in processes for member in descendants(process.pid)]
    for process in processes:
        _signal(process.pid, process.identity, process.stop_signal)
    waiting = [(p, time.monotonic() + p.stop_seconds) for p in processes]
    while waiting := [(p, until) for p, until in waiting if alive(p.pid, p.identity)]:
        now = time.monotonic()
        for process, until in waiting:
            if now > until or (hurry() and not process.server):
                below += descendants(process.pid)
                _signal(process.pid, process.identity, signal.SIGKILL)
        if all(now > until + KILL_SECONDS for _, until in waiting):
            break
        time.sleep(POLL_SECONDS)
    for pid, known in below:
        _signal(pid, known, signal.SIGKILL)


def _signal(pid: int, known_identity: str, number: int) -> None:
    if alive(pid, known_identity):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end_stray(pid_file: Path, folder: Path, stop_signal: int) -> None:
    """End the server that a pid file in its own folder names, if it is one, and drop the file.

    A pid file survives its process, and the number may be anybody's by now: only a process whose
    working directory is that folder is ours. The file goes, as PostgreSQL refuses to start while
    the number is in use, by whomever.
    """
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
        known = identity(pid)
        if known is not None and Path(psutil.Process(pid).cwd()).samefile(folder):
            end([Recorded(folder.name, pid, known, stop_signal, 10.0, server=True)])
    pid_file.unlink(missing_ok=True)


def memory_bytes(pid: int) -> int:
    """The process's own share of memory with everything below it: PSS, or RSS without Linux.

    Zero when it is gone.
    """
    total = 0
    for member in [pid, *(below for below, _ in descendants(pid))]:
        with contextlib.suppress(psutil.Error):
            info = psutil.Process(member).memory_full_info()
            total += int(getattr(info, "pss", info.rss))
    return total
