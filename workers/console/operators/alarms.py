"""What is wrong, and what to do about it, worst first. Nothing is read here.

The limits are those of "Alerts worth waking for" in docs/operations.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.database.overview import Figures
from infra.database.views import Row
from workers import words
from workers.console.operators import reconnecting
from workers.console.operators.workings import Process, Queue, many, some

NOW, LATER = "now", "later"
"""Worth waking for; worth a look by day."""

OVERDUE = timedelta(minutes=2)
STILL = timedelta(seconds=60)
EVENTS_LATE = timedelta(minutes=1)
PROMOTIONS_LATE = timedelta(minutes=2)
UNKNOWN_OLD = timedelta(minutes=10)
SYNCS_MISSED = 3
SYNCS_TOLD = 8
CALLS_JUDGED_MIN = 20
CALLS_FAILED = (0.5, 0.1)
"""The share of failed calls that wakes, and the one worth a look."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong: what, what to do about it, and where to look (a link)."""

    level: str
    what: str
    hint: str
    link: str = ""


def alarms(
    figures: Figures,
    queues: Sequence[Queue],
    processes: Sequence[Process],
    budgets: Sequence[Row],
    sync_every: timedelta,
) -> list[Alarm]:
    """Return what is wrong, what wakes first."""
    now = figures.at
    found = [
        *_behind(queues, now),
        *_late(figures.outbox[0], now),
        *_stuck(processes),
        *_unknown(figures.unknown, now),
        *_paused(figures),
        *_calls(figures.calls),
        *_parked(figures.parked, now),
        *_letters(figures.letters, now),
        *_stale(figures.syncs, now, sync_every),
        *_held(budgets, now),
    ]
    return sorted(found, key=lambda alarm: alarm.level != NOW)


def _behind(queues: Sequence[Queue], now: datetime) -> Iterator[Alarm]:
    for one in queues:
        if one.oldest is None or now - one.oldest < STILL:
            continue
        waited, link = words.age(one.oldest, now), f"/actions?queue={one.name}&status=open"
        if one.latest is None or now - one.latest > STILL:
            yield Alarm(
                NOW,
                f"{one.name} stands still: {many(one.due, 'action')} due, the oldest for {waited},"
                " and none moves.",
                "Restart the workers of this queue; that is always safe.",
                link,
            )
        elif now - one.oldest > OVERDUE:
            yield Alarm(
                NOW,
                f"{one.name} is behind: {many(one.due, 'action')} due, the oldest for {waited}.",
                "Work is being done: add workers to this queue, or wait until it has caught up.",
                link,
            )


def _late(outbox: Row, now: datetime) -> Iterator[Alarm]:
    if outbox["oldest"] and now - outbox["oldest"] > EVENTS_LATE:
        yield Alarm(
            NOW,
            f"Events are late: {some(outbox['unpublished'])} unpublished,"
            f" the oldest for {words.age(outbox['oldest'], now)}.",
            "Is the relay running, and the broker? Nothing is lost: it goes on where it stopped.",
        )
    if outbox["promotion"] and now - outbox["promotion"] > PROMOTIONS_LATE:
        yield Alarm(
            NOW,
            "Payment statuses are late: the oldest promotion waits for"
            f" {words.age(outbox['promotion'], now)}.",
            "Restart the events process; that is always safe.",
        )


def _stuck(processes: Sequence[Process]) -> Iterator[Alarm]:
    for one in processes:
        if one.is_stuck:
            yield Alarm(
                NOW,
                f"{one.name} does no work: {one.said}.",
                f"Restart the {one.name} process; that is always safe.",
            )


def _unknown(rows: Sequence[Row], now: datetime) -> Iterator[Alarm]:
    for row in rows:
        if now - row["oldest"] > UNKNOWN_OLD:
            yield Alarm(
                NOW,
                f"{row['integration']}: {many(row['unknown'], 'outcome')} unknown,"
                f" the oldest for {words.age(row['oldest'], now)}.",
                "The platform does not answer look-ups: is it down? They settle by themselves"
                " once it answers.",
                f"/actions?status=reconciling&integration={row['integration_id']}",
            )


def _paused(figures: Figures) -> Iterator[Alarm]:
    waiting: defaultdict[object, int] = defaultdict(int)
    for row in figures.backlog:
        waiting[row["integration_id"]] += row["due"] + row["later"]
    for row in figures.paused:
        count = waiting[row["integration_id"]]
        waits = f" {many(count, 'action')} waiting." if count else ""
        link = f"/integrations/{row['integration_id']}"
        if row["status"] == "error":
            reason = row["status_reason"] or "its credentials are refused"
            what = f"{_name(row)} is paused: {reason}.{waits}"
            yield Alarm(NOW, what, reconnecting.how(row["platform"]), link)
        elif count:
            what = f"{_name(row)} was paused by hand.{waits}"
            yield Alarm(LATER, what, "Let it go on when the reason for it is gone.", link)


def _calls(rows: Sequence[Row]) -> Iterator[Alarm]:
    for row in rows:
        if row["calls"] < CALLS_JUDGED_MIN:
            continue
        share = row["failed"] / row["calls"]
        if share >= CALLS_FAILED[1]:
            yield Alarm(
                NOW if share >= CALLS_FAILED[0] else LATER,
                f"{_name(row)}: {share:.0%} of {many(row['calls'], 'call')} had no usable answer.",
                "The platform fails or cannot be reached. Nothing is repeated blindly; it goes on"
                " by itself.",
                f"/integrations/{row['integration_id']}",
            )


def _parked(rows: Sequence[Row], now: datetime) -> Iterator[Alarm]:
    for row in rows:
        doubt = f", {row['in_doubt']} of them in doubt" if row["in_doubt"] else ""
        yield Alarm(
            LATER,
            f"{row['integration']}: {many(row['parked'], 'action')} waiting for a person{doubt};"
            f" the oldest for {words.age(row['oldest'], now)}.",
            "Read why, mend the cause, then resume or give up, all at once if they are alike.",
            f"/actions?status=parked&integration={row['integration_id'] or ''}",
        )


def _letters(rows: Sequence[Row], now: datetime) -> Iterator[Alarm]:
    count = sum(row["letters"] for row in rows)
    if count:
        newest = max(row["newest"] for row in rows)
        yield Alarm(
            LATER,
            f"{some(count)} {'message' if count == 1 else 'messages'} could not be read;"
            f" the latest came {words.age(newest, now)} ago.",
            "Tell the sender what was wrong with it, then take it in again or discard it.",
            "/dead-letters",
        )


def _stale(rows: Sequence[Row], now: datetime, every: timedelta) -> Iterator[Alarm]:
    stale = [row for row in rows if now - row["since"] > SYNCS_MISSED * every]
    for row in stale[:SYNCS_TOLD]:
        yield Alarm(
            LATER,
            f"{row['integration']} has not been synced for {words.age(row['since'], now)}.",
            "Look at its latest syncs: they fail, or wait for calls.",
            f"/actions?integration={row['integration_id']}&type=xero_sync_invoices",
        )
    if len(stale) > SYNCS_TOLD:
        more = len(stale) - SYNCS_TOLD
        what = f"{more} more organisations have not been synced."
        yield Alarm(LATER, what, "Is beat running?", "/integrations")


def _held(rows: Sequence[Row], now: datetime) -> Iterator[Alarm]:
    for row in rows:
        until = row["blocked_until"]
        if until and until > now + OVERDUE:
            yield Alarm(
                LATER,
                f"{_name(row)}: the platform lets nothing through"
                f" for {words.span(until - now)} more.",
                "It goes on by itself. Who else uses this tenant's calls?",
                f"/integrations/{row['integration_id']}",
            )


def _name(row: Row) -> str:
    """Name an integration, with its platform where the name does not say it."""
    name, platform = row["integration"], row["platform"]
    return name if platform in name.lower() else f"{name} ({platform})"
