"""The clock: sweeps, scheduled syncs, books checked, old rows deleted.

One beat leads by a PostgreSQL advisory lock; a second one waits. Every job does nothing when done
twice, and what must happen once per slot takes a unique tick row first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from infra.database import (
    actions,
    attachments,
    audit,
    budgets,
    callbacks,
    claims,
    deliveries,
    dispatch,
    health,
    inbox,
    log,
    outbox,
    periodic,
    sessions,
    tallies,
    webhooks,
)
from infra.database.dispatch import Doorbell
from infra.database.leadership import Leadership
from infra.logging import logger
from workers import process
from workers.fleet import Fleet
from workers.invariants import RULES, check_books
from workers.submit import submit_own
from workers.webhook_syncs import submit_syncs

STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every so often. `once`: at most once per slot, whoever beats."""

    name: str
    every: timedelta
    run: Callable[["Beat", datetime], None]
    once: bool = True


class Beat:
    """Runs the jobs of `JOBS` when they are due, while it leads."""

    def __init__(self, fleet: Fleet, stop: Event) -> None:
        self.fleet, self._stop = fleet, stop
        self._leadership = Leadership(fleet.database, "beat")
        self._last: dict[str, int] = {}

    def run(self) -> None:
        """Beat until stopped."""
        process.ready("beat")
        while not self._stop.is_set():
            try:
                if self._leadership.held():
                    self.tick(self.fleet.now())
            except SQLAlchemyError as error:
                logger().warning("beat interrupted", error=type(error).__name__)
            self._stop.wait(STEP_S)
        self._leadership.release()

    def tick(self, now: datetime) -> None:
        """Run every job whose slot has begun."""
        for job in jobs(self.fleet):
            slot = int(now.timestamp() // job.every.total_seconds())
            if self._last.get(job.name) == slot:
                continue
            self._last[job.name] = slot
            if job.once and not self._take(job, slot):
                continue
            try:
                job.run(self, now)
            except Exception:  # noqa: BLE001 - the other jobs go on
                logger().exception("a periodic job failed", job=job.name)

    def _take(self, job: Job, slot: int) -> bool:
        begins = datetime.fromtimestamp(slot * job.every.total_seconds(), UTC)
        with self.fleet.database.transaction() as tx:
            return periodic.take_tick(tx, job.name, begins)


def sweep(beat: Beat, now: datetime) -> None:
    """Free what dead processes hold, let lost doorbells be rung again, and ring."""
    fleet, settings = beat.fleet, beat.fleet.settings
    with fleet.database.transaction() as tx:
        freed = actions.void_dead_leases(tx, now)
        silent = dispatch.forget_silent_rings(tx, now - timedelta(seconds=settings.ring_again_s))
    if freed or silent:
        logger().info("swept", freed=[str(one) for one in freed], rung_again=silent)
    with fleet.database.transaction() as tx:
        # The relay rings at once. What is silent while none leads, or for long although one does
        # (it may be frozen), is rung from here.
        patience = 6 if health.leads(tx, "relay") else 1
        before = now - timedelta(seconds=settings.ring_again_s * patience)
        bells = dispatch.take_doorbells(
            tx, fleet.catalogue.in_flight(), settings.backlog_per_queue_max, before
        )
    if bells:
        _ring(fleet, bells)


def _ring(fleet: Fleet, bells: list[Doorbell]) -> None:
    # Loaded when it is needed, which is seldom: the broker's client is a third of a process.
    from infra.broker.doorbell import Teller  # noqa: PLC0415

    teller = Teller(fleet.settings, fleet.catalogue.queues, fleet.catalogue.task_name)
    try:
        teller.ring(bells)
    except Exception as error:  # noqa: BLE001 - they are rung again when the broker is back
        logger().warning("could not ring", error=type(error).__name__)
    finally:
        teller.reset()


def republish(beat: Beat, now: datetime) -> None:
    """Publish promotions again that nobody consumed."""
    with beat.fleet.database.transaction() as tx:
        after = timedelta(seconds=beat.fleet.settings.republish_after_s)
        again = outbox.publish_again(tx, now, after)
    if again:
        logger().info("promotions published again", count=again)


def schedule_syncs(beat: Beat, now: datetime) -> None:
    """Submit the scheduled sync of every integration that is due for one."""
    fleet = beat.fleet
    every = timedelta(seconds=fleet.settings.sync_every_s)
    with fleet.database.transaction() as tx:
        due = periodic.syncs_due(tx, every, now)
    for one in due:
        key = f"sync:{one.integration_id}:{now.isoformat()}"
        submit_own(fleet, "xero_sync_invoices", one.integration_id, key=key, by="schedule")


def webhook_syncs(beat: Beat, now: datetime) -> None:
    """Submit the syncs that the webhooks process has not: it died, or several are as one."""
    submit_syncs(beat.fleet, now - timedelta(seconds=beat.fleet.settings.sweep_every_s))


def purge(beat: Beat, now: datetime) -> None:
    """Delete what is older than its retention."""
    settings = beat.fleet.settings
    told_before = now - timedelta(seconds=settings.keep_published_for_s)
    with beat.fleet.database.transaction() as tx:
        outbox.purge(tx, told_before)
        # An inbox row outlives its event, else a late copy of the event would be new again.
        inbox.purge(tx, told_before - timedelta(days=1))
        attachments.purge(tx, now - timedelta(seconds=settings.keep_attachments_for_s))
        log.purge(tx, now - timedelta(seconds=settings.keep_log_for_s))
        periodic.purge(tx, now - timedelta(days=2))
        told_long_ago = now - timedelta(seconds=settings.keep_webhook_events_for_s)
        webhooks.purge(tx, told_long_ago)
        callbacks.purge(tx, told_long_ago)
        budgets.purge(tx, now - timedelta(days=2))
        claims.purge(tx, now - timedelta(days=1))
        sessions.purge(tx, now - timedelta(days=2))
        done_long_ago = now - timedelta(seconds=settings.keep_actions_for_s)
        actions.purge(tx, done_long_ago)
        audit.purge(tx, done_long_ago)
        deliveries.purge(tx, now - timedelta(seconds=settings.keep_deliveries_for_s))


def invariants(beat: Beat, now: datetime) -> None:
    """Check that the books balance; say so loudly when they do not."""
    breaches = dict.fromkeys(RULES, 0)
    for broken in check_books(beat.fleet, now):
        logger().error("invariant broken", **broken)
        breaches[broken["rule"]] = len(broken["subjects"])
    with beat.fleet.database.transaction() as tx:
        tallies.note(tx, "broken", breaches, now)


def jobs(fleet: Fleet) -> tuple[Job, ...]:
    """Return the table of what is done how often."""
    settings = fleet.settings
    return (
        Job("sweep", timedelta(seconds=settings.sweep_every_s), sweep, once=False),
        Job("webhook syncs", timedelta(seconds=settings.sweep_every_s), webhook_syncs, once=False),
        Job("republish", timedelta(seconds=settings.republish_after_s), republish, once=False),
        Job("syncs", timedelta(seconds=min(30.0, settings.sync_every_s)), schedule_syncs),
        Job("invariants", timedelta(minutes=1), invariants),
        Job("purge", timedelta(hours=1), purge),
    )


def main() -> None:
    """Run the beat process."""
    fleet, stop = process.start("beat")
    Beat(fleet, stop).run()


if __name__ == "__main__":
    main()
