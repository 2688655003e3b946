"""Tiny processes that stand in for servers and workers."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.embedded import ledger, processes
from infra.embedded.claim import CHECKOUT
from infra.embedded.program import Program

SLEEPER = "import time; print('ready', flush=True); time.sleep(600)"
OWNER = Path(__file__).with_name("owner.py")


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., Program]:
    def make(name: str, code: str = SLEEPER, **more: object) -> Program:
        argv = (sys.executable, "-I", "-S", "-c", code)
        log = tmp_path / "logs" / f"{name}.log"
        more = {"ready": "ready", **more}
        return Program(name, argv, {"PATH": "/usr/bin:/bin"}, CHECKOUT, log, **more)

    return make


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(claim: Callable[[], object], seconds: float = 15.0) -> None:
        until = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < until, "did not come true in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def owner() -> Callable[..., contextlib.AbstractContextManager[tuple[subprocess.Popen[str], str]]]:
    @contextlib.contextmanager
    def run(kind: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A process that owns the folder, with the line it prints once all is up."""
        env = os.environ | {"PYTHONPATH": str(CHECKOUT)}
        command = [sys.executable, OWNER, kind, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
            try:
                yield process, process.stdout.readline().strip()
            finally:
                process.kill()

    return run


@pytest.fixture
def running_in() -> Callable[[Path], list[processes.Recorded]]:
    """What a folder's ledger lists, with everything below it."""

    def read(folder: Path) -> list[processes.Recorded]:
        listed = ledger.read(folder / "processes.json")
        below = [
            processes.Recorded("below", pid, known, 15, 1.0, server=False)
            for one in listed
            for pid, known in processes.descendants(one.pid)
        ]
        return listed + below

    return read


@pytest.fixture
def gone() -> Callable[[list[processes.Recorded]], bool]:
    return lambda recorded: not any(processes.alive(one.pid, one.identity) for one in recorded)
