"""`fleet keys api`: keys made once, shown once, rotated with grace, revoked at once."""

from domain.access import NO_WORKSPACE, SCOPES_OF, Scope
from infra.database import api_keys
from tests.harness.world import World
from workers.api_keys import digest_of


def admitted(fleet, key: str) -> bool:
    with fleet.database.transaction() as tx:
        return api_keys.admit(tx, digest_of(key), 100) is not None


def test_a_key_is_made_shown_once_and_opens(world, environment, fleet, run) -> None:
    made = run("keys", "api", "create", "billing", "--role", "Viewer", "--json")
    assert made.status == 0, made.said
    key = made.json["key"]
    assert key.startswith("tp_live_")
    assert made.json["scopes"] == ["integrations:read", "invoices:read"]
    assert admitted(fleet, key)
    listed = run("keys", "api", "list", "--json")
    assert key not in listed.said
    (row,) = listed.json
    assert (row["name"], row["workspace_id"]) == ("billing", str(world.workspace_id))
    assert row["last_used_at"] is not None
    (stored,) = world.rows("SELECT * FROM api_keys")
    assert key.encode() not in bytes(stored.hash)
    assert "hash" not in row


def test_a_rotated_key_has_a_grace_and_a_revoked_one_none(world, environment, fleet, run) -> None:
    old = run("keys", "api", "create", "crm", "--scope", "integrations:read", "--json").json["key"]
    new = run("keys", "api", "rotate", "crm", "--grace", "1h", "--json").json
    assert (new["name"], new["scopes"]) == ("crm", ["integrations:read"])
    assert (admitted(fleet, old), admitted(fleet, new["key"])) == (True, True)
    both = run("keys", "api", "revoke", "crm", "--json")
    assert (both.status, "may be any of these" in both.json["error"]) == (1, True)
    assert run("keys", "api", "revoke", old[:12]).status == 0
    assert (admitted(fleet, old), admitted(fleet, new["key"])) == (False, True)
    at_once = run("keys", "api", "rotate", new["id"][:13], "--grace", "0s", "--json").json
    assert (admitted(fleet, new["key"]), admitted(fleet, at_once["key"])) == (False, True)
    assert run("keys", "api", "revoke", "nobody").status == 1


def test_what_a_key_may_do_must_be_said(world, environment, fleet, run) -> None:
    for words in (
        ("x",),
        ("x", "--role", "Admin", "--scope", "invoices:read"),
        ("", "--role", "Admin"),
    ):
        assert run("keys", "api", "create", *words).status == 1
    World(fleet)
    several = run("keys", "api", "create", "x", "--role", "Admin", "--json")
    assert "--workspace" in several.json["error"]
    named = ("--workspace", world.workspace_id)
    assert run("keys", "api", "create", "x", "--role", "Admin", *named).status == 0


def test_an_operators_key_is_of_one_workspace_or_of_none(world, environment, fleet, run) -> None:
    of_all = run("keys", "api", "create", "night", "--operator", "--json")
    assert of_all.json["scopes"] == ["operate"]
    of_one = run(
        "keys", "api", "create", "ops", "--operator", "--role", "Viewer",
        "--workspace", world.workspace_id, "--json",
    )  # fmt: skip
    assert of_one.json["scopes"] == ["integrations:read", "invoices:read", "operate"]
    whose = {row.name: row.workspace_id for row in world.rows("SELECT * FROM api_keys")}
    assert whose == {"night": NO_WORKSPACE, "ops": world.workspace_id}
    assert "every one" in run("keys", "api", "list").said


def test_who_operates_everything_has_no_other_scope(world, environment, fleet, run) -> None:
    for more in (("--role", "Admin"), ("--scope", "integrations:read")):
        refused = run("keys", "api", "create", "night", "--operator", *more, "--json")
        assert (refused.status, "belongs to none" in refused.json["error"]) == (1, True)
    assert run("keys", "api", "create", "nothing", "--json").status == 1
    assert world.rows("SELECT * FROM api_keys") == []


def test_no_role_operates() -> None:
    assert all(Scope.OPERATE not in scopes for scopes in SCOPES_OF.values())
