"""Bad input of every kind: one clear error naming every problem, or a dead letter; nothing else."""

from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection, Producer

from infra.broker.doorbell import celery_message
from infra.envelope import Refused, Unreadable
from infra.wire import read_envelope
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.senders import send_celery, send_plain, send_raw
from tests.harness.world import World, eventually
from workers.submit import Conflict, Incoming, submit

MESSAGE = {"channel": "C0GENERAL", "text": "hello"}


def _submit(world: World, request: dict[str, Any]) -> None:
    submit(world.fleet, Incoming(str(uuid4()), read_envelope(request, 24), "test"))


def _problems(world: World, request: dict[str, Any]) -> dict[str, str]:
    """Every problem by field, as a caller who waits for the answer gets it."""
    with pytest.raises(Refused) as refused:
        _submit(world, request)
    assert not world.rows("SELECT 1 FROM actions")
    return {problem.field: problem.problem for problem in refused.value.problems}


def test_every_problem_of_the_params_is_named_by_its_path(world: World) -> None:
    params = {"chanel": "C0GENERAL", "text": 7, "thread_ts": "yesterday"}
    problems = _problems(world, world.request("slack_send_message", params))
    assert set(problems) == {
        "params.chanel",
        "params.channel",
        "params.text",
        "params.thread_ts",
    }
    assert "unknown field" in problems["params.chanel"]


def test_every_problem_of_the_envelope_is_named(world: World) -> None:
    request = {"id": "7", "integration_id": "x", "params": [], "data": {"deal": 3}, "prio": 1}
    problems = _problems(world, request)
    assert {"id", "integration_id", "params", "action_type", "prio"} <= set(problems)


def test_an_invoices_many_problems_are_all_named(world: World) -> None:
    params = {
        "portion": "half",
        "due_date": "31/01/2026",
        "email_mod": "none",
        "deal_product_ids": ["x"],
        "status": "PAID",
    }
    problems = _problems(world, world.request("xero_create_invoice", params))
    assert {
        "params.portion",
        "params.due_date",
        "params.email_mod",
        "params.deal_product_ids[0]",
        "params.status",
        "data.deal.id",
    } <= set(problems)


def test_a_branded_email_without_a_sender_is_refused_before_anything(world: World) -> None:
    deal, _ = world.deal({})
    params = {"email_mode": "trustpager"}
    problems = _problems(world, world.request("xero_create_invoice", params, deal))
    assert "fleet connect postmark" in problems["params.email_mode"]


def test_an_unknown_action_is_refused_with_the_known_ones(world: World) -> None:
    problems = _problems(world, world.request("xero_destroy", {}))
    assert "xero_create_invoice" in problems["action_type"]


def test_a_foreign_workspaces_integration_does_not_exist(world: World) -> None:
    request = world.request("slack_send_message", MESSAGE)
    envelope = read_envelope(request, 24)
    with pytest.raises(Refused, match="no integration with this id"):
        submit(world.fleet, Incoming("k", envelope, "test"), workspace_id=uuid4())


def test_a_foreign_workspaces_deal_is_refused(world: World) -> None:
    stranger = World(world.fleet)
    deal, _ = stranger.deal({})
    problems = _problems(world, world.request("xero_create_invoice", {}, deal))
    assert "data.deal.id" in problems


def test_an_inactive_integration_is_refused(world: World) -> None:
    world.set_integration(world.slack, status="inactive")
    problems = _problems(world, world.request("slack_send_message", MESSAGE))
    assert "inactive" in problems["integration_id"]


def test_another_platforms_integration_is_refused(world: World) -> None:
    request = world.request("slack_send_message", MESSAGE, integration_id=world.xero)
    assert "needs slack" in _problems(world, request)["integration_id"]


def test_what_postgresql_cannot_store_is_refused(world: World) -> None:
    request = world.request("slack_send_message", {"channel": "C0", "text": "a\0b"})
    assert "NUL" in _problems(world, request)["params.text"]
    request = world.request("slack_send_message", {"channel": "C0", "text": "\ud800"})
    assert "surrogate" in _problems(world, request)["params.text"]


def test_deep_nesting_is_refused(world: World) -> None:
    value: Any = "x"
    for _ in range(60):
        value = [value]
    request = world.request("slack_send_message", MESSAGE)
    request["data"] = {"deep": value}
    assert any("nested too deeply" in words for words in _problems(world, request).values())


def test_the_same_identity_with_another_request_is_a_conflict(world: World) -> None:
    request = world.request("slack_send_message", MESSAGE)
    world.submit(request)
    again = request | {"params": MESSAGE | {"text": "other"}}
    assert isinstance(world.answer(again), Conflict)
    assert len(world.rows("SELECT 1 FROM actions")) == 1


BROKEN: dict[str, bytes] = {
    "not JSON": b"hello?",
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "a list": b"[1, 2]",
    "null": b"null",
    "a number": b"1e999",
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "truncated": b'{"id": "',
    "no identity": b'{"integration_id": "x", "action_type": "y", "params": {}}',
    "10 MB": b'{"x": "' + b"a" * 10_000_000 + b'"}',
    "empty": b"",
    "NUL bytes": b"\0" * 64,
}


@pytest.mark.processes
def test_unreadable_messages_become_dead_letters_and_the_rest_goes_on(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    good = world.request("slack_send_message", MESSAGE)
    settings = world.fleet.settings
    send_plain(settings, list(BROKEN.values()))
    for body in BROKEN.values():
        message = celery_message("actions.submit", {}, str(uuid4()))
        del message["body"]
        send_raw(settings, body, **message)
    send_celery(settings, [good], task="actions.destroy")
    send_raw(settings, b"[[], {}, {}]", content_type="application/x-python-serialize")
    send_celery(settings, [good])

    expected = 2 * len(BROKEN) + 1
    eventually(
        lambda: len(world.rows("SELECT 1 FROM dead_letters")) >= expected,
        30,
        f"{expected} dead letters",
    )
    letters = world.rows("SELECT *, length(body) AS bytes FROM dead_letters")
    assert all(letter.problems and letter.problems[0]["problem"] for letter in letters)
    assert any(letter.bytes > 10_000_000 for letter in letters), "kept whole"
    unknown = [p["problem"] for letter in letters for p in letter.problems if p["field"] == "task"]
    assert any("actions.destroy" in words for words in unknown)
    (action,) = eventually(lambda: world.rows("SELECT * FROM actions"))
    assert world.ended(action.id) == ["succeeded"]
    assert sandbox.count("slack.message.posted") == 1
    assert running.alive("intake")


@pytest.mark.processes
def test_refused_requests_by_queue_are_recorded_as_rejected_and_told(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    world_two = World(world.fleet)
    world_two.set_integration(world_two.slack, status="inactive")
    bad = [
        world.request("slack_send_message", {"channel": 1, "tex": "x"}),
        world.request("xero_destroy", {}),
        world.request("slack_send_message", MESSAGE, integration_id=uuid4()),
        world_two.request("slack_send_message", MESSAGE),
    ]
    send_celery(world.fleet.settings, bad)
    send_plain(world.fleet.settings, bad)  # and again: nothing new
    eventually(lambda: len(world.events("action.rejected")) == len(bad))
    actions = world.rows("SELECT * FROM actions")
    assert {action.status for action in actions} == {"rejected"}
    fields = {p["field"] for action in actions for p in action.error["problems"]}
    assert {"params.channel", "params.tex", "action_type", "integration_id"} <= fields
    assert sandbox.count("slack.message.posted") == 0
    assert len(actions) == len(bad)


@pytest.mark.processes
def test_a_task_nobody_knows_on_a_workers_queue_is_kept_and_the_worker_goes_on(
    world: World, sandbox: Sandbox, running: Processes
) -> None:
    settings = world.fleet.settings
    with Connection(settings.broker_url) as connection:
        producer = Producer(connection)
        for task in ("slack.destroy", "os.system"):
            message = celery_message(task, {"action_id": str(uuid4())}, str(uuid4()))
            producer.publish(message.pop("body"), exchange="", routing_key="slack", **message)
        wrong = celery_message("slack.send_message", {"action_id": "../../etc"}, str(uuid4()))
        producer.publish(wrong.pop("body"), exchange="", routing_key="slack", **wrong)
        garbage = celery_message("slack.send_message", {}, str(uuid4())) | {"body": "{{{"}
        producer.publish(garbage.pop("body"), exchange="", routing_key="slack", **garbage)
    letters = eventually(
        lambda: len(found := world.rows("SELECT * FROM dead_letters")) >= 2 and found, 20
    )
    assert any("slack.destroy" in letter.reason for letter in letters)
    good = world.message("still at work")
    assert world.ended(good) == ["succeeded"]
    assert running.alive("worker")


def test_unreadable_says_what_is_wrong() -> None:
    with pytest.raises(Unreadable, match="must be a JSON object, not a list"):
        read_envelope([], 24)
