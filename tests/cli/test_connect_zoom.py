"""`fleet connect zoom`: an account by its app's keys."""

import json

import pytest

from infra.sandbox.zoom import seed


@pytest.fixture
def keys(environment, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ZOOM_ACCOUNT_ID", seed.ACCOUNT)
    monkeypatch.setenv("ZOOM_CLIENT_ID", seed.S2S_CLIENT_ID)
    monkeypatch.setenv("ZOOM_CLIENT_SECRET", seed.S2S_CLIENT_SECRET)
    return monkeypatch


def test_an_account_is_connected_and_who_hosts_is_said(world, sandbox, run, keys) -> None:
    ran = run("connect", "zoom", "--workspace", world.workspace_id)
    assert ran.status == 0, ran.said
    assert seed.ACCOUNT in ran.said
    assert "Requests name the host" in ran.said
    assert seed.S2S_CLIENT_SECRET not in ran.said
    (row,) = world.rows("SELECT * FROM integrations WHERE platform = 'zoom'")
    assert (row.tenant_key, row.settings) == (seed.ACCOUNT, {"kind": "s2s"})
    keys.setenv("ZOOM_CLIENT_SECRET", "SECRETSECRET")
    ran = run("connect", "zoom", "--workspace", world.workspace_id, "--json")
    assert (ran.status, "invalid_client" in ran.json["error"]) == (1, True)
    assert "SECRETSECRET" not in ran.said


def test_a_person_signs_in_and_is_a_tenant_of_their_own(world, sandbox, run, connecting, keys):
    run("connect", "zoom", "--workspace", world.workspace_id)
    app = {"ZOOM_CLIENT_ID": seed.CLIENT_ID, "ZOOM_CLIENT_SECRET": seed.CLIENT_SECRET}
    with connecting("--as-user", platform="zoom", **app) as command:
        assert seed.CLIENT_SECRET not in command.url
        assert command.come_back(command.agree(approve="1")).status == 200
        status, out, said = command.ended()
    assert status == 0, said
    (connected,) = json.loads(out)
    assert connected["tenant"].startswith(f"{seed.ACCOUNT}:")
    rows = world.rows("SELECT * FROM integrations WHERE platform = 'zoom' ORDER BY created_at")
    assert [row.settings["kind"] for row in rows] == ["s2s", "oauth"]
    assert len({row.connection_id for row in rows}) == 2
    (held,) = world.rows("SELECT * FROM connections WHERE id = :id", id=rows[1].connection_id)
    credentials = world.fleet.vault.unlock(held.credentials)
    assert credentials["kind"] == "oauth"
    assert credentials["refresh_token"] not in out + said
