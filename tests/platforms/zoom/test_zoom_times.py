"""Local time and UTC: what Zoom is sent means the moment that was asked for."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.platforms.zoom.times import is_zone, read_moment, read_start, zones, zulu

BERLIN = "Europe/Berlin"


def moment(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "zone", "sent", "meant"),
    [
        ("2027-07-01T09:00:00", BERLIN, "2027-07-01T09:00:00", ["2027-07-01T07:00:00Z"]),
        ("2027-01-01T09:00", BERLIN, "2027-01-01T09:00:00", ["2027-01-01T08:00:00Z"]),
        ("2027-07-01T09:00:00Z", None, "2027-07-01T09:00:00Z", ["2027-07-01T09:00:00Z"]),
        ("2027-07-01T09:00:00Z", BERLIN, "2027-07-01T09:00:00Z", ["2027-07-01T09:00:00Z"]),
        ("2027-07-01T09:00+05:45", None, "2027-07-01T03:15:00Z", ["2027-07-01T03:15:00Z"]),
        (
            "2027-10-31T02:30:00",  # the hour that comes twice
            BERLIN,
            "2027-10-31T02:30:00",
            ["2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"],
        ),
        ("2027-03-28T03:00:00", BERLIN, "2027-03-28T03:00:00", ["2027-03-28T01:00:00Z"]),
        ("2027-10-31T03:00:00", BERLIN, "2027-10-31T03:00:00", ["2027-10-31T02:00:00Z"]),
    ],
)
def test_a_start_is_sent_as_it_is_meant(text, zone, sent, meant):
    start = read_start(text, zone)
    assert start.sent == sent
    assert list(start.moments) == [moment(one) for one in meant]


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("2027-03-28T02:00:00", BERLIN, "never happens in Europe/Berlin: the clocks go 60 minutes"),
        ("2027-03-28T02:59:59", BERLIN, "never happens"),
        ("2027-10-03T02:15:00", "Australia/Lord_Howe", "the clocks go 30 minutes ahead"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "the clocks go 1440 minutes ahead"),
        ("2027-07-01T09:00:00", None, "is local: say where by `timezone`"),
        ("2027-02-29T09:00:00", BERLIN, "must be written"),
        ("2027-07-01 09:00:00", BERLIN, "must be written"),
        ("2027-07-01T09:00:00.5", BERLIN, "must be written"),
        ("2027-07-01T09:00:00+25:00", None, "must be written"),
        ("2027-07-01", BERLIN, "must be written"),
        ("٢٠٢٧-07-01T09:00:00", BERLIN, "must be written"),
        ("0001-01-01T00:00:00+14:00", None, "must lie between 2000 and 2099"),
        ("9999-12-31T23:59:59", BERLIN, "must lie between 2000 and 2099"),
    ],
)
def test_a_start_that_means_nothing_is_refused(text, zone, words):
    with pytest.raises(ValueError, match=words):
        read_start(text, zone)


ZONES = st.sampled_from(sorted(zones()))
LOCAL = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(  # noqa: DTZ001 - local
    lambda at: at.replace(microsecond=0)
)


@given(LOCAL, ZONES)
def test_any_local_time_means_moments_at_which_clocks_there_show_it_or_is_refused(local, zone):
    place = ZoneInfo(zone)
    around = [local.replace(tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(-108, 109)]
    try:
        start = read_start(local.isoformat(), zone)
    except ValueError:
        # Looked for from outside: at no moment do the clocks show it.
        assert local not in [one.astimezone(place).replace(tzinfo=None) for one in around]
        return
    assert start.sent == local.isoformat()
    assert 1 <= len(start.moments) <= 2
    for one in start.moments:
        assert one.astimezone(place).replace(tzinfo=None) == local
        assert read_start(zulu(one), zone).moments == (one,)


@given(st.text(max_size=30), st.none() | ZONES)
def test_any_text_is_read_or_refused_with_words(text, zone):
    for read in (lambda: read_start(text, zone), lambda: read_moment(text)):
        with contextlib.suppress(ValueError):
            assert read()


def test_zones_are_places_of_iana():
    assert is_zone("UTC")
    assert is_zone("Asia/Kolkata")
    for name in ("Mars/Olympus", "localtime", "Factory", "", "../etc/passwd", None, 1, ["UTC"]):
        assert not is_zone(name)


def test_an_end_says_its_offset():
    assert zulu(read_moment("2027-07-01T09:00:00+02:00")) == "2027-07-01T07:00:00Z"
    with pytest.raises(ValueError, match="must end in Z"):
        read_moment("2027-07-01T09:00:00")
