"""`fleet connect zoom`: an account by its app's keys."""

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
