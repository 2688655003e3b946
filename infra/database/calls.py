"""Statements over what goes out: bytes and key, kept before the first send."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from infra.database.effect_record import EffectRecord
from infra.database.engine import Transaction
from infra.database.tables import CallRow, EffectRow
from infra.database.writes import Write


def frozen(members: Sequence[EffectRecord], platform: str, tenant_key: str) -> Write:
    """Keep the bytes and the key before the first send, as every member describes them.

    Raises:
        ValueError: they describe no call.
    """
    first, call = members[0], members[0].call
    if call is None or first.call_id is None or first.key is None:
        raise ValueError("nothing to freeze")
    own = {str(one.id): dict(one.call.context) for one in members if one.call is not None}
    row = {
        "id": first.call_id,
        "platform": platform,
        "tenant_key": tenant_key,
        "key": first.key,
        "members": [str(one.id) for one in members],
        "method": call.method,
        "path": call.path,
        "query": dict(call.query),
        "body": call.body,
        "context": {"members": own} if len(members) > 1 else dict(call.context),
        "first_sent_at": first.first_sent_at,
    }
    return Write(CallRow, row)


def forbid_repeat(tx: Transaction, call_id: UUID) -> None:
    """The platform has cached an error under this key: only a look-up can settle it now."""
    tx.execute(update(CallRow).where(CallRow.id == call_id).values(repeatable=False))


def forget_bytes(tx: Transaction, effect_id: UUID) -> None:
    """Let go of the body of a settled effect's call: nobody will send it again."""
    call_id = select(EffectRow.call_id).where(EffectRow.id == effect_id).scalar_subquery()
    tx.execute(update(CallRow).where(CallRow.id == call_id).values(body=None))
