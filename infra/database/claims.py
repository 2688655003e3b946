"""One action at a time: who alone may do something that carries no mark of ours.

The first of its kind were repeating invoices: the table has its name, and its column, from them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from infra.database.engine import Transaction
from infra.database.tables import ActionRow, RepeatingClaimRow


def claim(
    tx: Transaction, tenant_key: str, what: str, action_id: UUID, now: datetime
) -> UUID | None:
    """Let an action be the only one of the tenant that does `what`, until it has ended.

    Returns None when it is, else the action that is. Nothing frees a claim: it is void as soon as
    its action is final (or deleted), so a dead process leaves nothing behind. A parked action keeps
    it: whether what it did has happened may still be open.
    """
    mine = {"tenant_key": tenant_key, "contact_id": what}
    values = {"action_id": action_id, "claimed_at": now}
    statement = insert(RepeatingClaimRow).values(**mine, **values)
    # Locked, not changed: whether its holder has ended is then asked with nobody between.
    same = {"claimed_at": RepeatingClaimRow.claimed_at}
    locked = statement.on_conflict_do_update(index_elements=list(mine), set_=same)
    holder: UUID = tx.execute(locked.returning(RepeatingClaimRow.action_id)).scalar_one()
    under_way = select(ActionRow.id).where(ActionRow.id == holder, ActionRow.finished_at.is_(None))
    if holder != action_id and tx.execute(under_way).first() is not None:
        return holder
    this = (RepeatingClaimRow.tenant_key == tenant_key, RepeatingClaimRow.contact_id == what)
    tx.execute(update(RepeatingClaimRow).where(*this).values(**values))
    return None


def purge(tx: Transaction, before: datetime) -> int:
    """Delete claims made earlier whose action has ended; how many."""
    under_way = exists().where(
        ActionRow.id == RepeatingClaimRow.action_id, ActionRow.finished_at.is_(None)
    )
    old = delete(RepeatingClaimRow).where(RepeatingClaimRow.claimed_at < before, ~under_way)
    return tx.execute(old).rowcount
