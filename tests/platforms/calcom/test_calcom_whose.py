"""A booking that is not in the list of the key's user is absent only where it had to be in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.sandbox.calcom import seed
from tests.platforms.calcom.cases import a_start, booking, connected
from tests.platforms.calcom.desk import BOOKED, Desk, answer_with, answered
from workers.commands import resume

TEAMS: dict[str, dict[str, Any]] = {
    "by id": {"event_type_id": seed.CALCOM_KICK_OFF},
    "by slug": {"event_type_slug": "kick-off", "team_slug": "studio"},
}
ANOTHER_USERS: dict[str, dict[str, Any]] = {
    "by id": {"event_type_id": seed.CALCOM_REVIEW},
    "by slug": {"event_type_slug": "review", "username": "jo"},
}
OTHERS = [
    *(pytest.param(way, id=f"a team's, {name}") for name, way in TEAMS.items()),
    *(pytest.param(way, id=f"another user's, {name}") for name, way in ANOTHER_USERS.items()),
]


def of(way: dict[str, Any], desk: Desk, **more: Any) -> Any:
    request = booking(desk.world, **way, **more)
    if "event_type_slug" in way:
        del request["params"]["event_type_id"]
    return request


@pytest.fixture
def sams(desk: Desk) -> Desk:
    """Sam is connected, and Jo gets what is booked: Sam's list does not show it."""
    connected(desk.world, seed.CALCOM_OTHER_API_KEY)
    return desk


@pytest.mark.parametrize("way", OTHERS)
def test_what_another_host_got_is_not_booked_twice(sams: Desk, way: dict[str, Any]) -> None:
    action = sams.lost("drop_after_commit")(of(way, sams))
    sams.age()
    row = sams.again(action, times=3)
    assert (row.status, row.error["code"]) == ("reconciling", "not_seen")
    assert sams.sandbox.count(BOOKED) == 1
    sams.park(action)
    resume(sams.fleet, action, who="sam", happened=sams.bookings()[0]["uid"])
    row = sams.again(action)
    assert row.result["booking_uid"] == sams.bookings()[0]["uid"]


@pytest.mark.parametrize("way", TEAMS.values(), ids=TEAMS)
def test_a_teams_booking_that_its_host_sees_is_found(desk: Desk, way: dict[str, Any]) -> None:
    row = desk.again(desk.lost("drop_after_commit")(of(way, desk)))
    assert (row.status, desk.sandbox.count(BOOKED)) == ("succeeded", 1)


def test_a_teams_booking_that_did_not_arrive_is_made_again_by_a_persons_word(desk: Desk) -> None:
    action = desk.lost("drop_before_commit")(of(TEAMS["by id"], desk))
    desk.age()
    assert desk.again(action, times=2).error["code"] == "not_seen"
    desk.park(action)
    resume(desk.fleet, action, who="jo", did_not_happen=True)
    assert desk.again(action).status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1


def test_a_taken_time_may_be_taken_by_what_cannot_be_seen(sams: Desk) -> None:
    """A person said that it did not happen; Jo has it, and is the only host."""
    way = {"event_type_id": seed.CALCOM_INTRO}
    action = sams.lost("drop_after_commit")(of(way, sams))
    sams.park(action)
    resume(sams.fleet, action, who="sam", did_not_happen=True)
    row = sams.again(action)
    assert (row.status, row.error["code"]) == ("reconciling", "look_up_failed")
    assert "User either already has booking at this time" in row.error["message"]
    assert sams.sandbox.count(BOOKED) == 1


def test_the_first_send_of_a_taken_time_is_refused_whosever_it_is(sams: Desk) -> None:
    start = a_start()
    assert sams.book(start=start).status == "succeeded"
    assert sams.book(start=start).error["code"] == "already_booked"


OWN: dict[str, dict[str, Any]] = {
    "by id": {"event_type_id": seed.CALCOM_REVIEW},
    "by slug": {"event_type_slug": "review", "username": "jo"},
}


@pytest.mark.parametrize("way", OWN.values(), ids=OWN)
def test_of_an_event_type_of_its_own_it_is_absent_and_sent_again(
    desk: Desk, way: dict[str, Any]
) -> None:
    action = desk.lost("drop_before_commit")(of(way, desk))
    desk.age()
    assert desk.again(action, times=2).status == "succeeded"
    assert desk.sandbox.count(BOOKED) == 1


JO = {"ownerId": seed.CALCOM_USER, "users": [{"id": seed.CALCOM_USER}]}


def unproven() -> Iterator[Any]:
    """Answers that do not say that the event type is the user's own, and that of nobody else."""
    yield None
    yield "an event type"
    yield []
    yield {}
    yield {"ownerId": str(seed.CALCOM_USER)}
    yield {"ownerId": True}
    yield {**JO, "ownerId": seed.CALCOM_OTHER_USER}
    yield {**JO, "teamId": 7}
    yield {**JO, "users": [{"id": seed.CALCOM_USER}, {"id": seed.CALCOM_OTHER_USER}]}
    yield {**JO, "users": 7}
    yield {**JO, "users": [7]}
    yield {**JO, "hosts": [{"userId": seed.CALCOM_OTHER_USER}]}
    yield {**JO, "hosts": 7}
    yield {**JO, "schedulingType": "roundRobin"}


@pytest.mark.parametrize("way", OWN.values(), ids=OWN)
def test_only_a_plain_word_makes_it_the_users_own(desk: Desk, way: dict[str, Any]) -> None:
    def saying(exchange: Any) -> None:
        if "/event-types" in exchange.url:
            data = [said] if "event_type_slug" in way else said
            answer_with(exchange, {**answered(exchange), "data": data})

    action = desk.lost("drop_before_commit")(of(way, desk))
    desk.age()
    for said in unproven():
        row = desk.again(action, desk.through(saying))
        assert (row.status, row.error["code"]) == ("reconciling", "not_seen"), said
    assert desk.sandbox.count(BOOKED) == 0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"fault": "status", "status": 404}, "not_seen"),
        ({"fault": "status", "status": 500}, "http_500"),
        ({"fault": "rate_limited"}, "rate_limited"),
    ],
)
def test_an_event_type_that_is_not_told_of_leaves_it_unknown(
    desk: Desk, fault: dict[str, Any], code: str
) -> None:
    action = desk.lost("drop_before_commit")(booking(desk.world))
    desk.age()
    desk.sandbox.fault("calcom", **fault, method="GET", path="/event-types")
    row = desk.again(action)
    assert (row.status, row.error["code"]) == ("reconciling", code)
    assert desk.again(action, times=2).status == "succeeded"


def test_it_is_asked_for_in_its_own_version(desk: Desk) -> None:
    desk.sandbox.control("POST", "/recording", {"on": True})
    action = desk.lost("drop_before_commit")(of(OWN["by slug"], desk))
    desk.again(action)
    *_, asked = desk.sandbox.control("GET", "/recording?platform=calcom")["exchanges"]
    assert (asked["path"], asked["query"]) == ("/v2/event-types", "username=jo&eventSlug=review")
    assert asked["headers"]["cal-api-version"] == "2024-06-14"
