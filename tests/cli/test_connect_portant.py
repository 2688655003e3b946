"""`fleet connect portant`: nothing is called, and what is set up in Portant stays right."""

import re

import pytest

from infra.platforms.portant.connecting import tenant_of
from infra.sandbox.portant.seed import WORKFLOW
from tests.platforms.portant.workflow import call_back

ADDRESS = f"https://webhooks.portant.co/{WORKFLOW}"
CALLBACK = re.compile(r"/callbacks/([0-9a-f-]{36})/([\w-]{43})\n")


@pytest.fixture
def connect(run, world, environment, monkeypatch):
    def connected(address=ADDRESS, *options, name=None):
        monkeypatch.setenv("PORTANT_WEBHOOK_URL", address)
        if name is not None:
            monkeypatch.setenv("PORTANT_NAME", name)
        return run("connect", "portant", "--workspace", world.workspace_id, *options)

    return connected


def stored(world):
    rows = world.rows(
        "SELECT i.*, c.credentials FROM integrations i JOIN connections c ON c.id = i.connection_id"
        " WHERE i.platform = 'portant'"
    )
    return [(row, world.fleet.vault.unlock(row.credentials)) for row in rows]


def test_a_workflow_is_connected_and_its_callback_address_shown(world, sandbox, connect):
    ran = connect(name="Agreements")
    assert ran.status == 0, ran.said
    ((row, credentials),) = stored(world)
    assert (row.name, row.tenant_key, row.settings) == ("Agreements", tenant_of(ADDRESS), {})
    assert credentials["webhook_url"] == ADDRESS
    (shown,) = CALLBACK.findall(ran.said)
    assert shown == (str(row.id), credentials["callback_secret"])
    assert "{{wf_ref}}" in ran.said
    assert "Nothing was sent" in ran.said
    assert WORKFLOW not in ran.said
    assert sandbox.control("GET", "/requests?platform=portant")["requests"] == []


def test_connected_again_it_is_called_back_where_it_was(world, connect):
    first = CALLBACK.findall(connect().said)
    again = connect(ADDRESS + "/")
    assert "connected again" in again.said
    assert CALLBACK.findall(again.said) == first
    ((_, credentials),) = stored(world)
    assert credentials["callback_secret"] == first[0][1]


def test_another_workflow_is_another_integration_with_another_secret(world, connect):
    first, second = connect().said, connect(f"https://webhooks.portant.co/{'0' * 32}").said
    assert len(stored(world)) == 2
    assert not {*CALLBACK.findall(first)[0]} & {*CALLBACK.findall(second)[0]}


def test_its_settings_are_set_by_command(world, run, connect):
    connect()
    ((row, _),) = stored(world)
    chosen = ('fields=["Client.Name", "Fee"]', "document_within_s=600")
    ran = run("integrations", "set", row.id, *chosen, "--json")
    assert ran.status == 0, ran.said
    ((row, _),) = stored(world)
    assert row.settings == {"fields": ["Client.Name", "Fee"], "document_within_s": 600}


def test_in_json_the_secret_is_told_beside_it(world, connect):
    ran = connect(ADDRESS, "--json")
    assert '"created": true' in ran.said
    ((_, credentials),) = stored(world)
    assert credentials["callback_secret"] not in ran.said.partition("Nothing was sent")[0]


def test_what_was_connected_hears_by_its_secret(world, connect):
    connect()
    ((row, credentials),) = stored(world)
    told = {"event_id": "1", "event_type": "EMAILS_CREATED", "data": {}}
    assert call_back(world, told, credentials["callback_secret"], row.id)
    assert not call_back(world, told, "guessed", row.id)


def test_what_is_no_workflows_address_is_refused(world, connect):
    ran = connect(f"https://webhooks.portant.co/{WORKFLOW[:-1]}")
    assert ran.status == 1
    assert "ends in 32 hexadecimal digits" in ran.said
    assert stored(world) == []
