"""Frozen, racing and restarted processes; repeated and forged messages."""

import signal
import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from infra.broker.topology import is_amqp
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery, send_plain
from tests.harness.world import World, eventually
from workers.execute import execute
from workers.submit import action_id_for

pytestmark = pytest.mark.processes
POSTED = "slack.message.posted"


@pytest.mark.deep  # it mostly waits
def test_a_process_frozen_past_its_lease_and_woken_does_nothing_twice(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.fault("slack", "hold_after_commit", path="chat.postMessage")
    processes.start("relay", "beat", "worker-a")
    action_id = world.message("held")
    eventually(sandbox.held)
    processes.signal("worker-a", signal.SIGSTOP)
    sandbox.control("POST", "/held/release", {})
    processes.start("worker-b")
    assert world.ended(action_id, seconds=40) == ["succeeded"]
    processes.signal("worker-a", signal.SIGCONT)
    log = processes.log("worker-a")
    eventually(lambda: "the lease was taken over" in log.read_text(), 20, "it woke too late")
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(POSTED) == 1
    assert len(world.events("action.succeeded")) == 1


def test_a_process_frozen_before_it_sent_sends_nothing_when_woken(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    """Frozen with the effect started and no byte sent: woken, it is past its send-by time."""
    sandbox.fault("slack", "hold_before_commit", path="chat.postMessage", times=1)
    processes.start("relay", "beat", "worker-a")
    blocker = world.message("blocks")
    eventually(sandbox.held)
    with world.fleet.database.engine.connect() as connection:
        # The frozen worker waits for this lock inside `begin`; it is granted while it is frozen.
        lock = connection.begin()
        connection.execute(text("LOCK TABLE budgets IN EXCLUSIVE MODE"))
        action_id = world.message("frozen")
        eventually(
            lambda: world.rows(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE '%take_budget%'"
            )
        )
        processes.signal("worker-a", signal.SIGSTOP)
        lock.rollback()
    processes.start("worker-b")
    sandbox.control("DELETE", "/faults")
    sandbox.control("POST", "/held/release", {})
    processes.signal("worker-a", signal.SIGCONT)
    assert world.ended(blocker, action_id, seconds=40) == ["succeeded"] * 2
    assert sandbox.count(POSTED) == 2


def test_two_workers_racing_for_one_row_carry_it_out_once(world: World, sandbox: Sandbox) -> None:
    ids = [world.message(f"message {n}") for n in range(10)]
    start = threading.Barrier(4)

    def race() -> None:
        start.wait()
        for action_id in ids:
            execute(world.fleet, action_id)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert world.ended(*ids) == ["succeeded"] * 10
    assert sandbox.count(POSTED) == 10
    assert len(world.events("action.succeeded")) == 10


def test_a_request_without_an_id_redelivered_is_one_action(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    request = world.request("slack_send_message", {"channel": "C0GENERAL", "text": "no id"})
    del request["id"]
    task_id = str(uuid4())
    for _ in range(3):  # the broker delivers the same message again: same task id
        send_celery(world.fleet.settings, [request | {"_task_id": task_id}])
    processes.start("intake", "relay", "beat", "worker")
    action_id = action_id_for(world.workspace_id, task_id)
    eventually(lambda: world.rows("SELECT 1 FROM actions WHERE id = :id", id=action_id))
    assert world.ended(action_id) == ["succeeded"]
    if is_amqp(world.fleet.settings.broker_url):
        for _ in range(2):
            send_plain(world.fleet.settings, [request], message_id="order-77")
        action_id = action_id_for(world.workspace_id, "order-77")
        eventually(lambda: world.rows("SELECT 1 FROM actions WHERE id = :id", id=action_id))
        assert world.ended(action_id) == ["succeeded"]
    send_plain(world.fleet.settings, [request])
    letter = eventually(lambda: world.rows("SELECT * FROM dead_letters"))[0]
    assert "no identity" in letter.problems[0]["problem"]
    assert sandbox.count(POSTED) == len(world.rows("SELECT 1 FROM actions"))


def test_an_interrupted_effect_is_taken_up_within_seconds(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.fault("slack", "hold_after_commit", path="chat.postMessage")
    processes.start("relay", "beat", "worker-a")
    action_id = world.message("interrupted")
    eventually(sandbox.held)
    processes.kill("worker-a")
    sandbox.control("POST", "/held/release", {})
    processes.start("worker-a")
    assert world.ended(action_id) == ["succeeded"]
    times = {
        row.step: row.at
        for row in world.rows("SELECT * FROM integration_log WHERE action_id = :a", a=action_id)
    }
    (back,) = world.rows("SELECT max(started_at) AS at FROM incarnations WHERE kind = 'worker'")
    assert (times["look_up"] - back.at).total_seconds() < 10
    assert sandbox.count(POSTED) == 1


def test_killing_intake_and_relay_loses_nothing_and_doubles_nothing(
    world: World, sandbox: Sandbox, processes: Processes
) -> None:
    requests = [
        world.request("slack_send_message", {"channel": "C0GENERAL", "text": f"message {n}"})
        for n in range(120)
    ]
    processes.start("beat", "worker", "intake", "relay")
    send_celery(world.fleet.settings, requests[:60])
    send_plain(world.fleet.settings, requests[60:])
    eventually(lambda: len(world.rows("SELECT 1 FROM actions")) >= 10)
    for _ in range(2):
        processes.kill("intake")
        processes.kill("relay")
        processes.start("intake", "relay")
    taken: set[UUID] = {action_id_for(world.workspace_id, str(r["id"])) for r in requests}

    def stored() -> set[UUID]:
        return {row.id for row in world.rows("SELECT id FROM actions")}

    # What the broker had handed to the dead intake is the sender's to repeat, harmlessly (Redis
    # gives it out again by itself after the visibility timeout).
    send_celery(world.fleet.settings, requests)
    eventually(lambda: stored() == taken, 30)
    assert set(world.ended(*taken, seconds=60)) == {"succeeded"}
    assert sandbox.count(POSTED) == 120
