"""The demo from an empty folder to a stopped fleet, and the fleet that stays up until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.embedded.claim import CHECKOUT

pytestmark = [pytest.mark.processes, pytest.mark.deep, pytest.mark.timeout(240)]
FLEET = [sys.executable, "-m", "workers.cli.main"]


@pytest.fixture
def env() -> dict[str, str]:
    taken = {"DATABASE_URL", "BROKER_URL", "FLEET_SECRET_KEYS", "FLEET_STATE_DIR"}
    return {name: value for name, value in os.environ.items() if name not in taken}


def test_the_demo_comes_true_twice_on_one_folder(tmp_path: Path, env) -> None:
    for _ in range(2):
        argv = [*FLEET, "demo", "--state", str(tmp_path / "demo"), "--json"]
        ran = subprocess.run(
            argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        told = json.loads(ran.stdout)
        assert told["ok"]
        assert len(told["checks"]) >= 8


def test_the_demo_empties_no_folder_that_is_not_its_own(tmp_path: Path, env) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    argv = [*FLEET, "demo", "--state", str(tmp_path)]
    ran = subprocess.run(argv, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "thesis.txt" in ran.stderr
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_up_serves_commands_and_ends_cleanly(tmp_path: Path, env) -> None:
    said = (tmp_path / "said").open("w+")
    argv = [*FLEET, "up", "--state", str(tmp_path / "run")]
    up = subprocess.Popen(argv, cwd=CHECKOUT, env=env, stdout=said, stderr=subprocess.STDOUT)
    file = tmp_path / "run" / "fleet.json"
    try:
        until = time.monotonic() + 90
        while "The fleet is up" not in Path(said.name).read_text():
            assert up.poll() is None, Path(said.name).read_text()
            assert time.monotonic() < until, Path(said.name).read_text()
            time.sleep(0.2)
        told = json.loads(file.read_text())
        assert told["api_key"].startswith("tp_live_")
        assert {"xero", "slack", "zoom"} <= set(told["integrations"])
        other = [*FLEET, "--state", str(tmp_path / "run")]
        sent = subprocess.run(
            [*other, "enqueue", "examples/slack-messages.json", "--wait", "30"],
            cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stdout + sent.stderr
        well = subprocess.run(
            [*other, "doctor"], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
        )
        assert well.returncode == 0, well.stdout
    finally:
        up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
    assert not file.exists()
    said.close()
