"""Meetings asked for: whose they are, when they start, what of them is told, and the limits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.actions.outcome import Succeeded, Unknown
from infra.clock import utc_now
from infra.envelope import Refused
from infra.platforms.zoom.errors import next_midnight
from infra.platforms.zoom.meetings import created
from infra.sandbox.zoom import seed
from infra.wire import read_envelope
from tests.platforms.zoom.account import (
    CREATED,
    HOST,
    MEETING,
    add_account,
    add_user,
    meeting,
)
from workers.execute import execute
from workers.submit import Incoming, submit_many


def carried_out(world, action, fleet=None, rounds=2):
    for _ in range(rounds):
        with world.fleet.database.transaction() as tx:
            due = text("UPDATE actions SET due_at = now() - interval '1 s' WHERE id = :id")
            tx.execute(due, {"id": action})
        execute(fleet or world.fleet, action)
    return world.action(action)


def created_by(sandbox):
    (made,) = sandbox.control("GET", "/zoom/meetings")["meetings"]
    return made


# --- whose ------------------------------------------------------------------------------------


def test_a_user_hosts_their_own_meetings(world, sandbox):
    add_user(world)
    action = world.submit(world.request("zoom_create_meeting", MEETING))
    assert carried_out(world, action).result["host"] == seed.OWNER_EMAIL


def test_an_accounts_app_must_name_the_host(world, sandbox):
    add_account(world)
    for params in (MEETING, {**MEETING, "host": "me"}):
        with pytest.raises(Refused) as refused:
            world.submit(world.request("zoom_create_meeting", params))
        (problem,) = refused.value.problems
        assert problem.field == "params.host"
        assert "an id or an email" in problem.problem


def test_an_account_connected_otherwise_is_asked_for_the_host_before_anything_is_sent(
    world, sandbox
):
    world.set_integration(add_account(world), settings={})
    action = world.submit(world.request("zoom_create_meeting", MEETING))
    row = carried_out(world, action)
    assert (row.status, row.error["code"]) == ("rejected", "host_required")
    assert sandbox.control("GET", "/requests?platform=zoom")["requests"] == []


def test_a_hosts_address_may_hold_anything(world, sandbox):
    add_account(world)
    email = "o'neil+50%?#&@tidewater.test"
    sandbox.control("POST", "/zoom/users", {"email": email})
    row = carried_out(world, meeting(world, host=email))
    assert (row.status, row.result["host"]) == ("succeeded", email)


def test_somebody_elses_meeting_is_refused_in_zooms_words(world, sandbox):
    add_user(world)
    row = carried_out(world, meeting(world, host=HOST))
    assert (row.status, row.error["code"]) == ("rejected", "not_permitted")
    assert row.error["message"] == "Zoom: No permission."


# --- when -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sent", "told"),
    [
        (
            {"start_time": "2090-07-01T09:00:00", "timezone": "Europe/Berlin"},
            "2090-07-01T09:00:00",
            "2090-07-01T07:00:00Z",
        ),
        (
            {"start_time": "2090-07-01T09:00+10:00", "timezone": "Asia/Tokyo"},
            "2090-06-30T23:00:00Z",
            "2090-06-30T23:00:00Z",
        ),
        (
            {"start_time": "2090-10-29T02:30:00", "timezone": "Europe/Berlin"},
            "2090-10-29T02:30:00",  # which comes twice
            "2090-10-29T00:30:00Z",
        ),
    ],
    ids=str,
)
def test_it_starts_when_it_was_asked_for(world, sandbox, asked, sent, told):
    add_account(world)
    row = carried_out(world, meeting(world, **asked))
    assert row.result["start_time"] == created_by(sandbox)["start_time"] == told
    assert row.result["timezone"] == asked["timezone"]
    assert "warnings" not in row.result
    (log,) = world.rows("SELECT request FROM integration_log")
    body = log.request["body"]
    assert (body["start_time"], body["timezone"]) == (sent, asked["timezone"])


def test_a_start_of_zooms_own_is_told_of():
    asked = {"host": "me", "starts": ["2090-07-01T07:00:00+00:00"]}
    answer = {"id": 1, "type": 2, "start_time": "2090-07-01T09:00:00Z"}
    (warning,) = created(answer, asked).result["warnings"]
    assert "2090-07-01T09:00:00Z" in warning
    assert "warnings" in created({**answer, "start_time": "soon"}, asked).result
    assert "warnings" not in created({**answer, "start_time": "2090-07-01T07:00:00Z"}, asked).result
    assert "warnings" not in created({**answer, "type": 8}, asked).result


def test_a_meeting_that_would_come_too_late_is_not_created(world, sandbox):
    """Whatever it waited for: a limit, a connection."""
    add_account(world)
    start = utc_now().replace(microsecond=0) + timedelta(hours=1)
    sandbox.fault("zoom", "rate_limited", problem="host_day")
    action = meeting(world, start_time=start.isoformat(), timezone="UTC")
    execute(world.fleet, action)
    assert world.action(action).error["code"] == "host_limit"
    with world.fleet.database.transaction() as tx:
        tx.execute(text("DELETE FROM budgets"))
        passed = (start - timedelta(hours=3)).isoformat()
        tx.execute(
            text("UPDATE calls SET context = jsonb_set(context, '{starts}', to_jsonb(ARRAY[:at]))"),
            {"at": passed},
        )
    row = carried_out(world, action)
    assert (row.status, row.error["code"]) == ("rejected", "too_late")
    assert sandbox.count(CREATED) == 0


def test_a_meeting_of_a_moment_ago_is_created(world, sandbox):
    add_account(world)
    start = utc_now().replace(microsecond=0) - timedelta(minutes=5)
    row = carried_out(world, meeting(world, start_time=start.isoformat(), timezone="UTC"))
    assert row.status == "succeeded"


# --- what is told -----------------------------------------------------------------------------


def test_what_makes_one_the_host_is_sealed_and_nowhere_else(fleet, world, sandbox, capfd):
    add_account(world)
    action = meeting(world)
    row = carried_out(world, action)
    real = created_by(sandbox)
    (sealed,) = world.rows("SELECT sealed FROM effect_secrets")
    names = {"start_url", "password", "h323_password", "pstn_password", "encrypted_password"}
    assert fleet.vault.unlock(sealed.sealed) == {name: real[name] for name in names}
    assert row.result["join_url"] == real["join_url"], "the invitation"
    said = "".join(capfd.readouterr())
    tables = ("actions", "effects", "outbox", "integration_log", "action_transitions")
    kept = {
        table: "".join(
            row.content for row in world.rows(f"SELECT t::text AS content FROM {table} t")
        )
        for table in tables
    }
    assert "81000000001" in kept["actions"], "it is all there to be looked through"
    for hidden in (real["start_url"], real["password"], real["h323_password"], "zak="):
        assert hidden not in said
        for table, content in kept.items():
            assert hidden not in content, table
    coded = real["encrypted_password"]  # it is in the invitation, so only logs must not have it
    assert coded not in said
    assert coded not in kept["integration_log"]


def test_a_passcode_that_was_given_all_the_same_is_not_stored(fleet, world):
    add_account(world)
    request = world.request("zoom_create_meeting", {**MEETING, "host": HOST, "password": "S3CR3T"})
    envelope = read_envelope(request, 24)
    (answer,) = submit_many(fleet, [Incoming(request["id"], envelope, "test")])
    row = world.action(answer.action_id)
    assert (row.status, row.params["host"], row.params["password"]) == (
        "rejected",
        HOST,
        "[hidden]",
    )
    assert "S3CR3T" not in str(row.error)


@pytest.mark.parametrize("identity", [None, "", 0, True, 1.5, [], {}])
def test_an_answer_that_names_no_meeting_leaves_it_unknown(identity):
    assert isinstance(created({"id": identity}, {"host": "me", "starts": []}), Unknown)


def test_an_answer_of_other_shapes_still_names_the_meeting():
    garbled = {"id": 7, "occurrences": [3], "topic": 4, "start_url": {}, "join_url": None}
    outcome = created(garbled, {"host": "me", "starts": []})
    assert isinstance(outcome, Succeeded)
    assert (outcome.result["meeting_id"], outcome.result["topic"]) == ("7", None)
    assert (outcome.external_id, outcome.secret) == ("7", {})


# --- limits -----------------------------------------------------------------------------------


def test_a_hosts_hundred_and_first_waits_for_midnight_and_others_go_on(fleet, world, sandbox):
    add_account(world, limits={"second": 1_000, "day": 10_000, "host_day": 2})
    first, second, third = (meeting(world) for _ in range(3))
    by_another_name, another = meeting(world, host=HOST.upper()), meeting(world, host=seed.OWNER)
    now = fleet.now()
    today = replace(fleet, now=lambda: now)  # however long the test takes
    for action in (first, second, third):
        execute(today, action)
    assert [world.status(one) for one in (first, second, third)] == [
        "succeeded",
        "succeeded",
        "waiting",
    ]
    execute(today, by_another_name)
    assert world.status(by_another_name) == "waiting", "the same host"
    execute(today, another)
    assert world.status(another) == "succeeded"
    tomorrow = replace(fleet, now=lambda: next_midnight(now))
    execute(tomorrow, third)
    assert world.status(third) == "succeeded"
    assert sandbox.count(CREATED) == 4


def test_zooms_word_on_a_host_holds_that_host_until_midnight(fleet, world, sandbox):
    """Somebody else has used the hundred up: our own count does not know."""
    add_account(world)
    sandbox.control("POST", "/clock", {"set": "2027-01-10T12:00:00+00:00"})
    sandbox.control("POST", "/limits", {"platform": "zoom", "host_day": 1})
    used_up, waits = meeting(world), meeting(world)
    execute(fleet, used_up)
    execute(fleet, waits)
    row = world.action(waits)
    assert (row.status, row.error["code"]) == ("waiting", "host_limit")
    assert "try after midnight UTC" in row.error["message"]
    assert (row.due_at.hour, row.due_at.minute) == (0, 0)
    before = len(sandbox.control("GET", "/requests?platform=zoom")["requests"])
    carried_out(world, meeting(world), rounds=1)
    assert len(sandbox.control("GET", "/requests?platform=zoom")["requests"]) == before
    assert carried_out(world, meeting(world, host=seed.OWNER_EMAIL)).status == "succeeded"


def test_two_calls_a_second_unless_the_plan_allows_more(fleet, world, sandbox):
    integration = add_account(world, limits={})
    actions = [meeting(world, host=f"{one}@tidewater.test") for one in "abc"]
    now = fleet.now()
    at_once = replace(fleet, now=lambda: now)
    for action in actions:
        execute(at_once, action)
    assert [world.status(one) for one in actions] == ["rejected", "rejected", "waiting"]
    world.set_integration(integration, settings={"limits": {"second": 20}})
    with fleet.database.transaction() as tx:
        tx.execute(
            text("UPDATE actions SET due_at = :now WHERE id = :id"), {"now": now, "id": actions[2]}
        )
    execute(at_once, actions[2])
    assert world.status(actions[2]) == "rejected", "nobody's, which Zoom said at once"
