"""Budgets: never a call too many for the platform, however it counts; and none wasted."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.actions.outcome import Blocks
from infra.database import budgets
from infra.platform import Limits, UnsafeDeclaration, Window

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

    def limit(self, window):
        query = "SELECT calls FROM budgets WHERE key = :key"
        return self.tx.execute(text(query), {"key": f"{self.key}:{window}"}).scalar_one()


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


DAY = Limits(
    in_flight=9,
    windows=(Window("day", 1000, 86_400, 100, header="x-day", grows=True, restarts=True),),
)
HEARING = Limits(in_flight=9, windows=(Window("minute", 60, 60, header="x-minute"),))


def test_what_others_use_is_not_ours(connection):
    tenant = Tenant(connection, HEARING)
    tenant.take(START)
    tenant.hear(START, START + seconds(0.2), minute=3)
    assert [tenant.take(START + seconds(1)) for _ in range(3)] == [None] * 3
    assert tenant.take(START + seconds(1)) is not None
    assert tenant.take(START + seconds(LONGEST + 1)) is None, "what others used leaves it too"
    connection.rollback()


def test_an_answer_that_tells_nothing_new_writes_nothing(connection):
    tenant = Tenant(connection, HEARING)
    for _ in range(3):
        tenant.take(START)
    version = "SELECT xmin, ctid, slots FROM budgets WHERE key = :key"
    before = connection.execute(text(version), {"key": f"{tenant.key}:minute"}).one()
    tenant.hear(START, START + seconds(0.2), minute=57)
    tenant.hear(START, START + seconds(0.2), minute=59)  # an earlier one, answered late
    assert connection.execute(text(version), {"key": f"{tenant.key}:minute"}).one() == before
    connection.rollback()


def test_a_bigger_day_is_learned_and_a_persons_own_limit_is_kept(connection):
    tenant = Tenant(connection, DAY)
    tenant.take(START)
    tenant.hear(START, START + seconds(0.2), day=4_999)
    assert tenant.limit("day") == 5_000
    tenant.take(START + seconds(1))
    assert tenant.limit("day") == 5_000, "and remembered"
    own = Tenant(connection, budgets.limits_for(DAY, {"limits": {"day": 1}}))
    own.take(START)
    own.hear(START, START + seconds(0.2), day=4_999)
    assert own.take(START + seconds(1)) is not None
    connection.rollback()


def test_a_day_the_platform_begins_anew_is_begun_anew_here(connection):
    tenant = Tenant(connection, DAY)
    for n in range(900):
        tenant.take(START + seconds(n * 20))
    later = START + timedelta(hours=9)
    assert tenant.take(later, interactive=False) is not None
    assert tenant.take(later) is None
    tenant.hear(later, later + seconds(0.2), day=999)
    assert tenant.used(later, "day") == 2, "the latest may not be in what was said: once more"
    assert tenant.take(later, interactive=False) is None
    connection.rollback()


def test_what_others_use_of_a_day_is_believed_for_an_hour(connection):
    tenant = Tenant(connection, DAY)
    tenant.take(START)
    tenant.hear(START, START + seconds(0.2), day=0)
    assert tenant.take(START + timedelta(minutes=40)) is not None
    assert tenant.take(START + timedelta(minutes=75)) is None
    connection.rollback()


def test_a_call_found_dead_counts_from_then(connection):
    tenant = Tenant(connection)
    for _ in range(6):
        tenant.take(START)
    budgets.found_dead(connection, {tenant.key: 1}, START + seconds(30))
    at = START + seconds(LONGEST + 1)
    assert [tenant.take(at) for _ in range(5)] == [None] * 5
    assert tenant.take(at) is not None
    connection.rollback()


def test_a_place_held_is_in_flight_until_it_is_released_or_over(connection):
    tenant = Tenant(connection, Limits(in_flight=1, windows=LIMITS.windows))
    held, until = uuid4(), START + seconds(45)
    given = {"interactive": True, "until": until, "now": START}
    assert budgets.hold(connection, tenant.key, tenant.limits, held, **given) is None
    assert tenant.take(START + seconds(1)) is not None
    budgets.release(connection, tenant.key, tenant.limits, held, {}, START + seconds(2))
    assert tenant.take(START + seconds(2)) is None
    again = uuid4()
    budgets.hold(connection, tenant.key, tenant.limits, again, **given)
    assert tenant.take(until - seconds(1)) is not None
    assert tenant.take(until) is None, "its process died"
    assert tenant.used(until) == 5, "and its call may have gone out till then"
    connection.rollback()


def test_all_tenants_together_stay_within_the_apps_limit(connection):
    app = Window(f"app_{uuid4().hex[:6]}", 3, 60)
    limits = Limits(in_flight=9, windows=LIMITS.windows, all_tenants=(app,))
    tenants = [Tenant(connection, limits) for _ in range(4)]
    assert [one.take(START) for one in tenants[:3]] == [None] * 3
    assert tenants[3].take(START) is not None
    connection.rollback()


def test_the_apps_own_limit_holds_every_tenant_and_a_kinds_limit_only_that_kind(connection):
    emails = Window("email", 1_000, 86_400)
    app = Window(f"app_{uuid4().hex[:6]}", 1_000, 60)
    limits = Limits(in_flight=9, windows=LIMITS.windows, all_tenants=(app,))
    emailing = Limits(9, LIMITS.windows, of_kind=(emails,), all_tenants=(app,))
    one, other = Tenant(connection, limits), Tenant(connection, limits)
    until = START + timedelta(hours=8)
    budgets.block(connection, one.key, emailing, Blocks.KIND, until, START)
    assert one.take(START) is None
    one.limits = emailing
    assert one.take(START) == until
    budgets.block(connection, one.key, limits, Blocks.PLATFORM, until, START)
    assert other.take(START) == until
    connection.rollback()


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


SECOND = Limits(in_flight=99, windows=(Window("second", calls=5, seconds=1),))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.5, allow_nan=False),  # wait before asking
            st.floats(0, 3, allow_nan=False),  # how long the call takes
            st.floats(0, 1, allow_nan=False),  # where in that time it arrives
        ),
        min_size=10,
        max_size=40,
    )
)
def test_no_second_ever_sees_more_calls_than_allowed(connection, asked):
    """Of calls that arrive within half a second of their grant: see decision 0029."""
    tenant = Tenant(connection, SECOND)
    now, arrivals, under_way = 0.0, [], []
    for wait, lasts, where in asked:
        now += wait
        for end, began in sorted(one for one in under_way if one[0] <= now):
            tenant.hear(START + seconds(began), START + seconds(end))
        under_way = [one for one in under_way if one[0] > now]
        if tenant.take(START + seconds(now)) is None:
            arrivals.append(now + min(lasts, 0.5) * where)
            under_way.append((now + lasts, now))
    connection.rollback()
    arrivals.sort()
    for n, arrival in enumerate(arrivals):
        assert n + 1 - bisect_right(arrivals, arrival - 1.0) <= 5


def test_a_window_of_a_second_is_not_one_of_three(connection):
    tenant = Tenant(connection, SECOND)
    assert [tenant.take(START) for _ in range(5)] == [None] * 5
    until = tenant.take(START)
    assert seconds(1) < until - START < seconds(1.6)
    assert tenant.take(until) is None
    connection.rollback()


def test_what_is_counted_per_channel_holds_that_channel_alone(connection):
    pace = Window("channel", calls=2, seconds=10)
    sales, general = (
        Limits(9, LIMITS.windows, of_kind=(pace,), scope=name) for name in ("sales", "general")
    )
    tenant = Tenant(connection, sales)
    assert [tenant.take(START) for _ in range(2)] == [None] * 2
    assert tenant.take(START) is not None
    tenant.limits = general
    assert tenant.take(START) is None
    until = START + seconds(90)
    budgets.block(connection, tenant.key, general, Blocks.KIND, until, START)
    assert tenant.take(START + seconds(20)) == until
    tenant.limits = sales
    assert tenant.take(START + seconds(20)) is None
    connection.rollback()


def test_a_daily_window_is_empty_again_at_midnight_utc(connection):
    hosts = Window("host_day", calls=3, seconds=86_400, daily=True)
    tenant = Tenant(connection, Limits(9, of_kind=(hosts,), scope="host"))
    evening = datetime(2026, 3, 1, 23, 50, tzinfo=UTC)
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert [tenant.take(evening) for _ in range(3)] == [None] * 3
    assert tenant.take(evening) == midnight
    budgets.block(connection, tenant.key, tenant.limits, Blocks.KIND, midnight, evening)
    assert tenant.take(evening) == midnight
    assert [tenant.take(midnight) for _ in range(3)] == [None] * 3
    assert tenant.take(midnight) == midnight + timedelta(days=1)
    connection.rollback()


def test_windows_of_channels_and_days_are_forgotten_when_nothing_counts_in_them(connection):
    hosts = Window("host_day", calls=3, seconds=86_400, daily=True)
    tenant = Tenant(connection, Limits(9, LIMITS.windows, of_kind=(hosts,), scope="host"))
    tenant.take(START)
    rows = text("SELECT count(*) FROM budgets WHERE tenant LIKE :key || '%'")
    budgets.purge(connection, START)
    assert connection.execute(rows, {"key": tenant.key}).scalar_one() == 2
    budgets.purge(connection, START + timedelta(days=3))
    assert connection.execute(rows, {"key": tenant.key}).scalar_one() == 1, "the tenant's own stays"
    connection.rollback()


def test_a_platforms_own_windows_are_not_counted_by_the_day():
    with pytest.raises(UnsafeDeclaration):
        Limits(5, windows=(Window("day", 100, 86_400, daily=True),))
