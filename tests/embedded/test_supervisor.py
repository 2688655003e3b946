"""The supervisor keeps its processes running, and leaves none behind."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.embedded import ledger, processes
from infra.embedded.claim import FolderClaim
from infra.embedded.program import StartFailed
from workers.supervisor import Limits, Supervisor

pytestmark = pytest.mark.processes
QUICK = Limits(look_every=0.02, back_off_first=0.05, back_off_most=0.2, stuck_asked_every=0.05)
SAYS_ENDED = (
    "import signal, sys, time\n"
    "def end(*_): open({file!r}, 'a').write({name!r} + '\\n'); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)\n"
)
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(600)"
)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervise(tmp_path: Path, said) -> Iterator[Callable[..., Supervisor]]:
    with contextlib.ExitStack() as stack:
        claim = stack.enter_context(FolderClaim(tmp_path / "state"))

        def start(*programs: object, **more: object) -> Supervisor:
            more = {"report": said.append, "limits": QUICK, **more}
            supervisor = Supervisor(claim, **more)
            stack.callback(supervisor.stop)
            supervisor.start(programs)
            return supervisor

        yield start


def test_a_killed_process_is_started_again(supervise, stand_in, eventually, said) -> None:
    changes = []
    supervisor = supervise(stand_in("one"), stand_in("two"), changed=lambda: changes.append(1))
    supervisor.wait_ready(10)
    before = supervisor.pids()
    os.kill(before["one"], signal.SIGKILL)
    eventually(lambda: supervisor.pids().get("one") not in {None, before["one"]})
    supervisor.wait_ready(10)
    assert supervisor.pids()["two"] == before["two"]
    assert changes
    assert "one ended with -9" in said[0]


def test_one_that_keeps_dying_is_shown_with_its_last_words(supervise, stand_in, said) -> None:
    dying = stand_in("dying", "import sys; sys.exit('no such tenant')")
    supervisor = supervise(dying)
    with pytest.raises(StartFailed, match="no such tenant"):
        supervisor.wait_ready(10)
    assert "no such tenant" in said[-1]
    assert "death 3 in a row" in said[-1]


def test_back_off_grows_to_its_bound(supervise, stand_in, eventually, said) -> None:
    supervise(stand_in("dying", "raise SystemExit(3)"))
    eventually(lambda: len(said) >= 6)
    waits = [float(words.split("again in ")[1].split(" s")[0]) for words in said[:6]]
    assert waits[0] <= 0.1
    assert max(waits) <= 0.2


def test_a_silent_one_is_not_ready(supervise, stand_in) -> None:
    supervisor = supervise(stand_in("silent", "import time; time.sleep(600)"))
    with pytest.raises(StartFailed, match="silent not ready after"):
        supervisor.wait_ready(0.3)


def test_ready_by_port(supervise, stand_in) -> None:
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); time.sleep(600)"
    )
    listening = stand_in("probe", code, ready=r"\d+")
    supervisor = supervise(listening)
    supervisor.wait_ready(10)
    port = int(listening.log.read_text())
    supervisor.start([stand_in("by-port", ready=port)])
    supervisor.wait_ready(10)


def test_a_stuck_one_is_restarted_even_if_deaf(supervise, stand_in, eventually, said) -> None:
    stuck = {"deaf"}
    limits = Limits(look_every=0.02, stuck_asked_every=0.05, stuck_spared_for=0.2)
    supervisor = supervise(
        stand_in("deaf", DEAF, stop_seconds=0.2),
        stand_in("fine"),
        stuck=lambda: stuck,
        limits=limits,
    )
    supervisor.wait_ready(10)
    before = supervisor.pids()
    eventually(lambda: supervisor.pids().get("deaf") not in {None, before["deaf"]})
    assert supervisor.pids()["fine"] == before["fine"]
    assert any("completes no work" in words for words in said)
    stuck.clear()


def test_a_failing_question_stops_nothing(supervise, stand_in, eventually, said) -> None:
    def stuck() -> set[str]:
        raise ConnectionError("database away")

    supervisor = supervise(stand_in("one"), stuck=stuck)
    eventually(lambda: any("database away" in words for words in said))
    os.kill(supervisor.pids()["one"], signal.SIGKILL)
    eventually(lambda: supervisor.pids().get("one"))


def test_stops_workers_before_servers_and_the_deaf_by_force(
    tmp_path: Path, supervise, stand_in, running_in, gone
) -> None:
    ends = tmp_path / "ends"

    def telling(name: str, **more: object) -> object:
        return stand_in(name, SAYS_ENDED.format(file=str(ends), name=name), **more)

    deaf = stand_in("deaf", DEAF, stop_seconds=0.3)
    supervisor = supervise(telling("server", server=True), telling("worker"), deaf)
    supervisor.wait_ready(10)
    running = running_in(tmp_path / "state")
    supervisor.stop()
    assert ends.read_text().split() == ["worker", "server"]
    assert gone(running)
    assert ledger.read(tmp_path / "state/processes.json") == []


def test_in_a_hurry_workers_are_not_waited_for(supervise, stand_in) -> None:
    supervisor = supervise(stand_in("deaf", DEAF, stop_seconds=60))
    supervisor.wait_ready(10)
    begun = time.monotonic()
    supervisor.stop(hurry=lambda: True)
    assert time.monotonic() - begun < 10


def test_a_long_log_is_put_aside(supervise, stand_in, eventually) -> None:
    code = "import time\nwhile True: print('ready ' + 'x' * 1000, flush=True); time.sleep(0.01)"
    chatty = stand_in("chatty", code)
    supervise(chatty, limits=Limits(log_bytes_max=5_000, logs_measured_every=0.1))
    aside = chatty.log.with_name("chatty.log.1")
    eventually(aside.exists)
    eventually(lambda: 0 < chatty.log.stat().st_size < 5_000)


def test_leaves_no_orphan_when_it_is_killed(
    tmp_path: Path, owner, running_in, gone, eventually
) -> None:
    with owner("supervisor", tmp_path) as (process, _):
        running = running_in(tmp_path)
        assert len(running) == 4  # two, each with a child of its own
        process.kill()
        process.wait()
        eventually(lambda: gone(running))


def test_a_killed_guard_is_replaced(tmp_path: Path, owner, running_in, gone, eventually) -> None:
    with owner("supervisor", tmp_path) as (process, _):
        running = running_in(tmp_path)
        mine = {one.pid for one in running}

        def guards() -> list[psutil.Process]:
            return [c for c in psutil.Process(process.pid).children() if c.pid not in mine]

        (guard,) = guards()
        guard.kill()
        eventually(
            lambda: [g.pid for g in guards() if g.status() != "zombie"] not in [[], [guard.pid]]
        )
        process.kill()
        process.wait()
        eventually(lambda: gone(running))


def test_the_next_owner_ends_what_is_left_but_nobody_else(tmp_path: Path, stand_in) -> None:
    other = subprocess.Popen(["sleep", "600"])
    left = subprocess.Popen(["sleep", "600"])
    try:
        ledger.write(
            tmp_path / "processes.json",
            [
                processes.Recorded("same pid", other.pid, "another one", 15, 1.0, server=False),
                processes.Recorded(
                    "left", left.pid, processes.identity(left.pid) or "", 15, 1.0, server=False
                ),
            ],
        )
        with FolderClaim(tmp_path):
            assert left.poll() is not None
            assert other.poll() is None
    finally:
        for process in (other, left):
            process.kill()
            process.wait()
