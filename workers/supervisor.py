"""Keeps a table of processes running: restarts what dies and what completes no work.

Knows neither Celery nor the database; its memory counts for the fleet's. Servers are handed over
already running (`adopt`), everything else is started here.
"""

import logging
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.embedded import processes
from infra.embedded.claim import FolderClaim
from infra.embedded.program import Program, Run, StartFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the supervision; seconds unless the name says otherwise."""

    look_every: float = 0.1
    back_off_first: float = 0.2
    back_off_most: float = 5.0
    settled_after: float = 30.0
    """A process up for so long starts again with the first back-off."""
    show_log_after_deaths: int = 3
    stuck_asked_every: float = 5.0
    stuck_spared_for: float = 20.0
    """A process that young is not called stuck."""
    log_bytes_max: int = 20_000_000
    """A longer log is moved to `<name>.log.1`."""
    logs_measured_every: float = 10.0


@dataclass(slots=True)
class _Place:
    run: Run
    """The latest one, over or not."""
    down: bool = False
    deaths: int = 0
    due_at: float = 0.0


class Supervisor:
    """Supervises programs on one claimed state folder, in a thread of its own.

    `stuck` names the processes that complete no work while work is due; `changed` is called
    after a pid has changed; `report` gets sentences for people.
    """

    def __init__(
        self,
        claim: FolderClaim,
        *,
        stuck: Callable[[], set[str]] | None = None,
        changed: Callable[[], None] = lambda: None,
        report: Callable[[str], None] = log.warning,
        limits: Limits | None = None,
    ) -> None:
        self._claim = claim
        self._stuck = stuck
        self._changed = changed
        self._report = report
        self._limits = limits or Limits()
        self._places: dict[str, _Place] = {}
        self._mutex = threading.RLock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._random = random.SystemRandom()

    def adopt(self, run: Run) -> None:
        """Supervise a program that already runs."""
        with self._mutex:
            self._places[run.program.name] = _Place(run)

    def start(self, programs: Iterable[Program]) -> None:
        """Start programs, and the supervision if it does not run yet."""
        with self._mutex:
            for program in programs:
                self._places[program.name] = _Place(self._claim.launch(program))
        if not self._threads:
            self._threads = [threading.Thread(target=self._watch, name="supervisor", daemon=True)]
            if self._stuck is not None:
                asking = threading.Thread(target=self._ask_for_stuck, name="stuck", daemon=True)
                self._threads.append(asking)
            for thread in self._threads:
                thread.start()

    def wait_ready(self, seconds: float, progress: Callable[[str], None] = lambda _: None) -> None:
        """Wait until every process is ready, telling `progress` of each.

        Raises:
            StartFailed: one is not ready in time, or keeps dying; with the end of its log.
        """
        begun = time.monotonic()
        waiting = set(self._places)
        while waiting:
            for name in sorted(waiting):
                place = self._places[name]
                if place.run.is_ready():
                    waiting.discard(name)
                    progress(f"{name} is ready after {time.monotonic() - begun:.1f} s")
                elif place.deaths >= self._limits.show_log_after_deaths:
                    raise StartFailed(f"{name} keeps dying:\n{place.run.last_lines()}")
            if waiting and time.monotonic() - begun > seconds:
                name = min(waiting)
                late = f"{', '.join(sorted(waiting))} not ready after {seconds:g} s"
                raise StartFailed(f"{late}. {name} says:\n{self._places[name].run.last_lines()}")
            time.sleep(0.05)

    def restart(self, name: str, why: str) -> None:
        """Kill a process at once; the supervision starts it again.

        At once, because one that is stuck does not obey, and an attempt cut short is looked up.
        """
        with self._mutex:
            run = self._places[name].run
            if not run.ended():
                self._report(f"{name} (pid {run.process.pid}) is restarted: {why}")
                self._claim.kill(run)

    def pids(self) -> dict[str, int]:
        """Return the pid of each process that runs now."""
        with self._mutex:
            return {
                name: place.run.process.pid
                for name, place in self._places.items()
                if not place.run.ended()
            }

    def memory_bytes(self) -> dict[str, int]:
        """Measure each process with its children (proportional set size where Linux has it)."""
        return {name: processes.memory_bytes(pid) for name, pid in self.pids().items()}

    def logs(self) -> dict[str, Path]:
        """Return where each process writes."""
        return {name: place.run.program.log for name, place in self._places.items()}

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop all: workers first, each finishing what it runs, within its limit; servers last."""
        self._stopping.set()
        for thread in self._threads:
            if thread.name == "supervisor":  # `stuck` may hang in the caller's code: not waited for
                thread.join()
        with self._mutex:
            self._claim.end([place.run for place in self._places.values()], hurry)

    def _watch(self) -> None:
        logs_due = 0.0
        while not self._stopping.wait(self._limits.look_every):
            try:
                self._claim.keep_guarded()
                if sum(self._look_at(place) for place in self._places.copy().values()):
                    self._changed()
                if time.monotonic() >= logs_due:
                    logs_due = time.monotonic() + self._limits.logs_measured_every
                    for file in self.logs().values():
                        _shorten(file, self._limits.log_bytes_max)
            except OSError as trouble:  # out of disk, memory or processes: still here when it ends
                self._report(f"supervision: {trouble}")

    def _look_at(self, place: _Place) -> bool:
        """Restart a process that has ended once its back-off is over; whether its pid changed."""
        now = time.monotonic()
        with self._mutex:
            if not place.down:
                if not place.run.ended():
                    return False
                self._note_death(place, now)
            if now < place.due_at or self._stopping.is_set():
                return False
            place.due_at = now + self._limits.back_off_most  # should starting it fail
            place.run, place.down = self._claim.launch(place.run.program), False
            return True

    def _note_death(self, place: _Place, now: float) -> None:
        run, limits = place.run, self._limits
        if now - run.started_at >= limits.settled_after:
            place.deaths = 0
        longest = min(limits.back_off_most, limits.back_off_first * 2 ** min(place.deaths, 10))
        wait = self._random.uniform(longest / 2, longest)
        place.deaths += 1
        words = f"{run.program.name} ended with {run.process.returncode}, again in {wait:.1f} s"
        if place.deaths >= limits.show_log_after_deaths:
            words += f"; death {place.deaths} in a row. Its last lines:\n{run.last_lines()}"
        self._report(words)
        self._claim.forget(run)
        place.down, place.due_at = True, now + wait

    def _ask_for_stuck(self) -> None:
        while self._stuck is not None and not self._stopping.wait(self._limits.stuck_asked_every):
            try:
                names = self._stuck()
            except Exception as trouble:  # noqa: BLE001 - the caller's code; asked again later
                self._report(f"cannot tell what is stuck: {trouble}")
                continue
            for name in names & self._places.keys():
                run = self._places[name].run
                young = self._limits.stuck_spared_for
                if time.monotonic() - run.started_at >= young:
                    self.restart(name, "it completes no work while work is due")


def _shorten(file: Path, most: int) -> None:
    """Keep a log's older part as `.1`. Writers append, so they go on at the new end."""
    if file.exists() and file.stat().st_size > most:
        shutil.copyfile(file, file.with_name(file.name + ".1"))
        with file.open("r+b") as open_file:
            open_file.truncate(0)
