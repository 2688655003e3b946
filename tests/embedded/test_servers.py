"""The embedded servers start, keep their data and end, whatever happened before."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from infra.embedded import identity, ledger, ports, postgres, valkey
from infra.embedded.claim import CHECKOUT, FolderClaim, FolderTaken
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.program import StartFailed
from infra.embedded.stack import Stack, embedded_stack
from infra.embedded.valkey import EmbeddedValkey

pytestmark = pytest.mark.processes


def remember(stack: Stack) -> int:
    """Add a row and a key; how many there are now (the two must agree)."""
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (i int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    with contextlib.closing(redis.Redis.from_url(stack.broker_url)) as client:
        assert client.incr("kept") == row[0]
    return row[0]


@pytest.fixture
def new_folder(tmp_path: Path) -> Path:
    return tmp_path / "a folder, ünd" / ("long " * 30).strip()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with embedded_stack(folder):
        pass
    return folder


@pytest.fixture
def folder(new_folder: Path, made_once: Path) -> Path:
    return Path(shutil.copytree(made_once, new_folder))


def test_data_survive_and_nothing_is_left_behind(new_folder: Path, gone) -> None:
    folder = new_folder
    for time_around in (1, 2):
        with embedded_stack(folder) as stack:
            running = ledger.read(folder / "processes.json")
            assert {one.name for one in running} == {"postgres", "valkey"}
            assert remember(stack) == time_around
        assert gone(running)
        assert "PostgreSQL) 18" in (folder / "postgres/version").read_text()


def test_reachable_with_the_password_only(folder: Path) -> None:
    with embedded_stack(folder) as stack:
        user_only = (
            stack.database_url.split("//")[0] + "//fleet@" + stack.database_url.split("@")[1]
        )
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(user_only)
        bare = "redis://" + stack.broker_url.split("@")[1]
        client = redis.Redis.from_url(bare)
        with contextlib.closing(client), pytest.raises(redis.AuthenticationError):
            client.ping()
    for secret in ("postgres/password", "valkey/password", "valkey/valkey.conf"):
        assert (folder / secret).stat().st_mode & 0o077 == 0


def test_recovers_after_everything_was_killed(folder: Path, owner) -> None:
    with owner("stack", folder) as (process, urls):
        assert remember(Stack(*urls.split())) == 1
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 4
        process.kill()
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
    with embedded_stack(folder) as stack:
        assert remember(stack) == 2


def test_servers_end_with_an_owner_that_was_killed(folder: Path, owner, gone, eventually) -> None:
    with owner("stack", folder) as (process, _):
        running = ledger.read(folder / "processes.json")
        process.kill()
        process.wait()
        eventually(lambda: gone(running))


def test_the_next_owner_ends_what_the_killed_guard_could_not(folder: Path, owner, gone) -> None:
    with owner("stack", folder) as (process, urls):
        remember(Stack(*urls.split()))
        running = ledger.read(folder / "processes.json")
        servers = {one.pid for one in running}
        guard = next(c for c in psutil.Process(process.pid).children() if c.pid not in servers)
        guard.kill()
        process.kill()
        process.wait()
        assert not gone(running)
        with embedded_stack(folder) as stack:
            assert gone(running)
            assert remember(stack) == 2


def test_ends_a_server_nobody_wrote_down(folder: Path, owner, gone) -> None:
    with owner("stack", folder) as (process, urls):
        remember(Stack(*urls.split()))
        running = ledger.read(folder / "processes.json")
        servers = {one.pid for one in running}
        guard = next(c for c in psutil.Process(process.pid).children() if c.pid not in servers)
        guard.kill()
        process.kill()
        process.wait()
        ledger.write(folder / "processes.json", [])
        with embedded_stack(folder) as stack:
            assert gone(running)
            assert remember(stack) == 2


def test_a_pid_file_naming_somebody_else_harms_nobody(folder: Path) -> None:
    with embedded_stack(folder) as stack:
        remember(stack)
    innocent = subprocess.Popen(["sleep", "600"])
    try:
        (folder / "postgres/data/postmaster.pid").write_text(f"{innocent.pid}\n/elsewhere\n")
        (folder / "valkey/valkey.pid").write_text(f"{innocent.pid}\n")
        with embedded_stack(folder) as stack:
            assert remember(stack) == 2
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_folder_has_one_owner(folder: Path) -> None:
    with embedded_stack(folder), pytest.raises(FolderTaken, match=f"by process {os.getpid()}"):
        FolderClaim(folder).take()


def test_moves_away_from_a_taken_port(folder: Path, monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        taken = squatter.getsockname()[1]
        (folder / "postgres/port").write_text(str(taken))
        with embedded_stack(folder) as stack:
            assert f":{taken}/" not in stack.database_url
        # somebody is quicker between the choice and the start
        for module in (postgres, valkey):
            choices = iter([taken, ports.free_port()])
            monkeypatch.setattr(module, "remembered_port", lambda _, c=choices: next(c))
        with embedded_stack(folder) as stack:
            assert remember(stack) == 1


def test_refuses_data_of_another_major_version(folder: Path) -> None:
    (folder / "postgres/data/PG_VERSION").write_text("12\n")
    with pytest.raises(StartFailed, match="made by PostgreSQL 12"), embedded_stack(folder):
        pass


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    (folder / "postgres/data/postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(StartFailed, match="no_such_setting"), embedded_stack(folder):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="the ways of root")
def test_root_runs_postgres_either_way_even_below_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for count, way in enumerate(("ambient", "namespace", "ambient"), start=1):
        with FolderClaim(closed / "state") as claim:
            try:
                server = EmbeddedPostgres(claim.folder / "postgres", claim, ways=(way,))
                broker = EmbeddedValkey(claim.folder / "valkey", claim)
                assert remember(Stack(server.start(), broker.start())) == count
            except identity.NoWayToRun as closed_way:
                pytest.skip(str(closed_way))


def interpreter_for(uid: int) -> str | None:
    """An interpreter of our version that this user can execute."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(OSError):
            command = [python, "-c", "pass"]
            if subprocess.run(command, user=uid, check=False, cwd="/").returncode == 0:
                return python
    return None


@pytest.mark.deep
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("uid", [65534, 23456], ids=["a user", "a user without a name"])
def test_as_an_ordinary_user(uid: int) -> None:
    python = interpreter_for(uid)
    if python is None:
        pytest.skip("no interpreter that an ordinary user can reach")
    base = Path("/tmp") / f"fleet-test-{os.getpid()}-{uid}"  # pytest's own folders are closed
    base.mkdir(mode=0o755)
    try:
        shutil.copytree(CHECKOUT / "infra/embedded", base / "infra/embedded")
        (base / "state").mkdir()
        os.chown(base / "state", uid, uid)
        path = f"{base}:{sysconfig.get_path('purelib')}"
        run = subprocess.run(
            [python, "-c", USE_STACK, base / "state" / "of mine"],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd="/",
            check=False,
            env={"PATH": os.defpath, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        if "no other way is open" in run.stderr:
            pytest.skip(run.stderr.splitlines()[-1])
        assert run.returncode == 0, run.stderr
        assert run.stdout.split() == ["1", "2"]
    finally:
        shutil.rmtree(base)


USE_STACK = """
import sys, pathlib, psycopg
from infra.embedded.stack import embedded_stack
for _ in range(2):
    with embedded_stack(pathlib.Path(sys.argv[1])) as stack:
        with psycopg.connect(stack.database_url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (i int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            print(connection.execute("SELECT count(*) FROM kept").fetchone()[0])
"""
