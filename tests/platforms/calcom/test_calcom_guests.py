"""Adding guests: planned whole, added in tens, nobody twice."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.actions.outcome import Rejected, Succeeded
from domain.actions.plan import Done, Effect, Refuse, Request, Result
from infra.platforms.calcom.people import ADD, READ, add_guests, base
from infra.sandbox.calcom import seed
from tests.platforms.calcom.cases import adding, booked, connected
from tests.platforms.calcom.desk import ADDED, GUESTS, Desk, answer_with, answered
from workers.commands import resume

ADA = "ada@brightside.test"
LOST = [
    pytest.param("drop_after_commit"),
    *(
        pytest.param(fault, marks=pytest.mark.deep)
        for fault in ("drop_before_commit", "status", "status_after_commit")
    ),
]


def people(desk: Desk) -> list[str]:
    (booking,) = desk.bookings()
    return [one["email"] for one in booking["attendees"]]


def many(number: int, letter: str = "g") -> list[str]:
    return [f"{letter}{one}@x.test" for one in range(number)]


# --- the plan, without anything around it ---------------------------------------------------------


def request(*emails: str) -> Request:
    params = {"booking_uid": "u", "guests": [{"email": one} for one in emails]}
    return Request(uuid4(), uuid4(), uuid4(), "calcom_add_guests", params)


def seen(*emails: str) -> Result:
    return Result(READ, {}, Succeeded({"people": list(emails)}))


def call_of(step: Effect, *, passed_over: int = 0) -> Result:
    emails = [one["email"] for one in step.inputs["guests"]]
    told = {
        "guests": emails[passed_over:],
        "already_there": [],
        "not_added": emails[:passed_over],
    }
    return Result(ADD, step.inputs, Succeeded(told))


EMAILS = st.from_regex(r"[a-cA-C]{1,3}(\+[a-c]{1,2})?@x\.test", fullmatch=True)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(EMAILS, min_size=1, max_size=30, unique_by=base),
    st.lists(EMAILS, max_size=30, unique_by=base),
)
def test_any_guests_are_added_once_in_tens_or_nobody_is(guests: Any, there: Any) -> None:
    wanted, results = request(*guests), (seen(*there),)
    assert add_guests(wanted, {}, ()) == Effect(READ)
    known = {base(one) for one in there}
    new = [one for one in guests if base(one) not in known]
    added: list[str] = []
    while isinstance(step := add_guests(wanted, {}, results), Effect):
        chunk = [one["email"] for one in step.inputs["guests"]]
        assert 1 <= len(chunk) <= 10
        added += chunk
        results = (*results, call_of(step))
    if len(there) + len(new) > 30:
        assert isinstance(step, Refuse)
        assert step.rejection.details == {"people": len(there), "room": 30 - len(there)}
        assert added == []
    else:
        assert isinstance(step, Done)
        assert added == step.result["guests"] == new
        assert step.result["already_there"] == [one for one in guests if base(one) in known]


def test_a_call_that_is_refused_tells_who_was_added_before_it() -> None:
    wanted, results = request(*many(12)), (seen(ADA),)
    first = add_guests(wanted, {}, results)
    assert isinstance(first, Effect)
    results = (*results, call_of(first, passed_over=1))
    second = add_guests(wanted, {}, results)
    assert isinstance(second, Effect)
    refused = Result(ADD, second.inputs, Rejected("bad_request", "Cal.com: words", {"status": 400}))
    step = add_guests(wanted, {}, (*results, refused))
    assert isinstance(step, Refuse)
    assert (step.rejection.code, step.rejection.message) == ("bad_request", "Cal.com: words")
    assert step.rejection.details["guests"] == many(12)[1:10]
    assert step.rejection.details["not_added"] == many(12)[:1]


# --- with Cal.com ---------------------------------------------------------------------------------


def test_guests_are_added_and_told(desk: Desk) -> None:
    uid = booked(desk.world)
    row = desk.done(desk.submit(adding(desk.world, uid, "a@x.test", "ADA+me@brightside.test")))
    assert row.result == {
        "booking_uid": uid,
        "guests": ["a@x.test"],
        "already_there": ["ADA+me@brightside.test"],
        "not_added": [],
    }
    assert people(desk) == [ADA, "a@x.test"]
    again = desk.done(desk.submit(adding(desk.world, uid, "a@x.test")))
    assert (again.result["guests"], again.result["already_there"]) == ([], ["a@x.test"])
    assert desk.sandbox.count(ADDED) == 1


def test_all_that_is_known_of_a_guest_goes_along(desk: Desk) -> None:
    uid = booked(desk.world)
    given_ = adding(desk.world, uid, "a@x.test")
    guest = {"name": "A", "time_zone": "UTC", "phone_number": "+61255501200", "language": "de"}
    given_["params"]["guests"][0] |= guest
    desk.done(desk.submit(given_))
    (booking,) = desk.bookings()
    kept = booking["attendees"][1]
    assert (kept["name"], kept["timeZone"], kept["phoneNumber"], kept["language"]) == (
        *("A", "UTC", "+61255501200", "de"),
    )


def test_twenty_nine_guests_go_in_three_calls(desk: Desk) -> None:
    uid = booked(desk.world)
    row = desk.done(desk.submit(adding(desk.world, uid, *many(29))))
    assert (row.status, row.result["guests"]) == ("succeeded", many(29))
    assert people(desk) == [ADA, *many(29)]
    names = [e.name for e in desk.world.rows("SELECT name FROM effects WHERE action_id = :a "
             "ORDER BY ordinal", a=row.id)]  # fmt: skip
    assert names == [READ, ADD, ADD, ADD]


def test_too_many_are_refused_before_anybody_is_added(desk: Desk) -> None:
    uid = booked(desk.world)
    desk.done(desk.submit(adding(desk.world, uid, *many(9))))
    row = desk.done(desk.submit(adding(desk.world, uid, *many(21, "h"))))
    assert (row.status, row.error["code"], row.partial) == ("rejected", "too_many_guests", False)
    assert "up to 20 more can be added, 21 were asked for; nobody was added" in row.error["message"]
    assert desk.sandbox.count(ADDED) == 9


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("call", [1, 2])
def test_a_lost_answer_adds_nobody_twice(desk: Desk, fault: str, call: int) -> None:
    uid = booked(desk.world)
    words = many(12)[0 if call == 1 else 10]
    action = desk.lost(fault, GUESTS, contains=words)(adding(desk.world, uid, *many(12)))
    desk.again(action)
    desk.age()
    row = desk.again(action, times=3)
    assert (row.status, row.result["guests"]) == ("succeeded", many(12))
    assert people(desk) == [ADA, *many(12)]


@pytest.mark.parametrize("general", [False, True])
def test_a_repeat_that_finds_everybody_there_has_succeeded(desk: Desk, *, general: bool) -> None:
    """Sent twice after all (the first arrived late): Cal.com's 400 is no failure, however put."""
    desk.sandbox.control("POST", "/calcom/settings", {"general_words": general})
    uid = booked(desk.world)
    action = desk.lost("drop_before_commit", GUESTS)(adding(desk.world, uid, "a@x.test"))
    desk.age()
    assert desk.again(action).status == "waiting"
    desk.done(desk.submit(adding(desk.world, uid, "a@x.test")))
    row = desk.again(action)
    assert (row.status, row.result["guests"]) == ("succeeded", ["a@x.test"])
    assert desk.sandbox.count(ADDED) == 1


def test_who_came_between_reading_and_adding_was_there_already(desk: Desk) -> None:
    uid = booked(desk.world)

    def not_yet(exchange: Any) -> None:
        """What is read was true a moment ago."""
        if exchange.method == "GET" and desk.sandbox.count(ADDED) and not late:
            told = answered(exchange)
            told["data"]["attendees"] = told["data"]["attendees"][:1]
            answer_with(exchange, told)
            late.append(1)

    late: list[int] = []
    desk.done(desk.submit(adding(desk.world, uid, "a@x.test")))
    row = desk.again(desk.submit(adding(desk.world, uid, "a@x.test")), desk.through(not_yet))
    assert row.result["already_there"] == ["a@x.test"]
    assert row.result["guests"] == []


def test_who_may_not_be_added_is_told(desk: Desk) -> None:
    settings = {"blocked": ["bad@x.test"], "verified_first": ["ask@x.test"]}
    desk.sandbox.control("POST", "/calcom/settings", settings)
    uid = booked(desk.world)
    guests = ("a@x.test", "bad@x.test", "ask@x.test")
    row = desk.done(desk.submit(adding(desk.world, uid, *guests)))
    assert row.result["guests"] == ["a@x.test"]
    assert row.result["not_added"] == ["bad@x.test", "ask@x.test"]
    alone = desk.done(desk.submit(adding(desk.world, uid, "bad@x.test")))
    assert (alone.status, alone.error["details"]["missing"]) == ("rejected", ["bad@x.test"])
    assert alone.error["message"] == "Cal.com: emails_must_be_unique_valid"


@pytest.mark.parametrize("passed_over", ["blocked", "verified_first"])
def test_a_lost_answer_does_not_make_a_refusal_of_who_was_passed_over(
    desk: Desk, passed_over: str
) -> None:
    """Made again, the call adds nobody: Cal.com refuses it, and the first one stands."""
    desk.sandbox.control("POST", "/calcom/settings", {passed_over: ["bad@x.test"]})
    uid = booked(desk.world)
    guests = ("bad@x.test", *many(10))
    action = desk.lost("drop_after_commit", GUESTS, contains="bad")(
        adding(desk.world, uid, *guests)
    )
    desk.age()
    row = desk.again(action, times=5)
    assert row.status == "succeeded", row.error
    assert (row.result["guests"], row.result["not_added"]) == (many(10), ["bad@x.test"])
    assert people(desk) == [ADA, *many(10)]


def test_a_later_call_that_is_refused_leaves_a_partial_action(desk: Desk) -> None:
    uid = booked(desk.world)
    desk.sandbox.control("POST", "/calcom/settings", {"blocked": ["g10@x.test"]})
    row = desk.done(desk.submit(adding(desk.world, uid, *many(11))))
    assert (row.status, row.partial) == ("rejected", True)
    assert row.error["details"]["guests"] == many(10)
    assert people(desk) == [ADA, *many(10)]


def test_a_booking_that_is_not_there(desk: Desk) -> None:
    row = desk.done(desk.submit(adding(desk.world, "nothing", "a@x.test")))
    assert (row.status, row.error["code"]) == ("rejected", "not_found")
    assert "Cal.com: Booking with uid=nothing was not found" in row.error["message"]


def test_a_series_of_bookings_is_not_one(desk: Desk) -> None:
    booked(desk.world, event_type_id=seed.CALCOM_WEEKLY)
    series = desk.bookings()[0]["recurring"]
    row = desk.done(desk.submit(adding(desk.world, series, "a@x.test")))
    assert (row.status, row.error["code"]) == ("rejected", "recurring_booking")
    assert desk.sandbox.count(ADDED) == 0


def test_what_is_no_booking_is_no_word_on_who_is_there(desk: Desk) -> None:
    def older(exchange: Any) -> None:
        if exchange.method == "GET":
            answer_with(exchange, {"status": "success", "data": {"uid": "u", "startTime": "s"}})

    uid = booked(desk.world)
    action = desk.lost("drop_before_commit", GUESTS)(adding(desk.world, uid, "a@x.test"))
    desk.age()
    row = desk.again(action, desk.through(older), times=2)
    assert (row.status, row.error["code"]) == ("reconciling", "unreadable_answer")
    assert desk.again(action, times=2).status == "succeeded"


@pytest.mark.parametrize("attendees", [None, {}, "hidden"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_booking_that_does_not_show_who_attends_is_no_word_either(
    desk: Desk, method: str, attendees: Any
) -> None:
    def hidden(exchange: Any) -> None:
        if exchange.method == method:
            told = answered(exchange)
            told["data"]["attendees"] = attendees
            answer_with(exchange, told)

    uid = booked(desk.world)
    if method == "GET":
        action = desk.lost("drop_after_commit", GUESTS)(adding(desk.world, uid, "a@x.test"))
        desk.age()
    else:
        action = desk.submit(adding(desk.world, uid, "a@x.test"))
    row = desk.again(action, desk.through(hidden))
    assert (row.status, row.error["code"]) == ("reconciling", "unreadable_answer")
    row = desk.again(action, times=2)
    assert (row.status, row.result["guests"]) == ("succeeded", ["a@x.test"])


def test_a_person_may_say_that_they_were_added(desk: Desk) -> None:
    uid = booked(desk.world)
    action = desk.lost("drop_before_commit", GUESTS)(adding(desk.world, uid, "a@x.test"))
    desk.park(action)
    resume(desk.fleet, action, who="jo", happened=uid)
    row = desk.again(action)
    assert (row.status, row.result["not_added"]) == ("succeeded", ["a@x.test"])
    assert desk.sandbox.count(ADDED) == 0


# --- five a minute --------------------------------------------------------------------------------


def test_five_calls_a_minute_and_bookings_go_on(desk: Desk) -> None:
    """Our own limit holds the sixth back: Cal.com never has to refuse one."""
    desk.sandbox.control("POST", "/limits", {"platform": "calcom", "booking_guests_add": 5})
    uid = booked(desk.world)
    connected(desk.world, guests_minute=5)
    for number in range(5):
        request_ = adding(desk.world, uid, f"a{number}@x.test")
        assert desk.done(desk.submit(request_)).status == "succeeded"
    sixth = desk.submit(adding(desk.world, uid, "late@x.test"))
    row = desk.done(sixth)
    assert (row.status, row.status_reason) == ("waiting", "waits for its budget")
    assert desk.book().status == "succeeded"
    statuses = desk.sandbox.control("GET", "/requests?platform=calcom")["statuses"]
    assert "calcom:429" not in statuses


def test_a_429_holds_other_guests_and_nothing_else(desk: Desk) -> None:
    uid = booked(desk.world)
    desk.sandbox.fault("calcom", "rate_limited", path=GUESTS, problem="guests")
    first = desk.done(desk.submit(adding(desk.world, uid, "a@x.test")))
    assert first.status == "waiting"
    other = desk.done(desk.submit(adding(desk.world, uid, "b@x.test")))
    assert (other.status, desk.sandbox.count(ADDED)) == ("waiting", 0)
    assert desk.book().status == "succeeded"


def test_a_look_up_takes_nothing_from_the_five(desk: Desk) -> None:
    uid = booked(desk.world)
    connected(desk.world, guests_minute=1)
    action = desk.lost("drop_after_commit", GUESTS)(adding(desk.world, uid, "a@x.test"))
    assert desk.again(action).status == "succeeded"
