"""Real processes of the fleet: started as in the Procfile, killed by their own pid."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from infra.platforms import CATALOGUE
from infra.settings import Settings, variable_of

MODULES = {
    "intake": "workers.intake",
    "events": "workers.payment_status",
    "relay": "workers.relay",
    "beat": "workers.beat",
    "webhooks": "workers.webhooks",
    "web": "workers.web",
    "metrics": "workers.metrics",
    "flower": "workers.flower",
}


QUEUES = {"worker": ",".join(CATALOGUE.queues), "xero": "xero,xero.sync"}
"""By the kind of worker; any other serves the queue of its name."""


def _queues_of(checkout: Path) -> str:
    """Every queue that the code lying there knows."""
    code = "from infra.platforms import CATALOGUE; print(','.join(CATALOGUE.queues))"
    argv = [sys.executable, "-c", code]
    return subprocess.run(
        argv, cwd=checkout, check=True, capture_output=True, text=True
    ).stdout.strip()


class Processes:
    """Processes by name; all are ended when the test ends."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        killable: bool = True,
        checkout: Path | None = None,
    ) -> None:
        """`checkout`: where the code lies that they run, if it is not this."""
        self.folder, self._checkout = folder, checkout
        self._queues = QUEUES | ({} if checkout is None else {"worker": _queues_of(checkout)})
        self.kill_file = folder / "kill"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ready_before: dict[str, int] = {}
        self._environment = os.environ | {
            variable_of(setting.name): str(getattr(settings, setting.name))
            for setting in fields(settings)
        }
        self._environment |= {
            "PYTHONUNBUFFERED": "1",
            "PYTHONOPTIMIZE": "2",
            "MALLOC_ARENA_MAX": "2",
        }
        if killable:
            self._environment["FLEET_KILL_FILE"] = str(self.kill_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
        for process in self._running.values():
            process.wait(10)

    def start(self, *names: str) -> None:
        """Start and wait until each says it is ready."""
        for name in names:
            self._launch(name)
        for name in names:
            self.wait_ready(name)

    def start_unready(self, *names: str) -> None:
        """Start without waiting: Flower does not say when it is ready."""
        for name in names:
            self._launch(name)

    def _launch(self, name: str) -> None:
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._argv(name),
                cwd=self._checkout,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _argv(self, name: str) -> list[str]:
        kind = name.split("-", maxsplit=1)[0]
        if kind in MODULES:
            return [sys.executable, "-m", MODULES[kind]]
        queues = self._queues.get(kind, kind)
        words = "-m celery -q -A workers.app worker -P threads -c 10 --without-gossip"
        words += f" --without-mingle --without-heartbeat -Q {queues} -n {name}-{uuid4().hex[:8]}"
        return [sys.executable, *words.split()]

    def carry_out_alone(self, action_id: UUID) -> int:
        """Do a worker's part for one doorbell in a process of its own; return its exit code."""
        code = (
            "import sys, uuid; from workers.execute import execute;"
            "from workers.fleet import compose;"
            "fleet = compose('test'); fleet.incarnation.start();"
            "execute(fleet, uuid.UUID(sys.argv[1])); fleet.incarnation.stop()"
        )
        with self.log("alone").open("ab") as log:
            words = [sys.executable, "-c", code, str(action_id)]
            return subprocess.run(
                words, env=self._environment, stdout=log, stderr=log, timeout=60, check=False
            ).returncode

    def kill_order(self, action_id: UUID, number: int) -> Path:
        """The file that, once there, has a process killed at that boundary of the action's."""
        return self._beside_kill_file(action_id, str(number))

    def passed(self, action_id: UUID) -> list[str]:
        """The boundaries the action has passed so far."""
        return self._beside_kill_file(action_id, "log").read_text().splitlines()

    def _beside_kill_file(self, action_id: UUID, suffix: str) -> Path:
        return self.kill_file.with_name(f"{self.kill_file.name}.{action_id}.{suffix}")

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def wait_ready(self, name: str, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        started = self._running[name]
        while time.monotonic() < until:
            if started.poll() is not None:
                raise AssertionError(f"{name} ended: {self.log(name).read_text()[-3000:]}")
            if self.log(name).read_text().count('"ready"') > self._ready_before.get(name, 0):
                self._ready_before[name] = self.log(name).read_text().count('"ready"')
                return
            time.sleep(0.03)
        raise AssertionError(f"{name} not ready: {self.log(name).read_text()[-3000:]}")

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name].send_signal(number)

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone."""
        self._running[name].kill()
        self._running[name].wait(10)

    def died(self, name: str, seconds: float = 20.0) -> int:
        """Wait until the process has ended by itself; return its exit code."""
        return self._running[name].wait(seconds)

    def alive(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def keep_alive(self, *names: str) -> None:
        """Start again whatever has ended, without waiting for it."""
        for name in names:
            if not self.alive(name):
                self._launch(name)
