"""Messages through every process of the fleet, really started and really killed."""

import random

import pytest

from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery, send_plain, wipe_broker
from tests.harness.world import World, eventually
from workers.submit import action_id_for

pytestmark = pytest.mark.processes
POSTED = "slack.message.posted"


def _requests(world: World, count: int) -> list[dict[str, object]]:
    return [
        world.request("slack_send_message", {"channel": "C0GENERAL", "text": f"message {n}"})
        for n in range(count)
    ]


def test_each_message_delivered_twice_and_shuffled_is_posted_once(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    requests = _requests(world, 60)
    twice = requests * 2
    random.Random(7).shuffle(twice)
    send_celery(world.fleet.settings, twice[:60])
    send_plain(world.fleet.settings, twice[60:])
    processes.start("intake", "relay", "worker", "beat")
    ids = [action_id_for(world.workspace_id, str(request["id"])) for request in requests]
    mine = "SELECT id FROM actions WHERE workspace_id = :w"
    eventually(lambda: len(world.rows(mine, w=world.workspace_id)) == 60, 30)
    assert set(world.ended(*ids)) == {"succeeded"}
    assert sandbox.count(POSTED) == 60


def test_wiping_the_broker_with_200_actions_in_flight_loses_none(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.fault("slack", "latency", seconds=0.1, times=None)
    processes.start("relay", "worker", "beat", "intake")
    ids = [world.message(f"message {n}") for n in range(200)]
    eventually(lambda: sandbox.count(POSTED) >= 20)
    assert sandbox.count(POSTED) < 200
    wipe_broker(world.fleet.settings)
    eventually(lambda: sandbox.count(POSTED) >= 60)
    wipe_broker(world.fleet.settings)
    assert set(world.ended(*ids, seconds=60)) == {"succeeded"}
    assert sandbox.count(POSTED) == 200
