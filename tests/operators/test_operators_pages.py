"""The operators' pages: who gets them, what they show, and what is done through them."""

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.access import NO_WORKSPACE, Scope
from infra.http.problems import HttpProblem
from infra.sandbox import seed
from tests.harness.world import World
from tests.operators.conftest import ROOT
from tests.workers.test_execute import carry_on
from workers import commands, fan_out, subscriptions
from workers.api.endpoint import BASE, Caller
from workers.api_keys import made_key
from workers.arrived import Arrived
from workers.console.operators import PAGES, actions_page
from workers.console.operators.operating import reach
from workers.console.visit import Form, Visit, Visitor
from workers.execute import execute
from workers.intake import take_in
from workers.subscribing import Wanted

RATE = {"code": "attempts_exhausted", "message": "gave up after 12 attempts: Slack: ratelimited"}
DOUBT = {"code": "outcome_unknown", "message": "nothing answered for 24 hours"}


def sql(world: World, statement: str, **values: object) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(text(statement), values)


def park(world: World, action_id: UUID, error: dict[str, str]) -> UUID:
    sql(
        world,
        "UPDATE actions SET status = 'parked', status_reason = :why, error = CAST(:error AS jsonb),"
        " lease_owner = NULL, rung_at = NULL WHERE id = :id",
        id=action_id, why=error["message"], error=json.dumps(error),
    )  # fmt: skip
    return action_id


@pytest.fixture
def parked(world) -> UUID:
    """A message that was tried in vain."""
    return park(world, world.message("Deal won"), RATE)


@pytest.fixture
def doubtful(world, sandbox) -> UUID:
    """An invoice whose answer was lost."""
    deal_id, _ = world.deal({"name": "Design"})
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="Invoices")
    action_id = world.invoice(deal_id)
    execute(world.fleet, action_id)
    sandbox.control("DELETE", "/faults")
    return park(world, action_id, DOUBT)


@pytest.fixture
def other(fleet) -> World:
    """Another workspace."""
    return World(fleet, seed.TENANT_TWO)


@pytest.fixture
def letter(world) -> UUID:
    take_in(world.fleet, [Arrived(b'{"action_type": ', {}, "plain", "m1")])
    (row,) = world.rows("SELECT id FROM dead_letters")
    return UUID(str(row.id))


# --- who ------------------------------------------------------------------------------------------


def addresses(ids: dict[str, UUID]) -> list[tuple[str, str]]:
    found = []
    for one in PAGES:
        path = one.path
        for name, value in ids.items():
            path = path.replace(f"{{{name}:uuid}}", str(value))
        found.append((one.method, "/console" + path))
    return found


def test_the_pages_are_not_there_for_anybody_else(admin, world, parked, letter) -> None:
    deal_id, _ = world.deal({})
    ids = {
        "action_id": parked, "letter_id": letter, "deal_id": deal_id, "integration_id": world.xero,
    }  # fmt: skip

    home = admin.get("/console/deals", whole=True)
    csrf = _token(home)
    for method, path in addresses(ids):
        seen = admin.request(method, path, [("csrf_token", csrf)] if method == "POST" else None)
        assert seen.status == 404, (method, path, seen.status)
        assert str(parked)[:8] not in seen.html
    assert world.status(parked) == "parked"
    assert "/console/operate" not in home.html


def _token(page) -> str:
    return page.html.split('name="csrf_token" value="')[1].split('"')[0]


def test_a_link_to_a_deal_opens_no_operating_whatever_its_scopes(world) -> None:
    caller = Caller(world.workspace_id, frozenset({Scope.OPERATE}), "jo", uuid4(), "console")
    visit = Visit(world.fleet, Visitor(caller, uuid4(), ""), {}, Form(), Form(), "r", is_part=False)
    with pytest.raises(HttpProblem, match="no such page"):
        reach(visit)


def test_an_operators_key_opens_nothing_of_the_api(operator, world, parked) -> None:
    key = made_key(
        world.fleet.database, NO_WORKSPACE, "night", {Scope.OPERATE}, world.fleet.now()
    ).secret
    for path in ("/actions", f"/actions/{parked}", "/integrations"):
        seen = operator.request("GET", BASE + path, authorization=f"Bearer {key}")
        assert seen.status == 403, path


def test_who_is_not_signed_in_is_asked_to(operator, app) -> None:
    operator.cookie = ""
    seen = operator.get("/actions")
    assert (seen.status, seen.headers["location"].split("?")[0]) == (303, "/console/sign-in")


def test_one_workspaces_operator_sees_and_reaches_nothing_of_another(
    one_workspace, world, other, letter
) -> None:
    theirs = park(other, other.message("theirs"), RATE)
    deal_id, _ = other.deal({"name": "Secret"})
    commands.cancel(other.fleet, other.message("cancelled"), who="their operator")
    other.message("waits")
    mine = park(world, world.message("mine"), RATE)
    assert str(mine) in one_workspace.get("/actions?status=parked").html
    lists = ("", "/actions", "/actions?status=parked", "/integrations", "/journal")
    for path in (*lists, f"/actions?q={theirs}", f"/deals?q={deal_id}", "/bulk?command=resume"):
        seen = one_workspace.get(path)
        assert seen.status == 200, path
        assert str(theirs) not in seen.html.replace(f'value="{theirs}"', ""), path
        assert str(other.slack) not in seen.html, path
        assert "their operator" not in seen.html, path
    letters = ("/dead-letters", f"/dead-letters/{letter}")
    ones = (f"/actions/{theirs}", f"/actions/{theirs}/edit", f"/integrations/{other.slack}")
    for path in (*letters, *ones, f"/deals/{deal_id}"):
        assert one_workspace.get(path).status == 404, path
    csrf = _token(one_workspace.get("/actions"))
    for path in (f"/actions/{theirs}/resume", f"/actions/{theirs}/cancel",
                 f"/actions/{theirs}/give-up", f"/integrations/{other.slack}/pause"):  # fmt: skip
        seen = one_workspace.request("POST", ROOT + path, [("csrf_token", csrf), ("seen", "1")])
        assert seen.status == 404, path
    (row,) = other.rows(
        "SELECT max(id) AS id FROM action_transitions WHERE action_id = :a", a=theirs
    )
    form = [("csrf_token", csrf), ("command", "resume"), ("action", f"{theirs}.{row.id}")]
    assert "1 is not there" in one_workspace.request("POST", ROOT + "/bulk", form).text
    assert other.status(theirs) == "parked"


def test_every_page_has_the_strict_policy_and_no_inline_code(
    operator, parked, letter, world
) -> None:
    deal_id, _ = world.deal({})
    ids = {
        "action_id": parked, "letter_id": letter, "deal_id": deal_id, "integration_id": world.xero,
    }  # fmt: skip
    for method, path in addresses(ids):
        if method == "GET":
            seen = operator.get(path + ("?command=resume" if "bulk" in path else ""), whole=True)
            assert seen.status == 200, (path, seen.text[:300])
            assert "script-src 'self'" in seen.headers["content-security-policy"]
            assert " style=" not in seen.html
            assert " onclick=" not in seen.html
            assert seen.html.count("<h1") == 1, path


def test_a_form_from_elsewhere_does_nothing(operator, parked, world) -> None:
    page = operator.get(f"/actions/{parked}")
    form = [(n, v) for n, v in page.form(f"/actions/{parked}/resume") if n != "csrf_token"]
    assert operator.request("POST", f"{ROOT}/actions/{parked}/resume", form).status == 403
    assert world.status(parked) == "parked"


# --- one action -----------------------------------------------------------------------------------


def test_an_action_is_told_with_each_attempt_and_what_may_be_done(operator, doubtful) -> None:
    page = operator.get(f"/actions/{doubtful}")
    assert page.title == "xero_create_invoice"
    for words in ("may have happened", "xero.create_contact", "no whole answer came back",
                  "nothing answered for 24 hours", "api.xro/2.0/Invoices"):  # fmt: skip
        assert words in page.text
    assert "Bearer" not in page.html or "[redacted]" in page.html
    part = operator.get(
        f"/actions/{doubtful}?seen={dict(_hidden(page))['seen']}", hx_request="true"
    )
    assert part.status == 204


def _hidden(page) -> list[tuple[str, str]]:
    found = page.html.split('id="seen" name="seen" value="')[1].split('"')[0]
    return [("seen", found)]


def test_resuming_is_recorded_with_who_and_answered(operator, parked, world) -> None:
    page = operator.get(f"/actions/{parked}")
    seen = operator.send(page, f"/actions/{parked}/resume")
    assert "Resume: it goes on at once" in seen.text
    assert world.status(parked) == "waiting"
    (deed,) = world.rows("SELECT * FROM audit")
    assert (deed.command, deed.subject_id, deed.workspace_id) == (
        "resume", parked, world.workspace_id,
    )  # fmt: skip
    assert deed.who.startswith("API key night (tp_live_")
    assert world.action(parked).status_by == deed.who
    assert deed.who in operator.get("/journal").text


def test_who_saw_an_earlier_state_does_nothing(operator, doubtful, world, sandbox) -> None:
    page = operator.get(f"/actions/{doubtful}")
    first = operator.send(page, f"/actions/{doubtful}/resume", given="did_not_happen")
    assert first.status == 200
    assert world.status(doubtful) == "waiting"
    park(world, doubtful, DOUBT)
    second = operator.send(page, f"/actions/{doubtful}/resume", given="did_not_happen")
    assert second.status == 409
    assert "it has moved on since you saw it" in second.text
    assert world.status(doubtful) == "parked"


def test_stating_what_happened(operator, doubtful, world, sandbox) -> None:
    (external_id,) = [one["id"] for one in sandbox.effects("invoice.created")]
    page = operator.get(f"/actions/{doubtful}")
    refused = operator.send(page, f"/actions/{doubtful}/resume", given="happened")
    assert refused.status == 409
    assert "say what the platform calls it" in refused.text
    said = {"given": "happened", "happened": external_id}
    seen = operator.send(page, f"/actions/{doubtful}/resume", **said)
    assert "the platform is asked about it first" in seen.text
    assert world.status(doubtful) == "reconciling"
    assert f"Stated that it happened as {external_id}" in operator.get(f"/actions/{doubtful}").text
    carry_on(world.fleet, doubtful, 3)
    assert world.status(doubtful) == "succeeded"
    assert sandbox.count("xero.invoice.created") == 1


def test_giving_up_in_doubt_needs_a_statement(operator, doubtful, world) -> None:
    page = operator.get(f"/actions/{doubtful}")
    form = page.form(f"/actions/{doubtful}/resume")
    path = f"{ROOT}/actions/{doubtful}/give-up"
    assert operator.request("POST", path, form).status == 409
    form = [(n, v) for n, v in form if n != "given"] + [("given", "did_not_happen")]
    assert "it is rejected" in operator.request("POST", path, form).text
    assert world.status(doubtful) == "rejected"


def test_params_are_edited_with_problems_beside_their_fields(operator, parked, world) -> None:
    path = f"/actions/{parked}/edit"
    page = operator.get(path)
    assert dict(page.form(path))["param.text"] == '"Deal won"'
    wrong = {"param.text": "Deal lost", "param.channel": "5", "param.thread_ts": "true"}
    seen = operator.send(page, path, **wrong)
    assert seen.status == 422
    assert "is not JSON: text stands in quotes" in _beside(seen, "text")
    seen = operator.send(page, path, **{"param.text": '"x"', "param.channel": "5"})
    assert seen.status == 422
    assert "string" in _beside(seen, "channel")
    assert _beside(seen, "text") == ""
    assert dict(seen.form(path))["param.text"] == '"x"'
    assert world.action(parked).params["text"] == "Deal won"
    seen = operator.send(page, path, **{"param.text": '"Deal lost"'})
    assert "Edit: it goes on at once" in seen.text
    assert world.action(parked).params["text"] == "Deal lost"
    (deed,) = world.rows("SELECT * FROM audit")
    assert (deed.command, deed.details["before"]["text"]) == ("edit", "Deal won")


def test_a_deal_of_another_workspace_is_not_named(one_workspace, world, other) -> None:
    deal_id, _ = other.deal({})
    sql(world, "UPDATE crm_deals SET name = 'Secret' WHERE id = :id", id=deal_id)
    mine = world.message("mine")
    sql(world, "UPDATE actions SET deal_id = :deal WHERE id = :id", deal=deal_id, id=mine)
    for path in ("/actions", f"/actions/{mine}"):
        assert "Secret" not in one_workspace.get(path).html


@pytest.mark.parametrize(
    ("value", "words"),
    [(json.dumps("a\0b"), "holds a NUL"), ("[" * 60 + "]" * 60, "nested too deeply")],
)
def test_params_that_cannot_be_kept_are_refused_beside_their_field(
    operator, parked, world, value, words
) -> None:
    path = f"/actions/{parked}/edit"
    seen = operator.send(operator.get(path), path, **{"param.text": value})
    assert (seen.status, words in _beside(seen, "text")) == (422, True)
    assert world.status(parked) == "parked"


def test_what_nobody_asks_for_has_nothing_to_edit(operator, world) -> None:
    url = "https://hooks.example.com/fleet"
    made = subscriptions.create(world.fleet, world.workspace_id, Wanted(url))
    with world.fleet.database.transaction() as tx:
        receiver = subscriptions.the(tx, made.id)
        (sent,) = fan_out.again(
            world.fleet, tx, receiver, [{"event": {"id": "1"}}], by="t", run="1"
        )
    assert operator.get(f"/actions/{sent.action_id}").status == 200
    assert operator.get(f"/actions/{sent.action_id}/edit").status == 404


def _beside(page, name: str) -> str:
    parts = page.html.split(f'id="param.{name}-problem">')
    return parts[1].split("</p>")[0] if len(parts) > 1 else ""


def test_what_is_hostile_in_params_and_errors_is_only_shown(operator, world) -> None:
    hostile = "<script>alert(1)</script>"
    action_id = park(world, world.message(hostile), {"code": "x", "message": hostile})
    for path in (f"/actions/{action_id}", f"/actions/{action_id}/edit", "/actions",
                 f"/actions?q={hostile}", "/bulk?command=resume"):  # fmt: skip
        assert hostile not in operator.get(path).html


# --- searching ------------------------------------------------------------------------------------


KNOWN = {
    "q=Harbour": {"invoice", "parked_invoice"},
    "q={number}": {"invoice", "void"},
    "q={invoice}": {"invoice", "void"},
    "q={xero_id}": {"invoice", "void"},
    "q={key}": {"message"},
    "q={short}": {"message"},
    "status=parked": {"parked_invoice"},
    "status=queued&status=waiting": {"message", "void"},
    "status=open": {"parked_invoice", "message", "void"},
    "error=account+code+999": {"parked_invoice"},
    "integration=slack": {"message"},
    "integration={xero}&status=succeeded": {"invoice"},
    "type=slack_send_message": {"message"},
    "queue=slack": {"message"},
    "workspace={workspace}": {"invoice", "parked_invoice", "message", "void"},
    "workspace=0000": set(),
    "q=no+such+thing": set(),
    "integration=no+such+thing": set(),
    "since=1h&q=Harbour": {"invoice", "parked_invoice"},
}


def test_actions_are_found_by_what_people_know(operator, world) -> None:
    deal_id, _ = world.deal({"name": "Design"})
    sql(world, "UPDATE crm_deals SET name = 'Harbour lights' WHERE id = :id", id=deal_id)
    ids = {"invoice": world.invoice(deal_id)}
    execute(world.fleet, ids["invoice"])
    (invoice,) = world.rows("SELECT * FROM invoices")
    error = {"code": "invalid", "message": "Account code 999 is not valid"}
    ids["parked_invoice"] = park(world, world.invoice(deal_id, portion="balance"), error)
    request = world.request("slack_send_message", {"channel": "C0GENERAL", "text": "hello"})
    ids["message"] = world.submit(request)
    ids["void"] = world.submit(world.request("xero_void_invoice", {"invoice_id": str(invoice.id)}))
    said = {
        "number": invoice.number, "invoice": invoice.id, "xero_id": invoice.platform_invoice_id,
        "key": request["id"], "short": str(ids["message"])[:8], "xero": world.xero,
        "workspace": world.workspace_id,
    }  # fmt: skip
    for query, names in KNOWN.items():
        seen = operator.get(f"/actions?{query.format(**said)}")
        assert seen.status == 200, query
        found = {name for name, action_id in ids.items() if f"/actions/{action_id}" in seen.html}
        assert found == names, query


def test_pages_of_a_list_leave_nothing_out(operator, world, monkeypatch) -> None:
    monkeypatch.setattr(actions_page, "PAGE", 9)
    ids = {world.message(f"number {number}") for number in range(25)}
    path, found = "/actions?status=queued", list[str]()
    for _ in range(5):
        seen = operator.get(path)
        found += [one.rsplit("/", 1)[1] for one in seen.links(f"{ROOT}/actions/")]
        more = seen.links("after=")
        if not more:
            break
        path = more[0].removeprefix(ROOT)
    assert len(found) == len(set(found)) == 25
    assert {str(one) for one in ids} == set(found)


# --- in bulk --------------------------------------------------------------------------------------


def test_a_bulk_does_what_was_shown_and_tells_what_moved_on(operator, world, doubtful) -> None:
    parked = [park(world, world.message(f"number {n}"), RATE) for n in range(4)]
    preview = operator.get("/bulk?command=give_up&status=parked")
    assert preview.title == "Give up 4 actions?"
    assert "it may have happened" in preview.text  # the doubtful one is left out, and told
    assert [world.status(one) for one in parked] == ["parked"] * 4
    sql(world, "UPDATE actions SET status = 'waiting' WHERE id = :id", id=parked[0])
    late = park(world, world.message("parked after the preview"), RATE)
    seen = operator.request("POST", ROOT + "/bulk", preview.form("/bulk"))
    assert seen.title == "Give up: 3 done, 1 left alone"
    assert "it has moved on since you saw it, and is waiting now" in seen.text
    assert [world.status(one) for one in parked] == ["waiting", *["rejected"] * 3]
    assert (world.status(late), world.status(doubtful)) == ("parked", "parked")
    again = operator.request("POST", ROOT + "/bulk", preview.form("/bulk"))
    assert again.title == "Give up: 0 done, 4 left alone"
    assert len(world.rows("SELECT * FROM audit WHERE command = 'give_up'")) == 3


def test_what_is_unticked_is_left_alone(operator, world) -> None:
    one, two = (park(world, world.message(text_), RATE) for text_ in ("one", "two"))
    form = operator.get("/bulk?command=resume&status=parked").form("/bulk")
    ticked = [(n, v) for n, v in form if n != "action" or v.startswith(str(one))]
    assert operator.request("POST", ROOT + "/bulk", ticked).title == "Resume: 1 done"
    assert (world.status(one), world.status(two)) == ("waiting", "parked")


def test_a_bulk_of_nonsense_does_nothing(operator, parked, world) -> None:
    csrf = _token(operator.get("/actions"))
    odd = ("", "x", "x.1", f"{uuid4()}.", f"{uuid4()}.x", f"{uuid4()}.{9**99}", f"{parked}.-1")
    for token in odd:
        form = [("csrf_token", csrf), ("command", "resume"), ("action", token)]
        assert operator.request("POST", ROOT + "/bulk", form).status in {200, 400}, token
    form = [("csrf_token", csrf), ("command", "__class__")]
    assert operator.request("POST", ROOT + "/bulk", form).status == 404
    assert world.status(parked) == "parked"


# --- the rest -------------------------------------------------------------------------------------


def test_a_dead_letter_is_shown_and_dealt_with(operator, letter, world) -> None:
    assert "not a readable request" in operator.get("/dead-letters").text
    page = operator.get(f"/dead-letters/{letter}")
    assert "{&#34;action_type&#34;: " in page.html
    refused = operator.send(page, f"/dead-letters/{letter}/requeue")
    assert refused.status == 409
    assert "still unreadable" in refused.text
    seen = operator.send(page, f"/dead-letters/{letter}/discard")
    assert "Discarded by API key night" in seen.text
    assert operator.get("/dead-letters").text.count("not a readable request") == 0
    assert "not a readable request" in operator.get("/dead-letters?settled").text
    assert operator.send(page, f"/dead-letters/{letter}/discard").status == 409


def test_an_integration_is_paused_and_let_go_on(operator, world) -> None:
    path = f"/integrations/{world.slack}"
    page = operator.get(path)
    paused = operator.send(page, path + "/pause")
    assert "paused by API key night" in paused.text
    assert operator.send(page, path + "/pause").status == 409
    assert "the integration is paused" in operator.get(f"/actions/{_queued(world)}").text
    resumed = operator.send(paused, path + "/resume")
    assert "It works" in resumed.text
    commands = [row.command for row in world.rows("SELECT command FROM audit ORDER BY id")]
    assert commands == ["pause", "resume"]


def _queued(world: World) -> UUID:
    sql(world, "UPDATE integrations SET status = 'active' WHERE id = :id", id=world.slack)
    action_id = world.message()
    sql(
        world,
        "UPDATE integrations SET status = 'inactive', status_reason = 'paused' WHERE id = :id",
        id=world.slack,
    )
    return action_id


def test_nothing_secret_among_the_settings_of_an_integration_is_shown(operator, world) -> None:
    world.set_integration(world.slack, settings={"api_token": "t0psecret", "channel": "C0GENERAL"})
    seen = operator.get(f"/integrations/{world.slack}")
    assert "C0GENERAL" in seen.html
    assert "t0psecret" not in seen.html


def test_a_subscription_is_paused_where_nothing_is_lost_by_it(operator, world) -> None:
    url = "https://hooks.example.com/fleet"
    made = subscriptions.create(world.fleet, world.workspace_id, Wanted(url))
    path = f"/integrations/{made.id}"
    page = operator.get(path)
    assert f"fleet subscriptions pause {made.id}" in operator.send(page, path + "/pause").text
    subscriptions.pause(world.fleet, made.id, "jo")
    page = operator.get(path)
    assert f"fleet subscriptions resume {made.id}" in operator.send(page, path + "/resume").text
    (row,) = world.rows("SELECT status FROM integrations WHERE id = :id", id=made.id)
    assert row.status == "inactive"


def test_how_to_connect_again_is_said(operator, world) -> None:
    world.set_integration(world.xero, status="error", status_reason="invalid_grant")
    seen = operator.get(f"/integrations/{world.xero}")
    assert f"fleet connect xero --workspace {world.workspace_id}" in seen.text
    overview = operator.get("")
    assert overview.title == "Something is wrong"
    assert "xero of the test is paused: invalid_grant" in overview.text
    assert "access_token" not in seen.html


def test_a_deals_statuses_and_their_history(operator, world) -> None:
    deal_id, (line,) = world.deal({"name": "Design", "payment_status": "paid"})
    sql(
        world,
        "INSERT INTO payment_status_history (workspace_id, deal_id, deal_product_id, before, after,"
        " by, reason) VALUES (:w, :d, :p, 'invoiced', 'paid', 'jo (cli)', 'set by hand')",
        w=world.workspace_id, d=deal_id, p=line,
    )  # fmt: skip
    assert f"/deals/{deal_id}" in operator.get("/deals?q=fit-out").html
    seen = operator.get(f"/deals/{deal_id}")
    assert "Design : Invoiced → Paid jo (cli) · set by hand" in seen.text


def test_all_is_well_where_it_is(operator, world) -> None:
    seen = operator.get("")
    assert seen.title == "All is well", seen.text
    part = operator.get("", hx_request="true")
    assert "<html" not in part.html
    assert "All is well" in part.text


def test_odd_addresses_are_harmless(operator, world) -> None:
    odd = ("after=x", "after=2026-01-01~x", "status=lost", "since=soon", "q=%00", "q=" + "9" * 5000)
    for bad in odd:
        assert operator.get(f"/actions?{bad}").status == 200, bad
    assert operator.get("/journal?before=" + "9" * 40).status == 200
    assert operator.get("/dead-letters?after=x").status == 200
