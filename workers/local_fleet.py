"""The whole fleet on one machine: servers, sandbox and workers, as long as a `with` block."""

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from infra.embedded.claim import FolderClaim
from infra.embedded.ledger import write_private
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.program import Program
from infra.embedded.valkey import EmbeddedValkey
from workers.local_processes import local_environment, local_processes
from workers.supervisor import Limits, Supervisor

READY_SECONDS = 90.0


def _nothing_to_prepare(_: Mapping[str, str]) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller of a local fleet decides.

    `environment` is completed for the processes. `prepare` runs once the servers and the sandbox
    are up and before anything else starts, with that environment; what it returns goes into
    `fleet.json` (migrate in a process of its own: what it imports here stays in memory). `stuck`
    names the processes that complete no work while work is due. `report` gets sentences for
    people.
    """

    sandbox: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    prepare: Callable[[Mapping[str, str]], Mapping[str, object]] = _nothing_to_prepare
    stuck: Callable[[], set[str]] | None = None
    report: Callable[[str], None] = print
    processes: Callable[[Mapping[str, str], Path], tuple[Program, ...]] = local_processes
    limits: Limits = field(default_factory=Limits)


class LocalFleet:
    """Runs in the given state folder; entering starts everything, leaving stops it in order.

    The first SIGINT or SIGTERM raises KeyboardInterrupt in the main thread wherever it is; one
    more, while stopping, no longer waits for running work.
    """

    def __init__(self, state: Path, options: Options | None = None) -> None:
        self.state = state.absolute()
        self.options = options or Options()
        self.environment: dict[str, str] = {}
        self._claim = FolderClaim(self.state)
        self.supervisor = Supervisor(
            self._claim,
            stuck=self.options.stuck,
            changed=self._write,
            report=self.options.report,
            limits=self.options.limits,
        )
        self._prepared: Mapping[str, object] = {}
        self._writing = threading.Lock()
        self._leaving = False
        self._hurry = threading.Event()
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Take the folder and start everything, without waiting for the workers to be ready.

        Raises:
            infra.embedded.claim.FolderTaken: another fleet runs on this folder.
            infra.embedded.program.StartFailed: a server or the sandbox does not start.
        """
        self._claim.take()
        self._listen_for_signals()
        try:
            self._start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything in order and give the folder back."""
        self._leave()

    def _start(self) -> None:
        options = self.options
        env = local_environment(options.environment, self.state, sandbox=options.sandbox)
        if not env.get("BROKER_URL"):
            valkey = EmbeddedValkey(self.state / "valkey", self._claim)
            env["BROKER_URL"] = valkey.start()
            self._adopt(valkey)
        if not env.get("DATABASE_URL"):
            postgres = EmbeddedPostgres(self.state / "postgres", self._claim)
            env["DATABASE_URL"] = postgres.start()
            self._adopt(postgres)
        self.environment = env
        table = options.processes(env, self.state)
        self.supervisor.start([program for program in table if program.server])
        self.supervisor.wait_ready(READY_SECONDS)
        self._prepared = options.prepare(env)
        self.supervisor.start([program for program in table if not program.server])
        self._write()

    def _adopt(self, server: EmbeddedPostgres | EmbeddedValkey) -> None:
        if server.run is not None:
            self.supervisor.adopt(server.run)

    def wait_ready(
        self, progress: Callable[[str], None] = lambda _: None, seconds: float = READY_SECONDS
    ) -> None:
        """Wait until every process is ready, telling `progress` of each.

        Raises:
            infra.embedded.program.StartFailed: one is not, with the end of its log.
        """
        self.supervisor.wait_ready(seconds, progress)

    def hear_webhooks(self) -> bool:
        """Have the sandbox tell this fleet what changes; False: there is none, or it refuses."""
        key = self.environment["FLEET_XERO_WEBHOOK_KEY"].split(",")[0].strip()
        wish = {"url": f"{self._webhooks}/webhooks/xero", "key": key}
        return self._ask_sandbox("xero/webhooks", wish).get("status") == "ok"

    def hear_callbacks(self) -> bool:
        """Have the sandbox call back about the sample's documents; False: it does not."""
        paths = self._prepared.get("callbacks")
        path = paths.get("portant") if isinstance(paths, Mapping) else None
        if path is None:
            return False
        return bool(self._ask_sandbox("portant/settings", {"callback_url": self._webhooks + path}))

    @property
    def _webhooks(self) -> str:
        return f"http://127.0.0.1:{self.environment['FLEET_WEBHOOKS_PORT']}"

    def _ask_sandbox(self, call: str, wish: Mapping[str, object]) -> dict[str, object]:
        """Order something of the sandbox; empty: there is none, or it refuses."""
        url = self.environment.get("SANDBOX_URL")
        if not url:
            return {}
        asked = urllib.request.Request(  # noqa: S310 - our own address
            f"{url}/_sandbox/{call}",
            json.dumps(wish).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(asked, timeout=15) as answer:  # noqa: S310
                return dict(json.load(answer))
        except (OSError, ValueError):
            return {}

    def run(self) -> None:
        """Supervise until SIGINT or SIGTERM."""
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            self.options.report("stopping; running work is finished first (again: at once)")

    def _write(self) -> None:
        """Write `fleet.json`: how to reach everything, readable by its owner only."""
        with self._writing:
            write_private(self.state / "fleet.json", json.dumps(self._content(), indent=2) + "\n")

    def _content(self) -> dict[str, object]:
        env, logs = self.environment, self.supervisor.logs()
        user, _, password = env["FLOWER_BASIC_AUTH"].partition(":")
        return {
            "sandbox_url": env.get("SANDBOX_URL"),
            "flower_url": f"http://127.0.0.1:{env['FLOWER_PORT']}",
            "flower_user": user,
            "flower_password": password,
            "database_url": env["DATABASE_URL"],
            "broker_url": env["BROKER_URL"],
            "webhooks_url": f"{self._webhooks}/webhooks",
            "web_url": f"http://127.0.0.1:{env['FLEET_WEB_PORT']}",
            "metrics_url": f"http://127.0.0.1:{env['FLEET_METRICS_PORT']}",
            **self._prepared,
            "processes": [
                {"name": name, "pid": pid, "log": str(logs[name])}
                for name, pid in self.supervisor.pids().items()
            ],
        }

    def _listen_for_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._leaving:
            self._hurry.set()
        else:
            self._leaving = True
            raise KeyboardInterrupt

    def _leave(self) -> None:
        self._leaving = True
        try:
            self.supervisor.stop(self._hurry.is_set)
            (self.state / "fleet.json").unlink(missing_ok=True)
        finally:
            self._claim.release()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave us
