"""Budgets: never a call too many for the platform, however it counts; and none wasted."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from infra.database import budgets
from infra.platform import Limits, Window

START = datetime(2026, 3, 1, 9, 30, 7, 123_456, tzinfo=UTC)
LIMITS = Limits(in_flight=5, windows=(Window("minute", calls=6, seconds=60, reserve=2),))
LONGEST = 62.5  # s: how long a call may count in a window of 60


@pytest.fixture(scope="module")
def connection(migrated):
    with migrated.engine.connect() as opened:
        yield opened


class Tenant:
    """A tenant of its own, in a transaction that is never committed."""

    def __init__(self, tx, limits=LIMITS):
        self.tx, self.limits = tx, limits
        self.key = f"xero:{uuid4()}"

    def take(self, at, *, interactive=True):
        given = {"interactive": interactive, "besides": uuid4(), "now": at}
        return budgets.take(self.tx, self.key, self.limits, **given)

    def hear(self, began, at, **said):
        headers = {f"x-{name}": str(left) for name, left in said.items()}
        budgets.hear(self.tx, self.key, self.limits, headers, began=began, now=at)

    def used(self, at, window="minute"):
        return self.tx.execute(
            text("SELECT budget_used((budget_at(b, :at)).slots) FROM budgets b WHERE key = :key"),
            {"key": f"{self.key}:{window}", "at": at},
        ).scalar_one()


@pytest.fixture
def tenant(connection):
    yield Tenant(connection)
    connection.rollback()


def seconds(n):
    return timedelta(seconds=n)


def test_a_full_window_says_when_the_oldest_call_leaves_it(tenant):
    assert [tenant.take(START + seconds(n)) for n in range(6)] == [None] * 6
    until = tenant.take(START + seconds(6))
    assert seconds(60) < until - START <= seconds(LONGEST)
    assert tenant.take(until - seconds(0.01)) == until
    assert tenant.take(until) is None
    assert tenant.take(until) is not None, "one has left, not more"


def test_refused_nothing_is_counted(tenant):
    for _ in range(9):
        tenant.take(START)
    assert tenant.used(START) == 6


def test_the_reserve_is_for_people(tenant):
    assert [tenant.take(START, interactive=False) for _ in range(4)] == [None] * 4
    assert tenant.take(START, interactive=False) is not None
    assert [tenant.take(START) for _ in range(2)] == [None] * 2
    assert tenant.take(START) is not None


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 15, allow_nan=False),  # wait before asking
            st.floats(0, 20, allow_nan=False),  # how long the call takes
            st.floats(0, 1, allow_nan=False),  # where in that time it arrives
        ),
        min_size=12,
        max_size=40,
    )
)
def test_no_sixty_seconds_ever_see_more_calls_than_allowed(connection, asked):
    """Whenever calls arrive between their grant and their end, in whatever order."""
    tenant = Tenant(connection, Limits(in_flight=99, windows=LIMITS.windows))
    now, arrivals, under_way = 0.0, [], []
    for wait, lasts, where in asked:
        now += wait
        ends = sorted(one for one in under_way if one[0] <= now)
        under_way = [one for one in under_way if one[0] > now]
        for end, began in ends:
            tenant.hear(START + seconds(began), START + seconds(end))
        if tenant.take(START + seconds(now)) is None:
            arrivals.append(now + lasts * where)
            under_way.append((now + lasts, now))
    connection.rollback()
    arrivals.sort()
    for n, arrival in enumerate(arrivals):
        within = n + 1 - bisect_right(arrivals, arrival - 60.0)
        assert within <= 6


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(0, 40, allow_nan=False), min_size=7, max_size=30))
def test_nothing_is_refused_that_a_slightly_longer_window_allows(connection, waits):
    tenant = Tenant(connection)
    now, taken = 0.0, []
    for wait in waits:
        now += wait
        granted = tenant.take(START + seconds(now)) is None
        allowed = sum(1 for one in taken if one > now - LONGEST) < 6
        assert granted or not allowed
        if granted:
            taken.append(now)
    connection.rollback()
