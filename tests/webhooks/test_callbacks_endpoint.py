"""What a platform calls back with, at the endpoint: the sandbox's Portant tells it by HTTP."""

import json

import pytest

from tests.harness.world import eventually
from tests.platforms.portant.workflow import MADE, SECRET, connect, request, set_up, told
from workers.execute import execute

pytestmark = pytest.mark.processes


@pytest.fixture
def address(world, sandbox, teller) -> str:
    """Where a workflow of the sandbox calls back."""
    url = f"{teller.url}/callbacks/{connect(world, sandbox)}/{SECRET}"
    set_up(sandbox, callback_url=url)
    return url


@pytest.fixture
def started(world, address):
    action = world.submit(request(world))
    execute(world.fleet, action)
    return action


def stored(world):
    return len(world.rows("SELECT 1 FROM callbacks"))


def test_what_the_workflow_tells_wakes_the_action(world, sandbox, started):
    eventually(lambda: stored(world) == 1)
    execute(world.fleet, started)
    assert (world.status(started), sandbox.count(MADE)) == ("succeeded", 1)


def test_told_thrice_and_forged_it_is_stored_once(world, sandbox, started):
    assert told(sandbox) == []
    (run,) = sandbox.control("GET", "/portant/runs")["runs"]
    assert sandbox.control("POST", "/portant/forge", {"ref": run["ref"]}) == {"status": 401}
    again = {"ref": run["ref"]}
    assert sandbox.control("POST", "/portant/tell", again) == {"statuses": [200]}
    assert sandbox.control("POST", "/portant/tell", again) == {"statuses": [200]}
    assert stored(world) == 1


def test_who_calls_otherwise_is_refused_and_nothing_is_stored(world, teller, settings, address):
    body = json.dumps({"event_id": "1", "event_type": "X", "data": {}}).encode()
    unknown = "00000000-0000-4000-8000-000000000000"
    for url, sent, status in (
        (address + "x", body, 401),
        (
            address.upper().replace("HTTP://", "http://").replace("/CALLBACKS", "/callbacks"),
            b"",
            401,
        ),
        (f"{teller.url}/callbacks/{unknown}/{SECRET}", body, 401),
        (f"{teller.url}/callbacks/{world.slack}/{SECRET}", body, 401),
        (f"{teller.url}/callbacks/not-an-id/{SECRET}", body, 404),
        (address.rpartition("/")[0], body, 404),
        (address, b"x" * (settings.webhook_body_bytes_max + 1), 413),
        (address, body, 200),
    ):
        answer = teller.http.request("POST", url, body=sent)
        assert (answer.status, status < 404 and answer.data) == (status, status < 404 and b"")
    assert teller.http.request("GET", address).status == 405
    assert (stored(world), world.rows("SELECT 1 FROM dead_letters")) == (0, [])


def test_what_cannot_be_read_is_kept_and_answered_200(world, teller, address):
    for body in (b"", b"{", b"\xff", b"[" * 20_000):
        assert teller.http.request("POST", address, body=body).status == 200
    letters = world.rows("SELECT * FROM dead_letters")
    assert len(letters) == 4
    assert not any(SECRET in str(letter) for letter in letters)


def test_neither_secret_nor_address_is_logged(world, listening, started):
    eventually(lambda: stored(world) == 1)
    said = listening.log("webhooks").read_text()
    assert '"called back"' in said
    assert SECRET not in said
