"""What Flower shows, and to whom."""

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from infra.embedded.claim import CHECKOUT
from infra.sandbox import seed
from tests.harness.processes import Processes
from tests.harness.world import eventually
from workers.flower import Unprotected, arguments

WHO = "fleet:a-long-word"
OPEN_API = {"FLOWER_UNAUTHENTICATED_API": "1"}
PAGES = ("/", "/workers", "/tasks", "/broker", "/api/workers", "/api/tasks", "/api/queues/length")


def answer(url: str, who: str | None = WHO, data: bytes | None = None) -> tuple[int, str]:
    asked = urllib.request.Request(url, data)
    if who is not None:
        asked.add_header("Authorization", "Basic " + base64.b64encode(who.encode()).decode())
    try:
        with urllib.request.urlopen(asked, timeout=10) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.processes
def test_tasks_are_readable_and_secrets_are_not_there(
    world, settings, tmp_path, monkeypatch
) -> None:
    port = settings.metrics_port  # free: no metrics run here
    monkeypatch.setenv("FLOWER_PORT", str(port))
    monkeypatch.setenv("FLOWER_BASIC_AUTH", WHO)
    url = f"http://127.0.0.1:{port}"
    with Processes(replace(settings, task_events=True), tmp_path) as processes:
        processes.start_unready("flower")
        processes.start("worker", "relay")
        eventually(lambda: answer(f"{url}/")[0] == 200, 30, "flower answers")
        eventually(lambda: "worker-" in answer(f"{url}/api/workers?refresh=1")[1])

        def shown() -> dict[str, dict[str, str]]:
            return json.loads(answer(f"{url}/api/tasks")[1])

        # Flower asks workers for their events from time to time: until then it misses some.
        eventually(lambda: (world.message(), shown())[1], 30, "a task is shown")
        for task in shown().values():
            assert task["name"] == "slack.send_message"
            assert task["args"] == "()"
            assert set(json.loads(task["kwargs"].replace("'", '"'))) == {"action_id"}
        secret = [urlsplit(u).password for u in (settings.database_url, settings.broker_url)]
        secret += [seed.SLACK_TOKEN, settings.secret_keys, settings.xero_webhook_key, WHO]
        worker = next(iter(json.loads(answer(f"{url}/api/workers")[1])))
        for page in (*PAGES, f"/worker/{worker}", f"/task/{next(iter(shown()))}"):
            status, body = answer(url + page)
            assert status == 200, page
            for word in filter(None, secret):
                assert f":{word}@" not in body, page
                assert len(word) < 10 or word not in body, page
            for stranger in (None, "fleet:guess"):
                assert answer(url + page, stranger)[0] == 401, page
        for order in (f"/api/worker/shutdown/{worker}", "/api/task/apply/slack.send_message"):
            assert answer(url + order, data=b"{}")[0] in {403, 405}, order
        assert processes.alive("worker")


@pytest.mark.parametrize(
    ("environment", "is_open"),
    [
        ({}, False),
        ({"FLOWER_ADDRESS": "localhost"}, False),
        ({"FLOWER_ADDRESS": "[::1]"}, False),
        ({"FLOWER_ADDRESS": "0.0.0.0"}, True),
        ({"FLOWER_ADDRESS": "::"}, True),
        ({"FLOWER_ADDRESS": "10.1.2.3", "FLOWER_BASIC_AUTH": ""}, True),
        ({"FLOWER_ADDRESS": "a-host"}, True),
        ({"FLOWER_ADDRESS": "0.0.0.0", "FLOWER_BASIC_AUTH": WHO}, False),
        ({"FLOWER_ADDRESS": "::", "FLOWER_AUTH_PROVIDER": "a.Handler"}, False),
        ({"FLOWER_ADDRESS": "::", "FLOWER_BASIC_AUTH": WHO, **OPEN_API}, True),
    ],
)  # fmt: skip
def test_beyond_this_machine_it_asks_who_is_there(environment, is_open) -> None:
    if is_open:
        with pytest.raises(Unprotected, match="FLOWER_"):
            arguments(environment)
    else:
        assert arguments(environment)[-1] == "--read_only=true"


def test_it_refuses_to_start_and_says_what_to_set() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "workers.flower"],
        cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60,
        env={"FLOWER_ADDRESS": "0.0.0.0", "BROKER_URL": "redis://x", "PATH": "/usr/bin"},
    )  # fmt: skip
    assert ran.returncode == 1
    assert "set FLOWER_BASIC_AUTH=" in ran.stderr
