"""The command line run in this process, against the test's own database."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from typer.testing import CliRunner

from infra.embedded.ports import free_port
from infra.sandbox import seed
from infra.settings import Settings, variable_of
from workers import sample
from workers.cli.main import app
from workers.fleet import Fleet


@dataclass
class Ran:
    """What a command did: exit status, what it said, and its JSON."""

    status: int
    said: str
    error: BaseException | None

    @property
    def json(self) -> Any:
        return json.loads(self.said)


Run = Callable[..., Ran]


@pytest.fixture
def environment(settings: Settings, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [one.name for one in fields(settings) if one.name.endswith("_url")]
    for name in (*addresses, "secret_keys"):
        monkeypatch.setenv(variable_of(name), str(getattr(settings, name)))
    monkeypatch.setenv("FLEET_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def invoke(*words: object, given: str | None = None) -> Ran:
        argv = [str(word) for word in words]
        monkeypatch.setattr("sys.argv", ["fleet", *argv])
        result = CliRunner().invoke(app, argv, input=given)
        error = result.exception
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return Ran(result.exit_code, result.stdout + (result.stderr or ""), error)

    return invoke


@pytest.fixture
def loaded(fleet: Fleet, environment) -> Fleet:
    """The sample workspace, loaded."""
    with fleet.database.transaction() as tx:
        sample.load(tx, fleet.vault, "http://127.0.0.1:9")
    return fleet


class Command:
    """A running `fleet connect xero`, and the browser."""

    def __init__(self, process: subprocess.Popen[str], redirect_uri: str) -> None:
        self.process, self.redirect_uri = process, redirect_uri
        self.http = urllib3.PoolManager(retries=False, timeout=10)
        assert process.stderr is not None
        self.said = ""
        while "http" not in self.said:
            line = process.stderr.readline()
            assert line, self.said
            self.said += line
        (self.url,) = re.findall(r"https?://\S+", self.said)

    def asked(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    def agree(self, **how: str) -> str:
        """Agree (or not) on the page; return where the browser is sent."""
        answer = self.http.request("GET", self.url + "".join(f"&{k}={v}" for k, v in how.items()))
        assert answer.status == 302, answer.data
        return str(answer.headers["Location"])

    def come_back(self, where: str) -> urllib3.BaseHTTPResponse:
        return self.http.request("GET", where.replace("localhost", "127.0.0.1"))

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, self.said + err


@pytest.fixture
def connecting(environment) -> Any:
    """Start `fleet connect <platform>`; the test plays the browser."""

    @contextmanager
    def run(*words: str, platform: str = "xero", **more: str) -> Iterator[Command]:
        redirect_uri = f"http://localhost:{free_port()}/callback"
        app = {"XERO_CLIENT_ID": seed.CLIENT_ID, "XERO_CLIENT_SECRET": seed.CLIENT_SECRET}
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.cli.main", "connect", platform, "--no-browser",
             "--json", "--redirect-uri", redirect_uri, *words],
            env=os.environ | app | more, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield Command(process, redirect_uri)
        finally:
            process.kill()
            process.communicate()

    return run
