"""The operators' console in a real browser: by keyboard, on a phone, in the dark, and by itself.

Pictures of every page are written to `.run/screenshots/console/`; each is checked for
accessibility (axe), for its width, and for complaints of the browser's.
"""

import json
import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.access import NO_WORKSPACE, Scope
from infra.settings import Settings
from tests.console.browsing import Browsing, browsing, why_not
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World
from workers.api_keys import made_key
from workers.arrived import Arrived
from workers.commands import resume
from workers.execute import execute
from workers.intake import take_in

pytestmark = [
    pytest.mark.deep,
    pytest.mark.processes,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(240),
]
ERROR = {"code": "attempts_exhausted", "message": "gave up after 12 attempts: Slack: ratelimited"}


@pytest.fixture(scope="module")
def served(base_settings: Settings, migrated, tmp_path_factory) -> Iterator[Processes]:
    with Processes(base_settings, tmp_path_factory.mktemp("operators")) as started:
        started.start("web")
        yield started


def sql(world: World, statement: str, **values: object) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(text(statement), values)


def park(world: World, action_id: UUID) -> UUID:
    sql(
        world,
        "UPDATE actions SET status = 'parked', status_reason = :why, error = CAST(:error AS jsonb),"
        " due_at = now(), lease_owner = NULL, rung_at = NULL WHERE id = :id",
        id=action_id, why=ERROR["message"], error=json.dumps(ERROR),
    )  # fmt: skip
    return action_id


def enter(seen: Browsing, world: World) -> None:
    fleet = world.fleet
    made = made_key(fleet.database, NO_WORKSPACE, "night shift", {Scope.OPERATE}, fleet.now())
    seen.go("/sign-in")
    seen.page.fill("#key", made.secret)
    seen.page.press("#key", "Enter")
    seen.page.wait_for_url("**/console/operate")


def troubled(world: World, sandbox: Sandbox) -> dict[str, UUID]:
    """A fleet at night: parked, in doubt, paused, waiting, a dead letter."""
    deal_id, _ = world.deal({"name": "Design"})
    found = {"deal": deal_id, "done": world.invoice(deal_id, portion="deposit")}
    execute(world.fleet, found["done"])
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="Invoices")
    found["doubt"] = world.invoice(world.deal({"name": "Build"})[0])
    execute(world.fleet, found["doubt"])
    assert world.status(found["doubt"]) == "reconciling"
    sandbox.control("DELETE", "/faults")
    park(world, found["doubt"])
    found["parked"], *_ = [park(world, world.message(f"number {n}")) for n in range(3)]
    world.message("waits")
    world.set_integration(world.xero, status="error", status_reason="Xero: invalid_grant")
    take_in(world.fleet, [Arrived(b'{"action_type": ', {}, "plain", "m1")])
    (letter,) = world.rows("SELECT id FROM dead_letters")
    resume(world.fleet, park(world, world.message("resumed")), who="jo (cli)")
    return found | {"letter": letter.id, "xero": world.xero}


PAGES = {
    "overview": "", "actions": "/actions", "none": "/actions?q=no+such+thing",
    "doubt": "/actions/{doubt}", "parked": "/actions/{parked}", "done": "/actions/{done}",
    "edit": "/actions/{parked}/edit", "bulk": "/bulk?command=resume&status=parked",
    "no-bulk": "/bulk?command=resume&q=no+such+thing", "letters": "/dead-letters",
    "letter": "/dead-letters/{letter}", "integrations": "/integrations",
    "integration": "/integrations/{xero}", "deals": "/deals?q=fit", "deal": "/deals/{deal}",
    "journal": "/journal",
}  # fmt: skip


@pytest.mark.parametrize("view", ["wide-light", "wide-dark", "phone-light", "phone-dark"])
def test_every_page_is_fit_to_be_seen(
    world: World, sandbox: Sandbox, served: Processes, view: str
) -> None:
    ids = troubled(world, sandbox)
    with browsing(world.fleet.settings, "operators", view) as seen:
        enter(seen, world)
        for name, path in PAGES.items():
            seen.go("/operate" + path.format(**ids))
            seen.look(name, full=True)
        seen.go(f"/operate/actions/{ids['done']}")
        seen.page.locator("details[id^=log-] summary").first.click()
        seen.look("exchange", full=True)


def test_a_night_by_keyboard(world: World, sandbox: Sandbox, served: Processes) -> None:
    ids = troubled(world, sandbox)
    with browsing(world.fleet.settings, "keyboard") as seen:
        enter(seen, world)
        page = seen.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.get_by_role("link", name=re.compile("slack of the test: 3 actions")).press("Enter")
        page.get_by_role("link", name="Resume…").press("Enter")
        page.wait_for_selector("h1:has-text('Resume 3 actions?')")
        boxes = page.get_by_role("checkbox")
        boxes.nth(0).press("Space")
        page.get_by_role("button", name="Resume 2").press("Enter")
        page.wait_for_selector("h1:has-text('Resume: 2 done')")
        seen.look("bulk-done")
        assert sorted(row.status for row in world.rows(
            "SELECT status FROM actions WHERE params ->> 'text' LIKE 'number %'"
        )) == ["parked", "waiting", "waiting"]  # fmt: skip
        seen.go(f"/operate/actions/{ids['doubt']}")
        page.get_by_role("radio", name="I do not know").focus()
        page.keyboard.press("ArrowDown")
        page.get_by_label("Its id at the platform").fill("f3a1")
        seen.look("stated")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=the platform is asked about it first")
        assert world.status(ids["doubt"]) == "reconciling"


def test_what_is_refused_stands_beside_its_field(world: World, served: Processes) -> None:
    action_id = park(world, world.message("hello"))
    with browsing(world.fleet.settings, "editing", "phone-light") as seen:
        enter(seen, world)
        seen.go(f"/operate/actions/{action_id}/edit")
        seen.page.get_by_label("channel").fill("5")
        seen.page.get_by_role("button", name="Save and resume").click()
        field = seen.page.get_by_label("channel")
        assert field.get_attribute("aria-invalid") == "true"
        assert "param.channel-problem" in str(field.get_attribute("aria-describedby"))
        seen.look("refused")
        seen.errors.clear()  # the browser tells of the 422
        field.fill('"C0GENERAL"')
        seen.page.get_by_role("button", name="Save and resume").click()
        seen.page.wait_for_selector("text=Edit: it goes on at once")


def test_the_overview_follows_by_itself_and_holds_still(world: World, served: Processes) -> None:
    sql(world, "INSERT INTO periodic_ticks (name, slot) VALUES ('invariants', now())")
    with browsing(world.fleet.settings, "live") as seen:
        enter(seen, world)
        seen.page.wait_for_selector("h1:has-text('All is well')")
        seen.look("all-is-well")
        world.set_integration(world.xero, status="error", status_reason="invalid_grant")
        seen.page.wait_for_selector("h1:has-text('Something is wrong')", timeout=15_000)
        assert seen.said() == "Something is wrong"
        assert seen.page.title().startswith("Something is wrong")
        seen.page.get_by_role("button", name="Hold still").click()
        world.set_integration(world.slack, status="error", status_reason="revoked")
        seen.page.wait_for_timeout(6_500)  # longer than it looks again
        assert seen.page.inner_text("h1") == "Something is wrong"
        seen.page.get_by_role("button", name="Hold still").click()
        seen.page.wait_for_selector("h1:has-text('2 things are wrong')", timeout=15_000)


def test_an_actions_page_follows_what_others_do(world: World, served: Processes) -> None:
    action_id = park(world, world.message("hello"))
    with browsing(world.fleet.settings, "follow") as seen:
        enter(seen, world)
        seen.go(f"/operate/actions/{action_id}")
        resume(world.fleet, action_id, who="jo (cli)")
        seen.page.wait_for_selector("text=resumed by jo (cli)", timeout=15_000)
        assert seen.said() == "waiting"


def test_what_can_no_longer_be_looked_at_does_not_pass_for_well(
    world: World, served: Processes
) -> None:
    sql(world, "INSERT INTO periodic_ticks (name, slot) VALUES ('invariants', now())")
    with browsing(world.fleet.settings, "old") as seen:
        enter(seen, world)
        seen.page.wait_for_selector("h1:has-text('All is well')")
        seen.page.route("**/console/operate", lambda route: route.abort())
        seen.page.wait_for_selector("#overview.old", timeout=15_000)
        assert "This is old" in seen.page.inner_text("#looks-said")
        seen.page.unroute("**/console/operate")
        seen.page.wait_for_selector("#overview:not(.old)", timeout=15_000)
        assert seen.page.inner_text("#notices") == ""
        seen.errors.clear()  # the browser told of what did not arrive
