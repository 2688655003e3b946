"""Tokens: renewed once by whoever comes first, stored before use, never paused without need."""

import json
import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import OperationalError

from infra.database import integrations
from infra.database.tables import IntegrationRow
from infra.platforms.xero import sdk
from infra.sandbox import seed
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers import credentials
from workers.execute import execute

RENEWED = "xero.token.refreshed"


assert sdk, "loaded before any send-by time runs: it takes a second"


def expire(world: World, seconds: float = -600, **more: str) -> None:
    """Let the world's access token run out (that many seconds from now)."""
    fleet = world.fleet
    (row,) = world.rows(
        "SELECT c.id, c.credentials FROM connections c JOIN integrations i"
        " ON i.connection_id = c.id WHERE i.id = :id",
        id=world.xero,
    )
    held = fleet.vault.unlock(bytes(row.credentials)) | more
    held["expires_at"] = (fleet.now() + timedelta(seconds=seconds)).isoformat()
    with fleet.database.transaction() as tx:
        tx.execute(
            text(
                "UPDATE connections SET credentials = :new, version = version + 1,"
                " refresh_lease_until = NULL, refresh_owner = NULL WHERE id = :id"
            ),
            {"new": fleet.vault.lock(held), "id": row.id},
        )


def contact(world: World) -> UUID:
    customer = world.customer(f"Customer {uuid4().hex[:8]}", f"{uuid4().hex[:8]}@tokens.test")
    return world.submit(world.request("xero_create_contact", {"customer_id": str(customer)}))


def carry_on(world: World, *action_ids: UUID, rounds: int = 12) -> None:
    """Carry the actions on as doorbells would, until all are final or the rounds are over."""
    for _ in range(rounds):
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now() WHERE finished_at IS NULL"))
        for action_id in action_ids:
            execute(world.fleet, action_id)
        if all(world.action(one).finished_at for one in action_ids):
            return


def connection(world: World):
    (row,) = world.rows(
        "SELECT c.* FROM connections c JOIN integrations i ON i.connection_id = c.id"
        " WHERE i.id = :id",
        id=world.xero,
    )
    return row


def free_lease(world: World) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE connections SET refresh_lease_until = NULL"))


def test_a_lost_answer_is_asked_for_again_with_the_token_before(world, sandbox) -> None:
    expire(world)
    sandbox.fault("xero", "drop_after_commit", path="/connect/token")
    action_id = contact(world)
    execute(world.fleet, action_id)
    assert world.status(action_id) == "waiting"
    assert "renewed" in world.action(action_id).status_reason
    free_lease(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(RENEWED) == 2, "the second with the pair the first had replaced"


def test_a_new_pair_that_cannot_be_stored_is_not_used(world, sandbox, monkeypatch) -> None:
    expire(world)

    def the_database_goes_away(*_: object) -> bool:
        raise OperationalError("UPDATE connections", {}, OSError("gone"))

    monkeypatch.setattr(integrations, "store_credentials", the_database_goes_away)
    monkeypatch.setattr(credentials, "STORE_WITHIN_S", 0.2)
    sandbox.fault("xero", "latency", path="/Contacts", seconds=0.01, times=None)
    action_id = contact(world)
    execute(world.fleet, action_id)
    assert sandbox.count(RENEWED) == 1
    (asked,) = sandbox.control("GET", "/faults")["faults"]
    assert asked["hits"] == 0, "the API was called with a pair that is nowhere"
    assert world.status(action_id) == "waiting"
    monkeypatch.undo()
    free_lease(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    held = world.fleet.vault.unlock(bytes(connection(world).credentials))
    assert held["refresh_token"] != seed.REFRESH_TOKEN


@pytest.mark.parametrize("committed", [False, True])
def test_a_new_pair_is_stored_though_the_database_was_away_for_a_moment(
    world, sandbox, monkeypatch, committed
) -> None:
    """The old refresh token may be dead by now (Zoom): nobody could ask for another pair."""
    expire(world)
    store, away = integrations.store_credentials, [1, 1]

    def away_twice(tx, *pair: object) -> bool:
        if away:
            away.pop()
            if committed:
                store(tx, *pair)
                tx.commit()
            raise OperationalError("UPDATE connections", {}, OSError("gone"))
        return store(tx, *pair)

    monkeypatch.setattr(integrations, "store_credentials", away_twice)
    action_id = contact(world)
    carry_on(world, action_id, rounds=1)
    assert world.status(action_id) == "succeeded"
    assert (away, sandbox.count(RENEWED)) == ([], 1)


def test_a_new_pair_stored_late_resumes_what_the_old_one_had_paused(
    world, sandbox, monkeypatch
) -> None:
    """Another process took the lease over and was refused: the old pair is dead (Zoom)."""
    expire(world)
    store = integrations.store_credentials

    def refused_meanwhile(tx, *pair: object) -> bool:
        used = integrations.find(tx, world.xero)
        integrations.pause(tx, used, "invalid_grant", world.fleet.now())
        return store(tx, *pair)

    monkeypatch.setattr(integrations, "store_credentials", refused_meanwhile)
    action_id = contact(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    assert [len(world.events(f"integration.{what}")) for what in ("paused", "resumed")] == [1, 1]


def test_who_comes_late_uses_what_is_stored_and_not_its_own(world, sandbox, monkeypatch) -> None:
    expire(world)
    store = integrations.store_credentials
    newer = {"client_id": seed.CLIENT_ID, "access_token": seed.ACCESS_TOKEN}

    def somebody_else_is_quicker(tx, connection_id, version, _mine):
        store(tx, connection_id, version, world.fleet.vault.lock(newer))
        return store(tx, connection_id, version, _mine)

    monkeypatch.setattr(integrations, "store_credentials", somebody_else_is_quicker)
    action_id = contact(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    held = world.fleet.vault.unlock(bytes(connection(world).credentials))
    assert held == newer


def renewing_elsewhere(world) -> None:
    """A living process has the lease to renew the tokens."""
    lease = (
        "UPDATE connections SET refresh_lease_until = now() + interval '1 minute',"
        " refresh_owner = :me"
    )
    world.rows_changed(lease, me=world.fleet.incarnation.id)


def test_while_another_renews_the_old_token_serves_as_long_as_it_lives(world, sandbox) -> None:
    expire(world, seconds=60)
    renewing_elsewhere(world)
    action_id = contact(world)
    carry_on(world, action_id, rounds=1)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(RENEWED) == 0


def test_while_another_renews_a_dead_token_makes_the_action_wait_a_second_and_no_thread_sleep(
    world, sandbox
) -> None:
    expire(world)
    renewing_elsewhere(world)
    action_id = contact(world)
    for _ in range(15):  # more often than an effect may be tried
        began = world.fleet.now()
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now()"))
        execute(world.fleet, action_id)
        assert (world.fleet.now() - began).total_seconds() < 0.5
        assert world.status(action_id) == "waiting"
    wait = world.action(action_id).due_at - world.fleet.now()
    assert timedelta() < wait <= timedelta(seconds=1)
    free_lease(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(RENEWED) == 1


def test_a_token_refused_while_another_renews_it_pauses_nothing(world, sandbox) -> None:
    """Refused before its time; the new one is not there yet, however often it is tried."""
    sandbox.fault("xero", "revoke_token", only_access=True)
    renewing_elsewhere(world)
    action_id = contact(world)
    carry_on(world, action_id, rounds=3)
    assert world.events("integration.paused") == []
    assert "another process is renewing" in world.action(action_id).status_reason
    free_lease(world)
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(RENEWED) == 1


def test_the_lease_of_a_dead_process_is_void_at_once(world, sandbox) -> None:
    expire(world)
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text(
                "UPDATE connections SET refresh_lease_until = now() + interval '1 minute',"
                " refresh_owner = gen_random_uuid()"
            )
        )
    action_id = contact(world)
    carry_on(world, action_id, rounds=1)
    assert world.status(action_id) == "succeeded"
    assert sandbox.count(RENEWED) == 1


def test_a_refused_renewal_pauses_all_of_the_connection_and_reconnecting_resumes_it(
    world, sandbox, fleet
) -> None:
    other = uuid4()
    with fleet.database.transaction() as tx:
        tx.execute(
            insert(IntegrationRow).values(
                id=other,
                workspace_id=world.workspace_id,
                platform="xero",
                name="the second organisation",
                tenant_key=seed.TENANT_TWO,
                connection_id=connection(world).id,
                settings={},
            )
        )
    expire(world, refresh_token="a-token-that-was-revoked")
    first = contact(world)
    execute(fleet, first)
    rows = world.rows("SELECT status, status_reason FROM integrations WHERE platform = 'xero'")
    assert {row.status for row in rows} == {"error"}
    assert all("invalid_grant" in row.status_reason for row in rows)
    assert len(world.events("integration.paused")) == 2
    told = json.dumps([dict(row.data) for row in world.events("integration.paused")])
    assert "a-token-that-was-revoked" not in told
    assert world.status(first) == "waiting"
    second = contact(world)  # accepted meanwhile, and waits
    assert world.status(second) == "queued"

    pair = sandbox.control("POST", "/xero/tokens", {})
    newer = {
        "client_id": seed.CLIENT_ID,
        "client_secret": seed.CLIENT_SECRET,
        "access_token": pair["access_token"],
        "refresh_token": pair["refresh_token"],
    }
    row = connection(world)
    with fleet.database.transaction() as tx:
        integrations.store_credentials(tx, row.id, row.version, fleet.vault.lock(newer))
        integrations.resume(tx, integrations.find(tx, world.xero), fleet.now())
    assert len(world.events("integration.resumed")) == 2
    carry_on(world, first, second)
    assert [world.status(one) for one in (first, second)] == ["succeeded"] * 2


@pytest.mark.parametrize("fault", ["status", "garbage", "drop_before_commit"])
def test_an_identity_service_that_is_down_pauses_nothing(world, sandbox, fault) -> None:
    sandbox.fault("xero", fault, path="/connect/token", times=None)
    sandbox.fault("xero", "revoke_token", only_access=True)
    action_id = contact(world)
    for _ in range(3):
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE actions SET due_at = now()"))
        execute(world.fleet, action_id)
        free_lease(world)
    assert world.status(action_id) == "waiting"
    assert world.events("integration.paused") == []
    sandbox.control("DELETE", "/faults")
    carry_on(world, action_id)
    assert world.status(action_id) == "succeeded"


def test_a_failed_renewal_is_not_tried_again_at_once_by_everybody(world, sandbox) -> None:
    expire(world)
    sandbox.fault("xero", "status", path="/connect/token", times=None)
    actions = [contact(world) for _ in range(5)]
    for action_id in actions:
        execute(world.fleet, action_id)
    asked = [one for one in sandbox.control("GET", "/faults")["faults"] if one["hits"]]
    assert [one["hits"] for one in asked] == [1]


def test_a_key_this_process_lacks_pauses_nothing(world, sandbox) -> None:
    with world.fleet.database.transaction() as tx:
        tx.execute(text("UPDATE connections SET credentials = 'sealed by others', version = 7"))
    action_id = contact(world)
    execute(world.fleet, action_id)
    assert world.status(action_id) == "waiting"
    assert "FLEET_SECRET_KEYS" in world.action(action_id).status_reason
    assert world.events("integration.paused") == []


def test_thirty_threads_with_one_dead_token_renew_it_once(world, sandbox) -> None:
    expire(world)
    sandbox.control("POST", "/limits", {"platform": "xero", "minute": 100_000})
    sandbox.fault("xero", "latency", path="/connect/token", seconds=0.3)
    actions = [contact(world) for _ in range(30)]
    start = threading.Barrier(10)

    def race(mine: list[UUID]) -> None:
        start.wait()
        for action_id in mine:
            execute(world.fleet, action_id)

    threads = [threading.Thread(target=race, args=(actions[n::10],)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    carry_on(world, *actions)
    assert set(eventually(lambda: [world.status(one) for one in actions])) == {"succeeded"}
    assert sandbox.count(RENEWED) == 1


def test_a_refusal_that_newer_tokens_do_not_mend_pauses_the_integration(
    world: World, sandbox: Sandbox
) -> None:
    sandbox.fault("xero", "status", path="/Contacts", status=401, times=None)
    action = contact(world)
    carry_on(world, action, rounds=4)
    (integration,) = world.rows("SELECT * FROM integrations WHERE id = :id", id=world.xero)
    assert (integration.status, world.status(action)) == ("error", "waiting")
    assert sandbox.count("xero.token.refreshed") == 1
    sandbox.control("DELETE", "/faults")
    world.reconnect(world.xero)
    carry_on(world, action)
    assert world.status(action) == "succeeded"
