"""Finding a meeting again, whatever else its host has, and "not there" only when it is so."""

import json
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.outcome import Unknown
from domain.actions.plan import Request
from infra.clock import utc_now
from infra.platform import Call, Sent
from infra.platforms.zoom.finding import find
from infra.session import Session
from tests.platforms.zoom.account import CREATED, HOST, add_account, meeting
from workers.commands import resume
from workers.execute import execute

NEAR = {"host": HOST, "start_time": "2090-03-01T08:00:00Z"}
FAR = {"host": HOST, "start_time": "2090-06-01T08:00:00Z"}


class Answers:
    """A transport: what comes back for a path is changed before the adapter sees it."""

    def __init__(self, inner, path, change):
        self.inner, self.path, self.change = inner, path, change

    def carry(self, exchange):
        self.inner.carry(exchange)
        if exchange.method == "GET" and self.path in urlsplit(exchange.url).path:
            answer = self.change(json.loads(exchange.answer))
            exchange.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def lost(fleet, world, sandbox):
    """A meeting whose answer was lost; the function looks it up after its settling time."""

    def lose(fault="drop_after_commit", *, transport=None, rounds=1, **params):
        sandbox.fault("zoom", fault, method="POST", path="/meetings")
        action = meeting(world, **params)
        execute(fleet, action)
        assert world.status(action) == "reconciling"
        return look_up(action, transport=transport, rounds=rounds)

    def look_up(action, *, transport=None, rounds=3):
        looking = replace(fleet, transport=transport or fleet.transport)
        for _ in range(rounds):
            with fleet.database.transaction() as tx:
                tx.execute(text("UPDATE effects SET last_send_by = now() - interval '1 hour'"))
                tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
            execute(looking, action)
        return world.action(action)

    def stated(identity):
        """Nobody can find it for a day, and then a person says what became of it."""
        blind = Answers(fleet.transport, "/users/", lambda _page: b"")
        action = lose("drop_before_commit", transport=blind)
        with fleet.database.transaction() as tx:
            tx.execute(text("UPDATE effects SET created_at = now() - interval '30 hours'"))
        assert look_up(action.id, transport=blind, rounds=1).status == "parked"
        resume(fleet, action.id, who="sam", happened=identity)
        return look_up(action.id)

    add_account(world)
    lose.again, lose.stated = look_up, stated
    return lose


def asked(sandbox):
    """The calls made after the first one, as Zoom saw them."""
    seen = sandbox.control("GET", "/requests?platform=zoom")["requests"]
    return [one for one in seen if one["method"] == "GET"]


def secret_of(fleet, world):
    (row,) = world.rows("SELECT sealed FROM effect_secrets")
    return fleet.vault.unlock(row.sealed)


def there(sandbox):
    (one,) = [m for m in sandbox.control("GET", "/zoom/meetings")["meetings"]
              if m["agenda"].startswith("[ref:")]  # fmt: skip
    return one


def test_a_meeting_is_found_with_what_its_answer_would_have_told(fleet, world, sandbox, lost):
    action = lost(agenda="x" * 1_900)
    real = there(sandbox)
    assert action.result == {
        "meeting_id": str(real["id"]),
        "uuid": real["uuid"],
        "join_url": real["join_url"],
        "start_time": "2090-03-01T08:00:00Z",
        "timezone": "Europe/Berlin",
        "topic": "Kick-off",
        "host": HOST,
    }
    assert secret_of(fleet, world)["start_url"] == real["start_url"]
    assert secret_of(fleet, world)["password"] == real["password"]
    assert sandbox.count(CREATED) == 1


def test_few_calls_find_it_among_many(sandbox, lost):
    sandbox.control("POST", "/zoom/meetings", {**FAR, "count": 700})
    action = lost()
    assert action.status == "succeeded"
    near, details = asked(sandbox)
    assert "&from=2090-02-28&to=2090-03-02" in f"&{near['query']}"
    assert details["path"].endswith(f"/meetings/{action.result['meeting_id']}")


@pytest.mark.parametrize(
    "params",
    [
        {"recurrence": {"type": "no_fixed_time"}, "start_time": None, "timezone": None},
        {"recurrence": {"type": "weekly", "weekly_days": ["tuesday"], "end_times": 60}},
        {"start_time": "2090-03-01T23:30:00-12:00"},
        {"start_time": "2090-10-29T02:30:00"},  # one of two moments
    ],
    ids=str,
)
def test_meetings_of_every_kind_are_found(sandbox, lost, params):
    sandbox.control("POST", "/zoom/meetings", {**FAR, "count": 400})
    action = lost(**params)
    assert action.status == "succeeded", action.error
    assert sandbox.count(CREATED) == 1


def test_absence_is_said_of_a_whole_list_only(sandbox, lost):
    sandbox.control("POST", "/zoom/meetings", {**NEAR, "count": 650})
    action = lost("drop_before_commit", rounds=2)
    assert action.status == "succeeded"
    assert sandbox.count(CREATED) == 1
    pages = [one["query"] for one in asked(sandbox)]
    assert len(pages) == 6, "three pages around its start, three of all"


def test_a_list_that_changes_between_pages_says_nothing(fleet, world, sandbox, lost):
    """A meeting deleted meanwhile would have moved ours to a page already read."""
    sandbox.control("POST", "/zoom/meetings", {**NEAR, "count": 301})

    def one_less(page):
        if "next_page_token" not in page:
            page["meetings"] = []
        return page

    changing = Answers(fleet.transport, "/users/", one_less)
    action = lost("drop_before_commit", transport=changing)
    assert (action.status, action.error["code"]) == ("reconciling", "list_changed")
    assert lost.again(action.id).status == "succeeded"
    assert sandbox.count(CREATED) == 1


def test_more_pages_than_are_read_say_nothing(fleet, sandbox, lost):
    endless = Answers(fleet.transport, "/users/", lambda page: {**page, "next_page_token": "0.0"})
    sandbox.control("POST", "/clock", {"set": "1970-01-01T00:00:00+00:00"})
    action = lost("drop_before_commit", transport=endless)
    assert (action.status, action.error["code"]) == ("reconciling", "too_many_meetings")


class Says:
    """A transport that says the same of everything."""

    def __init__(self, answer):
        self.answer = answer

    def carry(self, exchange):
        exchange.sent, exchange.status, exchange.answer = (
            True,
            200,
            json.dumps(self.answer).encode(),
        )


OURS = Sent(
    effect_id=UUID("0bee0000-0000-4000-8000-000000000001"),
    request=Request(uuid4(), uuid4(), uuid4(), "zoom_create_meeting", {}),
    inputs={},
    call=Call("POST", "/users/me/meetings", context={"host": "me", "starts": []}),
    key="",
    first_sent_at=utc_now(),
)


@pytest.mark.parametrize(
    "nonsense",
    [
        "<html>",
        [],
        {},
        {"meetings": {}},
        {"meetings": [1]},
        {"meetings": []},
        {"meetings": [], "total_records": None},
        {"meetings": [], "total_records": 1},
        {"meetings": [], "total_records": ["1"]},
        {"meetings": [{"agenda": {}}], "total_records": 2},
        {"meetings": [{"agenda": f"[ref:{OURS.effect_id}]"}]},
        {"meetings": [{"agenda": f"[ref:{OURS.effect_id}]", "id": None}]},
        {"meetings": [], "next_page_token": "\ud800"},
        {"meetings": [{"agenda": f"[ref:{OURS.effect_id}]", "id": "\ud800"}]},
    ],
    ids=str,
)
def test_an_unreadable_list_says_nothing(nonsense):
    asking = Session(
        transport=Says(nonsense),
        base_url="",
        tenant_key="",
        credentials={},
        send_by=utc_now(),
        send_by_monotonic=0.0,
        call_timeout_s=1.0,
    )
    assert isinstance(find(asking, OURS), Unknown)


def test_a_refused_look_up_says_nothing(sandbox, lost):
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": ["meeting:write:meeting:admin"]})
    action = lost("drop_before_commit")
    assert (action.status, action.error["code"]) == ("reconciling", "look_up_refused")
    assert "meeting:read:list_meetings:admin" in action.error["message"]
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": None})
    assert lost.again(action.id).status == "succeeded"


def test_a_list_refused_for_good_says_nothing_either(sandbox, lost):
    sandbox.fault("zoom", "status", method="GET", path="/meetings", status=400)
    action = lost("drop_before_commit")
    assert (action.status, action.error["code"]) == ("reconciling", "look_up_refused")
    assert sandbox.count(CREATED) == 0


def test_a_refused_token_is_renewed_for_the_look_up(world, sandbox, lost):
    sandbox.fault("zoom", "revoke_token", method="GET", only_access=True)
    action = lost(rounds=3)
    assert action.status == "succeeded", action.error
    assert sandbox.counts() == {CREATED: 1, "zoom.token.issued": 1}


def test_who_is_nobody_has_no_meetings(world, sandbox, lost):
    action = lost("drop_before_commit", host="nobody@tidewater.test", rounds=2)
    assert (action.status, action.error["code"]) == ("rejected", "no_such_user")


def test_without_the_details_the_list_must_do(fleet, world, sandbox, lost):
    scopes = ["meeting:write:meeting:admin", "meeting:read:list_meetings:admin"]
    sandbox.control("POST", "/zoom/settings", {"s2s_scopes": scopes})
    action = lost()
    assert action.result["join_url"] == there(sandbox)["join_url"]
    assert world.rows("SELECT * FROM effect_secrets") == []


def test_details_that_do_not_come_are_asked_for_again(fleet, world, sandbox, lost):
    sandbox.fault("zoom", "status", method="GET", path=r"/v2/meetings/", status=503)
    action = lost()
    assert (action.status, action.error["code"]) == ("reconciling", "http_503")
    assert lost.again(action.id).status == "succeeded"
    assert secret_of(fleet, world)["start_url"]
    assert sandbox.count(CREATED) == 1


def test_a_person_who_states_the_id_is_believed(sandbox, lost):
    made = sandbox.control("POST", "/zoom/meetings", NEAR)["meeting"]
    stated = lost.stated(str(made["id"]))
    assert stated.status == "succeeded"
    assert stated.result["join_url"] == made["join_url"]


def test_a_person_is_believed_about_what_is_gone(lost):
    stated = lost.stated("81234567890")
    assert (stated.status, stated.result["meeting_id"]) == ("succeeded", "81234567890")


def test_look_ups_leave_the_hosts_hundred_alone(world, lost):
    lost("drop_before_commit", rounds=2)
    windows = {
        row.key.rpartition(":")[2]: sum(row.slots)
        for row in world.rows("SELECT key, slots FROM budgets WHERE slots IS NOT NULL")
    }
    assert windows["host_day"] == 2, "the two creates"
    assert windows["look_ups"] == 2, "around its start, then all"
