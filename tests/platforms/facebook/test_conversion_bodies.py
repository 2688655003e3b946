"""What goes out, as bytes: each effect's events can be told apart, and the token is in none."""

import json
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.platforms.facebook.body import form_of, line_of, lines_of, own_parts, written

TEXT = st.text(max_size=12) | st.sampled_from(["\n", ",\n", "[\n", "\n]", "data=", "&", '"'])
EVENTS = st.lists(st.dictionaries(TEXT, TEXT, max_size=3), min_size=1, max_size=3)


@settings(max_examples=40)
@given(st.lists(EVENTS, min_size=1, max_size=4), st.none() | TEXT, TEXT)
def test_what_is_sent_is_what_was_stored_and_the_token(parts, code, token):
    stored = written([line_of(events) for events in parts], code)
    every = [event for events in parts for event in events]
    assert json.loads(stored) == {"data": every} | (
        {} if code is None else {"test_event_code": code}
    )
    form = parse_qs(form_of(stored, token).decode(), keep_blank_values=True)
    assert json.loads(form.pop("data")[0]) == every
    assert form == {"access_token": [token]} | ({} if code is None else {"test_event_code": [code]})


@settings(max_examples=40)
@given(st.lists(EVENTS, min_size=1, max_size=4), st.none() | TEXT)
def test_each_effect_is_shown_its_own_events_of_what_was_stored_or_sent(parts, code):
    stored = written([line_of(events) for events in parts], code)
    places = {uuid4(): place for place in range(len(parts))}
    for body in (stored, form_of(stored, "the-token")):
        cut = own_parts(body, places)
        assert {places[one]: json.loads(own) for one, own in cut.items()} == {
            place: {"data": events} for place, events in enumerate(parts)
        }
        assert b"the-token" not in b"".join(cut.values())


@pytest.mark.parametrize(
    "body",
    [b"", b"data=", b"data=x", b"\xff", b"[\n1,\n2\n]", b'{"events_received":2}', b"<html>\n"],
)
def test_an_answer_is_everybodys(body):
    places = {uuid4(): 0, uuid4(): 1}
    assert own_parts(body, places) == dict.fromkeys(places, body)


@given(st.binary(max_size=60), st.sampled_from([b"", b"data=", b'{"data":[', b'{"data":[\n']))
def test_whatever_is_answered_can_be_shown(body, begins):
    one, two = uuid4(), uuid4()
    assert set(own_parts(begins + body, {one: 0, two: 5})) == {one, two}
    assert isinstance(lines_of(begins + body), list)
