"""Coming in, staying in, and being kept out."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from starlette.requests import Request

from domain.access import SCOPES_OF, Role
from infra.database import api_keys
from infra.embedded.ports import free_port
from infra.settings import Settings
from tests.console.people import Person, signed_in
from tests.harness.processes import Processes
from tests.harness.world import World
from workers.api_keys import digest_of, made_key
from workers.console.links import signed
from workers.console.sessions import comes_from_here

pytestmark = pytest.mark.processes
EDITOR = SCOPES_OF[Role.EDITOR]


def _link(world: World, deal_id, *, key="the-new-link-key", ago_s=0, **more) -> str:
    at = world.fleet.now() - timedelta(seconds=ago_s)
    workspace = more.get("workspace_id", world.workspace_id)
    return signed(key, workspace, deal_id, "Jo Marsh", more.get("scopes", EDITOR), at)


def test_who_is_not_signed_in_is_asked_to(web, world: World, settings: Settings) -> None:
    deal_id, _ = world.deal({})
    stranger = Person(settings)
    for path in ("", "/deals", f"/deals/{deal_id}"):
        seen = stranger.get(path)
        assert seen.status == 303
        assert seen.headers["Location"].startswith("/console/sign-in")
    part = stranger.part(f"/deals/{deal_id}/live")
    assert (part.status, part.headers["HX-Redirect"]) == (401, "/console/sign-in")
    assert stranger.post("/sign-out").status == 401
    assert stranger.get(f"/deals/{deal_id}/events").status == 303


def test_a_session_is_paced_and_told_when_to_come_again(settings, world, tmp_path) -> None:
    slow = replace(settings, console_calls_per_minute=5, web_port=free_port())
    with Processes(slow, tmp_path) as processes:
        processes.start("web")
        world.fleet = replace(world.fleet, settings=slow)
        one, another = signed_in(world, EDITOR), signed_in(world, EDITOR)  # a call each
        seen = [one.get("/deals") for _ in range(5)]
        assert [page.status for page in seen] == [200] * 4 + [429]
        assert 1 <= int(seen[4].headers["Retry-After"]) <= 13
        assert "too much within a minute" in seen[4].text
        assert one.part("/deals").status == 429
        assert another.get("/deals").status == 200, "each session has its own pace"
        world.rows_changed(
            "UPDATE console_sessions SET paced_until = paced_until - interval '12 s'"
        )
        assert [one.get("/deals").status for _ in range(2)] == [200, 429]


def test_a_key_opens_the_console(web, world: World, settings: Settings) -> None:
    deal_id, _ = world.deal({})
    made = made_key(world.fleet.database, world.workspace_id, "jo", EDITOR, world.fleet.now())
    person = Person(settings)
    refused = person.sign_in(made.secret + "x")
    assert refused.status == 422
    assert "not known here" in refused.text
    assert person.cookie is None
    there = f"/console/deals/{deal_id}"
    entered = person.post("/sign-in", {"key": f" {made.secret} ", "next": there})
    assert (entered.status, entered.headers["Location"]) == (303, there)
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert made.secret not in cookie
    page = person.get(f"/deals/{deal_id}")
    assert page.status == 200
    assert "Fit-out" in page.text
    assert made.secret not in page.html
    assert page.headers["Cache-Control"] == "no-store"
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_over_https_the_cookie_is_bound_to_the_host(web, world: World, settings) -> None:
    made = made_key(world.fleet.database, world.workspace_id, "jo", EDITOR, world.fleet.now())
    person = Person(settings)
    form = {"key": made.secret, "next": ""}
    entered = person.post("/sign-in", form, X_Forwarded_Proto="https")
    assert entered.headers["Set-Cookie"].startswith("__Host-console=")
    assert "Secure" in entered.headers["Set-Cookie"]
    assert person.get("/deals", X_Forwarded_Proto="https").status == 200


def test_nobody_is_sent_elsewhere_after_signing_in(web, world: World, settings) -> None:
    made = made_key(world.fleet.database, world.workspace_id, "jo", EDITOR, world.fleet.now())
    elsewhere = (
        *("https://evil.test", "//evil.test", "/console//evil.test", "/console/\\evil", "/docs"),
        *("/console/\tx", "/consolex"),
    )
    for there in elsewhere:
        entered = Person(settings).post("/sign-in", {"key": made.secret, "next": there})
        assert entered.headers["Location"] == "/console", there


def test_a_link_opens_one_deal_once(web, world: World, settings: Settings) -> None:
    deal_id, _ = world.deal({})
    other_id, _ = world.deal({})
    token = _link(world, deal_id)
    person = Person(settings)
    entered = person.get(f"/enter?link={token}")
    assert (entered.status, entered.headers["Location"]) == (303, f"/console/deals/{deal_id}")
    assert "Jo Marsh" in person.get(f"/deals/{deal_id}").text
    assert person.get("").headers["Location"] == f"/console/deals/{deal_id}"
    for path in ("/deals", f"/deals/{other_id}", f"/deals/{other_id}/live"):
        assert person.get(path).status == 404
    assert person.get(f"/deals/{other_id}/events").status == 404
    again = person.get(f"/enter?link={token}")
    assert again.status == 403
    assert "has been used" in again.text
    assert "Go on to your deal" in again.text
    assert "Go on" not in Person(settings).get(f"/enter?link={token}").text
    assert person.get(f"/deals/{deal_id}").status == 200, "the session goes on"


def test_a_used_link_opens_nothing_after_signing_out(web, world: World, settings) -> None:
    deal_id, _ = world.deal({})
    token = _link(world, deal_id, key="the-old-link-key")
    person = Person(settings)
    person.get(f"/enter?link={token}")
    person.get(f"/deals/{deal_id}")
    left = person.post("/sign-out", {"csrf_token": person.token})
    assert (left.status, left.headers["Location"]) == (303, "/console/sign-in")
    assert person.get(f"/deals/{deal_id}").status == 303
    assert person.get(f"/enter?link={token}").status == 403


def test_bad_links_say_why(web, world: World, settings: Settings) -> None:
    deal_id, _ = world.deal({})
    strange = World(world.fleet)
    cases = {
        _link(world, deal_id, key="nobody's"): "not signed",
        _link(world, deal_id, ago_s=400): "too old",
        _link(world, uuid4()): "not there",
        _link(world, deal_id, workspace_id=strange.workspace_id): "not there",
        "": "not signed",
    }
    for token, words in cases.items():
        seen = Person(settings).get(f"/enter?link={token}")
        assert seen.status == 403
        assert words in seen.text


def test_signing_out_ends_the_session_everywhere(editor: Person, world: World) -> None:
    kept = editor.cookie
    assert editor.post("/sign-out", {"csrf_token": editor.token}).status == 303
    assert editor.get("/deals", Cookie=kept).status == 303, "a copy of the cookie opens nothing"


def test_a_revoked_key_ends_its_sessions_and_fewer_scopes_count_at_once(
    web, world: World, settings: Settings
) -> None:
    fleet = world.fleet
    made = made_key(fleet.database, world.workspace_id, "jo", EDITOR, fleet.now())
    person = Person(settings)
    person.sign_in(made.secret)
    deal_id, _ = world.deal({})
    assert "Unpaid" in person.get(f"/deals/{deal_id}").text
    with fleet.database.transaction() as tx:
        tx.exec_driver_sql(
            "UPDATE api_keys SET scopes = '[\"integrations:read\"]' WHERE hash = %s",
            (digest_of(made.secret),),
        )
    assert "Unpaid" not in person.get(f"/deals/{deal_id}").text
    with fleet.database.transaction() as tx:
        assert api_keys.end(tx, made.id, fleet.now())
    assert person.get(f"/deals/{deal_id}").status == 303


def test_a_session_ends_by_itself(editor: Person, world: World) -> None:
    assert editor.get("/deals").status == 200
    with world.fleet.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE console_sessions SET expires_at = now() - interval '1 s'")
    assert editor.get("/deals").status == 303


def test_a_form_from_elsewhere_does_nothing(editor: Person, world: World) -> None:
    deal_id, (line, *_) = world.deal({})
    there, form = f"/deals/{deal_id}/products/{line}", {"payment_status": "paid"}
    foreign = (
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "guessed"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    )
    for headers in foreign:
        seen = editor.post(there, form, **headers)
        assert seen.status == 403, headers
    other = signed_in(world, EDITOR)
    assert editor.post(there, form, X_CSRF_Token=other.token).status == 403
    assert world.payment_statuses(line) == ["unpaid"]
    assert editor.post(there, form).status == 204
    assert world.payment_statuses(line) == ["paid"]


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://testserver", True),
        ("http://evil.test", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_an_old_browser_is_believed_by_its_origin(origin, is_ours) -> None:
    given = [(b"host", b"testserver"), (b"origin", origin.encode())]
    assert comes_from_here(Request({"type": "http", "headers": given})) is is_ours


def test_only_forms_change_anything(editor: Person, world: World) -> None:
    deal_id, (line, *_) = world.deal({})
    assert editor("PUT", f"/deals/{deal_id}/products/{line}").status == 405
    assert editor.get(f"/deals/{deal_id}/products/{line}?payment_status=paid").status == 200
    assert world.payment_statuses(line) == ["unpaid"]


def test_what_is_no_form_is_refused_in_words(editor: Person, world: World) -> None:
    deal_id, (line, *_) = world.deal({})
    there = f"/deals/{deal_id}/products/{line}"
    many = editor.post(there, [(f"f{n}", "1") for n in range(1200)])
    assert many.status == 400
    assert "At most 1000 fields" in many.text
    odd = editor.post(there, {"payment_status": "pa\x00id\ud800".encode("utf-8", "surrogatepass")})
    assert odd.status == 422


def test_static_files_are_kept_for_ever_under_their_mark(web, settings: Settings) -> None:
    visitor = Person(settings)
    page = visitor.get("/sign-in").html
    for name in ("console.css", "console.js", "htmx.min.js", "mark.svg"):
        (address,) = set(re.findall(rf'"/console(/static/[0-9a-f]+/{name})"', page))
        kept = visitor.get(address)
        assert kept.status == 200
        assert "immutable" in kept.headers["Cache-Control"]
    assert visitor.get("/static/0000/console.css").status == 404
    assert visitor.get("/static/0000/..%2f..%2fvisit.py").status == 404
