"""The sandbox as a process, and its control API."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import urllib3

from infra.settings import Settings, variable_of
from workers.sandbox_addresses import sandbox_addresses


class Sandbox:
    """A running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = urllib3.PoolManager(retries=False, timeout=10)

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator["Sandbox"]:
        with (folder / "sandbox.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "infra.sandbox", "--host", "127.0.0.1", "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "sandbox ready on" in line, (folder / "sandbox.log").read_text()[-2000:]
        try:
            yield cls(line.split()[-1].strip())
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()

    @property
    def addresses(self) -> dict[str, str]:
        """The settings that name a platform's address, with the sandbox's."""
        names = {
            variable_of(one.name): one.name for one in fields(Settings) if one.name.endswith("_url")
        }
        told = sandbox_addresses(self.url)
        return {names[variable]: told[variable] for variable in told.keys() & names.keys()}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(
            method,
            f"{self.url}/_sandbox{path}",
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.data!r}"
        return json.loads(answer.data) if answer.data else None

    def reset(self) -> None:
        self.control("POST", "/reset")

    def lift_limits(self) -> None:
        """As many calls as a test may make: the fleet learns from answers what there is."""
        unlimited = {"minute": 100_000, "day": 1_000_000, "app_minute": 1_000_000}
        self.control("POST", "/limits", {"platform": "xero", **unlimited})

    def fault(self, platform: str, fault: str, **more: Any) -> None:
        self.control("POST", "/faults", {"platform": platform, "fault": fault, **more})

    def held(self) -> list[Any]:
        held: list[Any] = self.control("GET", "/held")["held"]
        return held

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.control("GET", "/effects")["counts"]
        return counts

    def effects(self, kind: str) -> list[dict[str, Any]]:
        return [e for e in self.control("GET", "/effects")["effects"] if e["kind"] == kind]

    def count(self, kind: str) -> int:
        return self.counts().get(kind, 0)
