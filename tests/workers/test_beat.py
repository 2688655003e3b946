"""The clock: scheduled syncs once per slot, whoever beats."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

from sqlalchemy import text

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
