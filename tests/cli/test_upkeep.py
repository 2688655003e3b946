"""Migrating, dead letters, deals, the doctor, and the sample itself."""

import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from infra.embedded.claim import CHECKOUT
from workers import sample
from workers.arrived import Arrived
from workers.intake import take_in


def test_help_is_quick_and_names_every_command() -> None:
    times = []
    for _ in range(3):
        begun = time.monotonic()
        argv = [sys.executable, "-m", "workers.cli.main", "--help"]
        said = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
        times.append(time.monotonic() - begun)
    for name in ("demo", "up", "enqueue", "actions", "doctor", "dead-letters", "migrate", "deals"):
        assert name in said
    assert min(times) < 1.5, times  # 0.3 s on an idle machine


def test_commands_do_not_load_celery_or_the_database_before_they_run() -> None:
    code = (
        "import sys, workers.cli.main, workers.local_fleet;"
        "print([m for m in ('celery', 'sqlalchemy', 'pydantic', 'kombu') if m in sys.modules])"
    )
    argv = [sys.executable, "-c", code]
    said = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_migrate_again_changes_nothing(run, loaded) -> None:
    assert "nothing to do" in run("migrate", "--with-crm-tables").said


def test_without_a_fleet_it_says_how_to_get_one(run, monkeypatch, tmp_path) -> None:
    for name in ("DATABASE_URL", "BROKER_URL"):
        monkeypatch.delenv(name, raising=False)
    ran = run("--state", tmp_path, "actions", "list")
    assert ran.status == 1
    assert "fleet up" in ran.said


def test_loading_the_sample_twice_is_loading_it_once(loaded) -> None:
    def everything() -> list[object]:
        names = ("connections", "integrations", "crm_deals", "crm_deal_products", "crm_contacts")
        with loaded.database.transaction() as tx:
            return [list(tx.execute(text(f"SELECT * FROM {name} ORDER BY id"))) for name in names]

    before = everything()
    with loaded.database.transaction() as tx:
        sample.load(tx, loaded.vault, "http://127.0.0.1:9")
    assert everything() == before


def test_the_api_key_is_kept_hashed_and_made_once(loaded, tmp_path) -> None:
    with loaded.database.transaction() as tx:
        keys = {sample.api_key(tx, tmp_path) for _ in range(2)}
        rows = list(tx.execute(text("SELECT hash, prefix FROM api_keys")))
    (key,) = keys
    assert len(rows) == 1
    assert key.startswith("tp_live_")
    assert key.encode() not in bytes(rows[0].hash)
    assert (tmp_path / "api_key").stat().st_mode & 0o777 == 0o600


def test_dead_letters_from_list_to_discard(run, loaded) -> None:
    take_in(loaded, [Arrived(b'{"id": ', {}, "plain")])
    (letter,) = run("dead-letters", "list", "--json").json
    assert "not JSON" in run("dead-letters", "list").said
    assert '{"id": ' in run("dead-letters", "show", letter["id"][:8]).said
    assert run("dead-letters", "requeue", letter["id"]).status == 1
    assert run("dead-letters", "discard", letter["id"][:8]).status == 0
    assert run("dead-letters", "list", "--json").json == []
    assert len(run("dead-letters", "list", "--all", "--json").json) == 1


def test_a_deal_by_words_of_its_name(run, loaded) -> None:
    told = run("deals", "show", "brightside", "--json").json
    assert [one["amount"] for one in told["products"]] == ["8400.00", "1566.00"]
    assert "12 × 145.00, less 10 %" in run("deals", "show", "d1").said  # noqa: RUF001
    assert run("deals", "show", "no such deal").status == 1


def test_the_doctor_finds_what_is_wrong_and_says_how_to_mend_it(run, loaded, monkeypatch) -> None:
    def found() -> dict[str, dict[str, str]]:
        return {one["what"]: one for one in run("doctor", "--json").json}

    well = found()
    assert {well[what]["verdict"] for what in ("tables", "CRM tables", "secret keys")} == {"ok"}
    assert well["relay"]["verdict"] == "bad"  # none runs here
    with loaded.database.transaction() as tx:
        tx.execute(text("UPDATE integrations SET status = 'error', status_reason = 'revoked'"))
    monkeypatch.setenv("SLACK_API_URL", "")
    monkeypatch.setenv("FLEET_SECRET_KEYS", loaded.vault.new_key())
    ill = found()
    assert {ill[what]["verdict"] for what in ("integration", "addresses", "secret keys")} == {"bad"}
    assert all(one["mend"] for one in ill.values() if one["verdict"] != "ok")


def test_the_doctor_without_a_database(run, loaded, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    ran = run("doctor")
    assert ran.status == 1
    assert "the database does not answer" in ran.said
    assert "secret" not in ran.said.replace("secret keys", "")


@pytest.mark.parametrize("width", [80, 160])
def test_tables_keep_within_the_width(run, loaded, monkeypatch, width: int) -> None:
    monkeypatch.setattr("workers.cli.say.WIDTH_PIPED", width)
    for words in (("actions", "list"), ("deals", "show", "Brightside"), ("doctor",)):
        assert max(len(line) for line in run(*words).said.splitlines()) <= width
