"""The client by Celery, through real processes: sent, carried out, sent again, refused."""

import threading
from uuid import uuid4

import pytest

from actionfleet import AnyRequest, Event, FleetCelery, FleetError
from actionfleet.requests import SlackSendMessage
from infra.broker.topology import is_amqp
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually

pytestmark = pytest.mark.processes
HELLO = SlackSendMessage(channel="C0GENERAL", text="hello")


def test_a_request_sent_twice_is_carried_out_once_and_its_action_is_known_beforehand(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    fleet = FleetCelery(world.fleet.settings.broker_url, world.workspace_id)
    sent = fleet.submit(HELLO, world.slack)
    assert fleet.submit(HELLO, world.slack, id=sent.id) == sent
    wrong = fleet.submit(AnyRequest("slack_send_message", {"no_such": 1}), world.slack)
    processes.start("intake", "relay", "slack")
    eventually(
        lambda: len(world.rows("SELECT 1 FROM actions WHERE finished_at IS NOT NULL")) == 2, 30
    )
    rows = {str(row.id): row for row in world.rows("SELECT * FROM actions")}
    assert rows[sent.action_id].status == "succeeded"
    assert rows[wrong.action_id].status == "rejected"
    assert rows[sent.action_id].key == sent.id
    assert sandbox.count("slack.message.posted") == 1


def test_an_id_that_is_no_uuid_is_refused_before_anything_is_sent(settings) -> None:
    with pytest.raises(ValueError, match="UUID"):
        FleetCelery(settings.broker_url).submit(HELLO, "x", id="order 7")


def test_the_broker_is_named_without_its_password() -> None:
    fleet = FleetCelery("redis://:hush@example.com/0")
    assert "hush" not in repr(fleet)
    assert fleet.action_id_of("x") is None


def test_events_come_by_a_queue_of_ones_own(world, sandbox, processes) -> None:
    """On RabbitMQ (set BROKER_URL): what was not dealt with comes again."""
    fleet = FleetCelery(world.fleet.settings.broker_url, world.workspace_id)
    if not is_amqp(world.fleet.settings.broker_url):
        with pytest.raises(FleetError, match="RabbitMQ only"):
            next(fleet.events("my-service"))
        return
    processes.start("intake", "relay", "slack")
    mine = f"my-service-{uuid4().hex[:8]}"  # a queue outlives whoever reads it
    heard = fleet.events(mine, "action.*")
    first: list[Event] = []
    listening = threading.Thread(target=lambda: first.append(next(heard)))
    listening.start()
    sent = [fleet.submit(HELLO, world.slack).action_id]
    listening.join(3)
    if listening.is_alive():  # it was carried out before the queue was there
        sent.append(fleet.submit(HELLO, world.slack).action_id)
    listening.join(20)
    heard.close()  # without asking for the next one
    assert next(fleet.events(mine, "action.*")).id == first[0].id
    assert first[0].subject in sent
