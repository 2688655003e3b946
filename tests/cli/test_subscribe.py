"""`fleet subscriptions`, word for word."""

import json
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from domain.events import EventType
from infra.settings import Settings
from tests.harness.outgoing import Outgoing
from tests.harness.receiver import receiving
from tests.harness.world import World

CREATED = EventType.INVOICE_CREATED


@pytest.fixture
def settings(base_settings: Settings) -> Settings:
    return replace(base_settings, deliver_to_private_addresses=True)


@pytest.fixture
def outgoing(world: World) -> Iterator[Outgoing]:
    with receiving() as receiver, Outgoing.of(world, receiver) as made:
        yield made


def test_by_command(outgoing, environment, run, monkeypatch) -> None:
    receiver = outgoing.receiver
    monkeypatch.setenv("FLEET_DELIVER_TO_PRIVATE_ADDRESSES", "1")
    ws = outgoing.world.workspace_id
    words = ("subscriptions", "create", receiver.url, "--type", "invoice.*", "--workspace", ws)
    made = run(*words, "--json").json
    one = UUID(made["id"])
    outgoing.send(CREATED)
    Webhook(made["secret"]).verify(receiver.got[0].body, receiver.got[0].headers)
    listed = run("subscriptions", "list", "--json")
    assert (listed.json[0]["delivered"], listed.json[0]["waiting"]) == (1, 0)
    shown = run("subscriptions", "show", str(one)[:8])
    for said in ("invoice.created", receiver.url, "succeeded"):
        assert said in shown.said
    assert made["secret"] not in listed.said + shown.said + json.dumps(listed.json)
    assert run("subscriptions", "pause", one).status == 0
    assert run("subscriptions", "pause", one).status == 1
    assert run("subscriptions", "resume", one, "--json").json["queued"] == 0
    assert run("subscriptions", "rotate", one, "--json").json["secret"] != made["secret"]
    assert run("subscriptions", "replay", one, "--since", "1h", "--json").json["queued"] == 1
    log = run("subscriptions", "show", one, "--json").json["deliveries"]
    (first,) = [row for row in log if row["source"] == "event"]
    words = ("subscriptions", "replay", one, "--delivery", first["id"][:13])
    assert run(*words, "--json").json["queued"] == 1
    assert run("subscriptions", "replay", one).status == 1
    assert run("subscriptions", "replay", one, "--since", "1h", "--failed").status == 0
    assert run("actions", "show", first["id"]).status == 0
    assert run("subscriptions", "delete", one, "--yes").status == 0
    assert run("subscriptions", "list", "--json").json == []


def test_a_refusal_by_command_names_each_problem(outgoing, environment, run) -> None:
    words = ("subscriptions", "create", "http://x.test", "--type", "nope")
    ran = run(*words, "--workspace", outgoing.world.workspace_id)
    assert ran.status == 1
    assert "url: must begin with https://" in ran.said
    assert "types[0]: no event is of type 'nope'" in ran.said
