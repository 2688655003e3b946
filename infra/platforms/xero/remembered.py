"""Contacts read lately, so that a thousand invoices do not read the same contacts a thousand times.

One that is archived meanwhile costs a refused invoice, after which it is read anew. A read takes
along what other due actions will want to know: up to 40 ids fit into one URL.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.actions.outcome import JsonObject, Succeeded
from domain.actions.plan import Known, Result
from domain.contacts import By
from infra.database import contacts, facts
from infra.database.engine import Transaction
from infra.platform import Integration, Preparation, Settlement

FACT = "contact:"
KEPT_FOR = timedelta(hours=1)
IDS_MAX = 40
QUEUE = "xero"


def recalled(
    tx: Transaction, integration: Integration, contact_id: str | None, now: datetime
) -> dict[str, Any] | None:
    """Return what is remembered of an active contact, or None."""
    if contact_id is None:
        return None
    kept = facts.fresh(tx, integration.id, FACT + contact_id, KEPT_FOR, now)
    return kept if kept is not None and kept["is_active"] else None


def with_recalled(
    known: Known, results: tuple[Result, ...], looks: frozenset[str], read: str
) -> tuple[Result, ...]:
    """Put what is remembered of the linked contact before the results, as if it were just read.

    `looks` are the effects that look for contacts: after one of them Xero's word counts alone.
    """
    contact = known.get("contact")
    if contact is None or any(result.name in looks for result in results):
        return results
    by_id = {"by": By.ID.value, "value": contact["contact_id"]}
    inputs = {**by_id, "party": known["party"], "link": known["link"]}
    return (Result(read, inputs, Succeeded({"contacts": [contact]})), *results)


def ids_to_read(prep: Preparation, contact_id: str) -> list[str]:
    """Return the contact's id, and those that other due actions will want to read."""
    since = prep.now - KEPT_FOR
    wanted = contacts.wanted_soon(
        prep.tx, prep.integration.id, QUEUE, (FACT, since), contact_id, IDS_MAX
    )
    others = [one for one in wanted if _is_guid(one) and one != contact_id]
    return [contact_id, *others[: IDS_MAX - 1]]


def remember(done: Settlement, read: Iterable[JsonObject]) -> None:
    """Keep contacts as read now."""
    found = {FACT + contact["contact_id"]: contact for contact in read}
    facts.keep_all(done.tx, done.integration.id, found, done.now)


def _is_guid(contact_id: str) -> bool:
    try:
        return str(UUID(contact_id)) == contact_id.lower()
    except ValueError:
        return False
