"""The fleet checks its own books: each rule is a query whose every row is a breach."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from workers.fleet import Fleet

# name -> (what it means, query). `:now` is the time of the check.
RULES: dict[str, tuple[str, str]] = {
    "finished_actions_hold_nothing": (
        "a finished action still has a lease or a ring",
        (
            "SELECT id::text AS subject FROM actions WHERE finished_at IS NOT NULL"
            " AND (lease_owner IS NOT NULL OR rung_at IS NOT NULL) LIMIT 20"
        ),
    ),
    "no_lease_outlives_itself": (
        "a lease has been void for minutes and no sweep has freed it",
        (
            "SELECT id::text AS subject FROM actions WHERE lease_owner IS NOT NULL"
            " AND lease_until < CAST(:now AS timestamptz) - interval '5 minutes' LIMIT 20"
        ),
    ),
    "reservations_have_an_open_effect": (
        "money is reserved for an effect whose fate is known",
        (
            "SELECT r.id::text AS subject FROM reservations r JOIN effects e ON e.id = r.effect_id"
            " WHERE r.released_at IS NULL AND e.state IN ('succeeded', 'rejected', 'abandoned')"
            " LIMIT 20"
        ),
    ),
    "every_raised_invoice_is_on_the_books": (
        "an invoice was raised and we hold no snapshot of it",
        (
            "SELECT e.id::text AS subject FROM effects e WHERE e.name = 'xero.create_invoice'"
            " AND e.state = 'succeeded'"
            " AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.effect_id = e.id) LIMIT 20"
        ),
    ),
    "one_invoice_per_effect": (
        "one effect raised two invoices",
        (
            "SELECT effect_id::text AS subject FROM invoices WHERE effect_id IS NOT NULL"
            " GROUP BY effect_id HAVING count(*) > 1 LIMIT 20"
        ),
    ),
    "parked_actions_say_why": (
        "an action is parked without a reason",
        (
            "SELECT id::text AS subject FROM actions WHERE status = 'parked'"
            " AND error IS NULL LIMIT 20"
        ),
    ),
}


def check_books(fleet: Fleet, now: datetime) -> list[dict[str, Any]]:
    """Return every breach: rule, meaning, and the ids concerned."""
    broken = []
    for name, (meaning, query) in RULES.items():
        with fleet.database.transaction() as tx:
            values = {"now": now} if ":now" in query else {}
            subjects = list(tx.execute(text(query), values).scalars())
        if subjects:
            broken.append({"rule": name, "meaning": meaning, "subjects": subjects})
    return broken
