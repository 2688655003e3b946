"""Events on their way out through real processes, killed wherever that can hurt."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from standardwebhooks import Webhook

from infra.database.tables import OutboxRow
from infra.settings import Settings
from tests.harness.processes import Processes
from tests.harness.receiver import Receiver
from tests.harness.sandbox import Sandbox
from tests.harness.senders import wipe_broker
from tests.harness.world import World, eventually
from workers import subscriptions
from workers.submit import action_id_for
from workers.subscribing import Wanted

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture
def settings(base_settings: Settings) -> Settings:
    return replace(base_settings, deliver_to_private_addresses=True)


@pytest.fixture
def secret(world: World, receiver: Receiver) -> str:
    wanted = Wanted(receiver.url, ["invoice.*", "action.*"])
    made = subscriptions.create(world.fleet, world.workspace_id, wanted)
    world.integrations["webhook"] = made.id
    return made.secret


def emit(world: World, event_id: UUID) -> None:
    row = {
        "event_id": event_id,
        "workspace_id": world.workspace_id,
        "type": "invoice.created",
        "subject": str(uuid4()),
        "data": {},
        "created_at": world.fleet.now(),
    }
    with world.fleet.database.transaction() as tx:
        tx.execute(insert(OutboxRow), [row])


def delivery_of(world: World, event_id: UUID) -> UUID:
    key = f"event:{event_id}:{world.integrations['webhook']}"
    return action_id_for(world.workspace_id, key)


def taken(receiver: Receiver, event_id: UUID) -> bool:
    return receiver.times()[str(event_id)] > 0


@pytest.mark.deep
def test_killed_at_every_boundary_each_event_is_delivered(
    world: World, secret: str, receiver: Receiver, processes: Processes
) -> None:
    """The worker at each of a delivery's boundaries, the relay at each of an event's."""
    names = ("relay-a", "worker-a", "worker-b")
    processes.start("beat", *names)
    undisturbed = uuid4()
    emit(world, undisturbed)
    eventually(lambda: taken(receiver, undisturbed))
    assert world.ended(delivery_of(world, undisturbed)) == ["succeeded"]
    workers = processes.passed(delivery_of(world, undisturbed))
    relays = eventually(
        lambda: len(processes.passed(undisturbed)) >= 3 and processes.passed(undisturbed)
    )
    assert "after the call" in workers
    killed = [(False, n) for n in range(len(workers))] + [(True, n) for n in range(len(relays))]
    for in_relay, number in killed:
        event_id = uuid4()
        delivery = delivery_of(world, event_id)
        order = processes.kill_order(event_id if in_relay else delivery, number)
        order.touch()
        emit(world, event_id)
        eventually(lambda order=order: not order.exists(), 20, f"killed: {order.name}")
        eventually(lambda: [one for one in names if not processes.alive(one)], 5)
        processes.keep_alive(*names)
        eventually(lambda event_id=event_id: taken(receiver, event_id), 40, f"{order.name} taken")
        assert world.ended(delivery) == ["succeeded"]
        # At least once; more than once only where it was killed with the answer on its way.
        assert receiver.times()[str(event_id)] <= 2
    assert len(receiver.times()) == 1 + len(killed)
    for got in receiver.got:
        Webhook(secret).verify(got.body, got.headers)


@pytest.mark.deep
def test_a_wiped_broker_and_a_receiver_that_comes_and_goes_lose_none(
    world: World, secret: str, receiver: Receiver, processes: Processes
) -> None:
    refused = {5, 6, 7, 20, 21, 40}
    receiver.answer = lambda number: (503 if number in refused else 200, {}, b"")
    processes.start("relay", "worker", "beat")
    ids = [uuid4() for _ in range(60)]
    for number, event_id in enumerate(ids):
        emit(world, event_id)
        if number in {20, 40}:
            wipe_broker(world.fleet.settings)
            processes.kill("relay")
            processes.keep_alive("relay")
    processes.kill("worker")
    processes.start("worker")
    wipe_broker(world.fleet.settings)
    deliveries = [delivery_of(world, one) for one in ids]
    eventually(lambda: len(receiver.times()) == 60, 60, "all came")
    assert set(world.ended(*deliveries, seconds=60)) == {"succeeded"}


@pytest.mark.deep  # it mostly waits
def test_actions_are_not_held_up_by_receivers_that_hang(
    world: World, secret: str, receiver: Receiver, sandbox: Sandbox, processes: Processes
) -> None:
    receiver.hang = 8.0
    processes.start("relay", "slack", "webhook", "beat")
    for _ in range(30):
        emit(world, uuid4())
    eventually(lambda: len(receiver.got) >= 3, 20)
    ids = [world.message(f"message {n}") for n in range(10)]
    assert set(world.ended(*ids, seconds=15)) == {"succeeded"}
    assert sandbox.count("slack.message.posted") == 10
    assert not world.rows("SELECT 1 FROM actions WHERE platform = 'webhook' AND status='succeeded'")
    receiver.hang = 0.0
    eventually(lambda: receiver.of_type("action.succeeded"), 40)
