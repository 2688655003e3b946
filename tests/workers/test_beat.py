"""The clock: scheduled syncs once per slot, whoever beats."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

from sqlalchemy import text

from infra.database.periodic import syncs_due
from tests.harness.world import World
from workers.beat import Beat, republish, schedule_syncs
from workers.execute import execute
from workers.fleet import Fleet


def test_a_due_sync_is_submitted_once_however_many_beats(fleet: Fleet, world: World) -> None:
    hourly = replace(fleet, settings=replace(fleet.settings, sync_every_s=3600.0))
    now = fleet.now()
    for _ in range(2):
        schedule_syncs(Beat(hourly, Event()), now)
    (action,) = world.rows("SELECT * FROM actions")
    assert (action.action_type, action.priority, action.queue) == (
        "xero_sync_invoices",
        1,
        "xero.sync",
    )
    execute(fleet, action.id)
    assert world.status(action.id) == "succeeded"
    schedule_syncs(Beat(hourly, Event()), now + timedelta(minutes=5))
    assert len(world.rows("SELECT 1 FROM actions")) == 1, "synced five minutes ago"
    schedule_syncs(Beat(hourly, Event()), now + timedelta(minutes=65))
    assert len(world.rows("SELECT 1 FROM actions")) == 2


def set_last_sync(fleet: Fleet, **values: object) -> None:
    with fleet.database.transaction() as tx:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        tx.execute(text(f"UPDATE actions SET {changes}"), values)


def due(fleet: Fleet, every: timedelta = timedelta(minutes=15)) -> int:
    with fleet.database.transaction() as tx:
        return len(syncs_due(tx, every, fleet.now()))


def test_a_sync_that_stopped_half_way_is_followed_at_once(fleet: Fleet, world: World) -> None:
    schedule_syncs(Beat(fleet, Event()), fleet.now())
    assert due(fleet) == 0, "it is under way"
    set_last_sync(fleet, status="succeeded", result='{"finished": false}')
    assert due(fleet) == 1
    set_last_sync(fleet, result='{"finished": true}')
    assert due(fleet) == 0
    set_last_sync(fleet, status="rejected", result=None)
    assert due(fleet) == 0, "what was refused waits for its turn"
    set_last_sync(fleet, created_at=fleet.now() - timedelta(minutes=15))
    assert due(fleet) == 1
    world.set_integration(world.xero, status="error")
    assert due(fleet) == 0, "a paused integration is left alone"


def test_a_sync_of_named_invoices_puts_off_no_scheduled_one(fleet: Fleet, world: World) -> None:
    schedule_syncs(Beat(fleet, Event()), fleet.now())
    set_last_sync(
        fleet,
        status="succeeded",
        params='{"invoice_ids": ["x"]}',
        created_at=fleet.now() - timedelta(minutes=1),
    )
    assert due(fleet) == 1


def test_syncs_that_began_at_once_drift_apart(fleet: Fleet, world: World) -> None:
    for number in range(30):
        world.add("xero", f"tenant-{number}", {}, {})
    now = fleet.now()
    with fleet.database.transaction() as tx:
        for one in syncs_due(tx, timedelta(minutes=15), now):
            tx.execute(
                text("INSERT INTO sync_cursors (integration_id, finished_at) VALUES (:i, :at)"),
                {"i": one.integration_id, "at": now},
            )
    found = []
    with fleet.database.transaction() as tx:
        for minutes in (12.7, 13.5, 14.3, 15.1):
            later = now + timedelta(minutes=minutes)
            found.append(len(syncs_due(tx, timedelta(minutes=15), later)))
    assert found[0] == 0
    assert 0 < found[1] < found[2] < found[3] == 31


def test_two_beats_take_a_tick_once(fleet: Fleet, world: World) -> None:
    hourly = replace(fleet, settings=replace(fleet.settings, sync_every_s=3600.0))
    first, second = Beat(hourly, Event()), Beat(hourly, Event())
    now = fleet.now()
    first.tick(now)
    second.tick(now)
    ticks = world.rows("SELECT name, count(*) AS n FROM periodic_ticks GROUP BY name")
    assert {tick.name: tick.n for tick in ticks} == {"syncs": 1, "invariants": 1, "purge": 1}


def test_a_promotion_nobody_consumed_is_published_again(fleet: Fleet, world: World) -> None:
    deal, _ = world.deal({})
    execute(fleet, world.invoice(deal))
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE outbox SET published_at = now() - interval '1 hour'"))
    republish(Beat(fleet, Event()), fleet.now())
    waiting = world.rows("SELECT type FROM outbox WHERE published_at IS NULL")
    assert [event.type for event in waiting] == ["invoice.promotion_due"]
