"""The client against the HTTP API, both real: submitted, waited for, heard, and killed between."""

import contextlib
import threading
from importlib.util import find_spec
from uuid import uuid4

import pytest

from actionfleet import AnyRequest, Conflict, Event, FleetHTTP, NotFound, NotPermitted, Refused
from actionfleet.requests import SlackSendMessage
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(find_spec("workers.web") is None, reason="there is no HTTP API yet"),
]


def message(text: str) -> SlackSendMessage:
    return SlackSendMessage(channel="C0GENERAL", text=text)


@pytest.fixture
def client(world: World, processes: Processes) -> FleetHTTP:
    from domain.access import Scope  # noqa: PLC0415 - they come with the API
    from workers.api_keys import made_key  # noqa: PLC0415

    processes.start("web", "relay", "slack", "beat")
    database, now = world.fleet.database, world.fleet.now()
    made = made_key(database, world.workspace_id, "client", list(Scope), now)
    return FleetHTTP(f"http://127.0.0.1:{world.fleet.settings.web_port}", made.secret)


def test_a_services_day(
    client: FleetHTTP, world: World, sandbox: Sandbox, processes: Processes
) -> None:
    heard: list[Event] = []
    listening = threading.Thread(target=_hear, args=(client, heard), daemon=True)
    listening.start()
    first = client.submit(message("hello"), world.slack)
    assert client.wait(first.id).outcome()["channel"] == "C0GENERAL"
    mine = uuid4()
    second = client.submit(message("once"), world.slack, id=mine, wait_s=10)
    assert second.status == "succeeded"
    assert client.submit(message("once"), world.slack, id=mine).id == second.id
    with pytest.raises(Conflict):
        client.submit(message("other"), world.slack, id=mine)
    with pytest.raises(Refused) as refused:
        client.submit(AnyRequest("slack_send_message", {"chanel": "x", "text": 3}), world.slack)
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"params.channel", "params.chanel", "params.text"}
    with pytest.raises(NotFound):
        client.submit(message("x"), uuid4())
    place = eventually(lambda: heard and heard[0].id)
    third = _submitted_while_it_is_killed(client, world, processes)
    behind = client.events("action.*", last_id=place)
    assert next(event for event in behind if event.subject == third).type == "action.succeeded"
    eventually(lambda: third in {event.subject for event in heard})
    assert sandbox.count("slack.message.posted") == 3
    world.rows_changed("UPDATE api_keys SET revoked_at = now()")
    listening.join(30)
    assert not listening.is_alive(), "a revoked key hears nothing more, and is told so"


def _hear(client: FleetHTTP, heard: list[Event]) -> None:
    with contextlib.suppress(NotPermitted):
        heard.extend(client.events("action.*"))


def _submitted_while_it_is_killed(client: FleetHTTP, world: World, processes: Processes) -> str:
    processes.kill("web")
    done: list[str] = []
    work = threading.Thread(
        target=lambda: done.append(client.submit(message("patient"), world.slack).id)
    )
    work.start()
    processes.start("web")
    work.join(30)
    client.wait(done[0]).outcome()
    return done[0]
