"""What is due for one dataset goes out together."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text

from infra.sandbox.facebook.seed import DATASET_TWO, TOKEN
from tests.harness.batching import carry_on, die, statuses
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from tests.platforms.facebook.conversions import (
    EMAIL,
    calls,
    connect,
    each_once,
    event,
    received,
    request,
    submitted,
    together,
)
from workers.execute import begin, execute
from workers.fleet import Fleet


def test_what_is_waiting_is_one_call(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    actions = submitted(world, 20)
    execute(fleet, actions[7])
    assert statuses(world, actions) == {"succeeded": 20}
    assert calls(sandbox) == 1
    each_once(sandbox, 20)
    result = world.action(actions[3]).result
    assert (result["events_received"], len(result["fbtrace_id"])) == (1, 23)


def test_what_is_not_alike_goes_apart(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    plain, tests = submitted(world, 3), submitted(world, 2, test_event_code="TEST9")
    connect(world, DATASET_TWO)
    other = submitted(world, 2)
    for action in (plain[0], tests[0], other[0]):
        execute(fleet, action)
    assert statuses(world, [*plain, *tests, *other]) == {"succeeded": 7}
    assert Counter(together(world)) == Counter([3, 2, 2])
    codes = [
        one.get("test_event_code") for one in sandbox.control("GET", "/facebook/events")["events"]
    ]
    assert codes == [None, None, None, "TEST9", "TEST9", None, None]
    assert len(received(sandbox, DATASET_TWO)) == 2


def test_a_call_has_at_most_a_thousand_events(fleet: Fleet, world: World, sandbox: Sandbox) -> None:
    person = {"external_id": "crm-7"}
    actions = [
        world.submit(request(world, *[event(user_data=person) for _ in range(400)]))
        for _ in range(3)
    ]
    carry_on(world, actions)
    assert statuses(world, actions) == {"succeeded": 3}
    assert together(world) == [2, 1]
    assert [world.action(one).result["events_received"] for one in actions] == [400] * 3
    each_once(sandbox, 1200)


@pytest.mark.parametrize("lost", ["drop_before_commit", "drop_after_commit"])
def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(
    fleet: Fleet, world: World, sandbox: Sandbox, lost: str
) -> None:
    actions = submitted(world, 5)
    sandbox.fault("facebook", lost, path="/events")
    execute(fleet, actions[2])
    assert statuses(world, actions) == {"reconciling": 5}
    (frozen,) = world.rows("SELECT body FROM calls")
    later = world.submit(request(world, event()))  # joins no call whose outcome is unknown
    carry_on(world, [actions[4]], 1)
    assert statuses(world, actions) == {"succeeded": 5}
    assert world.status(later) == "queued"
    assert world.rows("SELECT body FROM calls") == [frozen]
    shas = [one["body_sha256"] for one in sandbox.control("GET", "/requests")["requests"]]
    assert len(shas) == 2
    assert len(set(shas)) == 1
    each_once(sandbox, 5)


def test_repeated_while_a_fellow_is_busy_each_is_told_its_own(
    fleet: Fleet, world: World, sandbox: Sandbox
) -> None:
    first, other = submitted(world, 2)
    sandbox.fault("facebook", "drop_after_commit", path="/events")
    execute(fleet, first)
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE actions SET due_at = now() - interval '1 s'"))
    with fleet.database.transaction() as held:
        held.execute(text("SELECT 1 FROM actions WHERE id = :id FOR UPDATE"), {"id": other})
        execute(fleet, first)
    carry_on(world, [other], 1)
    for one in (first, other):
        result = world.action(one).result
        assert (result["events_received"], "events_received_differs_by" in result) == (1, False)
    each_once(sandbox, 2)


def test_each_row_of_the_log_shows_its_own_events_and_nobodys_token(
    fleet: Fleet, world: World
) -> None:
    actions = [
        world.submit(request(world, event(event_name=f"Own{number}"), event(event_id="second")))
        for number in range(3)
    ]
    execute(fleet, actions[1])
    rows = world.rows("SELECT * FROM integration_log WHERE action_id = ANY(:ids)", ids=actions)
    assert sorted(row.request["place"] for row in rows) == ["1 of 3", "2 of 3", "3 of 3"]
    for row in rows:
        own = row.request["body"]["data"]
        name = f"Own{actions.index(row.action_id)}"
        assert [one["event_name"] for one in own] == [name, "Lead"]
        assert own[0]["event_id"] == f"{row.effect_id}.0"
        assert own[1]["event_id"] == "second"
        assert len(own[0]["user_data"]["em"][0]) == 64
        assert row.response["body"]["events_received"] == 6
        assert row.external_id == row.response["body"]["fbtrace_id"]
        hidden = {key for key, value in own[0]["user_data"].items() if value == "[hidden]"}
        assert hidden == {"client_ip_address", "client_user_agent", "fbp"}
        for secret in (TOKEN, EMAIL, "203.0.113.77", "Mozilla", "fb.1.1596403881668"):
            assert secret not in str(row)


def test_of_a_process_that_died_each_row_shows_its_own_events(fleet: Fleet, world: World) -> None:
    actions = submitted(world, 3)
    assert len(begin(fleet, actions[0])) == 3
    die(fleet)
    carry_on(world, actions)
    assert statuses(world, actions) == {"succeeded": 3}
    rows = world.rows("SELECT * FROM integration_log WHERE seconds = 0")
    assert len(rows) == 3
    for row in rows:
        (own,) = row.request["body"]["data"]
        assert own["event_id"] == f"{row.effect_id}.0"
        assert "203.0.113.77" not in str(row)


class Counts:
    """A transport: Meta says it received so many."""

    def __init__(self, inner, count):
        self.inner, self.count = inner, count

    def carry(self, exchange):
        self.inner.carry(exchange)
        answer = json.loads(exchange.answer) | {"events_received": self.count}
        exchange.answer = json.dumps(answer | {"messages": ["counted"]}).encode()


@pytest.mark.parametrize(
    ("together_", "told", "result"),
    [
        (1, 1, {"events_received": 1}),
        (1, 0, {"events_received": 0}),
        (2, 2, {"events_received": 1}),
        (2, 1, {"events_received": 1, "events_received_differs_by": -1}),
        (1, "1", None),
        (2, None, None),
    ],
)
def test_what_is_told_of_metas_own_count(
    fleet: Fleet, world: World, together_: int, told: object, result: dict[str, int] | None
) -> None:
    first, *_ = submitted(world, together_)
    execute(replace(fleet, transport=Counts(fleet.transport, told)), first)
    action = world.action(first)
    if result is None:
        assert (action.status, action.error["code"]) == ("reconciling", "unreadable_answer")
        return
    assert action.status == "succeeded"
    assert action.result.pop("fbtrace_id")
    assert action.result == result | {"messages": ["counted"]}
