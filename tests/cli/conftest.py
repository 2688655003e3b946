"""The command line run in this process, against the test's own database."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest
from typer.testing import CliRunner

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
