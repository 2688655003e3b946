"""What is told as wrong, when, and that nothing else is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from infra.database.overview import LATEST, WINDOW, Figures
from workers.console.operators.alarms import LATER, NOW, alarms
from workers.console.operators.workings import processes_of, queues_of, tiles_of

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
ID = uuid4()


def ago(**span: float) -> datetime:
    return AT - timedelta(**span)


def figures(**more: Any) -> Figures:
    calm: dict[str, Any] = {
        name: [] for name in ("backlog", "parked", "unknown", "letters", "syncs", "work", "calls",
                              "paused")
    }  # fmt: skip
    calm["outbox"] = [{"unpublished": 0, "oldest": None, "promotion": None}]
    calm["beat"] = [{"at": ago(seconds=20)}]
    return Figures(at=AT, **(calm | more))


def told(seen: Figures, budgets: Any = (), stuck: Any = ()) -> list[tuple[str, str]]:
    queues, _ = queues_of(seen)
    found = alarms(seen, queues, processes_of(seen, stuck), budgets, EVERY)
    assert all(one.what.endswith(".") and one.hint for one in found)
    return [(one.level, one.what) for one in found]


def held(**more: Any) -> dict[str, Any]:
    return {
        "queue": "xero", "integration_id": ID, "integration": "Tidewater", "platform": "xero",
        "integration_status": "active", "due": 3, "later": 0, "carried": 0, "oldest": None,
    } | more  # fmt: skip


def moved(**more: Any) -> dict[str, Any]:
    return {
        "queue": "xero", "integration_id": ID, "latest": ago(seconds=5), "ended": 30, "seen": 90,
        "since": ago(minutes=14), "is_mine": True,
    } | more  # fmt: skip


def test_nothing_is_wrong_when_nothing_is() -> None:
    calm = figures(
        backlog=[held(oldest=ago(seconds=30))],
        work=[moved()],
        syncs=[{"integration_id": ID, "integration": "T", "since": ago(minutes=44)}],
        calls=[call(calls=100, failed=9)],
        unknown=[unknown(oldest=ago(minutes=9))],
    )
    assert told(calm) == []


def call(**more: Any) -> dict[str, Any]:
    return {"platform": "xero", "integration_id": ID, "integration": "Tidewater"} | more


def unknown(**more: Any) -> dict[str, Any]:
    return {"integration": "Tidewater", "integration_id": ID, "unknown": 2} | more


@pytest.mark.parametrize(
    ("wrong", "level", "words"),
    [
        ({"backlog": [held(oldest=ago(seconds=61))]}, NOW, "stands still: 3 actions due"),
        (
            {"backlog": [held(oldest=ago(seconds=61))], "work": [moved(latest=ago(seconds=61))]},
            NOW, "stands still",
        ),
        ({"backlog": [held(oldest=ago(minutes=3))], "work": [moved()]}, NOW, "is behind"),
        ({"outbox": [{"unpublished": 10_001, "oldest": ago(seconds=61), "promotion": None}]},
         NOW, "10,000+ unpublished"),
        ({"outbox": [{"unpublished": 0, "oldest": None, "promotion": ago(seconds=121)}]},
         NOW, "Payment statuses are late"),
        ({"beat": [{"at": ago(seconds=181)}]}, NOW, "beat does no work: ticked 3 min ago"),
        ({"unknown": [unknown(oldest=ago(minutes=11))]}, NOW, "2 outcomes unknown"),
        ({"paused": [call(status="error", status_reason="invalid_grant")]},
         NOW, "Tidewater (xero) is paused: invalid_grant."),
        ({"calls": [call(calls=20, failed=10)]}, NOW, "50% of 20 calls had no usable answer"),
        ({"calls": [call(calls=20, failed=2)]}, LATER, "10% of 20 calls"),
        ({"parked": [call(parked=1, in_doubt=1, oldest=ago(hours=3))]},
         LATER, "1 action waiting for a person, 1 of them in doubt; the oldest for 3 h"),
        ({"letters": [{"letters": 1, "newest": ago(minutes=2)}]}, LATER, "1 message could not be"),
        ({"syncs": [call(since=ago(minutes=46))]}, LATER, "has not been synced for 46 min"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_is_told_once(wrong, level, words) -> None:
    (one,) = told(figures(**wrong))
    assert one[0] == level
    assert words in one[1]


def test_what_wakes_comes_first() -> None:
    seen = figures(
        parked=[call(parked=2, in_doubt=0, oldest=ago(hours=3))],
        paused=[call(status="error", status_reason=None)],
    )
    assert [level for level, _ in told(seen)] == [NOW, LATER]


def test_what_waits_for_a_paused_integration_is_not_overdue() -> None:
    row = held(oldest=ago(hours=5), integration_status="inactive")
    seen = figures(backlog=[row], paused=[call(status="inactive", status_reason="by jo")])
    ((level, words),) = told(seen)
    assert level == LATER
    assert "paused by hand. 3 actions waiting." in words
    assert told(figures(paused=[call(status="inactive", status_reason="by jo")])) == []


def test_others_work_shows_that_a_queue_moves_and_counts_for_nobody_else() -> None:
    theirs = moved(integration_id=uuid4(), is_mine=False)
    seen = figures(backlog=[held(oldest=ago(seconds=90))], work=[theirs])
    assert told(seen) == []
    (queue,), (tenant,) = queues_of(seen)
    assert (queue.per_minute, tenant.per_minute) == (0.0, 0.0)
    assert queue.latest == theirs["latest"]


def test_the_pace_is_of_the_window_or_of_as_far_as_was_looked_back() -> None:
    (queue,), _ = queues_of(figures(work=[moved(ended=30)]))
    assert queue.per_minute == pytest.approx(30 / (WINDOW.total_seconds() / 60))
    (queue,), _ = queues_of(figures(work=[moved(ended=600, seen=LATEST, since=ago(minutes=1))]))
    assert queue.per_minute == pytest.approx(600)


def test_a_stuck_process_is_told_by_its_name() -> None:
    assert [w for _, w in told(figures(), stuck={"relay"})] == [
        "relay does no work: nothing waits for it."
    ]
    assert told(figures(), stuck={"worker-xero"}) == []  # its queue tells that
    assert [w for _, w in told(figures(), stuck={"intake"})] == [
        "intake does no work: work waits that it does not do."
    ]


def test_a_tenant_held_by_its_platform_is_told() -> None:
    budget = call(blocked_until=AT + timedelta(minutes=15), calls=60, used=0)
    ((level, words),) = told(figures(), [budget])
    assert (level, "for 15 min more" in words) == (LATER, True)
    assert told(figures(), [budget | {"blocked_until": AT + timedelta(seconds=30)}]) == []


def test_figures_of_an_empty_fleet() -> None:
    assert [figure for _, figure, _, _ in tiles_of(figures(), [])][:2] == ["0.0", "0"]
