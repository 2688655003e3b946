"""What a search finds is what fits, in order, and it never reads more than it may."""

import json
import random
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from infra.database import searching
from infra.database.meanings import Meant
from infra.database.searching import OPEN, Sought, find

STATUSES = [*sorted(OPEN), "succeeded", "rejected", "cancelled"]


@pytest.fixture
def rows(world) -> list[dict]:
    """Actions of every status and lease, in no order, some at the same moment."""
    chance = random.Random(7)
    deals = [uuid4() for _ in range(4)]
    now = world.fleet.now()
    made = []
    for number in range(160):
        status = chance.choice(STATUSES)
        held = status in {"running", "reconciling", "waiting", "queued"}
        made.append({
            "id": uuid4(), "workspace_id": world.workspace_id,
            "integration_id": chance.choice([world.xero, world.slack]), "number": str(number),
            "status": status, "deal_id": chance.choice([None, *deals]),
            "created_at": now - timedelta(minutes=number // 3),
            "queue": chance.choice(["xero", "slack"]), "reason": chance.choice([None, "Too Fast"]),
            "error": chance.choice([None, json.dumps({"message": "account 999"})]),
            "rung_at": world.fleet.now() if held and chance.random() < 0.3 else None,
            "lease_owner": uuid4() if status == "running" and chance.random() < 0.7 else None,
        })  # fmt: skip
    with world.fleet.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO actions (id, workspace_id, integration_id, platform, queue,"
                " action_type, key, request_hash, params, data, deal_id, source, status,"
                " status_reason, error, due_at, created_at, rung_at, lease_owner) VALUES (:id,"
                " :workspace_id, :integration_id, 'xero', :queue, 'xero_create_invoice', :number,"
                " '\\x00', '{}', '{}', :deal_id, 'test', :status, :reason, CAST(:error AS jsonb),"
                " now(), :created_at, :rung_at, :lease_owner)"
            ),
            made,
        )
    return made


def every(world, sought: Sought, limit: int = 7) -> list[UUID]:
    """Page through to the end."""
    found, after = [], None
    with world.fleet.database.reading() as tx:
        for _ in range(400):
            page = find(tx, sought, after, limit)
            found += page.ids
            after = page.more
            if after is None:
                return found
    raise AssertionError("it never ends")


CASES = {
    "all": (Sought(), lambda _: True),
    "open": (Sought(statuses=OPEN), lambda r: r["status"] in OPEN),
    "parked": (Sought(statuses=frozenset({"parked"})), lambda r: r["status"] == "parked"),
    "waiting or done": (
        Sought(statuses=frozenset({"waiting", "succeeded"})),
        lambda r: r["status"] in {"waiting", "succeeded"},
    ),
    "words of a reason": (Sought(error="too fast"), lambda r: r["reason"] is not None),
    "words of an error": (Sought(error="ACCOUNT 999"), lambda r: r["error"] is not None),
    "open with an error": (
        Sought(error="999", statuses=OPEN),
        lambda r: r["error"] is not None and r["status"] in OPEN,
    ),
    "queue": (Sought(queue="slack"), lambda r: r["queue"] == "slack"),
    "type": (Sought(action_type="slack_send_message"), lambda _: False),
    "nobody": (Sought(meant=Meant([], [])), lambda _: False),
    "no integration": (Sought(integrations=[]), lambda _: False),
    "elsewhere": (Sought(workspace=UUID(int=9), statuses=OPEN), lambda _: False),
}


@pytest.mark.parametrize("scan", [3, 20_000])
def test_what_is_found_is_what_fits_newest_first(world, rows, monkeypatch, scan) -> None:
    monkeypatch.setattr(searching, "SCAN_MAX", scan)
    deal = next(row["deal_id"] for row in rows if row["deal_id"])
    one = rows[0]["id"]
    cases = CASES | {
        "integration": (
            Sought(integrations=[world.xero], workspace=world.workspace_id),
            lambda r: r["integration_id"] == world.xero,
        ),
        "deal or action": (
            Sought(meant=Meant([deal], [one]), statuses=OPEN),
            lambda r: (r["deal_id"] == deal or r["id"] == one) and r["status"] in OPEN,
        ),
    }
    for name, (sought, fits) in cases.items():
        wanted = sorted(
            (row for row in rows if fits(row)),
            key=lambda row: (row["created_at"], row["id"]),
            reverse=True,
        )
        assert every(world, sought) == [row["id"] for row in wanted], name


def test_no_more_is_read_than_may_be_and_that_is_told(world, rows, monkeypatch) -> None:
    monkeypatch.setattr(searching, "SCAN_MAX", 50)
    with world.fleet.database.reading() as tx:
        found = find(tx, Sought(error="no such words"), None, 10)
    in_order = sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    assert found.ids == []
    assert found.searched_to == in_order[49]["created_at"]
    assert found.more == (in_order[49]["created_at"], in_order[49]["id"])
