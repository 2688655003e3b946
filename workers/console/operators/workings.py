"""What works and what waits: queues, tenants in them, processes, figures. Nothing is read here."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.database.overview import COUNTED_MAX as COUNTED
from infra.database.overview import LATEST, WINDOW, Figures
from infra.database.views import Row
from workers import words

BEAT_LATE = timedelta(minutes=3)
COUNTED_MAX = COUNTED - 1


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, or a tenant in a queue (`integration` names it). Moments are in UTC."""

    name: str
    due: int = 0
    later: int = 0
    carried: int = 0
    oldest: datetime | None = None
    per_minute: float = 0.0
    latest: datetime | None = None
    integration: str = ""
    integration_id: UUID | None = None
    status: str = "active"


@dataclass(frozen=True, slots=True)
class Process:
    """A kind of process, by the work that rows say is done or waits for it."""

    name: str
    does: str
    is_stuck: bool
    said: str


# --- what waits -----------------------------------------------------------------------------------


def queues_of(figures: Figures) -> tuple[list[Queue], list[Queue]]:
    """Return queues by name, and the tenants in them: who has waited longest comes first."""
    worked: defaultdict[str, list[Row]] = defaultdict(list)
    for row in figures.work:
        worked[row["queue"]].append(row)
    mine = {(row["queue"], row["integration_id"]): row for row in figures.work if row["is_mine"]}
    tenants = [_tenant(row, mine, figures.at) for row in figures.backlog]
    names = {one.name for one in tenants} | {queue for queue, _ in mine}
    queues = [
        _queue(name, [one for one in tenants if one.name == name], worked[name], figures.at)
        for name in sorted(names)
    ]
    return queues, tenants


def _tenant(row: Row, done: Mapping[tuple[str, UUID], Row], now: datetime) -> Queue:
    work = done.get((row["queue"], row["integration_id"]))
    return Queue(
        name=row["queue"],
        due=row["due"],
        later=row["later"],
        carried=row["carried"],
        oldest=row["oldest"],
        per_minute=_rate([work] if work else [], now),
        latest=work["latest"] if work else None,
        integration=row["integration"],
        integration_id=row["integration_id"],
        status=row["integration_status"],
    )


def _queue(name: str, parts: Sequence[Queue], work: Sequence[Row], now: datetime) -> Queue:
    """Add up a queue. What waits for a paused integration is not due."""
    active = [one for one in parts if one.status == "active"]
    paused = sum(one.due for one in parts if one.status != "active")
    return Queue(
        name=name,
        due=sum(one.due for one in active),
        later=sum(one.later for one in parts) + paused,
        carried=sum(one.carried for one in parts),
        oldest=min((one.oldest for one in active if one.oldest), default=None),
        per_minute=_rate([row for row in work if row["is_mine"]], now),
        latest=max((row["latest"] for row in work), default=None),
    )


def _rate(work: Sequence[Row], now: datetime) -> float:
    """Return actions ended per minute, over the window or as far as was looked back."""
    if not work:
        return 0.0
    first = work[0]
    whole = first["seen"] < LATEST
    span = WINDOW if whole else max(now - first["since"], timedelta(seconds=1))
    ended: int = sum(row["ended"] for row in work)
    return ended / (span.total_seconds() / 60)


# --- processes ------------------------------------------------------------------------------------


def processes_of(figures: Figures, stuck: Collection[str]) -> list[Process]:
    """Return the processes that serve everybody: which of them do no work is `stuck`."""
    outbox, now = figures.outbox[0], figures.at
    beat = figures.beat[0]["at"]
    late = [
        ("relay", "rings and publishes", outbox["oldest"], "oldest event unpublished for"),
        ("events", "moves payment statuses", outbox["promotion"], "oldest promotion waits for"),
    ]
    found = [
        Process(
            name,
            does,
            name in stuck,
            f"{said} {words.age(at, now)}" if at else "nothing waits for it",
        )
        for name, does, at, said in late
    ]
    ticked = f"ticked {words.age(beat, now)} ago" if beat else "has never ticked"
    is_late = beat is not None and now - beat > BEAT_LATE
    found.append(Process("beat", "sweeps and schedules", is_late, ticked))
    known = {one.name for one in found}
    rest = sorted(name for name in stuck if name not in known and not name.startswith("worker"))
    said = "work waits that it does not do"
    return [*found, *(Process(name, "", is_stuck=True, said=said) for name in rest)]


Tile = tuple[str, str, str, str]
"""A name, a figure, what stands beside it, and a link."""


def tiles_of(figures: Figures, queues: Sequence[Queue]) -> list[Tile]:
    """Return the figures that say how it is at one look."""
    now = figures.at
    oldest = min((one.oldest for one in queues if one.oldest), default=None)
    unknown = sum(row["unknown"] for row in figures.unknown)
    since = min((row["oldest"] for row in figures.unknown), default=None)
    parked = sum(row["parked"] for row in figures.parked)
    outbox = figures.outbox[0]
    synced = min((row["since"] for row in figures.syncs), default=None)
    return [
        ("Done", f"{sum(one.per_minute for one in queues):,.1f}", "a minute", "/actions"),
        (
            "Due",
            some(sum(one.due for one in queues)),
            f"oldest {words.age(oldest, now)}" if oldest else "nothing waits",
            "/actions?status=open",
        ),
        ("Under way", some(sum(one.carried for one in queues)), "now", "/actions?status=running"),
        (
            "Unknown",
            some(unknown),
            f"oldest {words.age(since, now)}" if since else "none open",
            "/actions?status=reconciling",
        ),
        ("Parked", some(parked), "for a person", "/actions?status=parked"),
        (
            "Events",
            some(outbox["unpublished"]),
            f"late by {words.age(outbox['oldest'], now)}" if outbox["oldest"] else "all published",
            "",
        ),
        (
            "Synced",
            words.age(synced, now) if synced else "never",
            "ago, the oldest" if synced else "no Xero",
            "/integrations",
        ),
    ]


def some(count: int) -> str:
    """Write a number that is counted no further than `COUNTED_MAX`."""
    return f"{COUNTED_MAX:,}+" if count > COUNTED_MAX else f"{count:,}"


def many(count: int, noun: str) -> str:
    """Write a number of things."""
    return f"{some(count)} {noun}{'' if count == 1 else 's'}"
