"""`Retry-After`, however a platform writes it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.exchange import Exchange
from infra.retry_after import retry_after

NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def said(text: str | None) -> timedelta | None:
    exchange = Exchange("GET", "https://p", {}, None, NOW, 0.0, 0.0)
    exchange.answer_headers = {} if text is None else {"retry-after": text}
    return retry_after(exchange, NOW, DAY)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7), (" 7 ", 7), ("0", 1), ("9" * 400, 86_400),
        ("Wed, 25 Nov 2026 22:31:00 GMT", 60), ("Wed, 25 Nov 2026 22:31:00 -0000", 60),
        ("Wed, 25 Nov 2026 23:31:00 +0100", 60), ("Wed, 25 Nov 2020 22:31:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400), ("2026-11-25T22:31:00Z", 60),
        ("2026-11-25T22:31:00", 60), ("2026-11-25T23:31:00+01:00", 60),
    ],
)  # fmt: skip
def test_seconds_dates_and_moments(text: str, seconds: int) -> None:
    assert said(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", [None, "", "soon", "-5", "7.5", "\u0667", "Wed, 99 Nov 2026", "1e3"]
)
def test_what_cannot_be_read_says_nothing(text: str | None) -> None:
    assert said(text) is None


@given(st.text(max_size=40))
def test_whatever_it_says_is_a_second_to_the_most_or_nothing(text: str) -> None:
    wait = said(text)
    assert wait is None or timedelta(seconds=1) <= wait <= DAY
