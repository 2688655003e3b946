"""`fleet integrations`: seen, stopped, let go on, set; nothing secret shown."""

import pytest

from infra.sandbox import seed
from workers.execute import execute


@pytest.fixture
def short(world) -> str:
    return str(world.xero)[:13]


def test_they_are_listed_with_what_waits_and_nothing_secret(world, environment, run) -> None:
    world.message()
    ran = run("integrations", "list", "--json")
    rows = {row["platform"]: row for row in ran.json}
    assert rows["slack"]["waiting"] == 1
    assert rows["xero"]["tenant_key"] == seed.TENANT_ONE
    assert "xero of the test" in run("integrations", "list").said
    said = ran.said + run("integrations", "show", str(world.xero)).said
    assert not [word for word in (seed.CLIENT_SECRET, seed.ACCESS_TOKEN) if word in said]


def test_one_is_stopped_by_hand_and_goes_on_by_hand(world, fleet, environment, run, short) -> None:
    waiting = world.message()
    assert run("integrations", "pause", str(world.slack)).status == 0
    (row,) = world.rows("SELECT status FROM integrations WHERE platform = 'slack'")
    assert row.status == "inactive"
    (paused,) = world.events("integration.paused")
    assert "cli" in paused.data["reason"]
    assert run("integrations", "pause", str(world.slack)).status == 1
    assert run("integrations", "resume", str(world.slack)).status == 0
    execute(fleet, waiting)
    assert world.status(waiting) == "succeeded"
    assert len(world.events("integration.resumed")) == 1


def test_settings_are_changed_one_by_one(world, environment, run, short) -> None:
    ran = run("integrations", "set", short, "account_code=400", "due_days=7", "tax_type=", "--json")
    settings = ran.json["settings"]
    assert (settings["account_code"], settings["due_days"]) == ("400", 7)
    assert "tax_type" not in settings
    assert "limits" in settings, "what was not named stays"
    assert run("integrations", "set", short, "due_days=soon").status == 1
    assert run("integrations", "set", short, "nonsense").status == 1


def test_an_id_nobody_has_is_said(world, environment, run) -> None:
    ran = run("integrations", "show", "ffffffff", "--json")
    assert (ran.status, ran.json["error"]) == (1, "no integration begins with ffffffff")
