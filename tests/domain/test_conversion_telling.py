"""Until when an event may be told, and of whom."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversions.telling import identity_problem, time_problem, told_until

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def ago(**distance: float) -> int:
    return int((NOW - timedelta(**distance)).timestamp())


@pytest.mark.parametrize(
    ("source", "event_time", "words"),
    [
        ("website", ago(days=6, hours=23, minutes=59), None),
        ("website", ago(days=7), "more than 7 days ago"),
        ("physical_store", ago(days=61), None),
        ("physical_store", ago(days=62), "more than 62 days ago"),
        ("app", ago(days=8), "more than 7 days ago"),
        ("website", ago(minutes=-4), None),
        ("website", ago(minutes=-6), "in the future"),
    ],
)
def test_how_old_or_young_an_event_may_be(source, event_time, words):
    problem = time_problem(event_time, source, NOW)
    assert (problem is None) if words is None else words in str(problem)


@given(st.integers(0, 9_999_999_999), st.sampled_from(["website", "physical_store"]))
def test_an_event_too_old_stays_too_old(event_time, source):
    until = told_until(event_time, source)
    assert "days ago" in str(time_problem(event_time, source, until))
    assert "days ago" not in str(time_problem(event_time, source, until - timedelta(seconds=1)))


@pytest.mark.parametrize(
    ("keys", "enough"),
    [
        ((), False),
        (("client_user_agent",), False),
        (("ct", "country", "st", "zp", "ge", "client_user_agent"), False),
        (("country", "zp"), False),
        (("db", "client_user_agent"), False),
        (("fn", "ge"), False),
        (("ln",), False),
        (("em",), True),
        (("fn", "ln"), True),
        (("client_user_agent", "client_ip_address"), True),
        (("fn", "ge", "country"), True),
        (("external_id",), True),
    ],
)
def test_who_is_known_well_enough(keys, enough):
    assert (identity_problem(keys) is None) is enough
