"""A local fleet starts whole, tells how to reach it, and stops whole."""

import json
import os
import signal
from pathlib import Path

import pytest

from infra.embedded import ledger, processes
from workers.local_fleet import LocalFleet, Options
from workers.supervisor import Limits

pytestmark = pytest.mark.processes
QUICK = Limits(look_every=0.02, back_off_first=0.05, back_off_most=0.2)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def options(stand_in, said) -> Options:
    return Options(
        environment={"DATABASE_URL": "postgresql://given", "BROKER_URL": "redis://given"},
        prepare=lambda env: {"api_key": "k", "seen": env["XERO_API_URL"]},
        processes=lambda _env, _state: (stand_in("sandbox", server=True), stand_in("one")),
        report=said.append,
        limits=QUICK,
    )


def test_fleet_json_tells_everything_and_follows_the_pids(
    tmp_path: Path, options, eventually
) -> None:
    file = tmp_path / "fleet.json"

    def pids() -> dict[str, int]:
        return {p["name"]: p["pid"] for p in json.loads(file.read_text())["processes"]}

    with LocalFleet(tmp_path, options) as fleet:
        fleet.wait_ready()
        told = json.loads(file.read_text())
        assert file.stat().st_mode & 0o777 == 0o600
        assert told["database_url"] == "postgresql://given"
        assert told["api_key"] == "k"
        assert told["seen"] == told["sandbox_url"] + "/xero"
        assert told["flower_user"]
        assert pids() == fleet.supervisor.pids()
        assert not (tmp_path / "postgres").exists()
        before = pids()
        os.kill(before["one"], signal.SIGKILL)
        eventually(lambda: pids().get("one", before["one"]) != before["one"])
        assert set(fleet.supervisor.memory_bytes()) == {"sandbox", "one"}
    assert not file.exists()


def test_secrets_are_made_once_and_given_ones_stay(tmp_path: Path, options) -> None:
    with LocalFleet(tmp_path, options) as fleet:
        first = fleet.environment
    with LocalFleet(tmp_path, options) as fleet:
        assert fleet.environment == first
    assert (tmp_path / "secret_keys").stat().st_mode & 0o777 == 0o600
    given = {**options.environment, "FLEET_SECRET_KEYS": "mine", "XERO_API_URL": "https://real"}
    with LocalFleet(
        tmp_path, Options(environment=given, sandbox=False, processes=options.processes)
    ) as fleet:
        assert fleet.environment["FLEET_SECRET_KEYS"] == "mine"
        assert fleet.environment["XERO_API_URL"] == "https://real"


def test_a_failing_preparation_stops_what_was_started(
    tmp_path: Path, options, running_in, gone
) -> None:
    def fail(_: object) -> dict[str, object]:
        running.extend(running_in(tmp_path))
        raise RuntimeError("migration failed")

    running: list[processes.Recorded] = []
    broken = Options(
        environment=options.environment,
        prepare=fail,
        processes=options.processes,
        report=options.report,
    )
    with pytest.raises(RuntimeError, match="migration failed"), LocalFleet(tmp_path, broken):
        pass
    assert running
    assert gone(running)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_fleet_cleanly(
    tmp_path: Path, owner, running_in, gone, number: int
) -> None:
    with owner("fleet", tmp_path) as (process, _):
        running = running_in(tmp_path)
        assert running
        process.send_signal(number)
        assert process.wait(20) == 0
        assert gone(running)
        assert ledger.read(tmp_path / "processes.json") == []
