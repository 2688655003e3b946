"""The claim that lets one action at a time do what carries no mark of ours."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from infra.database import claims
from tests.database.books import NOW, WORKSPACE

LATER = NOW + timedelta(days=2)


def action(tx, *, finished: bool = False) -> UUID:
    action_id = uuid4()
    tx.execute(
        text(
            "INSERT INTO actions (id, workspace_id, platform, queue, action_type, key,"
            " request_hash, params, data, source, status, due_at, finished_at) VALUES"
            " (:id, :ws, 'xero', 'xero', 'x', :key, '', '{}', '{}', 'test', :status, now(),"
            "  CASE WHEN :finished THEN now() END)"
        ),
        {
            "id": action_id,
            "ws": WORKSPACE,
            "key": str(action_id),
            "status": "succeeded" if finished else "parked",
            "finished": finished,
        },
    )
    return action_id


def test_one_action_at_a_time_may_do_it(tx):
    first, second = action(tx), action(tx)
    assert claims.claim(tx, "t", "C1", first, NOW) is None
    assert claims.claim(tx, "t", "C1", second, NOW) == first
    assert claims.claim(tx, "t", "C1", first, NOW) is None
    assert claims.claim(tx, "t", "C2", second, NOW) is None
    assert claims.claim(tx, "other", "C1", second, NOW) is None


@pytest.mark.parametrize("gone", ["UPDATE actions SET finished_at = now()", "DELETE FROM actions"])
def test_a_claim_is_void_once_its_action_has_ended(tx, gone):
    first, second = action(tx), action(tx)
    claims.claim(tx, "t", "C1", first, NOW)
    tx.execute(text(f"{gone} WHERE id = :id"), {"id": first})
    assert claims.claim(tx, "t", "C1", second, NOW) is None
    assert claims.claim(tx, "t", "C1", action(tx), NOW) == second


def test_only_claims_that_are_void_are_purged(tx):
    for number, finished in enumerate([True, False]):
        claims.claim(tx, "t", f"C{number}", action(tx, finished=finished), NOW)
    claims.claim(tx, "t", "C2", uuid4(), NOW)
    claims.claim(tx, "t", "C3", action(tx, finished=True), LATER)
    assert claims.purge(tx, NOW + timedelta(days=1)) == 2
    left = tx.execute(text("SELECT contact_id FROM repeating_claims ORDER BY 1")).scalars()
    assert list(left) == ["C1", "C3"]
