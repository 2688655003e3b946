"""Requests from a person's hand: every problem named, nothing twice, ids given and said."""

import json
import re

import pytest
from redis import Redis

from infra.broker.topology import PLAIN_REQUESTS, is_amqp
from workers import sample
from workers.cli.demo import script


def message(**more):
    params = {"channel": "C0SALES", "text": "hello"}
    request = {"integration_id": str(sample.SLACK), "action_type": "slack_send_message"}
    return {**request, "params": params, **more}


def test_a_file_of_one_a_list_and_lines(run, loaded, tmp_path) -> None:
    shapes = {
        "one.json": json.dumps(message()),
        "list.json": json.dumps([message(), message()]),
        "lines.jsonl": "\n".join(json.dumps(message()) for _ in range(3)),
    }
    for name, content in shapes.items():
        (tmp_path / name).write_text(content)
    ran = run("enqueue", *(tmp_path / name for name in shapes), "--json")
    assert ran.status == 0, ran.said
    assert len({one["action_id"] for one in ran.json}) == 6
    assert all(one["given_id"] for one in ran.json)


def test_from_standard_input_and_says_the_id_it_gave(run, loaded) -> None:
    ran = run("enqueue", "-", given=json.dumps(message()))
    assert ran.status == 0
    assert "had no id; it was given" in ran.said


def test_the_same_id_again_is_the_same_action(run, loaded) -> None:
    example = script.EXAMPLES / "new-contact.json"
    first, again = (run("enqueue", example, "--json").json[0] for _ in range(2))
    assert first["action_id"] == again["action_id"]
    assert (first["answer"], again["answer"]) == ("new", "already known")


def test_every_problem_of_every_bad_request(run, loaded) -> None:
    bad = {
        "integration_id": "no uuid",
        "action_type": "slack_send_message",
        "params": {"channel": "", "txt": "x"},
        "extra": 1,
    }
    ran = run("enqueue", "-", "--json", given=json.dumps([bad, message()]))
    assert ran.status == 1
    refused, good = ran.json
    fields = {problem["field"] for problem in refused["problems"]}
    assert {"integration_id", "extra", "params.channel", "params.txt"} <= fields
    assert good["answer"] == "new"


def test_another_request_under_the_same_id_is_a_conflict(run, loaded) -> None:
    identity = "5eed9999-0000-4000-8000-000000000000"
    assert run("enqueue", "-", given=json.dumps(message(id=identity))).status == 0
    other = message(id=identity, params={"channel": "C0SALES", "text": "other"})
    ran = run("enqueue", "-", given=json.dumps(other))
    assert ran.status == 1
    assert "already is another request" in ran.said


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "no request"), ('{"a": ', "neither JSON"), ("[]", "no request")],
)
def test_a_file_that_holds_no_request(run, loaded, content: str, says: str) -> None:
    ran = run("enqueue", "-", given=content)
    assert ran.status == 1
    assert says in ran.said


def test_a_missing_file_is_named(run, loaded) -> None:
    ran = run("enqueue", "nowhere.json")
    assert ran.status == 1
    assert "nowhere.json cannot be read: No such file" in ran.said


def test_by_plain_message(run, loaded, settings) -> None:
    if is_amqp(settings.broker_url):
        pytest.skip("the list is Redis's")
    with Redis.from_url(settings.broker_url) as client:
        client.delete(PLAIN_REQUESTS)
        ran = run("enqueue", "-", "--via", "plain", "--json", given=json.dumps(message()))
        (body,) = client.lrange(PLAIN_REQUESTS, 0, -1)
        client.delete(PLAIN_REQUESTS)
    assert json.loads(body)["id"] == ran.json[0]["request_id"]


def test_waiting_too_short_is_not_a_success(run, loaded) -> None:
    assert run("enqueue", "-", "--wait", "0.3", given=json.dumps(message())).status == 1


def test_an_integration_nobody_has_is_refused(run, loaded) -> None:
    words = "5eed9999-0000-4000-8000-000000000000"
    ran = run("sync", "--integration", words)
    assert ran.status == 1
    assert "no integration with this id" in ran.said


def test_every_example_but_the_misspelt_one_is_accepted(run, loaded) -> None:
    for file in sorted(script.EXAMPLES.glob("*.json")):
        ran = run("enqueue", file)
        assert ran.status == (1 if file.stem == "misspelt-field" else 0), f"{file.name}: {ran.said}"


def test_the_examples_for_an_invoice_lack_nothing_but_its_id(run, loaded) -> None:
    files = sorted((script.EXAMPLES / "invoice").glob("*.json"))
    assert [file.stem for file in files] == ["email", "record-payment", "update", "void"]
    for file in files:
        filled = file.read_text().replace("INVOICE_ID", "5eed9999-0000-4000-8000-000000000000")
        ran = run("enqueue", "-", "--json", given=filled)
        (problem,) = ran.json[0]["problems"]
        assert problem["field"] == "params.invoice_id"
        assert re.search("no (such )?invoice", problem["problem"])


def test_when_all_are_refused_nothing_is_waited_for_and_no_list_is_shown(run, loaded) -> None:
    bad = {**message(), "params": {"channel": "C0GENERAL"}}
    ran = run("enqueue", "-", "--wait", "5", given=json.dumps(bad))
    assert ran.status == 1
    assert "nothing of it is stored" in ran.said
    assert "no actions" not in ran.said
