"""Rotating keys: everything sealed anew beside a running fleet, and the old key then not needed."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.crypto import Vault
from infra.database import sealed
from infra.settings import Settings
from tests.harness.processes import Processes
from tests.harness.world import World
from workers import keys

OLD, NEW = Vault.new_key(), Vault.new_key()


def vault(*held: str) -> Vault:
    return Vault(replace(Settings(), secret_keys=",".join(held)))


def seal_all(world: World, with_: Vault) -> None:
    """Seal everything stored under other keys."""
    rows = world.rows("SELECT id, credentials FROM connections")
    with world.fleet.database.transaction() as tx:
        for row in rows:
            held = with_.lock(world.fleet.vault.unlock(bytes(row.credentials)))
            tx.execute(
                text(
                    "UPDATE connections SET credentials = :c, version = version + 1 WHERE id = :i"
                ),
                {"c": held, "i": row.id},
            )


def test_everything_is_sealed_anew_and_the_old_key_is_not_needed(world, fleet) -> None:
    World(fleet)
    seal_all(world, vault(OLD))
    both = vault(NEW, OLD)
    assert (keys.check(fleet.database, both).older, keys.check(fleet.database, both).newest) == (
        4,
        0,
    )
    found = keys.reseal(fleet.database, both)
    assert (found.resealed, found.newest, found.older, found.closed) == (4, 4, 0, [])
    assert keys.check(fleet.database, vault(NEW)).newest == 4
    assert keys.reseal(fleet.database, both).resealed == 0


def test_more_than_one_batch_is_sealed(world, fleet, monkeypatch) -> None:
    monkeypatch.setattr(sealed, "BATCH", 2)
    for _ in range(3):
        World(fleet)
    seal_all(world, vault(OLD))
    found = keys.reseal(fleet.database, vault(NEW, OLD))
    assert (found.resealed, found.older) == (8, 0)


def test_what_is_stored_meanwhile_is_never_put_back(world, fleet, monkeypatch) -> None:
    seal_all(world, vault(OLD))
    both, real = vault(NEW, OLD), sealed.replace
    raced: list[bool] = []

    def somebody_stores_first(tx, column, row_id, before, after):
        if not raced:
            raced.append(True)
            tx.execute(
                text("UPDATE connections SET credentials = :c WHERE id = :i"),
                {"c": vault(OLD).lock({"token": "newer"}), "i": row_id},
            )
        return real(tx, column, row_id, before, after)

    monkeypatch.setattr(sealed, "replace", somebody_stores_first)
    assert keys.reseal(fleet.database, both).older == 0
    held = [both.unlock(bytes(row.credentials)) for row in world.rows("SELECT * FROM connections")]
    assert {"token": "newer"} in held


def test_what_no_key_opens_is_named_and_left(world, fleet, environment, monkeypatch, run) -> None:
    with fleet.database.transaction() as tx:
        tx.execute(text("UPDATE connections SET credentials = 'lost' WHERE platform = 'slack'"))
    monkeypatch.setenv("FLEET_SECRET_KEYS", f"{NEW},{fleet.settings.secret_keys}")
    ran = run("keys", "rotate", "--json")
    assert ran.status == 1
    assert (ran.json["resealed"], len(ran.json["closed"])) == (1, 1)
    assert ran.json["closed"][0].startswith("connections ")
    (row,) = world.rows("SELECT credentials FROM connections WHERE platform = 'slack'")
    assert bytes(row.credentials) == b"lost"


def test_with_one_key_in_the_environment_it_says_what_to_do(world, environment, run) -> None:
    ran = run("keys", "rotate", "--json")
    assert ran.status == 1
    assert "fleet keys new" in ran.json["hints"][0]
    assert len(run("keys", "new").said.strip()) == 44


def test_a_key_put_in_the_file_is_known_to_who_already_runs(tmp_path) -> None:
    file = tmp_path / "keys"
    file.write_text(OLD)
    running = Vault(replace(Settings(), secret_keys_file=str(file)))
    assert running.unlock(vault(OLD).lock({"a": 1})) == {"a": 1}
    file.write_text(f"{NEW},{OLD}")
    assert running.unlock(vault(NEW).lock({"a": 2})) == {"a": 2}
    assert vault(NEW).unlock(running.lock({"a": 3})) == {"a": 3}


@pytest.mark.processes
def test_keys_are_rotated_and_pruned_while_workers_run(
    world, sandbox, settings, environment, *, monkeypatch, run, tmp_path: Path
) -> None:
    file = tmp_path / "secret_keys"
    file.write_text(settings.secret_keys)
    with_file = replace(settings, secret_keys="", secret_keys_file=str(file))
    monkeypatch.setenv("FLEET_SECRET_KEYS", "")
    monkeypatch.setenv("FLEET_SECRET_KEYS_FILE", str(file))
    with Processes(with_file, tmp_path) as processes:
        processes.start("relay", "beat", "worker")
        before = world.message("before")
        assert world.ended(before) == ["succeeded"]
        ran = run("keys", "rotate", "--json")
        assert (ran.status, ran.json["resealed"], ran.json["older"]) == (0, 2, 0)
        assert file.stat().st_mode & 0o777 == 0o600
        with world.fleet.database.transaction() as tx:  # as a reconnection would: read them anew
            tx.execute(text("UPDATE connections SET version = version + 1"))
        deal, _ = world.deal({})
        after = [world.message("after"), world.invoice(deal)]
        assert world.ended(*after, seconds=60) == ["succeeded"] * 2
        assert run("keys", "check").status == 0
        ran = run("keys", "prune", "--json")
        assert (ran.status, ran.json["newest"]) == (0, 2)
        assert "," not in file.read_text()
        with world.fleet.database.transaction() as tx:
            tx.execute(text("UPDATE connections SET version = version + 1"))
        last = world.message("with the new key alone")
        assert world.ended(last) == ["succeeded"]
        assert world.events("integration.paused") == []
