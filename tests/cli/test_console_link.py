"""`fleet console link`: what it prints opens the deal."""

from datetime import timedelta

from domain.access import SCOPES_OF, Role
from workers.console.links import opened


def test_a_link_is_signed_with_the_newest_key(world, fleet, environment, run, monkeypatch) -> None:
    deal_id, _ = world.deal({})
    assert run("console", "link", "--deal", "Fit-out").status == 1
    monkeypatch.setenv("FLEET_CONSOLE_LINK_KEY", "new, old")
    ran = run("console", "link", "--deal", str(deal_id)[:8], "--role", "Viewer", "--json")
    base, _, token = ran.json["url"].partition("/enter?link=")
    assert base.endswith("/console")
    link = opened(token, ["new"], fleet.now(), timedelta(minutes=5))
    assert (link.deal_id, link.workspace_id) == (deal_id, world.workspace_id)
    assert link.scopes == SCOPES_OF[Role.VIEWER]
    monkeypatch.setenv("FLEET_CONSOLE_URL", "https://fleet.example.com/console/")
    said = run("console", "link", "--deal", "Fit-out", "--who", "Jo Marsh").said
    address = said.splitlines()[0]
    assert address.startswith("https://fleet.example.com/console/enter?link=")
    assert opened(address.partition("?link=")[2], ("new",), fleet.now(), timedelta(minutes=5))
    assert "as Jo Marsh" in said
    assert run("console", "link", "--deal", "nothing like it").status == 1
