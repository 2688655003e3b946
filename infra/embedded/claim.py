"""The sole right to a state folder, and to the processes started under it."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.embedded import ledger, processes
from infra.embedded.processes import Recorded
from infra.embedded.program import Program, Run

CHECKOUT = Path(__file__).resolve().parents[2]
LEFTOVERS_SECONDS = 45.0
"""How long the guard of a dead owner may take to end what was left running."""


class FolderTaken(RuntimeError):  # noqa: N818 - named for what happened
    """Another process works in this state folder."""


class FolderClaim:
    """Owns a state folder: one owner at a time, and nothing of it outlives its owner.

    The owner and its guard hold one lock together. If the owner dies, the guard ends the processes
    in the ledger and the lock falls only then; if both are killed, the next owner does it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._ledger = self.folder / "processes.json"
        self._mutex = threading.Lock()
        self._runs: dict[int, tuple[Recorded, Run]] = {}
        self._lock = -1
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Take the folder; see `take`."""
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything and give the folder back."""
        self.release()

    def take(self) -> None:
        """Make the folder, lock it and end what an earlier owner has left running.

        Raises:
            FolderTaken: its owner lives.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._acquire()
            os.ftruncate(self._lock, 0)
            owner = f"{os.getpid()} {processes.identity(os.getpid())}"
            os.pwrite(self._lock, owner.encode(), 0)
            processes.end(ledger.read(self._ledger))
            ledger.write(self._ledger, [])
            self.keep_guarded()
        except BaseException:
            os.close(self._lock)
            raise

    def _acquire(self) -> None:
        until = time.monotonic() + LEFTOVERS_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid, _, known = os.pread(self._lock, 200, 0).decode().partition(" ")
                if pid and processes.alive(int(pid), known):
                    raise FolderTaken(
                        f"{self.folder} is in use by process {pid}. "
                        f"Stop that one first (kill {pid}), or choose another folder."
                    ) from None
                if time.monotonic() > until:
                    raise FolderTaken(
                        f"{self.folder} is still being cleaned up after process {pid or '?'}."
                    ) from None
                time.sleep(0.05)
            else:
                return

    def keep_guarded(self) -> None:
        """Start the guard, again if somebody has killed it."""
        if self._guard is not None and self._guard.poll() is None:
            return
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "infra.embedded.guard", str(self._ledger)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            pass_fds=[self._lock],
            start_new_session=True,
        )

    def launch(self, program: Program) -> Run:
        """Start a program, its output appended to its log, in a session of its own.

        Of its own, so that Ctrl-C reaches only the owner, which then stops all in order.
        """
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as log, self._mutex:
            start = log.tell()
            process = subprocess.Popen(  # noqa: S603 - argv lists, no shell
                program.argv,
                cwd=program.cwd,
                env=dict(program.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            run = Run(program, process, start, time.monotonic())
            self._runs[process.pid] = (_record(run), run)
            self._save()
        return run

    def forget(self, run: Run) -> None:
        """Strike an ended run from the ledger."""
        with self._mutex:
            if self._runs.pop(run.process.pid, None) is not None:
                self._save()

    def kill(self, run: Run) -> None:
        """SIGKILL a run and everything below it."""
        if run.process.pid in self._runs:
            recorded, _ = self._runs[run.process.pid]
            processes.kill_tree(recorded.pid, recorded.identity)

    def end(self, runs: Sequence[Run], hurry: Callable[[], bool] = lambda: False) -> None:
        """End runs in order, workers before servers; see `processes.end`."""
        pids = {run.process.pid for run in runs}
        processes.end([one for pid, (one, _) in self._runs.items() if pid in pids], hurry)
        for run in runs:
            run.process.wait(processes.KILL_SECONDS)
            self.forget(run)

    def _save(self) -> None:
        ledger.write(self._ledger, [recorded for recorded, _ in self._runs.values()])

    def release(self) -> None:
        """End whatever still runs, dismiss the guard and unlock the folder."""
        self.end([run for _, run in self._runs.values()])
        if self._guard is not None:
            self._guard.communicate()  # end of file dismisses it
            self._guard = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _record(run: Run) -> Recorded:
    pid, program = run.process.pid, run.program
    return Recorded(
        program.name,
        pid,
        processes.identity(pid) or "",
        program.stop_signal,
        program.stop_seconds,
        program.server,
    )
